/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Open captures of a namespace, of any program. */
#ifndef NSRING_HOST_SOCKETS_H
#define NSRING_HOST_SOCKETS_H

#include "host.h"

/**
 * host_packet_sockets_read() - add the packet sockets to a namespace's captures
 * @fd: NETLINK_SOCK_DIAG socket of the namespace
 * @ns: appended to
 *
 * Their processes are not known yet; owners_name() finds them.
 *
 * Return: 0; -ENOMEM; -ENOENT when the kernel was built without packet_diag; -errno of netlink.
 */
int host_packet_sockets_read(int fd, struct host_ns *ns);

/** host_xdp_sockets_read() - the same for AF_XDP sockets */
int host_xdp_sockets_read(int fd, struct host_ns *ns);

/** host_ring_sockets_read() - the same for nsring.ko's, in the calling thread's namespace */
int host_ring_sockets_read(struct host_ns *ns);

/** host_sockets_free() - free the captures */
void host_sockets_free(struct host_ns *ns);

#endif
