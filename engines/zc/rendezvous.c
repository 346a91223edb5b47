/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * How captures come to share a device. Each member has a rendezvous thread, which lets others in
 * and notices deaths.
 *
 * Members meet at an abstract UNIX socket of the device's namespace, whose name is made of the
 * device's index and the group's number. It is no file, and goes with the last of its descriptors.
 * Each member has one, so that any of them can answer, whichever made the group. Until the maker
 * has started, the socket has a name but does not listen, and captures that join try again:
 *
 *	a capture that joins                    a member
 *	connect  ────────────────────────────▶
 *	         ◀──────────────── struct hello
 *	         ◀── descriptors, some a message: listener, memory, link, maps, sockets
 *
 * Abstract names have no permissions. So each side looks at the other's user, which must be its
 * own.
 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "sys/thread.h"
#include "group.h"

/* Changes with the layout of what is shared. */
#define MAGIC	   UINT64_C(0x6e7372696e672d7b)
#define GROUPS	   65535
#define FIXED	   5 /* descriptors before the sockets */
#define FDS_A_TIME 128 /* SCM_MAX_FD is 253 */
#define DEATH_MS   100
#define PATIENCE_S 5
#define RETRY_MS   10

struct hello {
	uint64_t magic;
	struct zc_layout layout;
	uint32_t fds; /* how many follow; 0: the group is another user's */
	uint32_t reserved;
};

static socklen_t name(struct sockaddr_un *addr, uint32_t ifindex, uint32_t number)
{
	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	/* The first byte stays 0, which makes the name abstract. */
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

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
}

/* Gives @fd the name of group @number. */
static int take_name(int fd, uint32_t ifindex, uint32_t number)
{
	struct sockaddr_un addr;
	socklen_t size = name(&addr, ifindex, number);

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

/* Room for the descriptors of a message. */
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
	memcpy(fds + FIXED, group->fds, sockets * sizeof(*fds));
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

/* -errno for a recv() that got nothing. */
static int recv_code(ssize_t got)
{
	if (got == 0 || errno == ECONNRESET || errno == EPIPE)
		return -ECONNRESET;
	return errno == EAGAIN ? -ETIMEDOUT : -errno;
}

/* Receives the descriptors of one message, at most @room; returns how many. */
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
	ssize_t bytes = recvmsg(from, &msg, MSG_CMSG_CLOEXEC);
	uint32_t got = 0, i;
	int fd;

	if (bytes <= 0)
		return recv_code(bytes);
	header = CMSG_FIRSTHDR(&msg);
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		got = (uint32_t)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	for (i = 0; i < got; i++) {
		memcpy(&fd, CMSG_DATA(header) + i * sizeof(fd), sizeof(fd));
		if (i < room)
			fds[i] = fd;
		else
			close(fd);
	}
	/* There was room for any message, so this process may have no more descriptors. */
	if (msg.msg_flags & MSG_CTRUNC)
		return -EMFILE;
	return !got || got > room ? -EPROTO : (int)got;
}

/* Fills @fds from the front; after an error the rest is as it was. */
static int receive_fds(int from, int *fds, uint32_t count)
{
	uint32_t done = 0;
	int n;

	while (done < count) {
		n = receive_some(from, fds + done, count - done);
		if (n < 0)
			return n;
		done += (uint32_t)n;
	}
	return 0;
}

/* The group owns the descriptors afterwards, except after an error. */
static int keep_fds(struct zc_group *group, const struct zc_layout *layout, const int *fds)
{
	size_t sockets = (size_t)layout->queues * layout->slots * sizeof(*fds);

	group->fds = malloc(sockets);
	if (!group->fds)
		return -ENOMEM;
	memcpy(group->fds, fds + FIXED, sockets);
	group->layout = *layout;
	group->listener = fds[0];
	group->memory = fds[1];
	group->link = fds[2];
	group->map = fds[3];
	group->state = fds[4];
	return 0;
}

static int receive_hello(int from, struct hello *hello)
{
	ssize_t bytes;

	if (!is_one_of_us(from))
		return -EACCES;
	bytes = recv(from, hello, sizeof(*hello), 0);
	if (bytes <= 0)
		return recv_code(bytes);
	if (bytes != sizeof(*hello) || hello->magic != MAGIC || !zc_layout_bytes(&hello->layout))
		return -EPROTO;
	if (!hello->fds)
		return -EACCES;
	return hello->fds == FIXED + hello->layout.queues * hello->layout.slots ? 0 : -EPROTO;
}

static int receive_group(struct zc_group *group, int from)
{
	struct hello hello;
	int *fds, rc = receive_hello(from, &hello);
	uint32_t i;

	if (rc < 0)
		return rc;
	fds = malloc(hello.fds * sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	for (i = 0; i < hello.fds; i++)
		fds[i] = -1;
	rc = receive_fds(from, fds, hello.fds);
	if (rc == 0)
		rc = keep_fds(group, &hello.layout, fds);
	for (i = 0; i < hello.fds && rc < 0; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(fds);
	return rc;
}

static int ask_once(struct zc_group *group, uint32_t ifindex)
{
	struct sockaddr_un addr;
	socklen_t size = name(&addr, ifindex, group->number);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return -errno;
	rc = set_patience(fd);
	if (rc == 0 && connect(fd, (struct sockaddr *)&addr, size) < 0)
		rc = errno == EAGAIN ? -ETIMEDOUT : -errno;
	if (rc == 0)
		rc = receive_group(group, fd);
	close(fd);
	return rc;
}

/* Whether a group has the number, although nobody listens. */
static bool is_taken(uint32_t ifindex, uint32_t number)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	bool taken = fd >= 0 && take_name(fd, ifindex, number) == -EADDRINUSE;

	if (fd >= 0)
		close(fd);
	return taken;
}

/*
 * A group that is not open yet has a name, but refuses connections. A group whose last member
 * leaves may have let us connect, and hangs up.
 */
int zc_rendezvous_ask(struct zc_group *group, uint32_t ifindex)
{
	const struct timespec pause = { .tv_nsec = RETRY_MS * 1000 * 1000 };
	bool hung_up = false;
	int tries, rc;

	for (tries = 0; tries < PATIENCE_S * 1000 / RETRY_MS; tries++) {
		rc = ask_once(group, ifindex);
		if (rc != -ECONNREFUSED && rc != -ECONNRESET)
			return rc;
		if (rc == -ECONNRESET)
			hung_up = true;
		else if (!is_taken(ifindex, group->number))
			return hung_up ? -ESTALE : -ENOENT;
		nanosleep(&pause, NULL);
	}
	return -ETIMEDOUT;
}

static void look_after(struct zc_group *group)
{
	zc_group_lock(group);
	zc_member_reap(group);
	zc_group_unlock(group);
}

/* Lets in one capture that waits; false: accepting failed, and would fail again at once. */
static bool answer(struct zc_group *group)
{
	int guest, code = 0;

	pthread_mutex_lock(&group->door);
	if (group->open) {
		guest = accept4(group->listener, NULL, NULL, SOCK_CLOEXEC);
		code = guest < 0 ? errno : 0;
		if (guest >= 0) {
			let_in(group, guest);
			close(guest);
		}
	}
	pthread_mutex_unlock(&group->door);
	/* EAGAIN: another member was quicker. */
	return code == 0 || code == EAGAIN || code == ECONNABORTED;
}

/* Works until the capture is closed. After a failure it does not accept for one round. */
static void attend(struct zc_group *group)
{
	struct pollfd polled[2];
	eventfd_t woken;
	bool rest = false;

	while (!group->leaving) {
		polled[0] =
			(struct pollfd){ group->open && !rest ? group->listener : -1, POLLIN, 0 };
		polled[1] = (struct pollfd){ group->wake, POLLIN, 0 };
		rest = false;
		if (poll(polled, 2, DEATH_MS) > 0) {
			if (polled[1].revents)
				eventfd_read(group->wake, &woken);
			if (polled[0].revents)
				rest = !answer(group);
		}
		look_after(group);
	}
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

int zc_rendezvous_open(struct zc_group *group)
{
	if (listen(group->listener, 16) < 0)
		return -errno;
	group->open = true;
	eventfd_write(group->wake, 1);
	return 0;
}

void zc_rendezvous_shut(struct zc_group *group)
{
	pthread_mutex_lock(&group->door);
	group->open = false;
	if (group->link >= 0)
		close(group->link);
	group->link = -1;
	pthread_mutex_unlock(&group->door);
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
