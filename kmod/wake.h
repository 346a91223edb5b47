/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wakes a reader when a lane holds enough, or a packet has waited long enough; see wake.c.
 */
#ifndef NSR_WAKE_H
#define NSR_WAKE_H

#include <linux/hrtimer.h>
#include <linux/types.h>

struct nsr_sock;

/**
 * struct nsr_wake - when to wake a reader
 * @state:      0: it is awake; else see wake.c
 * @watermark:  bytes in a lane that are worth waking for
 * @shortest:   ns that a lone packet waits for others; 0: wake at once
 * @longest:    ns that a packet of a stream waits, at most
 * @wait:       ns that the last one waited
 * @since:      when the reader began to wait, ns of CLOCK_MONOTONIC
 * @timer:      runs while a packet waits
 * @due:        by lane: everything before this position has waited long enough
 */
struct nsr_wake {
	int state;
	u32 watermark;
	u64 shortest;
	u64 longest;
	u64 wait;
	u64 since;
	struct hrtimer timer;
	u64 *due;
};

int nsr_wake_init(struct nsr_sock *sock);
void nsr_wake_set(struct nsr_sock *sock);
void nsr_wake_free(struct nsr_sock *sock);
u64 nsr_wake(struct nsr_sock *sock, unsigned int cpu, u64 head, bool first);
bool nsr_wake_arm(struct nsr_sock *sock, bool edge);

#endif
