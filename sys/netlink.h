/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Questions to the kernel by netlink. */
#ifndef NSRING_HOST_NETLINK_H
#define NSRING_HOST_NETLINK_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * struct netlink_question - a message that is being made
 * @head: its header
 * @room: of the whole message
 */
struct netlink_question {
	union {
		struct nlmsghdr head;
		char room[256];
	};
};

/**
 * netlink_open() - a socket in the calling thread's namespace
 * @protocol: NETLINK_
 *
 * Return: its descriptor; -errno.
 */
int netlink_open(int protocol);

/**
 * netlink_begin() - begin a message
 * @question: filled in
 * @type:     of the message
 * @flags:    NLM_F_DUMP or 0
 * @bytes:    of the header behind netlink's own
 *
 * Return: that header, zeroed.
 */
void *netlink_begin(struct netlink_question *question, uint16_t type, uint16_t flags, size_t bytes);

/**
 * netlink_ask() - send a question and read the whole answer
 * @fd:       of netlink_open()
 * @question: may be sent again
 * @found:    called for each message of the answer; its return value other than 0 ends it
 * @arg:      for @found
 *
 * Return: 0; -EINTR what was listed has changed meanwhile, so that it may be incomplete; what
 * @found returned; the kernel's answer or another -errno.
 */
int netlink_ask(int fd, struct netlink_question *question,
		int (*found)(const struct nlmsghdr *msg, void *arg), void *arg);

/** netlink_u32() - an attribute's number, 0 where it is too short for one */
uint32_t netlink_u32(const struct nlattr *attr);

/** netlink_text() - copy an attribute's text, up to @room - 1 bytes */
void netlink_text(const struct nlattr *attr, char *text, size_t room);

/** netlink_copy() - copy an attribute's first @bytes; what it doesn't have becomes 0 */
void netlink_copy(const struct nlattr *attr, void *to, size_t bytes);

/**
 * netlink_walk() - call @found for each attribute of a message
 * @msg:   message
 * @bytes: of the header behind netlink's own
 *
 * Return: 0; what @found returned; -EBADMSG the message is too short for its header.
 */
int netlink_walk(const struct nlmsghdr *msg, size_t bytes,
		 int (*found)(const struct nlattr *attr, void *arg), void *arg);

/** netlink_walk_nested() - likewise, for the attributes within one */
int netlink_walk_nested(const struct nlattr *nest,
			int (*found)(const struct nlattr *attr, void *arg), void *arg);

#endif
