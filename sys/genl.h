/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Generic netlink: families, which the kernel gives numbers as they are loaded. */
#ifndef NSR_GENL_H
#define NSR_GENL_H

#include "netlink.h"

/**
 * nsr_genl_family() - a family's number
 * @fd:   of nsr_netlink_open(NETLINK_GENERIC)
 * @name: the family
 *
 * Return: its number, more than 0; -ENOENT this kernel doesn't have it; -errno.
 */
int nsr_genl_family(int fd, const char *name);

/**
 * nsr_genl_begin() - begin a message
 * @question: filled in
 * @family:   of nsr_genl_family()
 * @flags:    as of nsr_netlink_begin()
 * @command:  of the family
 */
void nsr_genl_begin(struct nsr_netlink_question *question, uint16_t family, uint16_t flags,
		    uint8_t command);

/** nsr_genl_walk() - nsr_netlink_walk() for an answer of a family */
int nsr_genl_walk(const struct nlmsghdr *msg, int (*found)(const struct nlattr *attr, void *arg),
		  void *arg);

#endif
