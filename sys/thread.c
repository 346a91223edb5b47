/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "thread.h"

#include <signal.h>
#include <stddef.h>

int nsr_thread_start(pthread_t *id, void *(*run)(void *arg), void *arg)
{
	sigset_t all, before;
	int rc;

	/* A new thread inherits what is blocked. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(id, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -rc;
}

uint32_t nsr_thread_team(uint32_t threads, bool join_in, void *(*run)(void *arg), void *arg)
{
	pthread_t ids[NSR_THREAD_TEAM_MOST];
	uint32_t started = 0, i;

	if (threads > NSR_THREAD_TEAM_MOST)
		threads = NSR_THREAD_TEAM_MOST;
	while (started + join_in < threads && nsr_thread_start(&ids[started], run, arg) == 0)
		started++;
	if (join_in)
		run(arg);
	for (i = 0; i < started; i++)
		pthread_join(ids[i], NULL);
	return started + join_in;
}
