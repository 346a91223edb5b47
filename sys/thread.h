/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Threads that run no signal handlers. */
#ifndef NSR_THREAD_H
#define NSR_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/** Most threads that nsr_thread_team() runs at once. */
#define NSR_THREAD_TEAM_MOST 32

/**
 * nsr_thread_start() - pthread_create(3), with all signals blocked in the new thread
 * @id:  set to the thread, for pthread_join(3)
 * @run: what it does
 * @arg: for @run
 *
 * The program's signal handlers must not run in a thread of ours, which may be in another network
 * namespace or hold a lock.
 *
 * Return: 0 or -errno.
 */
int nsr_thread_start(pthread_t *id, void *(*run)(void *arg), void *arg);

/**
 * nsr_thread_team() - have several threads do the same, and wait for them
 * @threads: how many, at most NSR_THREAD_TEAM_MOST; fewer when no more can start
 * @join_in: the calling thread is one of them, so that at least it runs @run
 * @run:     what each does: it takes its share of the work by a counter in @arg
 * @arg:     for @run
 *
 * Return: how many threads have run @run.
 */
uint32_t nsr_thread_team(uint32_t threads, bool join_in, void *(*run)(void *arg), void *arg);

#endif
