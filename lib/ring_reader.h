/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Reading the rings of uapi/nsring_uapi.h, whichever program or module writes them. */
#ifndef NSR_RING_READER_H
#define NSR_RING_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nsring/nsring.h>

#include "ring_layout.h"

struct nsr_ring_reader;

/**
 * struct nsr_ring_packet - a record as it is handed out
 * @data:     a view into an ordinary ring, a copy of what was in a shared one; valid until the next
 *            nsr_ring_begin()
 * @stamp_ns: the device's, with NSRING_STAMP_HW in @flags; else the record's
 * @old:      a filter from before nsr_ring_mark() may have let it in
 *
 * The rest is as in struct nsring_record.
 */
struct nsr_ring_packet {
	const uint8_t *data;
	uint64_t stamp_ns;
	uint64_t netns;
	uint32_t len;
	uint32_t caplen;
	uint32_t ifindex;
	uint32_t hash;
	uint16_t flags;
	uint16_t vlan_tci;
	uint16_t vlan_tpid;
	uint8_t pkt_type;
	bool old;
};

/**
 * nsr_ring_open() - check a ring's layout and get ready to read it
 * @map:    stays mapped until nsr_ring_close()
 * @reader: set to the reader
 * @err:    the reason in words; may be NULL
 *
 * Reading begins at the tails that the cursors hold.
 *
 * Return: 0; -EPROTO a ring of another version; -EBADMSG no ring, or one that breaks the rules;
 * -ENOMEM.
 */
int nsr_ring_open(const struct nsr_ring_map *map, struct nsr_ring_reader **reader,
		  struct nsr_error *err);

/** nsr_ring_close() - free @reader, which may be NULL, and its copies; the mappings stay */
void nsr_ring_close(struct nsr_ring_reader *reader);

/**
 * nsr_ring_begin() - give back what was handed out, and look what is there
 * @reader: open
 *
 * Finds the records of all lanes up to their heads now, or, as long as there are any, the rest of
 * those that an earlier call found.
 *
 * Return: 1 there may be something, 0 there is nothing, -EBADMSG the ring is broken, for good.
 */
int nsr_ring_begin(struct nsr_ring_reader *reader);

/**
 * nsr_ring_next() - the next packet, by the stamp of its record
 * @reader: after nsr_ring_begin()
 * @packet: filled in
 *
 * Checks every length and offset, so that whatever a writer does, @data and @caplen are memory of
 * the ring (or of the copy). A hostile writer may change the bytes there, in an ordinary ring, at
 * any time. @caplen is no more than @len.
 *
 * Return: 1; 0 that was all, or all that copies of a shared ring have room for: it is time for
 * nsr_ring_begin(); -EBADMSG the ring is broken, for good.
 */
int nsr_ring_next(struct nsr_ring_reader *reader, struct nsr_ring_packet *packet);

/**
 * nsr_ring_mark() - from now on another filter decides what comes into the ring
 * @reader: open
 *
 * The reader hands out as old the packets that wait already, and those that may be on their way
 * past the old filter (two packets a lane).
 */
void nsr_ring_mark(struct nsr_ring_reader *reader);

/** nsr_ring_has_old() - whether packets of before nsr_ring_mark() are waiting */
bool nsr_ring_has_old(const struct nsr_ring_reader *reader);

/**
 * nsr_ring_missed() - packets of a shared ring that were overwritten before they were read
 * @reader: open; any thread
 *
 * Exact as soon as nsr_ring_begin() has returned 0 and the writers are at rest.
 */
uint64_t nsr_ring_missed(const struct nsr_ring_reader *reader);

/** nsr_ring_broken() - why the ring is broken, in words; NULL as long as it is good */
const char *nsr_ring_broken(const struct nsr_ring_reader *reader);

#endif
