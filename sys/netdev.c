/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What drivers have for XDP, from the generic netlink family "netdev" (Linux 6.3). */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netdev.h"

/* linux/netdev.h since 6.3 */
#define NETDEV_CMD_DEV_GET	  1
#define NETDEV_A_DEV_IFINDEX	  1
#define NETDEV_A_DEV_XDP_FEATURES 3

/* struct mnl attributes that are looked for, and where they go. */
struct wanted {
	uint16_t type;
	void *value;
	uint16_t bytes;
	bool found;
};

static int read_wanted(const struct nlattr *attr, void *data)
{
	struct wanted *wanted = data;

	if (mnl_attr_get_type(attr) == wanted->type &&
	    mnl_attr_get_payload_len(attr) >= wanted->bytes) {
		memcpy(wanted->value, mnl_attr_get_payload(attr), wanted->bytes);
		wanted->found = true;
	}
	return MNL_CB_OK;
}

/* Asks on a generic netlink socket and waits for the answer; 0, or -errno. */
static int ask(int fd, struct nlmsghdr *request, struct wanted *wanted)
{
	static _Thread_local uint32_t seq;
	char buf[4096] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *answer = (void *)buf;
	ssize_t got;

	request->nlmsg_seq = ++seq;
	if (send(fd, request, request->nlmsg_len, 0) < 0)
		return -errno;
	do {
		got = recv(fd, buf, sizeof(buf), 0);
		if (got < 0 && errno != EINTR)
			return -errno;
	} while (got < 0 || !mnl_nlmsg_ok(answer, (int)got) || answer->nlmsg_seq != seq);
	if (answer->nlmsg_type == NLMSG_ERROR)
		return ((struct nlmsgerr *)mnl_nlmsg_get_payload(answer))->error;
	mnl_attr_parse(answer, sizeof(struct genlmsghdr), read_wanted, wanted);
	return wanted->found ? 0 : -ENOENT;
}

static struct nlmsghdr *begin(char *buf, uint16_t family, uint8_t command)
{
	struct nlmsghdr *msg = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	msg->nlmsg_type = family;
	msg->nlmsg_flags = NLM_F_REQUEST;
	genl = mnl_nlmsg_put_extra_header(msg, sizeof(*genl));
	genl->cmd = command;
	genl->version = 1;
	return msg;
}

void nsr_link_xdp_open(struct nsr_link_xdp *netdev)
{
	struct wanted id = { CTRL_ATTR_FAMILY_ID, &netdev->family, sizeof(netdev->family), false };
	struct timeval patience = { .tv_sec = 5 };
	char buf[256] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *msg;

	netdev->family = 0;
	netdev->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (netdev->fd < 0)
		return;
	setsockopt(netdev->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	msg = begin(buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	mnl_attr_put_strz(msg, CTRL_ATTR_FAMILY_NAME, "netdev");
	ask(netdev->fd, msg, &id);
}

int nsr_link_xdp_features(const struct nsr_link_xdp *netdev, uint32_t ifindex, uint64_t *features)
{
	struct wanted wanted = { NETDEV_A_DEV_XDP_FEATURES, features, sizeof(*features), false };
	char buf[256] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *msg;

	*features = 0;
	if (!netdev->family)
		return -EOPNOTSUPP;
	msg = begin(buf, netdev->family, NETDEV_CMD_DEV_GET);
	mnl_attr_put_u32(msg, NETDEV_A_DEV_IFINDEX, ifindex);
	return ask(netdev->fd, msg, &wanted);
}

void nsr_link_xdp_close(struct nsr_link_xdp *netdev)
{
	if (netdev->fd >= 0)
		close(netdev->fd);
	netdev->fd = -1;
}
