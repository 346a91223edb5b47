// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a socket begins to capture, stops, and goes.
 *
 * bind makes the ring, and taps, before it takes a lock, since that takes a while; then, under the
 * lock of the namespace's captures, the socket gets an index in its ring (settle()), its source taps
 * on devices (attach()), and last the socket joins the ring's readers. @bound is stored after all
 * that, so whoever loads it with acquire finds a complete ring. A shared ring, or devices, may
 * appear, or go, while memory is allocated: settle() looks again. Of all that only the source takes
 * RTNL, for which the whole host waits.
 *
 * stop and release undo it (detach()), under the same lock. After release a packet on its way may
 * still be written into the ring and wake the reader, until a grace period has passed: free_sock()
 * comes behind it. Only then is the reader's index free for another one.
 */
#include <linux/random.h>
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

static struct nsr_ring *find_shared(const struct nsr_sock *sock)
{
	const struct nsr_captures *captures = captures_of(sock);
	struct nsr_ring *ring;

	lockdep_assert_held(&captures->lock);
	list_for_each_entry(ring, &captures->shared, node)
		if (ring->share == sock->setup.share && ring->pid_ns == nsr_sock_pid_ns(sock))
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
static int attach(struct nsr_sock *sock, u32 ifindex, struct nsr_taps *taps)
{
	struct nsr_source *source = &sock->ring->source;

	if (sock->setup.cluster)
		return nsr_cluster_join(sock, ifindex, taps);
	if (READ_ONCE(source->attached))
		return source->ifindex == ifindex ? 0 : -EINVAL;
	return nsr_source_attach(source, sock_net(&sock->sk), ifindex, &sock->setup, taps);
}

/*
 * The socket has joined. Its device may have gone since attach(), or while it joined, and told
 * those who had joined before: then the socket tells itself. Twice is as good as once.
 */
static void look_again(struct nsr_sock *sock)
{
	/* Join before looking. Pairs with nsr_source_lose_device(). */
	smp_mb();
	if (!nsr_is_attached(sock))
		nsr_reader_fail(sock, ENODEV);
}

/*
 * Give the socket its ring and join its readers; under the captures' lock. @made: a new ring, which
 * the caller frees if a shared one exists by now; NULL if one existed before. Packets that come
 * between attach() and nsr_reader_join() pass by. Return: -EAGAIN the ring that existed has gone
 * since, or there are too few @taps, and nothing has happened.
 */
static int settle(struct nsr_sock *sock, struct nsr_ring *made, u32 ifindex, struct nsr_taps *taps)
{
	struct nsr_ring *found = sock->setup.share ? find_shared(sock) : NULL;
	struct nsr_ring *ring = found ?: made;
	int rc, index;

	if (!ring)
		return -EAGAIN;
	if (found && !fits(found, &sock->setup, ifindex))
		return -EINVAL;
	index = nsr_reader_choose_index(ring, sock);
	if (index < 0)
		return index;
	sock->index = index;
	sock->ring = ring;
	nsr_wake_set(sock);
	rc = attach(sock, ifindex, taps);
	if (rc < 0) {
		clear_bit(index, &ring->readers_used);
		if (rc == -EAGAIN)
			sock->ring = NULL;
		return rc;
	}
	if (found)
		refcount_inc(&ring->refs);
	else if (sock->setup.share)
		list_add_tail(&ring->node, &captures_of(sock)->shared);
	nsr_reader_join(ring, sock);
	look_again(sock);
	return 0;
}

static bool can_share(const struct nsr_sock *sock)
{
	struct nsr_captures *captures = captures_of(sock);
	bool can;

	if (!sock->setup.share)
		return false;
	mutex_lock(&captures->lock);
	can = find_shared(sock);
	mutex_unlock(&captures->lock);
	return can;
}

/* Everything that is allocated for the ring, its source and its cluster, without a lock. @made: kept if made. */
static int prepare(struct nsr_sock *sock, struct nsr_ring **made, struct nsr_taps *taps)
{
	struct nsr_ring *ring;
	int rc;

	if (!*made && !can_share(sock)) {
		ring = nsr_ring_make(sock_net(&sock->sk), &sock->setup);
		if (IS_ERR(ring))
			return PTR_ERR(ring);
		ring->pid_ns = nsr_sock_pid_ns(sock);
		*made = ring;
	}
	rc = nsr_cluster_prepare(sock);
	return rc < 0 ? rc : nsr_taps_fill(taps);
}

static int bind_ring(struct nsr_sock *sock, u32 ifindex)
{
	struct nsr_captures *captures = captures_of(sock);
	struct nsr_ring *made = NULL;
	struct nsr_taps taps;
	int rc;

	nsr_taps_init(&taps);
	do {
		rc = prepare(sock, &made, &taps);
		if (rc < 0)
			break;
		mutex_lock(&captures->lock);
		rc = settle(sock, made, ifindex, &taps);
		mutex_unlock(&captures->lock);
	} while (rc == -EAGAIN);
	nsr_taps_free(&taps);
	nsr_cluster_forget(sock);
	if (rc < 0 && sock->ring) {
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

/* The error that the end of the old device has left, and not one of the next device. */
static int take_error(struct nsr_sock *sock)
{
	int error;

	/* Who told of the old device's end has done so by now. The next one is not attached yet. */
	rtnl_lock();
	error = sock_error(&sock->sk);
	rtnl_unlock();
	return error;
}

/* Under the captures' lock. Return: -EAGAIN there are too few @taps. */
static int attach_again(struct nsr_sock *sock, u32 ifindex, struct nsr_taps *taps)
{
	int rc, error;

	/* Another reader of a shared ring may have been faster: then there is nothing to do. */
	if (sock->stopped || (nsr_is_attached(sock) && !sock->ring->shared))
		return -EBUSY;
	nsr_cluster_leave(sock);
	error = take_error(sock);
	rc = attach(sock, ifindex, taps);
	if (rc == 0)
		look_again(sock);
	else if (error)
		nsr_reader_fail(sock, -error);
	return rc;
}

/* The socket is bound, but its device had gone. */
static int bind_again(struct nsr_sock *sock, u32 ifindex)
{
	struct nsr_captures *captures = captures_of(sock);
	struct nsr_taps taps;
	int rc;

	nsr_taps_init(&taps);
	do {
		rc = nsr_cluster_prepare(sock);
		if (rc == 0)
			rc = nsr_taps_fill(&taps);
		if (rc < 0)
			break;
		mutex_lock(&captures->lock);
		rc = attach_again(sock, ifindex, &taps);
		mutex_unlock(&captures->lock);
	} while (rc == -EAGAIN);
	nsr_taps_free(&taps);
	nsr_cluster_forget(sock);
	return rc;
}

static bool has_device(const struct nsr_sock *sock, u32 ifindex)
{
	bool has;

	rcu_read_lock();
	has = dev_get_by_index_rcu(sock_net(&sock->sk), ifindex);
	rcu_read_unlock();
	return has;
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

/* The first time only: note who captures, for /proc, and how its packets are told from others'. */
static void sign(struct nsr_sock *sock)
{
	struct nsr_captures *captures = captures_of(sock);

	sock->mark = get_random_u32() ?: 1;
	sock->inode = SOCK_INODE(sock->sk.sk_socket)->i_ino;
	get_task_comm(sock->comm, current);
	mutex_lock(&captures->lock);
	sock->id = ++captures->opened;
	captures->open++;
	list_add_tail_rcu(&sock->in_captures, &captures->socks);
	mutex_unlock(&captures->lock);
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
	int rc;

	rc = check_bind(sock, ifindex);
	if (rc == 0 && ifindex && !has_device(sock, ifindex))
		rc = -ENODEV;
	if (rc == 0 && !nsr_captures_make(sock_net(&sock->sk), GFP_KERNEL_ACCOUNT))
		rc = -ENOMEM;
	if (rc < 0)
		return rc;
	if (!sock->bound) {
		/* Nobody else looks before sign(). */
		put_pid(sock->pid);
		sock->pid = get_pid(task_tgid(current));
	}
	if (sock->setup.flags & NSRING_NO_RING)
		rc = 0;
	else if (sock->bound)
		rc = bind_again(sock, ifindex);
	else
		rc = bind_first(sock, ifindex);
	if (rc < 0)
		return rc;
	if (!sock->bound)
		sign(sock);
	nsr_send_through(sock, ifindex);
	/* Who sends has seen the index, and so the mark. Pairs with nsr_sendmsg(). */
	smp_store_release(&sock->ifindex, ifindex);
	/* Pairs with the loads of @bound with acquire: they see the ring. */
	smp_store_release(&sock->bound, true);
	/* A thread that has polled before, and sleeps, may have been woken in vain: let it poll again. */
	sock->sk.sk_data_ready(&sock->sk);
	return 0;
}

/* Take a socket out of all that delivers; under the captures' lock. @reads: it still reads the ring. */
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
	mutex_lock(&captures_of(sock)->lock);
	WRITE_ONCE(sock->stopped, true);
	detach(sock, true);
	mutex_unlock(&captures_of(sock)->lock);
	return 0;
}

/** nsr_is_attached() - whether the socket takes packets; under the captures' lock, or RCU */
bool nsr_is_attached(const struct nsr_sock *sock)
{
	const struct nsr_cluster *cluster = READ_ONCE(sock->cluster);

	if (READ_ONCE(sock->stopped) || !sock->ring)
		return false;
	if (sock->setup.cluster)
		return cluster && nsr_cluster_is_attached(cluster);
	return READ_ONCE(sock->ring->source.attached);
}

/* Adds to the namespace's totals what the socket has counted and they lack. */
static void keep_totals(struct nsr_sock *sock)
{
	struct nsr_captures *captures = captures_of(sock);
	struct nsring_stats stats = {};

	if (!sock->ring)
		return;
	nsr_ring_stats(sock->ring, sock->index, &stats);
	atomic64_add(stats.written - sock->kept.written, &captures->past_written);
	atomic64_add(stats.filtered - sock->kept.filtered, &captures->past_filtered);
	atomic64_add(stats.full - sock->kept.full, &captures->past_full);
	sock->kept = stats;
}

static void free_sock(struct work_struct *work)
{
	struct nsr_sock *sock = container_of(to_rcu_work(work), struct nsr_sock, free_work);
	struct nsr_ring *ring = sock->ring;

	/* Packets that were on their way when it was closed. */
	keep_totals(sock);
	free_reader(sock);
	put_pid(sock->pid);
	if (ring) {
		clear_bit(sock->index, &ring->readers_used);
		if (refcount_dec_and_test(&ring->refs))
			nsr_ring_free(ring);
	}
	sock_put(&sock->sk);
}

/**
 * nsr_release() - close a socket
 * @sock: nobody else has it any more
 *
 * If it was bound, waits for the lock of its namespace's captures, and for RTNL if it is the last
 * one that takes packets from its source.
 */
void nsr_release(struct nsr_sock *sock)
{
	struct nsr_captures *captures;

	/* Then no packet, and no reader of /proc, can have seen it. */
	if (!sock->bound) {
		sock_orphan(&sock->sk);
		sock_put(&sock->sk);
		return;
	}
	captures = captures_of(sock);
	mutex_lock(&captures->lock);
	detach(sock, false);
	captures->open--;
	list_del_rcu(&sock->in_captures);
	mutex_unlock(&captures->lock);
	keep_totals(sock);
	sock_orphan(&sock->sk);
	INIT_RCU_WORK(&sock->free_work, free_sock);
	queue_rcu_work(nsr_workqueue, &sock->free_work);
}
