// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpumask.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "ring.h"

#define DEFAULT_BYTES	    (4U << 20)
#define LANE_BYTES_MAX	    (1ULL << 30)
#define LINKTYPE_LINUX_SLL2 276

static u64 choose_lane_bytes(u64 ring_bytes)
{
	u64 bytes = (ring_bytes ?: DEFAULT_BYTES) / nr_cpu_ids;

	if (bytes <= NSRING_LANE_MIN)
		return NSRING_LANE_MIN;
	return min_t(u64, rounddown_pow_of_two(bytes), LANE_BYTES_MAX);
}

/* At most a quarter of a lane, so that a packet fits into a lane even with padding before it. */
static u32 choose_snaplen(u32 snaplen, u64 lane_bytes)
{
	u64 most = lane_bytes / 4 - sizeof(struct nsring_record);

	return min_t(u64, snaplen ?: NSRING_SNAPLEN_MAX, most);
}

/* The start of the ring area tells readers what they need to know. */
static void describe(struct nsr_ring *ring, u64 data_offset)
{
	struct nsring_ring *shown = ring->area.addr;

	shown->magic = NSRING_MAGIC;
	shown->version = NSRING_ABI;
	shown->header_bytes = sizeof(struct nsring_record);
	shown->flags = ring->shared ? NSRING_RING_SHARED : 0;
	shown->lanes = nr_cpu_ids;
	shown->lane_bytes = ring->lane_bytes;
	shown->lane_offset = sizeof(*shown);
	shown->lane_stride = sizeof(struct nsring_lane);
	shown->data_offset = data_offset;
	shown->linktype = ring->cooked ? LINKTYPE_LINUX_SLL2 : 0;
	shown->snaplen = ring->snaplen;
	shown->cursor_stride = sizeof(struct nsring_cursor);
}

static void set_up_lanes(struct nsr_ring *ring, u64 data_offset)
{
	struct nsring_lane *shown = ring->area.addr + sizeof(struct nsring_ring);
	struct nsr_lane *lane;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		lane = per_cpu_ptr(ring->lanes, cpu);
		lane->data = ring->area.addr + data_offset + cpu * ring->lane_bytes;
		lane->shown = &shown[cpu];
	}
}

/**
 * nsr_ring_make() - make a ring without readers
 * @net:   the namespace that captures
 * @setup: checked
 *
 * May sleep. Return: the ring, to be freed with nsr_ring_free(); ERR_PTR(-ENOMEM).
 */
struct nsr_ring *nsr_ring_make(const struct net *net, const struct nsring_setup *setup)
{
	u64 data_offset, lanes_bytes;
	struct nsr_ring *ring;
	int rc;

	ring = kzalloc(sizeof(*ring), GFP_KERNEL_ACCOUNT);
	if (!ring)
		return ERR_PTR(-ENOMEM);
	refcount_set(&ring->refs, 1);
	INIT_LIST_HEAD(&ring->node);
	nsr_source_init(&ring->source, ring, NULL);
	ring->lane_bytes = choose_lane_bytes(setup->ring_bytes);
	ring->snaplen = choose_snaplen(setup->snaplen, ring->lane_bytes);
	ring->asked_snaplen = setup->snaplen ?: NSRING_SNAPLEN_MAX;
	ring->sample = setup->sample;
	ring->cooked = setup->flags & NSRING_COOKED;
	ring->kernel_stamps = setup->flags & NSRING_KERNEL_STAMPS;
	ring->shared = setup->share;
	ring->share = setup->share;

	ring->lanes = alloc_percpu_gfp(struct nsr_lane, GFP_KERNEL_ACCOUNT);
	if (!ring->lanes) {
		rc = -ENOMEM;
		goto free_ring;
	}
	lanes_bytes = (u64)nr_cpu_ids * ring->lane_bytes;
	data_offset =
		PAGE_ALIGN(sizeof(struct nsring_ring) + nr_cpu_ids * sizeof(struct nsring_lane));
	rc = nsr_area_make(&ring->area, net, (data_offset + lanes_bytes) >> PAGE_SHIFT,
			   data_offset >> PAGE_SHIFT, ring->lane_bytes >> PAGE_SHIFT);
	if (rc < 0)
		goto free_lanes;
	describe(ring, data_offset);
	set_up_lanes(ring, data_offset);
	return ring;

free_lanes:
	free_percpu(ring->lanes);
free_ring:
	kfree(ring);
	return ERR_PTR(rc);
}

/** nsr_ring_free() - free a ring that nothing can reach any more; may sleep */
void nsr_ring_free(struct nsr_ring *ring)
{
	nsr_area_free(&ring->area);
	free_percpu(ring->lanes);
	kfree(ring);
}

/**
 * nsr_ring_stats() - add up what the lanes have counted
 * @ring:   the ring
 * @reader: index of the reader
 * @stats:  added to, except @sent
 */
void nsr_ring_stats(const struct nsr_ring *ring, u32 reader, struct nsring_stats *stats)
{
	const struct nsr_lane *lane;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		lane = per_cpu_ptr(ring->lanes, cpu);
		/* In this order, or the result might be negative: see count_others(). */
		if (ring->shared)
			stats->written -= READ_ONCE(lane->shown->others[reader]);
		smp_rmb();
		stats->written += READ_ONCE(lane->shown->written);
		stats->filtered += READ_ONCE(lane->refused[reader]);
		stats->sampled += READ_ONCE(lane->sampled);
		stats->full += READ_ONCE(lane->full);
	}
}
