// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bitops.h>
#include <linux/rtnetlink.h>

#include "reader.h"
#include "ring.h"
#include "sock.h"

/** nsr_reader_choose_index() - take a free index, until its bit is cleared; -EUSERS: none */
int nsr_reader_choose_index(struct nsr_ring *ring)
{
	unsigned int end = ring->shared ? NSRING_READERS_MAX : 1;
	unsigned int index = find_first_zero_bit(&ring->readers_used, end);

	if (index >= end)
		return -EUSERS;
	set_bit(index, &ring->readers_used);
	return index;
}

/*
 * A reader that joins reads from here on. Its counts begin with the next packet of each lane: see
 * fill_slots() in deliver.c.
 */
static void set_cursors(const struct nsr_ring *ring, struct nsr_sock *sock)
{
	struct nsring_cursor *cursors = sock->cursors.addr;
	struct nsr_lane *lane;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		lane = per_cpu_ptr(ring->lanes, cpu);
		WRITE_ONCE(lane->refused[sock->index], 0);
		WRITE_ONCE(lane->shown->others[sock->index], READ_ONCE(lane->shown->written));
		WRITE_ONCE(cursors[cpu].tail, nsr_ring_head(ring, cpu));
		if (!ring->shared)
			lane->cursor = &cursors[cpu];
	}
}

/* Never 0, which lanes begin with. */
static void next_generation(struct nsr_ring *ring)
{
	/* After the change, so that a lane that sees it sees the readers: see fill_slots(). */
	smp_store_release(&ring->generation, ring->generation + 1 ?: 1);
}

/**
 * nsr_reader_join() - deliver packets to this reader, too
 * @ring: its ring; no packet has been written for this index for a grace period
 * @sock: with cursors and index
 */
void nsr_reader_join(struct nsr_ring *ring, struct nsr_sock *sock)
{
	ASSERT_RTNL();
	set_cursors(ring, sock);
	sock->joined = ring->generation + 1 ?: 1;
	rcu_assign_pointer(ring->readers[sock->index], sock);
	next_generation(ring);
}

/**
 * nsr_reader_leave() - deliver no more packets to this reader
 * @ring: its ring
 * @sock: has joined, and may have left; packets on their way may still touch it for a grace period
 * @reads: it still reads what is there, so lanes go on counting records as for others
 */
void nsr_reader_leave(struct nsr_ring *ring, struct nsr_sock *sock, bool reads)
{
	u32 bit = 1U << sock->index;

	ASSERT_RTNL();
	WRITE_ONCE(ring->stopped, reads ? ring->stopped | bit : ring->stopped & ~bit);
	RCU_INIT_POINTER(ring->readers[sock->index], NULL);
	next_generation(ring);
}

/** nsr_readers_count() - how many readers there are */
unsigned int nsr_readers_count(const struct nsr_ring *ring)
{
	unsigned int index, count = 0;

	for (index = 0; index < NSRING_READERS_MAX; index++)
		if (rcu_access_pointer(ring->readers[index]))
			count++;
	return count;
}

/** nsr_readers_fail() - wake all readers with an error, a positive errno value */
void nsr_readers_fail(const struct nsr_ring *ring, int error)
{
	struct nsr_sock *sock;
	unsigned int index;

	for (index = 0; index < NSRING_READERS_MAX; index++) {
		sock = rtnl_dereference(ring->readers[index]);
		if (sock)
			nsr_reader_fail(sock, error);
	}
}

/** nsr_reader_fail() - wake a reader with an error, a positive errno value */
void nsr_reader_fail(struct nsr_sock *sock, int error)
{
	WRITE_ONCE(sock->sk.sk_err, error);
	sk_error_report(&sock->sk);
}
