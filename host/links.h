/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The interfaces of a namespace, and their addresses. */
#ifndef NSRING_HOST_LINKS_H
#define NSRING_HOST_LINKS_H

#include "host.h"

/**
 * host_links_read() - list the interfaces
 * @fd: rtnetlink socket of the namespace
 * @ns: its links are filled in, sorted by index, without addresses
 *
 * For a peer this sets only state (HOST_PEER_UNSEEN where there is one), index and nsid;
 * peers_find() finds its namespace.
 *
 * Return: 0; -ENOMEM; -errno of rtnetlink.
 */
int host_links_read(int fd, struct host_ns *ns);

/** host_addresses_read() - add the addresses to the interfaces; returns as host_links_read() */
int host_addresses_read(int fd, struct host_ns *ns);

/** host_links_free() - free the interfaces and what hangs off them */
void host_links_free(struct host_ns *ns);

/** host_links_at() - the interface of that index, to be changed; NULL when there is none */
struct host_link *host_links_at(struct host_ns *ns, uint32_t ifindex);

#endif
