/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Where the parts of a ring of uapi/nsring_uapi.h lie: its header, copied once and checked against the
 * mappings, so that nothing it says leads out of them.
 */
#ifndef NSR_RING_LAYOUT_H
#define NSR_RING_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include <nsring/nsring.h>

#include "uapi/nsring_uapi.h"

/** NSR_RING_READ() - read a field that its writer may change at any time: once, and as a whole */
#define NSR_RING_READ(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

/**
 * struct nsr_ring_map - a ring as it was mapped
 * @ring:         ring area, at an address that 64 divides; a read-only mapping will do
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
 * struct nsr_ring_lane - the parts of a lane
 * @shared: its state, in the ring area
 * @data:   its records, in the ring area
 * @cursor: the reader's, in the cursor area
 */
struct nsr_ring_lane {
	const struct nsring_lane *shared;
	const uint8_t *data;
	struct nsring_cursor *cursor;
};

/**
 * nsr_ring_read_layout() - copy a ring's header and check it
 * @map:  the mappings
 * @ring: filled in
 * @err:  the reason in words; may be NULL
 *
 * Return: 0; -EPROTO a ring of another version; -EBADMSG no ring, or one that breaks the rules.
 */
int nsr_ring_read_layout(const struct nsr_ring_map *map, struct nsring_ring *ring,
			 struct nsr_error *err);

/** nsr_ring_say_damaged() - -EBADMSG, with the sentence for a ring that breaks the rules */
int nsr_ring_say_damaged(struct nsr_error *err);

/** nsr_ring_used_words() - 64-bit words of the bitmap of lanes */
uint32_t nsr_ring_used_words(const struct nsring_ring *ring);

/** nsr_ring_lane_at() - where the parts of lane @i are; @ring is checked, and has so many lanes */
struct nsr_ring_lane nsr_ring_lane_at(const struct nsr_ring_map *map,
				      const struct nsring_ring *ring, uint32_t i);

#endif
