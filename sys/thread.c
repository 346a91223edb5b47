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
