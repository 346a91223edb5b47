/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The holder: the member that has the bpf link, which holds the group's program on the device. First
 * that is the maker.
 *
 * A holder that leaves puts the link into the handover, a pair of sockets of which all members have
 * both ends. There it lives on until another member takes it out, so the program does not leave the
 * device, and no packet passes the group by. The link of a holder that is killed ends with it. Then
 * a member that takes frames puts the program, of which each has a descriptor, on the device again:
 * the one that finds the place empty first, under the group's lock. The kernel lets a dead process
 * go after it has released its locks, so that the place may be taken a little longer. If nobody gets
 * it within ZC_PATIENCE_MS, such as when somebody has put another program there, the group is over.
 *
 * zc_shared.holder is protected by the group's lock, zc_group.link, program and gone by the door. The
 * lock is taken first.
 */
#include <errno.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/clock.h"
#include "greeting.h"
#include "passing.h"

int zc_holder_make(struct zc_group *group)
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
			  group->handover) < 0
		       ? -errno
		       : 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void hold(struct zc_group *group, int link)
{
	group->link = link;
	group->shared->holder = group->slot + 1;
	group->wanting_since_ms = 0;
}

void zc_holder_begin(struct zc_group *group, int link)
{
	zc_group_lock(group);
	pthread_mutex_lock(&group->door);
	hold(group, link);
	pthread_mutex_unlock(&group->door);
	zc_group_unlock(group);
}

/* The link that a holder left; -1: none. */
static int take_handover(const struct zc_group *group)
{
	uint32_t slot;
	int link;

	return zc_pass_receive(group->handover[0], &slot, sizeof(slot), &link, 1) == 1 ? link : -1;
}

/* The link; -EAGAIN it is not up to us; -errno. */
static int attach(const struct zc_group *group)
{
	if (!group->shared->slots[group->slot].started || !zc_device_is_watched(group->device))
		return -EAGAIN;
	return zc_attach_again(group->device, group->program, group->layout.xdp);
}

/* Ends the group when we have waited long enough for the place; true: not yet. */
static bool wait_for_place(struct zc_group *group, int code)
{
	int64_t now = nsr_clock_ms();

	if (!group->wanting_since_ms)
		group->wanting_since_ms = now;
	if (now - group->wanting_since_ms < ZC_PATIENCE_MS)
		return true;
	/* A child of the dead holder may have a copy of the link: the program is where it must be. */
	if (!zc_attach_is_there(group->device, group->program))
		__atomic_store_n(&group->shared->over, (uint32_t)-code, __ATOMIC_RELAXED);
	return false;
}

/* With the door held, which keeps the program. */
static bool inherit(struct zc_group *group)
{
	int link = take_handover(group);

	if (group->gone) {
		close_fd(&link);
		return false;
	}
	if (link < 0)
		link = attach(group);
	if (link >= 0)
		hold(group, link);
	/* Without the device there is nothing to hold: each member learns that by itself. */
	if (link >= 0 || link == -EAGAIN || link == -ENODEV)
		return false;
	return wait_for_place(group, link);
}

bool zc_holder_inherit(struct zc_group *group)
{
	bool wanting;

	if (group->shared->over)
		eventfd_write(group->alarm, 1);
	if (group->shared->holder || group->shared->over)
		return false;
	pthread_mutex_lock(&group->door);
	wanting = inherit(group);
	pthread_mutex_unlock(&group->door);
	return wanting;
}

void zc_holder_leave(struct zc_group *group)
{
	struct zc_shared *shared = group->shared;

	if (shared->holder != group->slot + 1)
		return;
	pthread_mutex_lock(&group->door);
	if (group->link >= 0)
		zc_pass_send(group->handover[1], &group->slot, sizeof(group->slot), &group->link,
			     1);
	close_fd(&group->link);
	pthread_mutex_unlock(&group->door);
	shared->holder = 0;
}

void zc_holder_drop(struct zc_group *group)
{
	pthread_mutex_lock(&group->door);
	group->gone = true;
	close_fd(&group->link);
	close_fd(&group->program);
	pthread_mutex_unlock(&group->door);
}
