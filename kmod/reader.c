// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bitops.h>
#include <linux/slab.h>

#include "netns.h"
#include "reader.h"
#include "ring.h"
#include "sock.h"

/* What protects the readers of a ring, of which @sock is one, or will be. */
static struct mutex *lock_of(const struct nsr_sock *sock)
{
	return &nsr_captures(sock_net(&sock->sk))->lock;
}

/** nsr_reader_choose_index() - take a free index, until its bit is cleared; -EUSERS: none */
int nsr_reader_choose_index(struct nsr_ring *ring, const struct nsr_sock *sock)
{
	unsigned int end = ring->shared ? NSRING_READERS_MAX : 1;
	unsigned int index = find_first_zero_bit(&ring->readers_used, end);

	lockdep_assert_held(lock_of(sock));
	if (index >= end)
		return -EUSERS;
	set_bit(index, &ring->readers_used);
	return index;
}

static struct nsr_readers *make_list(void)
{
	struct nsr_readers *list;

	return kzalloc(struct_size(list, slots, NSRING_READERS_MAX), GFP_KERNEL_ACCOUNT);
}

/** nsr_reader_prepare() - get the memory for joining and leaving; 0 or -ENOMEM */
int nsr_reader_prepare(struct nsr_sock *sock)
{
	sock->list_to_join = make_list();
	sock->list_to_leave = make_list();
	return sock->list_to_join && sock->list_to_leave ? 0 : -ENOMEM;
}

/** nsr_reader_forget() - free what nsr_reader_prepare() got and the reader did not use */
void nsr_reader_forget(struct nsr_sock *sock)
{
	kfree(sock->list_to_join);
	kfree(sock->list_to_leave);
	sock->list_to_join = sock->list_to_leave = NULL;
}

static struct nsr_readers *readers_of(const struct nsr_ring *ring, const struct nsr_sock *sock)
{
	return rcu_dereference_protected(ring->readers, lockdep_is_held(lock_of(sock)));
}

static void add(struct nsr_readers *list, struct nsr_sock *sock)
{
	u32 bit = 1U << sock->index;

	list->slots[list->count++] = (struct nsr_reader_slot){ .sock = sock, .bit = bit };
	list->here |= bit;
	list->everyone |= bit;
}

/* Fills @list with the ring's readers, except @sock, and readers that have stopped. */
static void fill(struct nsr_readers *list, struct nsr_ring *ring, const struct nsr_sock *sock)
{
	const struct nsr_readers *old = readers_of(ring, sock);
	u32 i;

	list->number = ++ring->lists;
	list->everyone = ring->stopped;
	for (i = 0; old && i < old->count; i++)
		if (old->slots[i].sock != sock)
			add(list, old->slots[i].sock);
}

/* @list takes the old one's place; without a reader it is freed, and there is none. */
static void publish(struct nsr_ring *ring, struct nsr_readers *list, const struct nsr_sock *sock)
{
	struct nsr_readers *old = readers_of(ring, sock);

	if (list->count == 0) {
		kfree(list);
		list = NULL;
	}
	rcu_assign_pointer(ring->readers, list);
	if (old)
		kfree_rcu(old, rcu);
}

/**
 * nsr_reader_join() - deliver packets to this reader, too
 * @ring: its ring; no packet has been written for this index for a grace period
 * @sock: prepared, with cursors and index
 */
void nsr_reader_join(struct nsr_ring *ring, struct nsr_sock *sock)
{
	struct nsr_readers *list = sock->list_to_join;

	lockdep_assert_held(lock_of(sock));
	sock->list_to_join = NULL;
	/* A CPU that comes waits for this before it starts: prepare() in lane.c. */
	rcu_read_lock();
	nsr_lanes_join(ring, sock);
	fill(list, ring, sock);
	add(list, sock);
	sock->joined = list->number;
	publish(ring, list, sock);
	rcu_read_unlock();
}

/**
 * nsr_reader_leave() - deliver no more packets to this reader
 * @ring: its ring
 * @sock: has joined, and may have left; packets on their way may still touch it for a grace period
 * @reads: it still reads what is there, so lanes go on counting records as for others
 *
 * A reader that leaves after it has stopped may stay in @everyone until the next list: lanes count
 * in vain then, as its index belongs to nobody.
 */
void nsr_reader_leave(struct nsr_ring *ring, struct nsr_sock *sock, bool reads)
{
	struct nsr_readers *list = sock->list_to_leave;
	u32 bit = 1U << sock->index;

	lockdep_assert_held(lock_of(sock));
	ring->stopped = reads ? ring->stopped | bit : ring->stopped & ~bit;
	if (!list)
		return;
	sock->list_to_leave = NULL;
	fill(list, ring, sock);
	publish(ring, list, sock);
}

/** nsr_readers_count() - how many readers there are; under RCU */
unsigned int nsr_readers_count(const struct nsr_ring *ring)
{
	const struct nsr_readers *readers = rcu_dereference(ring->readers);

	return readers ? readers->count : 0;
}

/** nsr_readers_fail() - wake all readers with an error, a positive errno value */
void nsr_readers_fail(const struct nsr_ring *ring, int error)
{
	const struct nsr_readers *readers;
	u32 i;

	rcu_read_lock();
	readers = rcu_dereference(ring->readers);
	for (i = 0; readers && i < readers->count; i++)
		nsr_reader_fail(readers->slots[i].sock, error);
	rcu_read_unlock();
}

/** nsr_reader_fail() - wake a reader with an error, a positive errno value */
void nsr_reader_fail(struct nsr_sock *sock, int error)
{
	WRITE_ONCE(sock->sk.sk_err, error);
	sk_error_report(&sock->sk);
}
