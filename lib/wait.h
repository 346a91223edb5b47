/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Waiting for packets, for a wake-up, or for the time to check the place. */
#ifndef NSR_WAIT_H
#define NSR_WAIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/** The events that ended a wait; may be combined. */
enum nsr_wait_event {
	NSR_WAIT_READY = 1 << 0, /* the engine has something */
	NSR_WAIT_ERROR = 1 << 1, /* the engine's descriptor has an error */
	NSR_WAIT_WOKEN = 1 << 2, /* somebody called nsr_wait_wake() */
	NSR_WAIT_TICK = 1 << 3, /* the time between two ticks has passed */
};

/**
 * struct nsr_wait - one descriptor that polls readable when there is a reason to look
 * @epoll: the descriptor that the user polls
 * @timer: ticks, and wakes; one descriptor for both, because a process may have many captures
 * @tick_ms: how often it ticks, 0: never
 * @woken: somebody wants the waiting thread back
 * @always: the engine has no descriptor: the timer stays expired, and never ticks
 */
struct nsr_wait {
	int epoll;
	int timer;
	bool always;
	_Atomic uint32_t tick_ms;
	atomic_bool woken;
};

/**
 * nsr_wait_open() - get ready to wait
 * @wait: filled in
 * @fd:   the engine's descriptor; -1: it always has something
 * @tick_ms: report NSR_WAIT_TICK this often; 0: never
 *
 * Return: 0 or -errno.
 */
int nsr_wait_open(struct nsr_wait *wait, int fd, uint32_t tick_ms);

/** nsr_wait_tick() - tick every @tick_ms from now on, unless the engine always has something */
void nsr_wait_tick(struct nsr_wait *wait, uint32_t tick_ms);

/** nsr_wait_close() - close both descriptors; the open may have failed */
void nsr_wait_close(struct nsr_wait *wait);

/**
 * nsr_wait_for() - wait
 * @wait: open
 * @ms:   0 polls, -1 waits for ever
 *
 * Return: events, 0 when @ms passed, -EINTR when a signal came.
 */
int nsr_wait_for(struct nsr_wait *wait, int ms);

/**
 * nsr_wait_coalesce() - leave the engine's descriptor alone for a while, so that packets gather
 * @wait: open
 * @us:   how long; a tick or a wake-up ends it early, and is left for nsr_wait_for() to report
 * @fd:   ends it early, too, when it polls readable; -1: none
 *
 * Return: 0, -EINTR when a signal came.
 */
int nsr_wait_coalesce(struct nsr_wait *wait, uint32_t us, int fd);

/** nsr_wait_wake() - end the wait under way, or the next one; safe in signal handlers */
void nsr_wait_wake(struct nsr_wait *wait);

#endif
