/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Messages with descriptors: see passing.h. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "passing.h"

/* Room for the descriptors of a message. */
union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(ZC_PASS_MOST * sizeof(int))];
};

int zc_pass_send(int to, const void *data, size_t bytes, const int *fds, uint32_t count)
{
	union control control = { .header = { .cmsg_len = CMSG_LEN(count * sizeof(int)),
					      .cmsg_level = SOL_SOCKET,
					      .cmsg_type = SCM_RIGHTS } };
	struct iovec part = { .iov_base = (void *)data, .iov_len = bytes };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };

	if (count) {
		memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
	}
	return sendmsg(to, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Copies out what descriptors came; returns how many. */
static uint32_t take_fds(struct msghdr *msg, int *fds)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(msg);
	size_t bytes;

	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
		return 0;
	bytes = header->cmsg_len - CMSG_LEN(0);
	memcpy(fds, CMSG_DATA(header), bytes);
	return (uint32_t)(bytes / sizeof(int));
}

/* -errno for a recvmsg() that got nothing. */
static int receive_code(ssize_t got)
{
	if (got == 0 || errno == ECONNRESET || errno == EPIPE)
		return -ECONNRESET;
	return errno == EAGAIN ? -ETIMEDOUT : -errno;
}

int zc_pass_receive(int from, void *data, size_t bytes, int *fds, uint32_t room)
{
	union control control = { 0 };
	struct iovec part = { .iov_base = data, .iov_len = bytes };
	/* This length, not CMSG_SPACE(), which may have room for one more. */
	struct msghdr msg = { .msg_iov = &part,
			      .msg_iovlen = 1,
			      .msg_control = room ? &control : NULL,
			      .msg_controllen = room ? CMSG_LEN(room * sizeof(int)) : 0 };
	ssize_t got = recvmsg(from, &msg, MSG_CMSG_CLOEXEC);
	uint32_t count;
	int rc = 0;

	if (got < 0)
		return receive_code(got);
	/* An empty message may have descriptors, too. */
	count = take_fds(&msg, fds);
	if (got == 0)
		rc = receive_code(got);
	else if ((size_t)got != bytes || msg.msg_flags & MSG_TRUNC)
		rc = -EPROTO;
	else if (msg.msg_flags & MSG_CTRUNC)
		rc = -EMFILE;
	if (rc == 0)
		return (int)count;
	for (; count; count--)
		close(fds[count - 1]);
	return rc;
}
