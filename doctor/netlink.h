/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* One question to the kernel by netlink, in the calling thread's namespace. */
#ifndef NSRING_DOCTOR_NETLINK_H
#define NSRING_DOCTOR_NETLINK_H

#include <libmnl/libmnl.h>

/** Room for a question. */
#define NETLINK_REQUEST 1024

/**
 * netlink_once() - send a request, have the answer read, and close
 * @bus:     NETLINK_ROUTE, NETLINK_GENERIC
 * @request: with NLM_F_REQUEST set; an acknowledgement is asked for here
 * @read:    called for each message of the answer; may be NULL
 * @arg:     for @read
 *
 * Return: 0; -errno, also what the kernel answers.
 */
int netlink_once(int bus, struct nlmsghdr *request, mnl_cb_t read, void *arg);

#endif
