/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Where captures come to share a device. Each member has a rendezvous thread, which lets others in
 * (admission.c), notices deaths, and sees that the program stays on the device (holder.c).
 *
 * Members meet at an abstract UNIX socket of the device's namespace, whose name is made of the
 * device's index and the group's number. It is no file, and goes with the last of its descriptors.
 * Each member has one, so that any of them can answer, whichever made the group. Until the maker
 * has started, the socket has a name but does not listen, and captures that join try again.
 *
 * Abstract names have no permissions. So each side looks at the other's user, which must be its
 * own, and has it prove that it may capture: greeting.h, proof.c. That keeps out a process of the
 * same user that has fewer capabilities: it can stop or kill the other one anyway, but must not get
 * its power.
 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/thread.h"
#include "admission.h"

#define GROUPS	 65535
#define BACKLOG	 128
#define DEATH_MS 100
#define RETRY_MS 10

socklen_t zc_rendezvous_name(struct sockaddr_un *addr, uint32_t ifindex, uint32_t number)
{
	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	/* The first byte stays 0, which makes the name abstract. */
	return (socklen_t)offsetof(struct sockaddr_un, sun_path) + 1 +
	       (socklen_t)snprintf(addr->sun_path + 1, sizeof(addr->sun_path) - 1,
				   "nsring-zc-%u-%u", ifindex, number);
}

bool zc_rendezvous_is_ours(const struct zc_group *group, int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == group->uid;
}

/* Gives @fd the name of group @number. */
static int take_name(int fd, uint32_t ifindex, uint32_t number)
{
	struct sockaddr_un addr;
	socklen_t size = zc_rendezvous_name(&addr, ifindex, number);

	return bind(fd, (struct sockaddr *)&addr, size) < 0 ? -errno : 0;
}

static int take_any_name(int fd, uint32_t ifindex, uint32_t *number)
{
	int rc = -EADDRINUSE;
	uint32_t i;

	for (i = 1; i <= GROUPS && rc == -EADDRINUSE; i++) {
		rc = take_name(fd, ifindex, i);
		*number = i;
	}
	return rc == -EADDRINUSE ? -ENOSPC : rc;
}

int zc_rendezvous_bind(struct zc_group *group, uint32_t ifindex)
{
	uint32_t number = group->number;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc;

	if (fd < 0)
		return -errno;
	rc = number ? take_name(fd, ifindex, number) : take_any_name(fd, ifindex, &number);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	group->listener = fd;
	group->number = number;
	return 0;
}

/* Whether the program is still to be put on the device. */
static bool look_after(struct zc_group *group)
{
	bool wanting;

	zc_group_lock(group);
	zc_member_reap(group);
	zc_member_tell_mute(group);
	wanting = zc_holder_inherit(group);
	zc_group_unlock(group);
	return wanting;
}

/* What the thread waits for, in this order, and then for the guests. */
enum { LISTENER, WAKE, HANDOVER, GUESTS };

/* Sees to the guests. False: accepting failed, and would fail again at once. */
static bool admit(struct zc_group *group, struct zc_admission *admission,
		  const struct pollfd *polled)
{
	bool good = true;

	pthread_mutex_lock(&group->door);
	if (group->open) {
		zc_admission_serve(admission, group, polled + GUESTS);
		if (polled[LISTENER].revents)
			good = zc_admission_greet(admission, group);
	} else {
		zc_admission_send_away(admission);
	}
	pthread_mutex_unlock(&group->door);
	return good;
}

/* Works until the capture is closed. After a failure it does not accept for one round. */
static void attend(struct zc_group *group)
{
	struct pollfd polled[GUESTS + ZC_GUESTS_MOST];
	struct zc_admission admission = { 0 };
	bool rest = false, wanting = false, answers;
	eventfd_t woken;
	uint32_t count;

	while (!group->leaving) {
		/* A member that can't prove anything leaves guests to those that can. */
		answers = group->open && !rest && !(group->mute && group->others_answer);
		polled[LISTENER] = (struct pollfd){ answers ? group->listener : -1, POLLIN, 0 };
		polled[WAKE] = (struct pollfd){ group->wake, POLLIN, 0 };
		polled[HANDOVER] = (struct pollfd){ group->handover[0], POLLIN, 0 };
		count = GUESTS + zc_admission_poll(&admission, polled + GUESTS);
		/* Also without events, since guests may have been silent for too long. */
		if (poll(polled, count, wanting ? RETRY_MS : DEATH_MS) >= 0)
			rest = !admit(group, &admission, polled);
		if (polled[WAKE].revents)
			eventfd_read(group->wake, &woken);
		wanting = look_after(group);
	}
	zc_admission_send_away(&admission);
}

/* This thread holds the slot's lock, so it takes and gives up the slot: see member.c. */
static void *run(void *arg)
{
	struct zc_group *group = arg;
	bool entered;

	group->settled_code = zc_member_enter(group);
	entered = group->settled_code == 0;
	sem_post(&group->settled);
	if (entered) {
		attend(group);
		zc_member_leave(group);
	}
	return NULL;
}

int zc_rendezvous_start(struct zc_group *group)
{
	int rc;

	group->wake = eventfd(0, EFD_CLOEXEC);
	group->alarm = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (group->wake < 0 || group->alarm < 0)
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

int zc_rendezvous_open(struct zc_group *group)
{
	if (listen(group->listener, BACKLOG) < 0)
		return -errno;
	group->open = true;
	eventfd_write(group->wake, 1);
	return 0;
}

void zc_rendezvous_shut(struct zc_group *group)
{
	pthread_mutex_lock(&group->door);
	group->open = false;
	pthread_mutex_unlock(&group->door);
	zc_holder_drop(group);
}

void zc_rendezvous_stop(struct zc_group *group)
{
	if (!group->has_thread)
		return;
	group->leaving = true;
	eventfd_write(group->wake, 1);
	pthread_join(group->thread, NULL);
	group->has_thread = false;
}
