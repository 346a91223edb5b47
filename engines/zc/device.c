/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The device that a zc capture is on.
 *
 * The kernel tells an AF_XDP socket when its device is deleted or moved, but not a BPF map, and it
 * tells neither that the device is down. It tells packet sockets. So each capture has one that
 * receives nothing: it is bound to an EtherType that nobody uses, with a filter that refuses all.
 * Promiscuous mode belongs to that socket, too, and so ends with the process.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/compat.h"
#include "sys/ethtool.h"
#include "sys/link.h"
#include "sys/netdev.h"
#include "zc.h"

static int check_link(const struct nsr_link *link, struct nsr_error *err)
{
	if (link->arphrd == ARPHRD_ETHER || link->arphrd == ARPHRD_LOOPBACK)
		return 0;
	return nsr_error_advise(err,
				nsr_error_set(err, -EOPNOTSUPP,
					      "device \"%s\" is not Ethernet, which XDP needs",
					      link->name),
				"use packet:%s", link->name);
}

static int look(struct zc_device *device, const char *name, struct nsr_error *err)
{
	struct nsr_link link;
	int rc;

	if (strcmp(name, "any") == 0)
		return nsr_error_advise(err, nsr_error_set(err, -EINVAL, "\"any\" has no XDP"),
					"name a device, or use packet:any");
	device->link_fd = nsr_link_open();
	if (device->link_fd < 0)
		return nsr_error_set(err, device->link_fd, "netlink socket: %s",
				     strerror(-device->link_fd));
	rc = nsr_link_find(device->link_fd, name, &link, err);
	if (rc < 0)
		return rc;
	memcpy(device->name, link.name, sizeof(device->name));
	device->ifindex = link.ifindex;
	device->mtu = link.mtu;
	device->missed_before = link.missed;
	return check_link(&link, err);
}

static int bind_watch(const struct zc_device *device)
{
	struct sock_filter refuse[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog prog = { .len = 1, .filter = refuse };
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_802_EX1),
		.sll_ifindex = (int)device->ifindex,
	};

	if (setsockopt(device->watch_fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) < 0)
		return -errno;
	return bind(device->watch_fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ? -errno : 0;
}

static int be_promiscuous(const struct zc_device *device)
{
	struct packet_mreq mreq = {
		.mr_ifindex = (int)device->ifindex,
		.mr_type = PACKET_MR_PROMISC,
	};

	return setsockopt(device->watch_fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mreq,
			  sizeof(mreq)) < 0
		       ? -errno
		       : 0;
}

static int make_watch(struct zc_device *device, struct nsr_error *err)
{
	device->watch_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (device->watch_fd >= 0)
		return 0;
	if (errno == EPERM || errno == EACCES)
		return nsr_caps_advise(
			err,
			nsr_error_set(err, -errno,
				      "the engine zc needs CAP_NET_RAW, CAP_NET_ADMIN and CAP_BPF"),
			NULL, ZC_CAPS, NULL);
	return nsr_error_set(err, -errno, "packet socket: %s", strerror(errno));
}

int zc_device_watch(struct zc_device *device, struct nsr_error *err)
{
	int rc = bind_watch(device);

	device->suspect = true; /* the device may be down already */
	if (rc == 0 && device->promiscuous)
		rc = be_promiscuous(device);
	return rc < 0 ? nsr_error_set(err, rc, "watching device \"%s\": %s", device->name,
				      strerror(-rc))
		      : 0;
}

/* A device that does not tell has one. */
static uint32_t count_queues(const struct zc_device *device)
{
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };
	uint32_t count;

	if (nsr_ethtool_ask(device->watch_fd, device->name, &channels) < 0)
		return 1;
	count = channels.rx_count + channels.combined_count;
	return count ? count : 1;
}

/*
 * A bond has the devices below it run the program, on their queues, and the kernel drops a frame
 * that is redirected to a socket of another device. In generic mode the bond, or team, runs the
 * program itself, on more queues than it reports.
 */
static bool is_master(const char *driver)
{
	return strcmp(driver, "bonding") == 0 || strcmp(driver, "team") == 0;
}

/*
 * Whether the driver runs the program nowhere except where the kernel polls a queue (NAPI), which it
 * does on one CPU at a time. Others run it in whoever writes a frame (tun), or on two devices' queues
 * of the same number (bonding, hv_netvsc); so only drivers known for it are here. The tests run on veth and
 * virtio_net.
 */
static bool polls_queues(const char *driver)
{
	static const char *const drivers[] = { "veth",	    "virtio_net", "bnxt_en", "ena",
					       "gve",	    "i40e",	  "ice",     "igb",
					       "igc",	    "ixgbe",	  "ixgbevf", "mlx4_en",
					       "mlx5_core", "nfp",	  "st_gmac", "vmxnet3" };
	size_t i;

	for (i = 0; i < sizeof(drivers) / sizeof(*drivers); i++)
		if (strcmp(driver, drivers[i]) == 0)
			return true;
	return false;
}

static void look_at_driver(struct zc_device *device)
{
	char driver[NSR_ETHTOOL_DRIVER_BYTES];

	nsr_ethtool_driver(device->watch_fd, device->name, driver);
	device->is_master = is_master(driver);
	device->polls_queues = polls_queues(driver);
}

int zc_device_takes_sockets(const struct zc_device *device, struct nsr_error *err)
{
	if (!device->is_master)
		return 0;
	return nsr_error_advise(
		err,
		nsr_error_set(err, -EOPNOTSUPP,
			      "%s is made of other devices, whose queues the packets come by",
			      device->name),
		"capture each of these, leave --take and what needs it out, or use packet:%s",
		device->name);
}

bool zc_device_stamps(const struct zc_device *device)
{
	return nsr_ethtool_rx_stamps(device->watch_fd, device->name) > HWTSTAMP_FILTER_NONE;
}

/* Linux before 6.3 does not say what drivers can do: trying shows it. */
static bool may_zero_copy(const struct zc_device *device)
{
	struct nsr_netdev netdev;
	struct nsr_netdev_xdp xdp;
	int rc;

	nsr_netdev_open(&netdev);
	rc = nsr_netdev_get(&netdev, device->ifindex, &xdp);
	nsr_netdev_close(&netdev);
	return rc < 0 || xdp.acts & NSR_NETDEV_XDP_ACT_XSK_ZEROCOPY;
}

int zc_device_open(struct zc_device *device, const char *name, bool promiscuous,
		   struct nsr_error *err)
{
	int rc;

	device->link_fd = device->watch_fd = -1;
	device->promiscuous = promiscuous;
	pthread_mutex_init(&device->link_lock, NULL);
	rc = look(device, name, err);
	if (rc == 0)
		rc = make_watch(device, err);
	if (rc == 0)
		device->queues = count_queues(device);
	if (rc == 0)
		look_at_driver(device);
	if (rc == 0)
		device->may_zero_copy = may_zero_copy(device);
	return rc;
}

static int ask_link(struct zc_device *device, struct nsr_link *link)
{
	int rc;

	pthread_mutex_lock(&device->link_lock);
	rc = nsr_link_get(device->link_fd, NULL, device->ifindex, link);
	pthread_mutex_unlock(&device->link_lock);
	return rc;
}

/*
 * See packet_check(): a device that goes is taken down first, and that is all that the socket
 * reports. Returns 0, 1 to be asked again, or -ENODEV.
 */
int zc_device_check(struct zc_device *device, struct nsr_error *err)
{
	struct sockaddr_ll addr = { 0 };
	socklen_t len = sizeof(addr), size = sizeof(int);
	struct nsr_link link;
	int pending = 0;

	getsockopt(device->watch_fd, SOL_SOCKET, SO_ERROR, &pending, &size);
	/* The socket reports each change, and the core calls this often. */
	if (!pending && !device->suspect)
		return 0;
	if (getsockname(device->watch_fd, (struct sockaddr *)&addr, &len) < 0)
		return 0;
	if (addr.sll_ifindex != (int)device->ifindex)
		return nsr_error_set(
			err, -ENODEV,
			"device \"%s\" is gone (deleted, or moved to another namespace)",
			device->name);
	device->suspect = ask_link(device, &link) < 0 || !(link.flags & IFF_UP);
	return device->suspect;
}

uint64_t zc_device_missed(struct zc_device *device)
{
	struct nsr_link link;

	if (ask_link(device, &link) == 0 && link.missed >= device->missed_before)
		atomic_store(&device->missed, link.missed - device->missed_before);
	return atomic_load(&device->missed);
}

void zc_device_close(struct zc_device *device)
{
	if (device->watch_fd >= 0)
		close(device->watch_fd);
	if (device->link_fd >= 0)
		close(device->link_fd);
	pthread_mutex_destroy(&device->link_lock);
}
