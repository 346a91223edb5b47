/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The captures of nsring.ko in a namespace. */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/kmod.h"
#include "sys/netlink.h"
#include "list.h"
#include "sockets.h"

static int add(const struct nsr_kmod_capture *found, void *arg)
{
	struct host_ns *ns = arg;
	struct host_capture *capture =
		host_list_add(&ns->captures, &ns->capture_count, sizeof(*capture));

	if (!capture)
		return -ENOMEM;
	capture->family = AF_UNSPEC;
	capture->type = SOCK_RAW;
	capture->protocol = ETH_P_ALL;
	capture->receives = found->captures;
	capture->ifindex = found->ifindex;
	capture->all_namespaces = found->everywhere;
	capture->inode = found->inode;
	capture->uid = found->uid;
	capture->ring_bytes = found->ring_bytes;
	capture->share = found->share;
	capture->filter = found->filtered ? HOST_FILTER_PRESENT : HOST_FILTER_NONE;
	capture->drops = found->full;
	capture->has_drops = found->ring_bytes;
	return 0;
}

int host_ring_sockets_read(struct host_ns *ns)
{
	int netlink = nsr_netlink_open(NETLINK_GENERIC), rc;

	if (netlink < 0)
		return netlink;
	rc = nsr_kmod_captures(netlink, add, ns);
	close(netlink);
	return rc == -ENOENT ? 0 : rc;
}
