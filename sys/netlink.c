/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Questions to the kernel by netlink. Answers are believed as far as their lengths go: each
 * attribute is checked before it is read.
 */
#include "netlink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define REPLY_BYTES 32768 /* the kernel fills dumps in pieces of at most that */

int netlink_open(int protocol)
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

void *netlink_begin(struct netlink_question *question, uint16_t type, uint16_t flags, size_t bytes)
{
	memset(question, 0, sizeof(*question));
	mnl_nlmsg_put_header(question->room);
	question->head.nlmsg_type = type;
	question->head.nlmsg_flags = NLM_F_REQUEST | flags;
	return mnl_nlmsg_put_extra_header(&question->head, bytes);
}

/* What is to become of the answer while its messages are read. */
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
	/* Of a question before, whose answer was given up. */
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
	return answer->found(msg, answer->arg);
}

static int read_answer(int fd, struct answer *answer)
{
	_Alignas(struct nlmsghdr) char buf[REPLY_BYTES];
	const struct nlmsghdr *msg;
	int rc = 0, left;
	ssize_t got;

	while (answer->more && !rc) {
		got = recv(fd, buf, sizeof(buf), MSG_TRUNC);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || (size_t)got > sizeof(buf))
			return got < 0 ? -errno : -EMSGSIZE;
		left = (int)got;
		for (msg = (void *)buf; !rc && mnl_nlmsg_ok(msg, left);
		     msg = mnl_nlmsg_next(msg, &left))
			rc = read_message(msg, answer);
	}
	return rc;
}

int netlink_ask(int fd, struct netlink_question *question,
		int (*found)(const struct nlmsghdr *msg, void *arg), void *arg)
{
	static _Thread_local uint32_t seq;
	struct answer answer = { .seq = ++seq, .found = found, .arg = arg, .more = true };
	int rc;

	question->head.nlmsg_seq = answer.seq;
	if (send(fd, question, question->head.nlmsg_len, 0) < 0)
		return -errno;
	rc = read_answer(fd, &answer);
	return !rc && answer.changed ? -EINTR : rc;
}

uint32_t netlink_u32(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr) < sizeof(uint32_t) ? 0 : mnl_attr_get_u32(attr);
}

void netlink_text(const struct nlattr *attr, char *text, size_t room)
{
	size_t length = strnlen(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));

	if (length >= room)
		length = room - 1;
	memcpy(text, mnl_attr_get_payload(attr), length);
	text[length] = '\0';
}

void netlink_copy(const struct nlattr *attr, void *to, size_t bytes)
{
	size_t length = mnl_attr_get_payload_len(attr);

	memset(to, 0, bytes);
	memcpy(to, mnl_attr_get_payload(attr), length < bytes ? length : bytes);
}

int netlink_walk(const struct nlmsghdr *msg, size_t bytes,
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

int netlink_walk_nested(const struct nlattr *nest,
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
