/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A ring: memory in which packets wait for their readers, as nsring_uapi.h lays it out. It has a
 * lane for each possible CPU, which only that CPU writes, with bottom halves off: so there is no
 * lock.
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

#include <linux/cache.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/refcount.h>

#include "memory.h"
#include "nsring_uapi.h"
#include "source.h"

struct nsr_readers;
struct nsr_sock;

/**
 * struct nsr_lane - a CPU's own side of its lane; only that CPU writes it
 * @head:    position of the next record; the truth, of which @shown->head is a copy
 * @tail:    the reader's position when last looked at; kept only if possible
 * @data:    lane_bytes of records
 * @shown:   the side of the lane that user space maps
 * @cursor:  of the reader, in an ordinary ring
 * @met:     number of the list of readers that it has seen last (shared), see reader.h
 * @oldest:  start of the oldest whole record (shared)
 * @full:    packets for which there was no room
 * @sampled: packets that sampling left out
 * @countdown: packets until the next that sampling keeps
 * @refused: by index: packets that the reader's filter refused
 */
struct nsr_lane {
	u64 head;
	u64 tail;
	u8 *data;
	struct nsring_lane *shown;
	const struct nsring_cursor *cursor;
	u64 met;
	u64 oldest;
	u64 full;
	u64 sampled;
	u32 countdown;
	u64 refused[NSRING_READERS_MAX];
};

/**
 * struct nsr_ring - a ring
 * @lanes:     nr_cpu_ids of them
 * @lane_bytes: a power of two
 * @snaplen:   most bytes kept of a packet
 * @sample:    keep every nth
 * @cooked:    records have a cooked header
 * @kernel_stamps: the device's stamps are not used
 * @shared:    several readers
 * @waiting:   bits of readers that may be waiting, see wake.c
 * @source:    the devices that it takes packets from, unless a cluster hands it some
 * @readers:   a list, see reader.h; an ordinary ring has one at most. NULL: none
 * @lists:     how many lists of readers there were, under RTNL
 * @readers_used: indices that are taken, also by readers that left less than a grace period ago
 * @stopped:   bits of readers that take no more packets and still read, under RTNL
 * @refs:      of its readers
 * @asked_snaplen: that the first reader asked for
 * @share:     the number that shared rings are found by
 * @node:      in the namespace's list of shared rings, under RTNL
 * @area:      the ring area
 */
struct nsr_ring {
	struct nsr_lane __percpu *lanes;
	u64 lane_bytes;
	u32 snaplen;
	u32 sample;
	bool cooked;
	bool kernel_stamps;
	bool shared;
	unsigned long waiting;

	struct nsr_source source;
	struct nsr_readers __rcu *readers;
	u64 lists;
	unsigned long readers_used;
	u32 stopped;
	refcount_t refs;
	u32 asked_snaplen;
	u32 share;
	struct list_head node;
	struct nsr_area area;
};

struct nsr_ring *nsr_ring_make(const struct net *net, const struct nsring_setup *setup);
void nsr_ring_free(struct nsr_ring *ring);
void nsr_ring_stats(const struct nsr_ring *ring, u32 reader, struct nsring_stats *stats);

/** nsr_ring_head() - the position up to which a lane can be read */
static inline u64 nsr_ring_head(const struct nsr_ring *ring, unsigned int cpu)
{
	/* Pairs with publish() in deliver.c. */
	return smp_load_acquire(&per_cpu_ptr(ring->lanes, cpu)->shown->head);
}

#endif
