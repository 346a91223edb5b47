/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The frames that a device takes: its MTU, whether it is up, and whether its driver takes XDP
 * frames at all.
 */
#include <errno.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/link.h"
#include "live.h"

/* Whether the driver says that it takes no XDP frames; of a veth this depends on the other end. */
static bool takes_none(const struct live_device *device)
{
	struct nsr_netdev_xdp xdp;

	return nsr_netdev_get(&device->xdp, device->ifindex, &xdp) == 0 &&
	       !(xdp.acts & NSR_NETDEV_XDP_ACT_NDO_XMIT);
}

static int say_takes_none(const struct live_device *device, struct nsr_error *err)
{
	return nsr_error_advise(
		err, nsr_error_set(err, -EOPNOTSUPP, "%s takes no XDP frames", device->name),
		"of a veth pair the other end must have GRO on (ethtool -K PEER gro on) or an XDP "
		"program, another device needs a driver with ndo_xdp_xmit; or use packet:%s",
		device->name);
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

	device->xdp.fd = -1;
	device->link_fd = nsr_link_open();
	if (device->link_fd < 0)
		return nsr_error_set(err, device->link_fd, "netlink socket: %s",
				     strerror(-device->link_fd));
	if (strcmp(device->name, "any") == 0)
		return nsr_error_advise(err, nsr_error_set(err, -EINVAL, "\"any\" can't send"),
					"name a device");
	rc = nsr_link_find(device->link_fd, device->name, &link, err);
	if (rc < 0)
		return rc;
	device->ifindex = link.ifindex;
	if (link.arphrd != ARPHRD_ETHER)
		return nsr_error_advise(
			err,
			nsr_error_set(err, -EOPNOTSUPP,
				      "%s is no Ethernet device, live frames need one",
				      device->name),
			"use packet:%s", device->name);
	live_device_update(device);
	nsr_netdev_open(&device->xdp);
	return takes_none(device) ? say_takes_none(device, err) : 0;
}

void live_device_close(struct live_device *device)
{
	if (device->link_fd >= 0)
		close(device->link_fd);
	nsr_netdev_close(&device->xdp);
}

int live_device_refuses(struct live_device *device, struct nsr_error *err)
{
	struct nsr_link link;

	if (nsr_link_get(device->link_fd, NULL, device->ifindex, &link) < 0)
		return say_gone(device, err);
	if (!(link.flags & IFF_UP))
		return nsr_error_advise(
			err, nsr_error_set(err, -ENETDOWN, "%s: the device is down", device->name),
			"ip link set %s up", device->name);
	if (!(link.flags & IFF_LOWER_UP))
		return nsr_error_advise(
			err, nsr_error_set(err, -ENETDOWN, "%s has no carrier", device->name),
			"is the other end up?");
	if (takes_none(device))
		return say_takes_none(device, err);
	return nsr_error_set(err, -EAGAIN,
			     "%s: its queue stays full, or the other end takes no frame as long",
			     device->name);
}
