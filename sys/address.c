/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "address.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink.h"

struct listing {
	int (*found)(const struct nsr_address *address, void *arg);
	void *arg;
};

/* An address that is being read: IFA_LOCAL wins over IFA_ADDRESS, whichever comes first. */
struct reading {
	struct nsr_address address;
	bool is_local;
};

/* On a point-to-point interface IFA_LOCAL is its own address and IFA_ADDRESS the other end's. */
static int read_attr(const struct nlattr *attr, void *arg)
{
	struct reading *reading = arg;
	uint16_t type = mnl_attr_get_type(attr);

	if (type == IFA_LOCAL || (type == IFA_ADDRESS && !reading->is_local))
		nsr_netlink_copy(attr, reading->address.bytes, sizeof(reading->address.bytes));
	if (type == IFA_LOCAL)
		reading->is_local = true;
	return 0;
}

static int read_address(const struct nlmsghdr *msg, void *arg)
{
	const struct ifaddrmsg *head = mnl_nlmsg_get_payload(msg);
	const struct listing *listing = arg;
	struct reading reading = { 0 };

	if (msg->nlmsg_type != RTM_NEWADDR || mnl_nlmsg_get_payload_len(msg) < sizeof(*head))
		return 0;
	if (head->ifa_family != AF_INET && head->ifa_family != AF_INET6)
		return 0;
	reading.address.ifindex = head->ifa_index;
	reading.address.family = head->ifa_family;
	reading.address.prefix = head->ifa_prefixlen;
	nsr_netlink_walk(msg, sizeof(*head), read_attr, &reading);
	return listing->found(&reading.address, listing->arg);
}

int nsr_address_list(int fd, int (*found)(const struct nsr_address *address, void *arg), void *arg)
{
	struct listing listing = { found, arg };
	struct nsr_netlink_question question;

	nsr_netlink_begin(&question, RTM_GETADDR, NLM_F_DUMP, sizeof(struct ifaddrmsg));
	return nsr_netlink_ask(fd, &question, read_address, &listing);
}

struct netmask {
	uint32_t ifindex;
	uint32_t mask;
};

static int keep_first(const struct nsr_address *address, void *arg)
{
	struct netmask *netmask = arg;

	if (address->family != AF_INET || address->ifindex != netmask->ifindex ||
	    !address->prefix || address->prefix > 32)
		return 0;
	netmask->mask = UINT32_MAX << (32 - address->prefix);
	return 1;
}

uint32_t nsr_address_netmask(int fd, uint32_t ifindex)
{
	struct netmask netmask = { .ifindex = ifindex };

	nsr_address_list(fd, keep_first, &netmask);
	return netmask.mask;
}
