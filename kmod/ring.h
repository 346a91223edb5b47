/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A ring: memory in which packets wait for their readers, as nsring_uapi.h lays it out. It has a
 * lane for each CPU, which only that CPU writes, with bottom halves off: so there is no lock. lane.h says
 * which CPUs have one.
 *
 * An ordinary ring has one reader and never overwrites what it has not read. A shared one has
 * several and overwrites the oldest. deliver.c says how a lane is written, reader.h how readers
 * come and go.
 *
 * Lifetime: readers (sockets) hold references to their ring. Delivery holds rcu_read_lock, and
 * reaches a ring through a source's tap or a cluster's member list; the ring is taken out of those,
 * and freed a grace period later.
 */
#ifndef NSR_RING_H
#define NSR_RING_H

#include <linux/list.h>
#include <linux/refcount.h>

#include "lane.h"
#include "memory.h"
#include "nsring_uapi.h"
#include "source.h"

struct nsr_readers;
struct nsr_sock;

/**
 * struct nsr_ring - a ring
 * @lane_bytes: a power of two
 * @part_shift: log2 of the bytes of a lane's part (shared)
 * @snaplen:   most bytes kept of a packet
 * @sample:    keep every nth
 * @cooked:    records have a cooked header
 * @device_stamps: records have the device's stamps, too
 * @header_bytes: from the start of a record to its packet
 * @shared:    several readers
 * @usual:     every packet is kept, as on the wire, without the device's stamp
 * @cursors:   of the one reader of an ordinary ring, set before it joins; user space writes them
 * @used:      the bitmap of lanes that have a record, or had; in @header, where user space reads it
 * @waiting:   bits of readers that may be waiting, see wake.c
 * @source:    the devices that it takes packets from, unless a cluster hands it some
 * @readers:   a list, see reader.h; an ordinary ring has one at most. NULL: none
 * @lists:     how many lists of readers there were
 * @readers_used: indices that are taken, also by readers that left less than a grace period ago
 * @stopped:   bits of readers that take no more packets and still read
 * @refs:      of its readers
 * @asked_snaplen: that the first reader asked for
 * @share:     the number that shared rings are found by
 * @pid_ns:    of its readers, see nsr_sock_pid_ns()
 * @node:      in the namespace's list of shared rings
 * @in_rings:  in the list of all rings, see lane.c
 * @lanes_made: lanes that have memory; written by lane.c
 * @charge:    for the ring area
 * @header:    the pages of the ring area before those of the lanes
 * @lanes:     by CPU, nr_cpu_ids of them; NULL for a CPU that was never online
 *
 * @readers, @lists, @readers_used, @stopped and @node are written under the lock of the namespace's
 * captures.
 */
struct nsr_ring {
	u64 lane_bytes;
	u32 part_shift;
	u32 snaplen;
	u32 sample;
	bool cooked;
	bool device_stamps;
	u32 header_bytes;
	bool shared;
	bool usual;
	const struct nsring_cursor *cursors;
	unsigned long *used;
	unsigned long waiting;

	struct nsr_source source;
	struct nsr_readers __rcu *readers;
	u64 lists;
	unsigned long readers_used;
	u32 stopped;
	refcount_t refs;
	u32 asked_snaplen;
	u32 share;
	const struct pid_namespace *pid_ns;
	struct list_head node;

	struct list_head in_rings;
	unsigned int lanes_made;
	struct nsr_charge charge;
	struct nsr_area header;
	struct nsr_lane *lanes[];
};

struct nsr_ring *nsr_ring_make(const struct net *net, const struct nsring_setup *setup);
void nsr_ring_free(struct nsr_ring *ring);
unsigned long nsr_ring_pages(const struct nsr_ring *ring);
void nsr_ring_stats(const struct nsr_ring *ring, u32 reader, struct nsring_stats *stats);

/** nsr_lane() - the lane of a CPU; NULL: it was never online */
static inline struct nsr_lane *nsr_lane(const struct nsr_ring *ring, unsigned int cpu)
{
	/* Pairs with make_lane() in lane.c. */
	return smp_load_acquire(&ring->lanes[cpu]);
}

/** nsr_lane_has_memory() - whether a lane's memory, and what leads to it, can be looked at */
static inline bool nsr_lane_has_memory(const struct nsr_lane *lane)
{
	/* Pairs with give_memory() in lane.c. */
	return smp_load_acquire(&lane->data);
}

/** nsr_lane_head() - the position up to which a lane that has memory can be read */
static inline u64 nsr_lane_head(const struct nsr_lane *lane)
{
	/* Pairs with publish() in deliver.c. */
	return smp_load_acquire(&lane->shown->head);
}

/** nsr_ring_head() - the same for the lane of a CPU; 0 where there is none */
static inline u64 nsr_ring_head(const struct nsr_ring *ring, unsigned int cpu)
{
	const struct nsr_lane *lane = nsr_lane(ring, cpu);

	return lane && nsr_lane_has_memory(lane) ? nsr_lane_head(lane) : 0;
}

#endif
