/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * How captures come to share a device: a member's usher, a thread that lets others in and notices
 * deaths.
 *
 * Members meet at an abstract UNIX socket, whose name has the device's index and the group's number
 * and which belongs to the device's namespace. It is no file, and goes with the last of its
 * descriptors. Each member has one, so that any of them can answer, whoever made the group:
 *
 *	who joins                               a member
 *	connect  ────────────────────────────▶
 *	         ◀──────────────── struct hello
 *	         ◀── descriptors, some a message: listener, memory, link, maps, sockets
 *
 * Abstract names have no permissions, so both sides look who the other is: the same user, or root.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "zc_group.h"

#define MAGIC	   UINT64_C(0x6e7372696e672d7a)
#define GROUPS	   65535
#define FIXED	   5 /* descriptors before the sockets */
#define FDS_A_TIME 128 /* SCM_MAX_FD is 253 */
#define DEATH_MS   100
#define PATIENCE_S 5

struct hello {
	uint64_t magic;
	struct zc_layout layout;
	uint32_t fds; /* 0: you are somebody else's */
	uint32_t reserved;
};

static socklen_t name(struct sockaddr_un *addr, uint32_t ifindex, uint32_t number)
{
	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	/* The first byte stays 0: abstract. */
	return (socklen_t)offsetof(struct sockaddr_un, sun_path) + 1 +
	       (socklen_t)snprintf(addr->sun_path + 1, sizeof(addr->sun_path) - 1,
				   "nsring-zc-%u-%u", ifindex, number);
}

static int set_patience(int fd)
{
	struct timeval patience = { .tv_sec = PATIENCE_S };

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
		return -errno;
	return 0;
}

static bool is_one_of_us(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

int zc_usher_listen(struct zc_group *group, uint32_t ifindex)
{
	struct sockaddr_un addr;
	socklen_t size;
	uint32_t number;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	group->listener = fd;
	for (number = 1; number <= GROUPS; number++) {
		size = name(&addr, ifindex, number);
		if (bind(fd, (struct sockaddr *)&addr, size) == 0)
			break;
		if (errno != EADDRINUSE)
			return -errno;
	}
	if (number > GROUPS)
		return -ENOSPC;
	group->number = number;
	return listen(fd, 16) < 0 ? -errno : 0;
}

/* A message with descriptors. */
union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(FDS_A_TIME * sizeof(int))];
};

static int send_some(int to, const int *fds, uint32_t count)
{
	union control control = { .header = { .cmsg_len = CMSG_LEN(count * sizeof(int)),
					      .cmsg_level = SOL_SOCKET,
					      .cmsg_type = SCM_RIGHTS } };
	struct iovec byte = { .iov_base = &count, .iov_len = sizeof(count) };
	struct msghdr msg = { .msg_iov = &byte,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = CMSG_SPACE(count * sizeof(int)) };

	memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
	return sendmsg(to, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int send_fds(int to, const int *fds, uint32_t count)
{
	uint32_t n;
	int rc = 0;

	for (; count && rc == 0; count -= n, fds += n) {
		n = count < FDS_A_TIME ? count : FDS_A_TIME;
		rc = send_some(to, fds, n);
	}
	return rc;
}

/* All descriptors of a group, in the order in which they are handed over. */
static int *list_fds(const struct zc_group *group, uint32_t *count)
{
	uint32_t sockets = group->layout.queues * group->layout.slots;
	int *fds = calloc(FIXED + sockets, sizeof(*fds));

	*count = FIXED + sockets;
	if (!fds)
		return NULL;
	fds[0] = group->listener;
	fds[1] = group->memory;
	fds[2] = group->link;
	fds[3] = group->map;
	fds[4] = group->state;
	memcpy(fds + FIXED, group->sockets, sockets * sizeof(*fds));
	return fds;
}

static void let_in(const struct zc_group *group, int guest)
{
	struct hello hello = { .magic = MAGIC, .layout = group->layout };
	int *fds;

	if (set_patience(guest) < 0)
		return;
	if (!is_one_of_us(guest)) {
		send(guest, &hello, sizeof(hello), MSG_NOSIGNAL);
		return;
	}
	fds = list_fds(group, &hello.fds);
	if (fds && send(guest, &hello, sizeof(hello), MSG_NOSIGNAL) == sizeof(hello))
		send_fds(guest, fds, hello.fds);
	free(fds);
}

/* Descriptors of one message, at most @room; how many, -EPROTO, -errno. */
static int receive_some(int from, int *fds, uint32_t room)
{
	union control control;
	uint32_t count;
	struct iovec byte = { .iov_base = &count, .iov_len = sizeof(count) };
	struct msghdr msg = { .msg_iov = &byte,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *header;
	uint32_t got, i;
	int fd;

	if (recvmsg(from, &msg, MSG_CMSG_CLOEXEC) <= 0)
		return -EPROTO;
	header = CMSG_FIRSTHDR(&msg);
	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
		return -EPROTO;
	got = (uint32_t)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	for (i = 0; i < got; i++) {
		memcpy(&fd, CMSG_DATA(header) + i * sizeof(fd), sizeof(fd));
		if (i < room)
			fds[i] = fd;
		else
			close(fd);
	}
	return got > room || msg.msg_flags & MSG_CTRUNC ? -EPROTO : (int)got;
}

/* Fills @fds from the front; what is missing stays -1. */
static int receive_fds(int from, int *fds, uint32_t count)
{
	uint32_t done = 0;
	int n = 0;

	while (done < count) {
		n = receive_some(from, fds + done, count - done);
		if (n <= 0)
			return n ? n : -EPROTO;
		done += (uint32_t)n;
	}
	return 0;
}

/* The group takes them over. */
static void keep_fds(struct zc_group *group, const int *fds)
{
	uint32_t sockets = group->layout.queues * group->layout.slots;

	group->listener = fds[0];
	group->memory = fds[1];
	group->link = fds[2];
	group->map = fds[3];
	group->state = fds[4];
	memcpy(group->sockets, fds + FIXED, sockets * sizeof(*fds));
}

static int receive_group(struct zc_group *group, int from)
{
	struct hello hello;
	uint32_t sockets, i;
	int *fds, rc;

	if (!is_one_of_us(from))
		return -EACCES;
	if (recv(from, &hello, sizeof(hello), 0) != sizeof(hello) || hello.magic != MAGIC ||
	    !zc_layout_bytes(&hello.layout))
		return -EPROTO;
	if (!hello.fds)
		return -EACCES;
	sockets = hello.layout.queues * hello.layout.slots;
	if (hello.fds != FIXED + sockets)
		return -EPROTO;
	group->layout = hello.layout;
	group->sockets = malloc(sockets * sizeof(int));
	fds = malloc(hello.fds * sizeof(int));
	if (!fds || !group->sockets) {
		free(fds);
		free(group->sockets);
		group->sockets = NULL;
		return -ENOMEM;
	}
	for (i = 0; i < hello.fds; i++)
		fds[i] = -1;
	rc = receive_fds(from, fds, hello.fds);
	keep_fds(group, fds);
	free(fds);
	return rc;
}

int zc_usher_ask(struct zc_group *group, uint32_t ifindex)
{
	struct sockaddr_un addr;
	socklen_t size = name(&addr, ifindex, group->number);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return -errno;
	rc = set_patience(fd);
	if (rc == 0 && connect(fd, (struct sockaddr *)&addr, size) < 0)
		rc = errno == ECONNREFUSED ? -ENOENT : -errno;
	if (rc == 0)
		rc = receive_group(group, fd);
	close(fd);
	return rc;
}

static void look_after(struct zc_group *group)
{
	zc_group_lock(group);
	zc_group_bury(group);
	zc_group_unlock(group);
}

static void *usher(void *arg)
{
	struct zc_group *group = arg;
	struct pollfd polled[] = { { .fd = group->listener, .events = POLLIN },
				   { .fd = group->wake, .events = POLLIN } };
	int guest;

	while (!polled[1].revents) {
		if (poll(polled, 2, DEATH_MS) < 0)
			continue;
		if (polled[0].revents) {
			guest = accept4(group->listener, NULL, NULL, SOCK_CLOEXEC);
			if (guest >= 0) {
				let_in(group, guest);
				close(guest);
			}
		}
		look_after(group);
	}
	return NULL;
}

int zc_usher_start(struct zc_group *group)
{
	sigset_t all, before;
	int rc;

	group->wake = eventfd(0, EFD_CLOEXEC);
	if (group->wake < 0)
		return -errno;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&group->usher, NULL, usher, group);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	group->ushered = rc == 0;
	return -rc;
}

void zc_usher_stop(struct zc_group *group)
{
	if (!group->ushered)
		return;
	eventfd_write(group->wake, 1);
	pthread_join(group->usher, NULL);
	group->ushered = false;
}
