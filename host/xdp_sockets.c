/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The AF_XDP sockets of a namespace (xsk_diag). */
#include <errno.h>
#include <linux/sock_diag.h>
#include <linux/xdp_diag.h>
#include <sys/socket.h>

#include "sys/compat.h"
#include "sys/netlink.h"
#include "list.h"
#include "sockets.h"

static void read_stats(const struct nlattr *attr, struct host_capture *capture)
{
	struct xdp_diag_stats stats;

	nsr_netlink_copy(attr, &stats, sizeof(stats));
	capture->xdp = (struct host_xdp_stats){
		.dropped = stats.n_rx_dropped,
		.invalid = stats.n_rx_invalid,
		.ring_full = stats.n_rx_full,
		.fill_ring_empty = stats.n_fill_ring_empty,
		.tx_invalid = stats.n_tx_invalid,
		.tx_ring_empty = stats.n_tx_ring_empty,
	};
	capture->has_xdp_stats = true;
}

static int read_attr(const struct nlattr *attr, void *arg)
{
	struct host_capture *capture = arg;
	struct xdp_diag_info info;
	struct xdp_diag_ring ring;
	struct xdp_diag_umem umem;

	switch (mnl_attr_get_type(attr)) {
	case XDP_DIAG_INFO:
		nsr_netlink_copy(attr, &info, sizeof(info));
		capture->ifindex = info.ifindex;
		capture->queue = info.queue_id;
		break;
	case XDP_DIAG_UID:
		capture->uid = nsr_netlink_u32(attr);
		break;
	case XDP_DIAG_RX_RING:
		nsr_netlink_copy(attr, &ring, sizeof(ring));
		capture->ring_entries = ring.entries;
		break;
	case XDP_DIAG_UMEM:
		nsr_netlink_copy(attr, &umem, sizeof(umem));
		capture->ring_bytes = umem.size;
		break;
	case XDP_DIAG_STATS:
		read_stats(attr, capture);
		break;
	}
	return 0;
}

static int read_socket(const struct nlmsghdr *msg, void *arg)
{
	const struct xdp_diag_msg *info = mnl_nlmsg_get_payload(msg);
	struct host_ns *ns = arg;
	struct host_capture *capture;

	if (msg->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    mnl_nlmsg_get_payload_len(msg) < sizeof(*info))
		return 0;
	capture = host_list_add(&ns->captures, &ns->capture_count, sizeof(*capture));
	if (!capture)
		return -ENOMEM;
	capture->family = AF_XDP;
	capture->type = info->xdiag_type;
	capture->inode = info->xdiag_ino;
	capture->receives = true;
	capture->filter = HOST_FILTER_NONE;
	nsr_netlink_walk(msg, sizeof(*info), read_attr, capture);
	return 0;
}

int host_xdp_sockets_read(int fd, struct host_ns *ns)
{
	struct nsr_netlink_question question;
	struct xdp_diag_req *request =
		nsr_netlink_begin(&question, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, sizeof(*request));
	int rc;

	request->sdiag_family = AF_XDP;
	request->xdiag_show = XDP_SHOW_INFO | XDP_SHOW_RING_CFG | XDP_SHOW_UMEM | XDP_SHOW_MEMINFO |
			      XDP_SHOW_STATS;
	rc = nsr_netlink_ask(fd, &question, read_socket, ns);
	return rc == -EINTR ? 0 : rc;
}
