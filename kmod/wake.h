/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waking a reader: when a lane holds enough, or something has waited long enough; see wake.c.
 */
#ifndef NSR_WAKE_H
#define NSR_WAKE_H

#include <linux/hrtimer.h>
#include <linux/types.h>

struct nsr_sock;

/**
 * struct nsr_wake - what a reader waits for
 * @state:      0: it doesn't; else see wake.c
 * @watermark:  bytes in a lane
 * @shortest:   ns that a packet waits for others; 0: wake at once
 * @longest:    ns that one of a stream does
 * @wait:       ns that the last one did
 * @since:      when the reader began to wait, ns of CLOCK_MONOTONIC
 * @timer:      runs while something waits
 * @due:        by lane: what is before this position has waited long enough
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
void nsr_wake(struct nsr_sock *sock, unsigned int cpu, u64 head);
bool nsr_wake_arm(struct nsr_sock *sock, bool edge);

#endif
