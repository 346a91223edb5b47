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
 * @timeout_ns: 0: wake at once
 * @timer:      runs while something waits
 * @due:        by lane: what is before this position has waited long enough
 */
struct nsr_wake {
	int state;
	u32 watermark;
	u64 timeout_ns;
	struct hrtimer timer;
	u64 *due;
};

int nsr_wake_init(struct nsr_sock *sock);
void nsr_wake_set(struct nsr_sock *sock);
void nsr_wake_free(struct nsr_sock *sock);
void nsr_wake(struct nsr_sock *sock, unsigned int cpu, u64 head);
bool nsr_wake_arm(struct nsr_sock *sock, bool edge);

#endif
