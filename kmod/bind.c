// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a socket begins to capture, stops, and goes.
 *
 * bind makes the ring before it takes RTNL, since that takes a while; then, under RTNL, the socket
 * gets an index in its ring (settle()), its source a tap on the device (attach()), and last the
 * socket joins the ring's readers. @bound is stored after all that, so whoever loads it with
 * acquire finds a complete ring. A shared ring may appear, or go, while ours is made: settle()
 * looks again.
 *
 * stop and release undo it under RTNL (detach()), and wait for nothing else. After release a packet
 * on its way may still be written into the ring and wake the reader, until a grace period has
 * passed: free_sock() comes behind it. Only then is the reader's index free for another one.
 */
#include <linux/rtnetlink.h>
#include <linux/sched.h>

#include "cluster.h"
#include "netns.h"
#include "reader.h"
#include "ring.h"
#include "sock.h"
#include "workqueue.h"

/* Never NULL: nsr_bind() makes them first. */
static struct nsr_captures *captures_of(const struct nsr_sock *sock)
{
	return nsr_captures(sock_net(&sock->sk));
}

static struct nsr_ring *find_shared(const struct nsr_captures *captures, u32 share)
{
	struct nsr_ring *ring;

	list_for_each_entry(ring, &captures->shared, node)
		if (ring->share == share)
			return ring;
	return NULL;
}

/* Would this socket have made the same ring? */
static bool fits(const struct nsr_ring *ring, const struct nsring_setup *setup, u32 ifindex)
{
	const struct nsr_source *source = &ring->source;
	u32 snaplen = setup->snaplen ?: NSRING_SNAPLEN_MAX;

	return ring->cooked == !!(setup->flags & NSRING_COOKED) &&
	       ring->device_stamps == !!(setup->flags & NSRING_DEVICE_STAMPS) &&
	       source->flags == (setup->flags & NSR_SOURCE_FLAGS) &&
	       source->direction == setup->direction && source->ifindex == ifindex &&
	       ring->sample == setup->sample && snaplen <= ring->asked_snaplen;
}

/* A reader's own parts: the cursor area, and the state of its wake-ups. */
static int make_reader(struct nsr_sock *sock)
{
	size_t bytes = nr_cpu_ids * sizeof(struct nsring_cursor);
	int rc;

	rc = nsr_area_make(&sock->cursors, sock_net(&sock->sk), PAGE_ALIGN(bytes) >> PAGE_SHIFT);
	if (rc == 0)
		rc = nsr_reader_prepare(sock);
	return rc < 0 ? rc : nsr_wake_init(sock);
}

static void free_reader(struct nsr_sock *sock)
{
	nsr_wake_free(sock);
	nsr_reader_forget(sock);
	nsr_area_free(&sock->cursors);
}

/* Begin to take packets for a socket that has its ring, for the first time or again. */
static int attach(struct nsr_sock *sock, u32 ifindex)
{
	struct nsr_source *source = &sock->ring->source;

	if (sock->setup.cluster)
		return nsr_cluster_join(sock, ifindex);
	if (source->attached)
		return source->ifindex == ifindex ? 0 : -EINVAL;
	return nsr_source_attach(source, sock_net(&sock->sk), ifindex, &sock->setup);
}

/*
 * Give the socket its ring and join its readers; under RTNL. @made: a new ring, which the caller
 * frees if a shared one exists by now; NULL if one existed before, and -EAGAIN if it has gone
 * since. Packets that come between attach() and nsr_reader_join() pass by.
 */
static int settle(struct nsr_sock *sock, struct nsr_ring *made, u32 ifindex)
{
	u32 share = sock->setup.share;
	struct nsr_ring *found = share ? find_shared(captures_of(sock), share) : NULL;
	struct nsr_ring *ring = found ?: made;
	int rc, index;

	if (!ring)
		return -EAGAIN;
	if (found && !fits(found, &sock->setup, ifindex))
		return -EINVAL;
	index = nsr_reader_choose_index(ring);
	if (index < 0)
		return index;
	sock->index = index;
	sock->ring = ring;
	nsr_wake_set(sock);
	rc = attach(sock, ifindex);
	if (rc < 0) {
		clear_bit(index, &ring->readers_used);
		return rc;
	}
	if (found)
		refcount_inc(&ring->refs);
	else if (share)
		list_add_tail(&ring->node, &captures_of(sock)->shared);
	nsr_reader_join(ring, sock);
	return 0;
}

static bool can_share(const struct nsr_sock *sock)
{
	bool can;

	if (!sock->setup.share)
		return false;
	rtnl_lock();
	can = find_shared(captures_of(sock), sock->setup.share);
	rtnl_unlock();
	return can;
}

/* Makes the ring without RTNL, for which the whole host would wait. */
static int bind_ring(struct nsr_sock *sock, u32 ifindex)
{
	struct nsr_ring *made = NULL;
	int rc;

	do {
		if (!can_share(sock)) {
			made = nsr_ring_make(sock_net(&sock->sk), &sock->setup);
			if (IS_ERR(made))
				return PTR_ERR(made);
		}
		rtnl_lock();
		rc = settle(sock, made, ifindex);
		rtnl_unlock();
	} while (rc == -EAGAIN);
	if (rc < 0) {
		/* A packet on its way may have seen the ring, or the socket in its cluster. */
		synchronize_rcu();
		sock->ring = NULL;
	}
	if (made && made != sock->ring)
		nsr_ring_free(made);
	return rc;
}

static int bind_first(struct nsr_sock *sock, u32 ifindex)
{
	int rc;

	rc = make_reader(sock);
	if (rc == 0)
		rc = bind_ring(sock, ifindex);
	if (rc < 0)
		free_reader(sock);
	return rc;
}

/* The socket is bound, but its device had gone. */
static int bind_again(struct nsr_sock *sock, u32 ifindex)
{
	struct nsr_ring *ring = sock->ring;
	int rc;

	rtnl_lock();
	/* Another reader of a shared ring may have been faster: then there is nothing to do. */
	if (sock->stopped || (nsr_is_attached(sock) && !ring->shared)) {
		rc = -EBUSY;
	} else {
		nsr_cluster_leave(sock);
		rc = attach(sock, ifindex);
	}
	/* Clear the old device's ENODEV, under RTNL: the next device to go sets it after this. */
	if (rc == 0)
		sock_error(&sock->sk);
	rtnl_unlock();
	return rc;
}

/* The device to send through. nsr_sendmsg() compares it, as another may have the index later. */
static struct net_device *find_device(const struct nsr_sock *sock, u32 ifindex)
{
	struct net_device *dev;

	rcu_read_lock();
	dev = dev_get_by_index_rcu(sock_net(&sock->sk), ifindex);
	rcu_read_unlock();
	return dev;
}

static int check_bind(const struct nsr_sock *sock, u32 ifindex)
{
	u32 flags = sock->setup.flags;

	if (ifindex > INT_MAX)
		return -ENODEV;
	if (ifindex && (flags & NSRING_ALL_NETNS))
		return -EINVAL;
	if (!ifindex && (flags & (NSRING_PROMISCUOUS | NSRING_NO_RING | NSRING_INJECT)))
		return -EINVAL;
	return 0;
}

static int prepare_captures(struct net *net)
{
	struct nsr_captures *captures;

	rtnl_lock();
	captures = nsr_captures_make(net, GFP_KERNEL_ACCOUNT);
	rtnl_unlock();
	return captures ? 0 : -ENOMEM;
}

/* Note who captures, for /proc. */
static void sign(struct nsr_sock *sock)
{
	struct nsr_captures *captures = captures_of(sock);

	sock->pid = get_pid(task_tgid(current));
	sock->inode = SOCK_INODE(sock->sk.sk_socket)->i_ino;
	get_task_comm(sock->comm, current);
	rtnl_lock();
	sock->id = ++captures->opened;
	captures->open++;
	list_add_tail_rcu(&sock->in_captures, &captures->socks);
	rtnl_unlock();
}

/**
 * nsr_bind() - begin to capture from a device
 * @sock:    set up; locked
 * @ifindex: 0: any
 *
 * Return: see nsring_uapi.h.
 */
int nsr_bind(struct nsr_sock *sock, u32 ifindex)
{
	const struct net_device *dev = find_device(sock, ifindex);
	int rc;

	rc = check_bind(sock, ifindex);
	if (rc == 0 && ifindex && !dev)
		rc = -ENODEV;
	if (rc == 0)
		rc = prepare_captures(sock_net(&sock->sk));
	if (rc < 0)
		return rc;
	if (sock->setup.flags & NSRING_NO_RING)
		rc = 0;
	else if (sock->bound)
		rc = bind_again(sock, ifindex);
	else
		rc = bind_first(sock, ifindex);
	if (rc < 0)
		return rc;
	WRITE_ONCE(sock->dev, dev);
	WRITE_ONCE(sock->ifindex, ifindex);
	if (!sock->bound)
		sign(sock);
	/* Pairs with the loads of @bound with acquire: they see the ring. */
	smp_store_release(&sock->bound, true);
	return 0;
}

/* Take a socket out of all that delivers; under RTNL. @reads: it still reads the ring. */
static void detach(struct nsr_sock *sock, bool reads)
{
	struct nsr_ring *ring = sock->ring;

	nsr_cluster_leave(sock);
	if (!ring)
		return;
	nsr_reader_leave(ring, sock, reads);
	if (rcu_access_pointer(ring->readers))
		return;
	nsr_source_detach(&ring->source);
	list_del_init(&ring->node);
}

/**
 * nsr_stop() - take no further packets; the ring stays
 * @sock: locked; nothing happens if it has stopped
 *
 * Return: 0 or -ENOTCONN.
 */
int nsr_stop(struct nsr_sock *sock)
{
	if (!sock->bound)
		return -ENOTCONN;
	if (sock->stopped)
		return 0;
	rtnl_lock();
	WRITE_ONCE(sock->stopped, true);
	detach(sock, true);
	rtnl_unlock();
	return 0;
}

/** nsr_is_attached() - whether the socket takes packets; under RTNL, or RCU just to show it */
bool nsr_is_attached(const struct nsr_sock *sock)
{
	const struct nsr_cluster *cluster = READ_ONCE(sock->cluster);

	if (READ_ONCE(sock->stopped) || !sock->ring)
		return false;
	if (sock->setup.cluster)
		return cluster && nsr_cluster_is_attached(cluster);
	return READ_ONCE(sock->ring->source.attached);
}

static void free_sock(struct work_struct *work)
{
	struct nsr_sock *sock = container_of(to_rcu_work(work), struct nsr_sock, free_work);
	struct nsr_ring *ring = sock->ring;

	free_reader(sock);
	put_pid(sock->pid);
	if (ring) {
		clear_bit(sock->index, &ring->readers_used);
		if (refcount_dec_and_test(&ring->refs))
			nsr_ring_free(ring);
	}
	sock_put(&sock->sk);
}

static void keep_totals(struct nsr_sock *sock)
{
	struct nsr_captures *captures = captures_of(sock);
	struct nsring_stats stats = {};

	if (!sock->ring)
		return;
	nsr_ring_stats(sock->ring, sock->index, &stats);
	atomic64_add(stats.written, &captures->past_written);
	atomic64_add(stats.filtered, &captures->past_filtered);
	atomic64_add(stats.full, &captures->past_full);
}

/** nsr_release() - close a socket; if it was bound, waits for RTNL, and for nothing else */
void nsr_release(struct nsr_sock *sock)
{
	/* Then no packet, and no reader of /proc, can have seen it. */
	if (!sock->bound) {
		sock_orphan(&sock->sk);
		sock_put(&sock->sk);
		return;
	}
	rtnl_lock();
	detach(sock, false);
	captures_of(sock)->open--;
	list_del_rcu(&sock->in_captures);
	rtnl_unlock();
	keep_totals(sock);
	sock_orphan(&sock->sk);
	INIT_RCU_WORK(&sock->free_work, free_sock);
	queue_rcu_work(nsr_workqueue, &sock->free_work);
}
