/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Reading the rings of uapi/nsring_uapi.h, whoever writes them. */
#ifndef NSR_RING_READER_H
#define NSR_RING_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nsring/nsring.h>

struct nsr_ring_reader;

/**
 * struct nsr_ring_map - a ring as it was mapped
 * @ring:         ring area, at an address that 64 divides; needs to be readable only
 * @ring_bytes:   its size
 * @cursors:      cursor area, writable, at an address that 64 divides
 * @cursor_bytes: its size
 * @reader:       this reader's index among those of a shared ring, else 0
 */
struct nsr_ring_map {
	const void *ring;
	size_t ring_bytes;
	void *cursors;
	size_t cursor_bytes;
	uint32_t reader;
};

/**
 * struct nsr_ring_packet - a record as it is handed out
 * @data:     of an ordinary ring a view into it, until nsr_ring_begin() is called again; of a
 *            shared one a copy, until then
 * @old:      may have been let in by a filter of before nsr_ring_mark()
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
 * Reading goes on at the tails that the cursors tell.
 *
 * Return: 0; -EPROTO a ring of another version; -EBADMSG no ring, or one that breaks the rules;
 * -ENOMEM.
 */
int nsr_ring_open(const struct nsr_ring_map *map, struct nsr_ring_reader **reader,
		  struct nsr_error *err);

/** nsr_ring_close() - @reader may be NULL; what it has handed out is over, the mappings stay */
void nsr_ring_close(struct nsr_ring_reader *reader);

/**
 * nsr_ring_begin() - give back what was handed out, and look what is there
 * @reader: open
 *
 * What is there is the records of all lanes up to their heads now, or what is left of those of the
 * call before.
 *
 * Return: 1 there may be something, 0 there is nothing, -EBADMSG the ring is broken, for good.
 */
int nsr_ring_begin(struct nsr_ring_reader *reader);

/**
 * nsr_ring_next() - the next packet, by its stamp
 * @reader: after nsr_ring_begin()
 * @packet: filled in
 *
 * Every length and offset is checked, so that whatever a writer does, @data and @caplen are memory
 * of the ring (or of the copy). What stands there in an ordinary ring, such a writer may change at
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
 * What waits already, and what may be on its way past the old filter (two packets a lane), is
 * handed out as old.
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

/** nsr_ring_broken() - what the ring broke, in words; NULL as long as it is good */
const char *nsr_ring_broken(const struct nsr_ring_reader *reader);

#endif
