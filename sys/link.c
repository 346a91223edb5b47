/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "link.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "compat.h"
#include "netlink.h"

/* Room for a link-layer header with VLAN tags before what the MTU or GSO limits. */
#define LINK_HEADER_ROOM 32

/* More than any packet has; a device without a limit takes an MTU up to INT32_MAX. */
#define MAX_FRAME (1u << 24)

static int read_xdp(const struct nlattr *attr, void *arg)
{
	static const uint16_t types[NSR_LINK_XDP_MODES] = {
		[NSR_LINK_XDP_NATIVE] = IFLA_XDP_DRV_PROG_ID,
		[NSR_LINK_XDP_GENERIC] = IFLA_XDP_SKB_PROG_ID,
		[NSR_LINK_XDP_OFFLOADED] = IFLA_XDP_HW_PROG_ID,
	};
	struct nsr_link_info *info = arg;
	uint16_t type = mnl_attr_get_type(attr);
	uint32_t mode;

	if (type == IFLA_XDP_ATTACHED)
		nsr_netlink_copy(attr, &info->xdp_mode, sizeof(info->xdp_mode));
	if (type == IFLA_XDP_PROG_ID && nsr_netlink_u32(attr))
		info->xdp_id = nsr_netlink_u32(attr);
	for (mode = 0; mode < NSR_LINK_XDP_MODES; mode++) {
		if (type == types[mode] && nsr_netlink_u32(attr))
			info->xdp_id = info->xdp_ids[mode] = nsr_netlink_u32(attr);
	}
	return 0;
}

static int read_vlan(const struct nlattr *attr, void *arg)
{
	struct nsr_link_info *info = arg;
	uint16_t id;

	if (mnl_attr_get_type(attr) != IFLA_VLAN_ID)
		return 0;
	nsr_netlink_copy(attr, &id, sizeof(id));
	info->id = id;
	info->has_id = true;
	return 0;
}

static int read_vxlan(const struct nlattr *attr, void *arg)
{
	struct nsr_link_info *info = arg;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_VXLAN_ID:
		info->id = nsr_netlink_u32(attr);
		info->has_id = true;
		break;
	case IFLA_VXLAN_LINK:
		/* Kernels before 6.8 don't tell it as IFLA_LINK. */
		if (!info->below)
			info->below = nsr_netlink_u32(attr);
		break;
	}
	return 0;
}

static int read_kind(const struct nlattr *attr, void *arg)
{
	struct nsr_link_info *info = arg;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_INFO_KIND:
		nsr_netlink_text(attr, info->kind, sizeof(info->kind));
		break;
	case IFLA_INFO_DATA:
		/* The kernel puts the kind before it. */
		if (!strcmp(info->kind, "vlan"))
			return nsr_netlink_walk_nested(attr, read_vlan, info);
		if (!strcmp(info->kind, "vxlan"))
			return nsr_netlink_walk_nested(attr, read_vxlan, info);
		break;
	}
	return 0;
}

static void read_mac(const struct nlattr *attr, struct nsr_link_info *info)
{
	uint32_t length = mnl_attr_get_payload_len(attr);

	nsr_netlink_copy(attr, info->mac, sizeof(info->mac));
	info->mac_bytes = length < sizeof(info->mac) ? length : sizeof(info->mac);
}

static void grow(uint32_t *max, uint32_t value)
{
	if (value > *max)
		*max = value;
}

static int read_attr(const struct nlattr *attr, void *arg)
{
	struct nsr_link_info *info = arg;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		nsr_netlink_text(attr, info->name, sizeof(info->name));
		break;
	case IFLA_MTU:
		info->mtu = nsr_netlink_u32(attr);
		grow(&info->max_frame, info->mtu);
		break;
	case IFLA_GSO_MAX_SIZE:
	case IFLA_GRO_MAX_SIZE:
	case NSR_IFLA_GSO_IPV4_MAX_SIZE:
	case NSR_IFLA_GRO_IPV4_MAX_SIZE:
		grow(&info->max_frame, nsr_netlink_u32(attr));
		break;
	case IFLA_OPERSTATE:
		nsr_netlink_copy(attr, &info->operstate, sizeof(info->operstate));
		break;
	case IFLA_ADDRESS:
		read_mac(attr, info);
		break;
	case IFLA_MASTER:
		info->master = nsr_netlink_u32(attr);
		break;
	case IFLA_LINK:
		info->below = nsr_netlink_u32(attr);
		break;
	case IFLA_LINK_NETNSID:
		info->abroad = true;
		info->nsid = (int32_t)nsr_netlink_u32(attr);
		break;
	case IFLA_STATS64:
		nsr_netlink_copy(attr, &info->stats, sizeof(info->stats));
		break;
	case IFLA_PROP_LIST:
		info->altnames = attr;
		break;
	case IFLA_LINKINFO:
		return nsr_netlink_walk_nested(attr, read_kind, info);
	case IFLA_XDP:
		return nsr_netlink_walk_nested(attr, read_xdp, info);
	}
	return 0;
}

int nsr_link_parse(const struct nlmsghdr *msg, struct nsr_link_info *info)
{
	const struct ifinfomsg *head = mnl_nlmsg_get_payload(msg);

	*info = (struct nsr_link_info){ .nsid = -1 };
	if (msg->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(msg) < sizeof(*head))
		return -EBADMSG;
	info->ifindex = (uint32_t)head->ifi_index;
	info->arphrd = head->ifi_type;
	info->flags = head->ifi_flags;
	nsr_netlink_walk(msg, sizeof(*head), read_attr, info);
	if (info->max_frame > MAX_FRAME)
		info->max_frame = MAX_FRAME;
	info->max_frame += LINK_HEADER_ROOM;
	return 0;
}

static int keep(const struct nlmsghdr *msg, void *arg)
{
	struct nsr_link_info info;

	if (nsr_link_parse(msg, &info) < 0)
		return 0;
	info.altnames = NULL;
	*(struct nsr_link_info *)arg = info;
	return 0;
}

int nsr_link_look(int fd, const char *name, uint32_t ifindex, struct nsr_link_info *info)
{
	struct nsr_netlink_question question;
	struct ifinfomsg *head = nsr_netlink_begin(&question, RTM_GETLINK, 0, sizeof(*head));
	int rc;

	*info = (struct nsr_link_info){ 0 };
	if (name && strlen(name) >= ALTIFNAMSIZ)
		return -ENODEV;
	/* IFLA_IFNAME finds alternative names, too, but has room for short ones only. */
	if (name)
		mnl_attr_put_strz(&question.head,
				  strlen(name) < IFNAMSIZ ? IFLA_IFNAME : IFLA_ALT_IFNAME, name);
	else
		head->ifi_index = (int)ifindex;
	rc = nsr_netlink_ask(fd, &question, keep, info);
	return rc == 0 && !info->ifindex ? -ENODEV : rc;
}

int nsr_link_resolve(int fd, const char *device, int *queue, struct nsr_link_info *info)
{
	char whole[ALTIFNAMSIZ];
	int length;

	if (*queue >= 0) {
		length = snprintf(whole, sizeof(whole), "%s@%d", device, *queue);
		if (length < (int)sizeof(whole) && nsr_link_look(fd, whole, 0, info) == 0) {
			*queue = -1;
			return 0;
		}
	}
	return nsr_link_look(fd, device, 0, info);
}

struct naming {
	int (*found)(const char name[ALTIFNAMSIZ], void *arg);
	void *arg;
};

static int read_altname(const struct nlattr *attr, void *arg)
{
	const struct naming *naming = arg;
	char name[ALTIFNAMSIZ];

	if (mnl_attr_get_type(attr) != IFLA_ALT_IFNAME)
		return 0;
	nsr_netlink_text(attr, name, sizeof(name));
	return naming->found(name, naming->arg);
}

int nsr_link_altnames(const struct nsr_link_info *info,
		      int (*found)(const char name[ALTIFNAMSIZ], void *arg), void *arg)
{
	struct naming naming = { found, arg };

	return info->altnames ? nsr_netlink_walk_nested(info->altnames, read_altname, &naming) : 0;
}

struct listing {
	int (*found)(const struct nsr_link_info *info, void *arg);
	void *arg;
};

static int hand_out(const struct nlmsghdr *msg, void *arg)
{
	const struct listing *listing = arg;
	struct nsr_link_info info;

	return nsr_link_parse(msg, &info) == 0 ? listing->found(&info, listing->arg) : 0;
}

int nsr_link_list(int fd, int (*found)(const struct nsr_link_info *info, void *arg), void *arg)
{
	struct listing listing = { found, arg };
	struct nsr_netlink_question question;

	nsr_netlink_begin(&question, RTM_GETLINK, NLM_F_DUMP, sizeof(struct ifinfomsg));
	return nsr_netlink_ask(fd, &question, hand_out, &listing);
}

int nsr_link_open(void)
{
	return nsr_netlink_open(NETLINK_ROUTE);
}

int nsr_link_watch(void)
{
	int fd = nsr_link_open(), group = RTNLGRP_LINK, rc;

	if (fd < 0 ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

bool nsr_link_changed(int fd)
{
	bool changed = false;
	char start;

	/* The rest of each message is dropped: others ask what has changed. */
	while (recv(fd, &start, sizeof(start), MSG_DONTWAIT) >= 0)
		changed = true;
	return changed || errno != EAGAIN;
}

int nsr_link_get(int fd, const char *name, uint32_t ifindex, struct nsr_link *link)
{
	struct nsr_link_info info;
	int rc = nsr_link_look(fd, name, ifindex, &info);

	*link = (struct nsr_link){
		.ifindex = info.ifindex,
		.arphrd = info.arphrd,
		.flags = info.flags,
		.max_frame = info.max_frame,
		.mtu = info.mtu,
		.missed = info.stats.rx_missed_errors + info.stats.rx_fifo_errors,
		.received = info.stats.rx_packets,
		.transmitted = info.stats.tx_packets,
	};
	memcpy(link->name, info.name, sizeof(link->name));
	return rc;
}

int nsr_link_find(int fd, const char *name, struct nsr_link *link, struct nsr_error *err)
{
	int rc = nsr_link_get(fd, name, 0, link);
	const char *at = strrchr(name, '@');

	if (rc == -ENODEV) {
		nsr_error_set(err, rc, "there is no device \"%s\" in this namespace", name);
		/* As ip(8) shows a device that has a peer or lies on another. */
		return at && at > name ? nsr_error_advise(err, rc, "the device alone is \"%.*s\"",
							  (int)(at - name), name)
				       : rc;
	}
	if (rc < 0)
		return nsr_error_set(err, rc, "looking up device \"%s\": %s", name, strerror(-rc));
	return 0;
}

static int keep_larger(const struct nsr_link_info *info, void *arg)
{
	grow(arg, info->max_frame);
	return 0;
}

int nsr_link_max_frame(int fd)
{
	uint32_t max = 0;
	int rc = nsr_link_list(fd, keep_larger, &max);

	/* An interface that came meanwhile could as well have come a moment later. */
	return rc < 0 && rc != -EINTR ? rc : (int)max;
}
