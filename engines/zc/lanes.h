/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The ring that the program copies frames into, a lane for each queue: see lanes.c. */
#ifndef NSR_ENGINES_ZC_LANES_H
#define NSR_ENGINES_ZC_LANES_H

#include "zc.h"

/**
 * struct zc_record - what is in front of each frame that was copied
 * @mark:       position of the record XOR the secret; written last
 * @stamp_ns:   by the program's clock or the device's, 0: none
 * @len:        of the frame; 0: the program could not copy it, so there is no packet here
 * @caplen:     bytes that follow
 * @generation: of the filter that let it in
 */
struct zc_record {
	uint64_t mark;
	uint64_t stamp_ns;
	uint32_t len;
	uint32_t caplen;
	uint32_t generation;
	uint32_t reserved;
};

/** zc_record_bytes() - how many bytes of a lane a record takes, with @caplen bytes of its frame */
static inline uint32_t zc_record_bytes(uint32_t caplen)
{
	return ((uint32_t)sizeof(struct zc_record) + caplen + 7) & ~7u;
}

/**
 * struct zc_lanes - the ring: how it is laid out, and where its reader is
 * @map:        array map of the blocks of all lanes
 * @count:      lanes
 * @lane_bytes: size of each, a power of two
 * @blocks:     how many blocks each lane has, of 1 << @block_bits bytes
 * @most:       how many bytes of a frame are copied at most; @room: the next power of two
 * @secret:     what marks are made with
 * @data:       the blocks, mapped: @mapped bytes, @stride from one to the next
 * @next:       where to read on in each lane
 * @first:      lane to look at first
 * @uncopied:   frames whose bytes the program could not copy
 */
struct zc_lanes {
	int map;
	uint32_t count;
	uint32_t lane_bytes;
	uint32_t blocks, block_bits;
	uint32_t most, room;
	uint64_t secret;
	const uint8_t *data;
	size_t stride;
	size_t mapped;
	uint64_t *next;
	uint32_t first;
	_Atomic uint64_t uncopied;
};

/** zc_lanes_open() - make the lanes and map them; 0 or -errno, then zc_lanes_close(), too */
int zc_lanes_open(struct zc_lanes *lanes, const struct zc *zc, const struct nsr_options *opts,
		  struct nsr_error *err);
void zc_lanes_close(struct zc_lanes *lanes);

/** zc_lanes_recv() - give back what was handed out, and hand out more, see nsr_engine_ops.recv */
int zc_lanes_recv(struct zc *zc, struct zc_lanes *lanes, struct nsr_packet *packets, uint32_t max);

/** zc_lanes_waiting() - bytes that a lane has for the reader */
uint64_t zc_lanes_waiting(const struct zc *zc, const struct zc_lanes *lanes, uint32_t lane);

/** zc_lanes_are_empty() - whether no lane has a record for the reader */
bool zc_lanes_are_empty(const struct zc_lanes *lanes);

/** zc_lanes_lost() - frames for which there was no room */
uint64_t zc_lanes_lost(const struct zc *zc, const struct zc_lanes *lanes);

#endif
