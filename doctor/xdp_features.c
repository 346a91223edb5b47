/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Asking drivers for their XDP features. */
#include "xdp_features.h"

#include <errno.h>
#include <linux/genetlink.h>

#include "netlink.h"

/* linux/netdev.h since 6.3; the attributes of metadata and of buffers came with 6.4 and 6.6. */
#define NETDEV_CMD_DEV_GET	      1
#define NETDEV_A_DEV_IFINDEX	      1
#define NETDEV_A_DEV_XDP_FEATURES     3
#define NETDEV_A_DEV_XDP_ZC_MAX_SEGS  4
#define NETDEV_A_DEV_XDP_RX_METADATA  5
#define NETDEV_XDP_RX_METADATA_STAMPS 1

struct listing {
	void (*found)(const struct features *features, void *arg);
	void *arg;
};

static struct nlmsghdr *begin(char *buf, uint16_t family, uint8_t command)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	request->nlmsg_type = family;
	request->nlmsg_flags = NLM_F_REQUEST;
	genl = mnl_nlmsg_put_extra_header(request, sizeof(*genl));
	genl->cmd = command;
	genl->version = 1;
	return request;
}

static int read_family_attr(const struct nlattr *attr, void *arg)
{
	if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
	    mnl_attr_validate(attr, MNL_TYPE_U16) == 0)
		*(uint16_t *)arg = mnl_attr_get_u16(attr);
	return MNL_CB_OK;
}

static int read_family(const struct nlmsghdr *msg, void *arg)
{
	return mnl_attr_parse(msg, sizeof(struct genlmsghdr), read_family_attr, arg);
}

static int find_family(uint16_t *family)
{
	char buf[NETLINK_REQUEST] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *request = begin(buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	int rc;

	*family = 0;
	mnl_attr_put_strz(request, CTRL_ATTR_FAMILY_NAME, "netdev");
	rc = netlink_once(NETLINK_GENERIC, request, read_family, family);
	return rc == 0 && !*family ? -ENOENT : rc;
}

static uint64_t get_number(const struct nlattr *attr)
{
	if (mnl_attr_validate(attr, MNL_TYPE_U64) == 0)
		return mnl_attr_get_u64(attr);
	return mnl_attr_validate(attr, MNL_TYPE_U32) == 0 ? mnl_attr_get_u32(attr) : 0;
}

static int read_device_attr(const struct nlattr *attr, void *arg)
{
	struct features *features = arg;

	switch (mnl_attr_get_type(attr)) {
	case NETDEV_A_DEV_IFINDEX:
		features->ifindex = (uint32_t)get_number(attr);
		break;
	case NETDEV_A_DEV_XDP_FEATURES:
		features->xdp = get_number(attr);
		break;
	case NETDEV_A_DEV_XDP_ZC_MAX_SEGS:
		features->zero_copy_buffers = (uint32_t)get_number(attr);
		break;
	case NETDEV_A_DEV_XDP_RX_METADATA:
		features->stamps = get_number(attr) & NETDEV_XDP_RX_METADATA_STAMPS;
		break;
	}
	return MNL_CB_OK;
}

static int read_device(const struct nlmsghdr *msg, void *arg)
{
	const struct listing *listing = arg;
	struct features features = { 0 };
	int rc = mnl_attr_parse(msg, sizeof(struct genlmsghdr), read_device_attr, &features);

	listing->found(&features, listing->arg);
	return rc;
}

static int ask(uint32_t ifindex, const struct listing *listing)
{
	char buf[NETLINK_REQUEST] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *request;
	uint16_t family;
	int rc = find_family(&family);

	if (rc < 0)
		return rc;
	request = begin(buf, family, NETDEV_CMD_DEV_GET);
	if (ifindex)
		mnl_attr_put_u32(request, NETDEV_A_DEV_IFINDEX, ifindex);
	else
		request->nlmsg_flags |= NLM_F_DUMP;
	return netlink_once(NETLINK_GENERIC, request, read_device, (void *)listing);
}

int features_list(void (*found)(const struct features *features, void *arg), void *arg)
{
	const struct listing listing = { found, arg };

	return ask(0, &listing);
}

static void keep(const struct features *features, void *arg)
{
	*(struct features *)arg = *features;
}

int features_get(uint32_t ifindex, struct features *features)
{
	const struct listing listing = { keep, features };
	int rc = ask(ifindex, &listing);

	return rc == 0 && features->ifindex != ifindex ? -ENODEV : rc;
}
