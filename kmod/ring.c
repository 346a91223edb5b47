// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bitops.h>
#include <linux/cpumask.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "ring.h"

#define DEFAULT_BYTES	    (4U << 20)
#define LANE_BYTES_MAX	    (1ULL << 30)
#define LINKTYPE_LINUX_SLL2 276

static u64 choose_lane_bytes(u64 ring_bytes, unsigned int lanes)
{
	u64 bytes = (ring_bytes ?: DEFAULT_BYTES) / lanes;

	if (bytes <= NSRING_LANE_MIN)
		return NSRING_LANE_MIN;
	return min_t(u64, rounddown_pow_of_two(bytes), LANE_BYTES_MAX);
}

/* At most a quarter of a lane, so that a packet fits into a lane even with padding before it. */
static u32 choose_snaplen(u32 snaplen, const struct nsr_ring *ring)
{
	u64 most = ring->lane_bytes / 4 - ring->header_bytes;

	return min_t(u64, snaplen ?: NSRING_SNAPLEN_MAX, most);
}

/* The start of the ring area tells readers what they need to know. */
static void describe(struct nsr_ring *ring)
{
	u64 header_bytes = (u64)ring->header.count << PAGE_SHIFT;
	struct nsring_ring *shown = ring->header.addr;

	shown->magic = NSRING_MAGIC;
	shown->version = NSRING_ABI;
	shown->header_bytes = ring->header_bytes;
	shown->flags = ring->shared ? NSRING_RING_SHARED : 0;
	shown->lanes = nr_cpu_ids;
	shown->lane_bytes = ring->lane_bytes;
	shown->lane_offset = header_bytes;
	shown->lane_stride = nsr_lane_pages(ring->lane_bytes) << PAGE_SHIFT;
	shown->data_offset = header_bytes + PAGE_SIZE;
	shown->data_stride = shown->lane_stride;
	shown->linktype = ring->cooked ? LINKTYPE_LINUX_SLL2 : 0;
	shown->snaplen = ring->snaplen;
	shown->cursor_stride = sizeof(struct nsring_cursor);
	shown->used_offset = sizeof(*shown);
	ring->used = ring->header.addr + sizeof(*shown);
}

static struct nsr_ring *make_object(const struct nsring_setup *setup, unsigned int lanes)
{
	struct nsr_ring *ring = kvzalloc(struct_size(ring, lanes, nr_cpu_ids), GFP_KERNEL_ACCOUNT);

	if (!ring)
		return NULL;
	refcount_set(&ring->refs, 1);
	INIT_LIST_HEAD(&ring->node);
	INIT_LIST_HEAD(&ring->in_rings);
	nsr_source_init(&ring->source, ring, NULL);
	ring->lane_bytes = choose_lane_bytes(setup->ring_bytes, lanes);
	ring->part_shift = ilog2(ring->lane_bytes) - NSR_PARTS_SHIFT;
	ring->device_stamps = setup->flags & NSRING_DEVICE_STAMPS;
	ring->header_bytes = ring->device_stamps ? sizeof(struct nsring_stamped_record)
						 : sizeof(struct nsring_record);
	ring->snaplen = choose_snaplen(setup->snaplen, ring);
	ring->asked_snaplen = setup->snaplen ?: NSRING_SNAPLEN_MAX;
	ring->sample = setup->sample;
	ring->cooked = setup->flags & NSRING_COOKED;
	ring->shared = setup->share;
	ring->usual = !ring->cooked && !ring->device_stamps && ring->sample <= 1;
	ring->share = setup->share;
	return ring;
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
	size_t header = sizeof(struct nsring_ring) + BITS_TO_LONGS(nr_cpu_ids) * sizeof(long);
	unsigned long header_pages = PAGE_ALIGN(header) >> PAGE_SHIFT;
	unsigned int lanes = nsr_lanes_online();
	struct nsr_ring *ring;
	int rc;

	ring = make_object(setup, lanes);
	if (!ring)
		return ERR_PTR(-ENOMEM);
	rc = nsr_charge_begin(&ring->charge, net,
			      header_pages + lanes * nsr_lane_pages(ring->lane_bytes));
	if (rc < 0)
		goto free_ring;
	rc = nsr_area_allocate(&ring->header, &ring->charge, header_pages, NUMA_NO_NODE);
	if (rc < 0)
		goto end_charge;
	describe(ring);
	rc = nsr_lanes_make(ring);
	if (rc < 0)
		goto free_lanes;
	return ring;

free_lanes:
	nsr_lanes_free(ring);
	nsr_area_free(&ring->header);
end_charge:
	nsr_charge_end(&ring->charge);
free_ring:
	kvfree(ring);
	return ERR_PTR(rc);
}

/** nsr_ring_free() - free a ring that nothing can reach any more; may sleep */
void nsr_ring_free(struct nsr_ring *ring)
{
	nsr_lanes_free(ring);
	nsr_area_free(&ring->header);
	nsr_charge_end(&ring->charge);
	kvfree(ring);
}

/** nsr_ring_pages() - pages of the ring area, with the places of lanes that have no memory */
unsigned long nsr_ring_pages(const struct nsr_ring *ring)
{
	return ring->header.count + nr_cpu_ids * nsr_lane_pages(ring->lane_bytes);
}

static u64 written(const struct nsr_ring *ring, const struct nsr_lane *lane, u32 reader)
{
	u64 others = 0;

	/* In this order, or the result might be negative: see count_others(). */
	if (ring->shared)
		others = READ_ONCE(lane->shown->others[reader]);
	smp_rmb();
	return READ_ONCE(lane->shown->written) - others;
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
		lane = nsr_lane(ring, cpu);
		if (!lane)
			continue;
		if (nsr_lane_has_memory(lane))
			stats->written += written(ring, lane, reader);
		stats->filtered += READ_ONCE(lane->refused[reader]);
		stats->sampled += READ_ONCE(lane->sampled);
		stats->full += READ_ONCE(lane->full);
	}
}
