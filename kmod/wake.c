// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waking costs a reader and a writer more than a packet does, so they wake once for many packets.
 *
 *	AWAKE ───poll: nothing there────▶ WAITING ──first packet: timer──▶ TIMING
 *	  │ └────poll: too little there, timer───────────────────────────▶ │ │
 *	  ◀──────a lane has the watermark: wake────────────────────────────┘ │
 *	  ◀──────timer: all that is there is due: wake───────────────────────┘
 *
 * A writer publishes its head and then looks in ring->waiting whether anybody is WAITING; poll sets its
 * bit there and then looks at the heads. Both have a full barrier in between, so one of them sees
 * the other. (The same holds for the lane's bit in ring->used, which is set before its first head.)
 * The first packet takes the bit away. (A bit may be set although its reader is awake, but a reader that is
 * WAITING always has its bit set, or the writer that took it away is about to start the timer.)
 *
 * The watermark is looked for when the lane's head gets to the lane's alarm, which is never further than the
 * watermark of the reader that has the least to go, or a sixteenth of a watermark (a 256th of the lane if that
 * is more) if a reader is that far behind. As tails only grow, an alarm comes early, if at all: then the next
 * one is set. So a reader that is behind when it begins to wait gets up to so much more than its watermark, and
 * a packet costs a look at the bits and the alarm, and no more, whether the readers are awake or not.
 *
 * How long the timer waits: to wake costs as much for one packet as for a hundred. A packet that
 * comes @shortest or more after the reader began to wait may be the only one: it waits @shortest for
 * others. One that comes sooner belongs to a stream: it waits twice as long as the last one did, up
 * to @longest. The reader has set both.
 *
 * A reader that waits for edges (EPOLLET) polls when woken, and not again before it is woken again:
 * it is WAITING even if there is something to read.
 */
#include <linux/slab.h>

#include "compat.h"
#include "ring.h"
#include "sock.h"

enum {
	AWAKE,
	WAITING,
	TIMING,
};

static void wake_now(struct nsr_sock *sock)
{
	if (xchg(&sock->wake.state, AWAKE) != AWAKE)
		sock->sk.sk_data_ready(&sock->sk);
}

static void start_timer(struct nsr_wake *wake)
{
	u64 now = ktime_get_ns(), wait = wake->shortest;

	if (now - READ_ONCE(wake->since) < wait)
		wait = min(2 * READ_ONCE(wake->wait), wake->longest);
	/* Not hrtimer_active(): also true at the end of time_out(), which misses this packet. */
	if (hrtimer_is_queued(&wake->timer) &&
	    (u64)ktime_to_ns(hrtimer_get_expires(&wake->timer)) <= now + wait)
		return;
	WRITE_ONCE(wake->wait, wait);
	hrtimer_start(&wake->timer, ns_to_ktime(now + wait), HRTIMER_MODE_ABS_SOFT);
}

static enum hrtimer_restart time_out(struct hrtimer *timer)
{
	struct nsr_sock *sock = container_of(timer, struct nsr_sock, wake.timer);
	unsigned int cpu;

	for_each_set_bit(cpu, sock->ring->used, nr_cpu_ids)
		WRITE_ONCE(sock->wake.due[cpu], nsr_ring_head(sock->ring, cpu));
	wake_now(sock);
	return HRTIMER_NORESTART;
}

/** nsr_wake_init() - get ready to wake a reader; 0 or -ENOMEM */
int nsr_wake_init(struct nsr_sock *sock)
{
	struct nsr_wake *wake = &sock->wake;

	wake->due = kvcalloc(nr_cpu_ids, sizeof(*wake->due), GFP_KERNEL_ACCOUNT);
	if (!wake->due)
		return -ENOMEM;
	hrtimer_setup(&wake->timer, time_out, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_SOFT);
	return 0;
}

/** nsr_wake_set() - take over when a reader asks to be woken; it has a ring and an index */
void nsr_wake_set(struct nsr_sock *sock)
{
	u64 lane_bytes = sock->ring->lane_bytes;
	struct nsr_wake *wake = &sock->wake;

	wake->watermark = sock->setup.watermark_bytes;
	if (!wake->watermark || wake->watermark > lane_bytes / 2)
		wake->watermark = lane_bytes / 4;
	wake->shortest = (u64)sock->setup.wait_min_us * NSEC_PER_USEC;
	wake->longest = (u64)sock->setup.wait_max_us * NSEC_PER_USEC;
	wake->wait = wake->shortest;
	/* epoll asks once, when a socket is added, perhaps before bind: so begin as waiting. */
	wake->state = WAITING;
	set_bit(sock->index, &sock->ring->waiting);
}

/** nsr_wake_free() - undo nsr_wake_init(), when no packet can come any more; may sleep */
void nsr_wake_free(struct nsr_sock *sock)
{
	if (!sock->wake.due)
		return;
	hrtimer_cancel(&sock->wake.timer);
	kvfree(sock->wake.due);
	sock->wake.due = NULL;
}

/*
 * Does the reader sleep, and know of a packet? Also while the writer that took its bit away has not started the timer
 * yet. One whose bit is set waits for a packet that is for it.
 */
static bool sleeps_on(const struct nsr_sock *sock)
{
	int state = READ_ONCE(sock->wake.state);

	return state == TIMING ||
	       (state == WAITING && !test_bit(sock->index, &sock->ring->waiting));
}

/**
 * nsr_wake() - a packet has come: wake the reader now, or by the timer, if it must be
 * @sock:  the reader
 * @cpu:   whose lane has the packet
 * @head:  of that lane, behind the packet
 * @first: the packet is for the reader, whose bit in ring->waiting was set
 *
 * Bottom halves off. Return: after how many more bytes in this lane it must be called again, although no bit
 * is set.
 */
u64 nsr_wake(struct nsr_sock *sock, unsigned int cpu, u64 head, bool first)
{
	u64 unread = head - READ_ONCE(nsr_sock_cursor(sock, cpu)->tail);
	struct nsr_wake *wake = &sock->wake;
	bool enough = unread >= wake->watermark;

	if (first) {
		clear_bit(sock->index, &sock->ring->waiting);
		/* A reader whose bit this was has set the state before. */
		smp_mb__after_atomic();
		if (!wake->shortest || enough)
			wake_now(sock);
		else if (cmpxchg(&wake->state, WAITING, TIMING) == WAITING)
			start_timer(wake);
	} else if (enough && sleeps_on(sock)) {
		wake_now(sock);
	}
	if (!enough)
		return wake->watermark - unread;
	return max_t(u64, wake->watermark / 16, sock->ring->lane_bytes / 256);
}

/* Is there enough to wake the reader for? @any: is there anything at all? */
static bool is_ready(const struct nsr_sock *sock, bool *any)
{
	const struct nsr_wake *wake = &sock->wake;
	unsigned int cpu;
	u64 tail, unread;

	*any = false;
	for_each_set_bit(cpu, sock->ring->used, nr_cpu_ids) {
		tail = READ_ONCE(nsr_sock_cursor(sock, cpu)->tail);
		unread = nsr_ring_head(sock->ring, cpu) - tail;
		if (!unread)
			continue;
		*any = true;
		if (!wake->shortest || unread >= wake->watermark ||
		    (s64)(READ_ONCE(wake->due[cpu]) - tail) > 0)
			return true;
	}
	return false;
}

/**
 * nsr_wake_arm() - a reader polls
 * @sock: the reader
 * @edge: it doesn't ask again when it has read everything, but waits for later packets (EPOLLET)
 *
 * Return: true if there is something for it now; else it will be woken.
 */
bool nsr_wake_arm(struct nsr_sock *sock, bool edge)
{
	struct nsr_wake *wake = &sock->wake;
	bool any;

	if (!edge && is_ready(sock, &any))
		return true;
	if (READ_ONCE(wake->state) == AWAKE)
		WRITE_ONCE(wake->since, ktime_get_ns());
	WRITE_ONCE(wake->state, WAITING);
	/* Who sees the bit must see the state, too: or he clears the bit, and wakes nobody. */
	smp_mb__before_atomic();
	set_bit(sock->index, &sock->ring->waiting);
	/* Pairs with the barrier of publish() in deliver.c. */
	smp_mb__after_atomic();
	if (is_ready(sock, &any))
		return true;
	if (any) {
		cmpxchg(&wake->state, WAITING, TIMING);
		start_timer(wake);
	}
	return false;
}
