/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The thread of each member that holds its slot's lock, and takes out members that have died: it
 * looks for them ten times a second. It takes and gives up the slot, since the lock is a thread's:
 * see member.c.
 */
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "sys/thread.h"
#include "group.h"

#define DEATH_MS 100

static void reap_until_leaving(struct zc_group *group)
{
	struct pollfd woken = { .fd = group->wake, .events = POLLIN };

	while (!group->leaving) {
		poll(&woken, 1, DEATH_MS);
		zc_group_lock(group);
		zc_member_reap(group);
		zc_group_unlock(group);
	}
}

static void *run(void *arg)
{
	struct zc_group *group = arg;
	bool entered;

	group->settled_code = zc_member_enter(group);
	entered = group->settled_code == 0;
	sem_post(&group->settled);
	if (entered) {
		reap_until_leaving(group);
		zc_member_leave(group);
	}
	return NULL;
}

int zc_reaper_start(struct zc_group *group)
{
	int rc;

	group->wake = eventfd(0, EFD_CLOEXEC);
	if (group->wake < 0)
		return -errno;
	sem_init(&group->settled, 0, 0);
	rc = nsr_thread_start(&group->thread, run, group);
	if (rc < 0)
		return rc;
	group->has_thread = true;
	while (sem_wait(&group->settled) < 0)
		; /* a signal */
	return group->settled_code;
}

void zc_reaper_stop(struct zc_group *group)
{
	if (!group->has_thread)
		return;
	group->leaving = true;
	eventfd_write(group->wake, 1);
	pthread_join(group->thread, NULL);
	group->has_thread = false;
}
