/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The IP addresses of a namespace's interfaces (RTM_GETADDR). */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "sys/netlink.h"
#include "links.h"
#include "list.h"

#define TRIES 4

/* On a point-to-point interface IFA_LOCAL is its own address and IFA_ADDRESS the other end's. */
struct found {
	struct host_address address;
	bool is_local;
};

/* IFA_LOCAL wins over IFA_ADDRESS, whichever the kernel sends first. */
static int read_attr(const struct nlattr *attr, void *arg)
{
	struct found *found = arg;
	uint16_t type = mnl_attr_get_type(attr);

	if (type == IFA_LOCAL || (type == IFA_ADDRESS && !found->is_local))
		nsr_netlink_copy(attr, found->address.bytes, sizeof(found->address.bytes));
	if (type == IFA_LOCAL)
		found->is_local = true;
	return 0;
}

static int read_address(const struct nlmsghdr *msg, void *arg)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(msg);
	struct found found = { 0 };
	struct host_address *address;
	struct host_link *link;

	if (msg->nlmsg_type != RTM_NEWADDR || mnl_nlmsg_get_payload_len(msg) < sizeof(*info))
		return 0;
	if (info->ifa_family != AF_INET && info->ifa_family != AF_INET6)
		return 0;
	link = host_links_at(arg, info->ifa_index);
	if (!link)
		return 0; /* added after the interfaces were listed */
	nsr_netlink_walk(msg, sizeof(*info), read_attr, &found);
	address = host_list_add(&link->addresses, &link->address_count, sizeof(*address));
	if (!address)
		return -ENOMEM;
	*address = found.address;
	address->family = info->ifa_family;
	address->prefix = info->ifa_prefixlen;
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
	struct nsr_netlink_question question;
	int tries = TRIES, rc;

	do {
		forget(ns);
		nsr_netlink_begin(&question, RTM_GETADDR, NLM_F_DUMP, sizeof(struct ifaddrmsg));
		rc = nsr_netlink_ask(fd, &question, read_address, ns);
	} while (rc == -EINTR && --tries);
	return rc == -EINTR ? 0 : rc;
}
