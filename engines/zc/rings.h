/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The rings of AF_XDP (see af_xdp in the kernel's documentation). Each has one producer and one
 * consumer, whose counters run on and are masked to get an entry.
 */
#ifndef NSR_ENGINES_ZC_RINGS_H
#define NSR_ENGINES_ZC_RINGS_H

#include <linux/if_xdp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct zc_ring - a mapped ring
 * @producer, @consumer: the counters, shared with the kernel
 * @flags: XDP_RING_NEED_WAKEUP
 * @descs: struct xdp_desc (receive and send), or uint64_t (fill and completion)
 * @mask:  entries - 1
 * @ours:  our copy of the counter that we write
 * @map, @bytes: the mapping
 */
struct zc_ring {
	uint32_t *producer, *consumer, *flags;
	void *descs;
	uint32_t mask;
	uint32_t ours;
	void *map;
	size_t bytes;
};

/* How many entries we can take; @ring->ours is the consumer. */
static inline uint32_t zc_ring_waiting(const struct zc_ring *ring)
{
	return __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE) - ring->ours;
}

/* We are done with entries: the producer may write over them. */
static inline void zc_ring_consume(struct zc_ring *ring, uint32_t count)
{
	ring->ours += count;
	__atomic_store_n(ring->consumer, ring->ours, __ATOMIC_RELEASE);
}

/* How many entries we wrote that the consumer has not taken; @ring->ours is the producer. */
static inline uint32_t zc_ring_untaken(const struct zc_ring *ring)
{
	return ring->ours - __atomic_load_n(ring->consumer, __ATOMIC_ACQUIRE);
}

/* How many entries we can write; @ring->ours is the producer. */
static inline uint32_t zc_ring_room(const struct zc_ring *ring)
{
	return ring->mask + 1 - zc_ring_untaken(ring);
}

/* We have written entries: the consumer may take them. */
static inline void zc_ring_produce(struct zc_ring *ring, uint32_t count)
{
	ring->ours += count;
	__atomic_store_n(ring->producer, ring->ours, __ATOMIC_RELEASE);
}

static inline bool zc_ring_wants_wakeup(const struct zc_ring *ring)
{
	return __atomic_load_n(ring->flags, __ATOMIC_RELAXED) & XDP_RING_NEED_WAKEUP;
}

static inline struct xdp_desc *zc_ring_desc(const struct zc_ring *ring, uint32_t index)
{
	return (struct xdp_desc *)ring->descs + (index & ring->mask);
}

static inline uint64_t *zc_ring_address(const struct zc_ring *ring, uint32_t index)
{
	return (uint64_t *)ring->descs + (index & ring->mask);
}

#endif
