/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Threads that run no signal handlers. */
#ifndef NSR_THREAD_H
#define NSR_THREAD_H

#include <pthread.h>

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

#endif
