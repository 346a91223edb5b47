/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* BPF programs of traffic control. */
#ifndef NSRING_HOST_TC_H
#define NSRING_HOST_TC_H

#include "host.h"

/**
 * host_tc_read() - add the programs of traffic control to a namespace's interfaces
 * @fd: rtnetlink socket of the namespace
 * @ns: the namespace that the calling thread is in, with its links
 *
 * Adds those of clsact and ingress (classifier "bpf"), and of tcx (Linux 6.6, with CAP_NET_ADMIN).
 *
 * Return: 0; -ENOMEM; -errno of rtnetlink.
 */
int host_tc_read(int fd, struct host_ns *ns);

#endif
