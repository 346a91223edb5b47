/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "made_up_kernel.h"

#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

static void *answer(void *arg)
{
	struct kernel *kernel = arg;
	char question[512];
	struct nlmsghdr *msg = (struct nlmsghdr *)question;
	uint32_t stale = kernel->stale;
	size_t at = 0;

	if (recv(kernel->fd, question, sizeof(question), 0) < (ssize_t)sizeof(*msg))
		return NULL;
	while (at + sizeof(struct nlmsghdr) <= kernel->length) {
		struct nlmsghdr *reply = (struct nlmsghdr *)(kernel->reply + at);

		reply->nlmsg_seq = msg->nlmsg_seq - (stale > 0);
		stale -= stale > 0;
		if (reply->nlmsg_len < sizeof(*reply))
			break;
		at += MNL_ALIGN(reply->nlmsg_len);
	}
	send(kernel->fd, kernel->reply, kernel->length, 0);
	return NULL;
}

void kernel_start(struct kernel *kernel)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	kernel->fd = pair[0];
	kernel->asker = pair[1];
	assert_int_equal(pthread_create(&kernel->thread, NULL, answer, kernel), 0);
}

void kernel_stop(struct kernel *kernel)
{
	pthread_join(kernel->thread, NULL);
	close(kernel->fd);
	close(kernel->asker);
}

struct nlmsghdr *kernel_put(struct kernel *kernel, uint16_t type, size_t bytes)
{
	struct nlmsghdr *msg = mnl_nlmsg_put_header(kernel->reply + kernel->length);

	msg->nlmsg_type = type;
	msg->nlmsg_flags = NLM_F_MULTI;
	mnl_nlmsg_put_extra_header(msg, bytes);
	return msg;
}

void kernel_end(struct kernel *kernel, const struct nlmsghdr *msg)
{
	kernel->length += MNL_ALIGN(msg->nlmsg_len);
}

void kernel_put_done(struct kernel *kernel)
{
	kernel_end(kernel, kernel_put(kernel, NLMSG_DONE, sizeof(int)));
}
