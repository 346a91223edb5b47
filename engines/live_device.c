/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What a device takes: its MTU, whether it is up, and whether its driver takes XDP frames at all,
 * which Linux 6.3 and later tell through the generic netlink family "netdev".
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "live.h"

/* linux/netdev.h since 6.3 */
#define NETDEV_CMD_DEV_GET	  1
#define NETDEV_A_DEV_IFINDEX	  1
#define NETDEV_A_DEV_XDP_FEATURES 3
#define NETDEV_XDP_ACT_NDO_XMIT	  (1 << 2)

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

/* Without the socket or the family @device->family stays 0, and nothing is known. */
static void open_features(struct live_device *device)
{
	struct wanted id = { CTRL_ATTR_FAMILY_ID, &device->family, sizeof(device->family), false };
	struct timeval patience = { .tv_sec = 5 };
	char buf[256] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *msg;

	device->genl_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (device->genl_fd < 0)
		return;
	setsockopt(device->genl_fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	msg = begin(buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	mnl_attr_put_strz(msg, CTRL_ATTR_FAMILY_NAME, "netdev");
	ask(device->genl_fd, msg, &id);
}

/* Whether the driver says that it takes no XDP frames; of a veth this depends on the other end. */
static bool takes_none(const struct live_device *device)
{
	uint64_t features = 0;
	struct wanted wanted = { NETDEV_A_DEV_XDP_FEATURES, &features, sizeof(features), false };
	char buf[256] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *msg;

	if (!device->family)
		return false;
	msg = begin(buf, device->family, NETDEV_CMD_DEV_GET);
	mnl_attr_put_u32(msg, NETDEV_A_DEV_IFINDEX, device->ifindex);
	return ask(device->genl_fd, msg, &wanted) == 0 && !(features & NETDEV_XDP_ACT_NDO_XMIT);
}

static int say_takes_none(const struct live_device *device, struct nsr_error *err)
{
	return nsr_error_set(err, -EOPNOTSUPP,
			     "%s takes no XDP frames: of a veth pair the other end must have GRO "
			     "on (ethtool -K PEER gro on) or an XDP program, another device needs "
			     "a driver with ndo_xdp_xmit; or use packet:%s",
			     device->name, device->name);
}

static int say_gone(const struct live_device *device, struct nsr_error *err)
{
	return nsr_error_set(err, -ENODEV,
			     "%s: the device is gone (deleted, or moved to another namespace)",
			     device->name);
}

void live_device_update(struct live_device *device)
{
	struct nsr_link link;
	struct ifreq request;

	if (nsr_link_get(device->link_fd, NULL, device->ifindex, &link) < 0)
		return;
	memset(&request, 0, sizeof(request));
	memcpy(request.ifr_name, link.name, sizeof(request.ifr_name));
	if (ioctl(device->link_fd, SIOCGIFMTU, &request) == 0)
		device->max_len = (uint32_t)request.ifr_mtu + ETH_HLEN;
}

int live_device_open(struct live_device *device, struct nsr_error *err)
{
	struct nsr_link link;
	int rc;

	device->genl_fd = -1;
	device->link_fd = nsr_link_open();
	if (device->link_fd < 0)
		return nsr_error_set(err, device->link_fd, "netlink socket: %s",
				     strerror(-device->link_fd));
	if (strcmp(device->name, "any") == 0)
		return nsr_error_set(err, -EINVAL, "\"any\" can't send: name a device");
	rc = nsr_link_get(device->link_fd, device->name, 0, &link);
	if (rc == -ENODEV)
		return nsr_error_set(err, rc, "there is no device \"%s\" in this namespace",
				     device->name);
	if (rc < 0)
		return nsr_error_set(err, rc, "looking up device \"%s\": %s", device->name,
				     strerror(-rc));
	device->ifindex = link.ifindex;
	if (link.arphrd != ARPHRD_ETHER)
		return nsr_error_set(err, -EOPNOTSUPP,
				     "%s is no Ethernet device, live frames need one: use "
				     "packet:%s",
				     device->name, device->name);
	live_device_update(device);
	open_features(device);
	return takes_none(device) ? say_takes_none(device, err) : 0;
}

void live_device_close(struct live_device *device)
{
	if (device->link_fd >= 0)
		close(device->link_fd);
	if (device->genl_fd >= 0)
		close(device->genl_fd);
}

int live_device_refuses(struct live_device *device, struct nsr_error *err)
{
	struct nsr_link link;

	if (nsr_link_get(device->link_fd, NULL, device->ifindex, &link) < 0)
		return say_gone(device, err);
	if (!(link.flags & IFF_UP))
		return nsr_error_set(err, -ENETDOWN, "%s: the device is down: ip link set %s up",
				     device->name, device->name);
	if (!(link.flags & IFF_LOWER_UP))
		return nsr_error_set(err, -ENETDOWN, "%s has no carrier: is the other end up?",
				     device->name);
	if (takes_none(device))
		return say_takes_none(device, err);
	return nsr_error_set(err, -EAGAIN,
			     "%s: its queue stays full, or the other end takes no frame as long",
			     device->name);
}
