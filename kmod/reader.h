/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The readers of a ring, and how they come and go.
 *
 *	choose index ─▶ join ─▶ (stop: leave, read on) ─▶ leave ─▶ grace period ─▶ index free
 *
 * The list of readers never changes: a reader that joins or leaves makes a new one, which takes the
 * old one's place under RCU. So delivery, under RCU, always sees a whole list, and a lane keeps
 * nothing of it that could be freed. A list has a number, one more than the one before; it has 64
 * bits, and so can't go round. A reader brings the memory for the list that it makes by joining,
 * and for the one by leaving, so that leaving can't fail.
 *
 * A reader has an index, a bit in each record that is for it. A packet on its way may still count
 * for a reader that has left, so its bit in readers_used is cleared only a grace period later, and
 * nobody else gets the index before.
 *
 * A lane notes the number of the list that it has seen last. When it sees another, the readers that
 * came with later lists than the noted one are new to it, and start with others = written in this
 * lane: they are not charged with records that were written before (meet_readers() in deliver.c).
 * Until a lane has seen a reader, others[index] may lag behind written. A reader that was never
 * overtaken doesn't look at it, and an overtaken lane has seen its reader.
 *
 * A reader that has stopped (NSRING_STOP) and still reads counts every further record as for
 * others: its bit stays in the lists' @everyone.
 *
 * All of it under the lock of the namespace's captures, except what delivery does, and except
 * nsr_readers_fail(), which a device's end calls under RTNL: it walks the list under RCU. A reader
 * that joins meanwhile looks itself whether the device is still there, see nsr_source_lose_device().
 */
#ifndef NSR_READER_H
#define NSR_READER_H

#include <linux/rcupdate.h>
#include <linux/types.h>

struct nsr_ring;
struct nsr_sock;

/**
 * struct nsr_readers - a list of readers, constant once published; another takes its place
 * @rcu:      frees it
 * @number:   of the list; the first of a ring is 1
 * @count:    at least 1
 * @here:     bits of the readers
 * @everyone: bits of the readers, and of readers that have stopped and still read
 * @slots:    the readers, and the bits of their indices
 */
struct nsr_readers {
	struct rcu_head rcu;
	u64 number;
	u32 count;
	u32 here;
	u32 everyone;
	struct nsr_reader_slot {
		struct nsr_sock *sock;
		u32 bit;
	} slots[];
};

int nsr_reader_choose_index(struct nsr_ring *ring, const struct nsr_sock *sock);
int nsr_reader_prepare(struct nsr_sock *sock);
void nsr_reader_forget(struct nsr_sock *sock);
void nsr_reader_join(struct nsr_ring *ring, struct nsr_sock *sock);
void nsr_reader_leave(struct nsr_ring *ring, struct nsr_sock *sock, bool reads);
unsigned int nsr_readers_count(const struct nsr_ring *ring);
void nsr_readers_fail(const struct nsr_ring *ring, int error);
void nsr_reader_fail(struct nsr_sock *sock, int error);

#endif
