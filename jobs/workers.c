/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Doing the same for many things at once.
 */
#include "workers.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

#define THREADS_MOST 32

struct workers {
	_Atomic uint32_t next;
	uint32_t count;
	void (*work)(void *arg, uint32_t index);
	void *arg;
};

static void *member(void *arg)
{
	struct workers *workers = arg;
	uint32_t index;

	while ((index = atomic_fetch_add(&workers->next, 1)) < workers->count)
		workers->work(workers->arg, index);
	return NULL;
}

/* Starts up to @threads members, which inherit that all signals are blocked. */
static uint32_t start(struct workers *workers, uint32_t threads, pthread_t *ids)
{
	uint32_t started = 0;
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (started < threads && pthread_create(&ids[started], NULL, member, workers) == 0)
		started++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

void workers_run(uint32_t count, uint32_t threads, void (*work)(void *arg, uint32_t index),
		 void *arg)
{
	struct workers workers = { .count = count, .work = work, .arg = arg };
	pthread_t ids[THREADS_MOST];
	uint32_t started;

	if (threads > count)
		threads = count;
	if (threads > THREADS_MOST)
		threads = THREADS_MOST;
	/* The caller is one of them, so that the work is done even when no thread can start. */
	started = threads > 1 ? start(&workers, threads - 1, ids) : 0;
	member(&workers);
	while (started)
		pthread_join(ids[--started], NULL);
}
