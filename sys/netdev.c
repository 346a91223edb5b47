/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "netdev.h"

#include <errno.h>
#include <linux/netlink.h>
#include <unistd.h>

#include "genl.h"

void nsr_netdev_open(struct nsr_netdev *netdev)
{
	int family;

	netdev->family = 0;
	netdev->fd = nsr_netlink_open(NETLINK_GENERIC);
	if (netdev->fd < 0) {
		netdev->fd = -1;
		return;
	}
	family = nsr_genl_family(netdev->fd, "netdev");
	if (family > 0)
		netdev->family = (uint16_t)family;
}

void nsr_netdev_close(struct nsr_netdev *netdev)
{
	if (netdev->fd >= 0)
		close(netdev->fd);
	netdev->fd = -1;
}

static int read_attr(const struct nlattr *attr, void *arg)
{
	struct nsr_netdev_xdp *xdp = arg;

	switch (mnl_attr_get_type(attr)) {
	case NSR_NETDEV_A_DEV_IFINDEX:
		xdp->ifindex = nsr_netlink_u32(attr);
		break;
	case NSR_NETDEV_A_DEV_XDP_FEATURES:
		nsr_netlink_copy(attr, &xdp->acts, sizeof(xdp->acts));
		break;
	case NSR_NETDEV_A_DEV_XDP_ZC_MAX_SEGS:
		xdp->zc_max_segs = nsr_netlink_u32(attr);
		break;
	case NSR_NETDEV_A_DEV_XDP_RX_METADATA:
		nsr_netlink_copy(attr, &xdp->rx_metadata, sizeof(xdp->rx_metadata));
		break;
	}
	return 0;
}

static int keep(const struct nlmsghdr *msg, void *arg)
{
	return nsr_genl_walk(msg, read_attr, arg);
}

int nsr_netdev_get(const struct nsr_netdev *netdev, uint32_t ifindex, struct nsr_netdev_xdp *xdp)
{
	struct nsr_netlink_question question;
	int rc;

	*xdp = (struct nsr_netdev_xdp){ 0 };
	if (!netdev->family)
		return -EOPNOTSUPP;
	nsr_genl_begin(&question, netdev->family, 0, NSR_NETDEV_CMD_DEV_GET);
	mnl_attr_put_u32(&question.head, NSR_NETDEV_A_DEV_IFINDEX, ifindex);
	rc = nsr_netlink_ask(netdev->fd, &question, keep, xdp);
	return rc == 0 && xdp->ifindex != ifindex ? -ENODEV : rc;
}

struct listing {
	void (*found)(const struct nsr_netdev_xdp *xdp, void *arg);
	void *arg;
};

static int hand_out(const struct nlmsghdr *msg, void *arg)
{
	const struct listing *listing = arg;
	struct nsr_netdev_xdp xdp = { 0 };
	int rc = nsr_genl_walk(msg, read_attr, &xdp);

	if (rc == 0)
		listing->found(&xdp, listing->arg);
	return rc;
}

int nsr_netdev_list(const struct nsr_netdev *netdev,
		    void (*found)(const struct nsr_netdev_xdp *xdp, void *arg), void *arg)
{
	struct listing listing = { found, arg };
	struct nsr_netlink_question question;
	int rc;

	if (!netdev->family)
		return -EOPNOTSUPP;
	nsr_genl_begin(&question, netdev->family, NLM_F_DUMP, NSR_NETDEV_CMD_DEV_GET);
	rc = nsr_netlink_ask(netdev->fd, &question, hand_out, &listing);
	/* A list that has changed meanwhile has what was there all the time. */
	return rc == -EINTR ? 0 : rc;
}
