/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The IP addresses of a namespace's interfaces. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sys/address.h"
#include "links.h"
#include "list.h"

#define TRIES 4

static int add_address(const struct nsr_address *found, void *arg)
{
	struct host_link *link = host_links_at(arg, found->ifindex);
	struct host_address *address;

	if (!link)
		return 0; /* added after the interfaces were listed */
	address = host_list_add(&link->addresses, &link->address_count, sizeof(*address));
	if (!address)
		return -ENOMEM;
	address->family = found->family;
	address->prefix = found->prefix;
	memcpy(address->bytes, found->bytes, sizeof(address->bytes));
	return 0;
}

/* Drops the addresses of a dump that is repeated. */
static void forget(struct host_ns *ns)
{
	uint32_t i;

	for (i = 0; i < ns->link_count; i++) {
		free(ns->links[i].addresses);
		ns->links[i].addresses = NULL;
		ns->links[i].address_count = 0;
	}
}

int host_addresses_read(int fd, struct host_ns *ns)
{
	int tries = TRIES, rc;

	do {
		forget(ns);
		rc = nsr_address_list(fd, add_address, ns);
	} while (rc == -EINTR && --tries);
	return rc == -EINTR ? 0 : rc;
}
