/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "netlink.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define REPLY_BYTES 32768 /* the kernel fills dumps in pieces of at most that */

int nsr_netlink_open(int protocol)
{
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	struct timeval patience = { .tv_sec = 5 };
	int fd, rc;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

void *nsr_netlink_begin(struct nsr_netlink_question *question, uint16_t type, uint16_t flags,
			size_t bytes)
{
	memset(question, 0, sizeof(*question));
	mnl_nlmsg_put_header(question->room);
	question->head.nlmsg_type = type;
	question->head.nlmsg_flags = NLM_F_REQUEST | flags;
	return mnl_nlmsg_put_extra_header(&question->head, bytes);
}

/* How to read the messages of an answer, and what they have told so far. */
struct answer {
	uint32_t seq;
	int (*found)(const struct nlmsghdr *msg, void *arg);
	void *arg;
	bool more;
	bool changed;
};

static int read_error(const struct nlmsghdr *msg)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(msg);

	if (mnl_nlmsg_get_payload_len(msg) < sizeof(*error))
		return -EBADMSG;
	return error->error > 0 ? -EBADMSG : error->error;
}

/* A dump that failed half-way says so in its last message. */
static int read_done(const struct nlmsghdr *msg)
{
	int code = 0;

	if (mnl_nlmsg_get_payload_len(msg) >= sizeof(code))
		memcpy(&code, mnl_nlmsg_get_payload(msg), sizeof(code));
	return code < 0 ? code : 0;
}

static int read_message(const struct nlmsghdr *msg, struct answer *answer)
{
	/* It answers an earlier question that was given up. */
	if (msg->nlmsg_seq != answer->seq)
		return 0;
	if (msg->nlmsg_flags & NLM_F_DUMP_INTR)
		answer->changed = true;
	answer->more = msg->nlmsg_flags & NLM_F_MULTI && msg->nlmsg_type != NLMSG_DONE;
	if (msg->nlmsg_type == NLMSG_ERROR)
		return read_error(msg);
	if (msg->nlmsg_type == NLMSG_DONE)
		return read_done(msg);
	if (msg->nlmsg_type < NLMSG_MIN_TYPE)
		return 0;
	return answer->found ? answer->found(msg, answer->arg) : 0;
}

/* One datagram: several messages, of which each must lie within it. */
static int read_messages(const void *datagram, size_t bytes, struct answer *answer)
{
	const struct nlmsghdr *msg = datagram;
	int rc = 0, left = (int)bytes;

	if (!bytes)
		return -EBADMSG;
	for (; !rc && mnl_nlmsg_ok(msg, left); msg = mnl_nlmsg_next(msg, &left))
		rc = read_message(msg, answer);
	return !rc && answer->more && left > 0 ? -EBADMSG : rc;
}

static int read_answer(int fd, struct answer *answer)
{
	/* A thread of the program that uses the library may have a small stack. */
	char *buf = malloc(REPLY_BYTES);
	ssize_t got;
	int rc = 0;

	if (!buf)
		return -ENOMEM;
	while (answer->more && !rc) {
		got = recv(fd, buf, REPLY_BYTES, MSG_TRUNC);
		if (got < 0)
			rc = errno == EINTR ? 0 : -errno;
		else if (got > REPLY_BYTES)
			rc = -EMSGSIZE;
		else
			rc = read_messages(buf, (size_t)got, answer);
	}
	free(buf);
	return rc;
}

int nsr_netlink_ask(int fd, struct nsr_netlink_question *question,
		    int (*found)(const struct nlmsghdr *msg, void *arg), void *arg)
{
	/* One for the process: one thread after another may ask through a socket. */
	static _Atomic uint32_t last_seq;
	struct answer answer = { .found = found, .arg = arg, .more = true };
	int rc;

	answer.seq = question->head.nlmsg_seq = atomic_fetch_add(&last_seq, 1) + 1;
	if (send(fd, question, question->head.nlmsg_len, 0) < 0)
		return -errno;
	rc = read_answer(fd, &answer);
	return !rc && answer.changed ? -EINTR : rc;
}

int nsr_netlink_ask_once(int protocol, struct nsr_netlink_question *question,
			 int (*found)(const struct nlmsghdr *msg, void *arg), void *arg)
{
	int fd = nsr_netlink_open(protocol), rc;

	if (fd < 0)
		return fd;
	rc = nsr_netlink_ask(fd, question, found, arg);
	close(fd);
	return rc;
}

uint32_t nsr_netlink_u32(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr) < sizeof(uint32_t) ? 0 : mnl_attr_get_u32(attr);
}

void nsr_netlink_text(const struct nlattr *attr, char *text, size_t room)
{
	size_t length = strnlen(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));

	if (length >= room)
		length = room - 1;
	memcpy(text, mnl_attr_get_payload(attr), length);
	text[length] = '\0';
}

void nsr_netlink_copy(const struct nlattr *attr, void *to, size_t bytes)
{
	size_t length = mnl_attr_get_payload_len(attr);

	memset(to, 0, bytes);
	memcpy(to, mnl_attr_get_payload(attr), length < bytes ? length : bytes);
}

int nsr_netlink_walk(const struct nlmsghdr *msg, size_t bytes,
		     int (*found)(const struct nlattr *attr, void *arg), void *arg)
{
	const struct nlattr *attr;
	int rc;

	if (mnl_nlmsg_get_payload_len(msg) < bytes)
		return -EBADMSG;
	mnl_attr_for_each(attr, msg, (unsigned int)bytes)
	{
		rc = found(attr, arg);
		if (rc)
			return rc;
	}
	return 0;
}

int nsr_netlink_walk_nested(const struct nlattr *nest,
			    int (*found)(const struct nlattr *attr, void *arg), void *arg)
{
	const struct nlattr *attr;
	int rc;

	mnl_attr_for_each_nested(attr, nest)
	{
		rc = found(attr, arg);
		if (rc)
			return rc;
	}
	return 0;
}
