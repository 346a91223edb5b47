/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Links, from rtnetlink. */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "device.h"
#include "netlink.h"

static void copy_text(char *to, size_t size, const struct nlattr *attr)
{
	if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
		snprintf(to, size, "%s", mnl_attr_get_str(attr));
}

static void copy_number(uint32_t *to, const struct nlattr *attr)
{
	if (mnl_attr_validate(attr, MNL_TYPE_U32) == 0)
		*to = mnl_attr_get_u32(attr);
}

static int read_info(const struct nlattr *attr, void *arg)
{
	struct rtlink *link = arg;

	if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
		copy_text(link->kind, sizeof(link->kind), attr);
	return MNL_CB_OK;
}

/* Of several programs in different modes any one will do. */
static int read_xdp(const struct nlattr *attr, void *arg)
{
	struct rtlink *link = arg;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_XDP_ATTACHED:
		if (mnl_attr_validate(attr, MNL_TYPE_U8) == 0)
			link->xdp_mode = mnl_attr_get_u8(attr);
		break;
	case IFLA_XDP_PROG_ID:
	case IFLA_XDP_DRV_PROG_ID:
	case IFLA_XDP_SKB_PROG_ID:
	case IFLA_XDP_HW_PROG_ID:
		copy_number(&link->xdp_id, attr);
		break;
	}
	return MNL_CB_OK;
}

static int read_attr(const struct nlattr *attr, void *arg)
{
	struct rtlink *link = arg;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		copy_text(link->name, sizeof(link->name), attr);
		break;
	case IFLA_MTU:
		copy_number(&link->mtu, attr);
		break;
	case IFLA_MASTER:
		copy_number(&link->master, attr);
		break;
	case IFLA_LINK:
		copy_number(&link->below, attr);
		break;
	case IFLA_LINK_NETNSID:
		link->abroad = true;
		break;
	case IFLA_LINKINFO:
		mnl_attr_parse_nested(attr, read_info, link);
		break;
	case IFLA_XDP:
		mnl_attr_parse_nested(attr, read_xdp, link);
		break;
	}
	return MNL_CB_OK;
}

static int read_link(const struct nlmsghdr *msg, void *arg)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(msg);
	struct rtlink *link = arg;

	if (msg->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(msg) < sizeof(*info))
		return MNL_CB_OK;
	link->ifindex = (uint32_t)info->ifi_index;
	link->flags = info->ifi_flags;
	link->arphrd = info->ifi_type;
	return mnl_attr_parse(msg, sizeof(*info), read_attr, link);
}

int rtlink_get(const char *name, uint32_t ifindex, struct rtlink *link)
{
	char buf[NETLINK_REQUEST] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *request = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info;
	int rc;

	request->nlmsg_type = RTM_GETLINK;
	request->nlmsg_flags = NLM_F_REQUEST;
	info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	if (name)
		mnl_attr_put_strz(request, IFLA_IFNAME, name);
	else
		info->ifi_index = (int)ifindex;
	memset(link, 0, sizeof(*link));
	rc = netlink_once(NETLINK_ROUTE, request, read_link, link);
	return rc == 0 && !link->ifindex ? -ENODEV : rc;
}
