/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * When a run must end: at a signal, or when its time is up.
 *
 * The first SIGINT, SIGTERM or SIGHUP asks for a clean end, the second kills. The state is global,
 * so a process has one run.
 */
#ifndef NSRING_STOP_H
#define NSRING_STOP_H

#include <stdbool.h>
#include <stdint.h>

struct nsr_capture;

/**
 * stop_catch() - catch the signals from now on, and ignore SIGPIPE
 *
 * Return: 0 or -errno.
 */
int stop_catch(void);

/**
 * stop_restarts() - restart system calls that the first signal interrupts, from now on (SA_RESTART)
 *
 * Call it once everything is open: until then a signal must be able to interrupt the open(2) of a
 * pipe without a reader; afterwards a write to a full pipe must not lose lines. Waits for packets
 * end at a signal all the same.
 */
void stop_restarts(void);

/**
 * stop_after() - also end when some time has passed
 * @duration_ns: from now; 0: never
 */
void stop_after(uint64_t duration_ns);

/**
 * stop_wakes() - have the signals also wake a capture's nsr_recv()
 * @cap: NULL before it is closed
 */
void stop_wakes(struct nsr_capture *cap);

/**
 * stop_now() - whether the run must end
 */
bool stop_now(void);

/**
 * stop_signalled() - whether a signal has come; without a system call
 */
bool stop_signalled(void);

/**
 * stop_wait_ms() - how long a wait may last
 * @most: upper limit in ms, at least 0
 *
 * Return: ms until the time is up, at most @most; 0 after a signal.
 */
int stop_wait_ms(int most);

/**
 * stop_deadline_ns() - when the time is up, by nsr_clock_ns(); UINT64_MAX: never
 */
uint64_t stop_deadline_ns(void);

/**
 * stop_fd() - a descriptor that polls readable once a signal has come
 *
 * Return: the descriptor, -1 before stop_catch().
 */
int stop_fd(void);

#endif
