/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Questions to the kernel by netlink, and its answers: all of rtnetlink, generic netlink and
 * sock_diag that nsring asks goes through here.
 *
 * A socket belongs to the namespace of the thread that opened it, and may be used from any thread,
 * by one at a time. An answer is taken for what its lengths allow: the functions below read no
 * attribute beyond its end, and no message beyond the datagram's.
 */
#ifndef NSR_NETLINK_H
#define NSR_NETLINK_H

#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct nsr_netlink_question - a message that is being made
 * @head: its header; attributes are added by mnl_attr_put()
 * @room: the whole message
 */
struct nsr_netlink_question {
	union {
		struct nlmsghdr head;
		char room[256];
	};
};

/**
 * nsr_netlink_open() - a socket in the calling thread's namespace
 * @protocol: NETLINK_
 *
 * An answer is waited for up to 5 s.
 *
 * Return: its descriptor, to be closed with close(2); -errno.
 */
int nsr_netlink_open(int protocol);

/**
 * nsr_netlink_begin() - begin a message
 * @question: filled in
 * @type:     of the message
 * @flags:    NLM_F_DUMP; NLM_F_ACK for a change, which has no other answer; or 0
 * @bytes:    of the header behind netlink's own
 *
 * Return: that header, zeroed.
 */
void *nsr_netlink_begin(struct nsr_netlink_question *question, uint16_t type, uint16_t flags,
			size_t bytes);

/**
 * nsr_netlink_ask() - send a question and read the whole answer
 * @fd:       of nsr_netlink_open()
 * @question: may be sent again
 * @found:    called for each message of the answer; its return value other than 0 ends it. NULL for
 *            a change
 * @arg:      for @found
 *
 * Return: 0; -EINTR what was listed has changed meanwhile, so that it may be incomplete; what
 * @found returned; -EAGAIN no answer came; the kernel's answer or another -errno.
 */
int nsr_netlink_ask(int fd, struct nsr_netlink_question *question,
		    int (*found)(const struct nlmsghdr *msg, void *arg), void *arg);

/** nsr_netlink_ask_once() - nsr_netlink_ask() by a socket of its own, in the thread's namespace */
int nsr_netlink_ask_once(int protocol, struct nsr_netlink_question *question,
			 int (*found)(const struct nlmsghdr *msg, void *arg), void *arg);

/** nsr_netlink_u32() - an attribute's number, 0 where it is too short for one */
uint32_t nsr_netlink_u32(const struct nlattr *attr);

/** nsr_netlink_text() - copy an attribute's text, up to @room - 1 bytes */
void nsr_netlink_text(const struct nlattr *attr, char *text, size_t room);

/** nsr_netlink_copy() - copy an attribute's first @bytes; what it doesn't have becomes 0 */
void nsr_netlink_copy(const struct nlattr *attr, void *to, size_t bytes);

/**
 * nsr_netlink_walk() - call @found for each attribute of a message
 * @msg:   message
 * @bytes: of the header behind netlink's own
 * @found: its return value other than 0 ends it
 * @arg:   for @found
 *
 * Return: 0; what @found returned; -EBADMSG the message is too short for its header.
 */
int nsr_netlink_walk(const struct nlmsghdr *msg, size_t bytes,
		     int (*found)(const struct nlattr *attr, void *arg), void *arg);

/** nsr_netlink_walk_nested() - likewise, for the attributes within one */
int nsr_netlink_walk_nested(const struct nlattr *nest,
			    int (*found)(const struct nlattr *attr, void *arg), void *arg);

#endif
