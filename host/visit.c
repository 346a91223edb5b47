/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Acting inside many namespaces. setns(2) moves the calling thread only, so a few threads go from
 * one to the next and end in the last; nobody has to find back.
 */
#include "visit.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

/* More would wait for each other in the kernel (RTNL). */
#define THREADS_MOST 4

struct round {
	struct host_view *view;
	int (*fn)(struct host_ns *ns, void *arg);
	void *arg;
	_Atomic uint32_t next;
};

/* Entering takes CAP_SYS_ADMIN, also the namespace that one is in already. */
static int enter(const struct host_ns *ns, ino_t *inside)
{
	if (ns->inode == *inside)
		return 0;
	if (setns(ns->fd, CLONE_NEWNET) < 0)
		return -errno;
	*inside = ns->inode;
	return 0;
}

static void *visitor(void *arg)
{
	struct round *round = arg;
	struct host_view *view = round->view;
	ino_t inside = 0;
	uint32_t i;

	for (i = 0; i < view->count; i++) {
		if (view->list[i].is_own)
			inside = view->list[i].inode;
	}
	while ((i = atomic_fetch_add(&round->next, 1)) < view->count) {
		struct host_ns *ns = &view->list[i];

		if (ns->fd < 0 || ns->error)
			continue;
		ns->error = enter(ns, &inside);
		if (!ns->error)
			ns->error = round->fn(ns, round->arg);
	}
	return NULL;
}

static uint32_t threads_for(const struct host_view *view)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t threads = cpus < 1 ? 1 : cpus > THREADS_MOST ? THREADS_MOST : (uint32_t)cpus;

	return threads < view->count ? threads : view->count;
}

int visit_all(struct host_view *view, int (*fn)(struct host_ns *ns, void *arg), void *arg)
{
	struct round round = { .view = view, .fn = fn, .arg = arg };
	uint32_t wanted = threads_for(view), started = 0;
	pthread_t ids[THREADS_MOST];
	sigset_t all, before;

	/* Signal handlers must not run in a thread that is somewhere else. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (started < wanted && pthread_create(&ids[started], NULL, visitor, &round) == 0)
		started++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (wanted && !started)
		return -EAGAIN;
	while (started)
		pthread_join(ids[--started], NULL);
	return 0;
}
