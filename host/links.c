/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The interfaces of a namespace (RTM_GETLINK). */
#include "links.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "sys/netlink.h"
#include "list.h"

/* Dumps that are begun anew because interfaces came or went; then what there is must do. */
#define TRIES 4

static void add_program(struct host_link *link, uint32_t hook, const struct nlattr *attr)
{
	struct host_program *program;

	if (!netlink_u32(attr))
		return;
	program = host_list_add(&link->programs, &link->program_count, sizeof(*program));
	if (!program)
		return;
	program->hook = hook;
	program->id = netlink_u32(attr);
}

/* IFLA_XDP_PROG_ID repeats one of these. */
static int read_xdp(const struct nlattr *attr, void *arg)
{
	switch (mnl_attr_get_type(attr)) {
	case IFLA_XDP_DRV_PROG_ID:
		add_program(arg, HOST_XDP_NATIVE, attr);
		break;
	case IFLA_XDP_SKB_PROG_ID:
		add_program(arg, HOST_XDP_GENERIC, attr);
		break;
	case IFLA_XDP_HW_PROG_ID:
		add_program(arg, HOST_XDP_OFFLOADED, attr);
		break;
	}
	return 0;
}

static int read_vlan(const struct nlattr *attr, void *arg)
{
	struct host_link *link = arg;
	uint16_t id;

	if (mnl_attr_get_type(attr) != IFLA_VLAN_ID)
		return 0;
	netlink_copy(attr, &id, sizeof(id));
	link->id = id;
	link->has_id = true;
	return 0;
}

static int read_vxlan(const struct nlattr *attr, void *arg)
{
	struct host_link *link = arg;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_VXLAN_ID:
		link->id = netlink_u32(attr);
		link->has_id = true;
		break;
	case IFLA_VXLAN_LINK:
		/* Kernels before 6.8 don't tell it as IFLA_LINK. */
		if (!link->peer.ifindex)
			link->peer.ifindex = netlink_u32(attr);
		break;
	}
	return 0;
}

static int read_info(const struct nlattr *attr, void *arg)
{
	struct host_link *link = arg;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_INFO_KIND:
		netlink_text(attr, link->kind, sizeof(link->kind));
		break;
	case IFLA_INFO_DATA:
		/* The kernel puts the kind before it. */
		if (!strcmp(link->kind, "vlan"))
			return netlink_walk_nested(attr, read_vlan, link);
		if (!strcmp(link->kind, "vxlan"))
			return netlink_walk_nested(attr, read_vxlan, link);
		break;
	}
	return 0;
}

static void read_stats(const struct nlattr *attr, struct host_counters *counters)
{
	struct rtnl_link_stats64 stats;

	netlink_copy(attr, &stats, sizeof(stats));
	*counters = (struct host_counters){
		.rx_packets = stats.rx_packets,
		.tx_packets = stats.tx_packets,
		.rx_bytes = stats.rx_bytes,
		.tx_bytes = stats.tx_bytes,
		.rx_dropped = stats.rx_dropped,
		.tx_dropped = stats.tx_dropped,
		.rx_errors = stats.rx_errors,
		.tx_errors = stats.tx_errors,
		.rx_missed = stats.rx_missed_errors,
	};
}

static void read_mac(const struct nlattr *attr, struct host_link *link)
{
	uint32_t length = mnl_attr_get_payload_len(attr);

	netlink_copy(attr, link->mac, sizeof(link->mac));
	link->mac_bytes = length < sizeof(link->mac) ? length : sizeof(link->mac);
}

static int read_attr(const struct nlattr *attr, void *arg)
{
	struct host_link *link = arg;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		netlink_text(attr, link->name, sizeof(link->name));
		break;
	case IFLA_MTU:
		link->mtu = netlink_u32(attr);
		break;
	case IFLA_OPERSTATE:
		netlink_copy(attr, &link->operstate, sizeof(link->operstate));
		break;
	case IFLA_ADDRESS:
		read_mac(attr, link);
		break;
	case IFLA_MASTER:
		link->master = netlink_u32(attr);
		break;
	case IFLA_LINK:
		link->peer.ifindex = netlink_u32(attr);
		break;
	case IFLA_LINK_NETNSID:
		link->peer.nsid = (int32_t)netlink_u32(attr);
		break;
	case IFLA_STATS64:
		read_stats(attr, &link->counters);
		break;
	case IFLA_LINKINFO:
		return netlink_walk_nested(attr, read_info, link);
	case IFLA_XDP:
		return netlink_walk_nested(attr, read_xdp, link);
	}
	return 0;
}

static int read_link(const struct nlmsghdr *msg, void *arg)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(msg);
	struct host_ns *ns = arg;
	struct host_link *link;
	int rc;

	if (msg->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(msg) < sizeof(*info))
		return 0;
	link = host_list_add(&ns->links, &ns->link_count, sizeof(*link));
	if (!link)
		return -ENOMEM;
	link->ifindex = (uint32_t)info->ifi_index;
	link->arphrd = info->ifi_type;
	link->flags = info->ifi_flags;
	link->peer.nsid = -1;
	rc = netlink_walk(msg, sizeof(*info), read_attr, link);
	if (link->peer.ifindex)
		link->peer.state = HOST_PEER_UNSEEN;
	return rc;
}

static int by_index(const void *a, const void *b)
{
	const struct host_link *left = a, *right = b;

	return left->ifindex < right->ifindex ? -1 : left->ifindex > right->ifindex;
}

int host_links_read(int fd, struct host_ns *ns)
{
	struct netlink_question question;
	int tries = TRIES, rc;

	do {
		host_links_free(ns);
		netlink_begin(&question, RTM_GETLINK, NLM_F_DUMP, sizeof(struct ifinfomsg));
		rc = netlink_ask(fd, &question, read_link, ns);
	} while (rc == -EINTR && --tries);
	if (ns->link_count)
		qsort(ns->links, ns->link_count, sizeof(*ns->links), by_index);
	return rc == -EINTR ? 0 : rc;
}

struct host_link *host_links_at(struct host_ns *ns, uint32_t ifindex)
{
	return (struct host_link *)host_link_find(ns, ifindex);
}

const struct host_link *host_link_find(const struct host_ns *ns, uint32_t ifindex)
{
	const struct host_link key = { .ifindex = ifindex };

	if (!ns->link_count)
		return NULL;
	return bsearch(&key, ns->links, ns->link_count, sizeof(key), by_index);
}

void host_links_free(struct host_ns *ns)
{
	uint32_t i;

	for (i = 0; i < ns->link_count; i++) {
		free(ns->links[i].addresses);
		free(ns->links[i].programs);
	}
	free(ns->links);
	ns->links = NULL;
	ns->link_count = 0;
}
