/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The writer's side of uapi/nsring_uapi.h, ordinary and shared, in memory of this process. */
#ifndef NSR_TESTS_RING_WRITER_H
#define NSR_TESTS_RING_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/ring_reader.h"
#include "uapi/nsring_uapi.h"

#define RING_WRITER_LANES_MAX 8

/**
 * struct ring_writer - a ring
 * @map:    as a reader is given it
 * @ring:   the same, to be written
 * @head, @oldest, @written, @others: of each lane; what it has published it never reads again, but for the
 *          lengths of the records that it overwrites
 */
struct ring_writer {
	struct nsr_ring_map map;
	struct nsring_ring *ring;
	uint64_t head[RING_WRITER_LANES_MAX];
	uint64_t oldest[RING_WRITER_LANES_MAX];
	uint64_t written[RING_WRITER_LANES_MAX];
	uint64_t others[RING_WRITER_LANES_MAX][NSRING_READERS_MAX];
};

/**
 * ring_writer_open() - make a ring
 * @w:          filled in
 * @lanes:      at most RING_WRITER_LANES_MAX
 * @lane_bytes: a power of two
 * @flags:      NSRING_RING_…
 */
void ring_writer_open(struct ring_writer *w, uint32_t lanes, uint64_t lane_bytes, uint32_t flags);

/** ring_writer_close() - free its memory */
void ring_writer_close(struct ring_writer *w);

/** ring_writer_lane() - what readers see of a lane */
struct nsring_lane *ring_writer_lane(const struct ring_writer *w, uint32_t lane);

/** ring_writer_used() - the bitmap of lanes used, one word */
uint64_t *ring_writer_used(const struct ring_writer *w);

/** ring_writer_at() - the record at a position */
struct nsring_record *ring_writer_at(const struct ring_writer *w, uint32_t lane, uint64_t pos);

/** ring_writer_tail() - what the reader has given back */
uint64_t ring_writer_tail(const struct ring_writer *w, uint32_t lane);

/**
 * ring_writer_put() - write a packet into a lane; by the lane's thread
 * @w:       open
 * @lane:    which
 * @stamp:   its time
 * @data:    its bytes
 * @caplen:  how many; that is its length on the wire, too
 * @readers: whom it is for (shared rings)
 *
 * Return: false when there was no room.
 */
bool ring_writer_put(struct ring_writer *w, uint32_t lane, uint64_t stamp, const void *data,
		     uint32_t caplen, uint32_t readers);

#endif
