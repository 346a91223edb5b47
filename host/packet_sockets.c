/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The packet sockets of a namespace (packet_diag). */
#include <errno.h>
#include <linux/filter.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "sys/netlink.h"
#include "list.h"
#include "sockets.h"

static void read_ring(const struct nlattr *attr, struct host_capture *capture)
{
	struct packet_diag_ring ring;

	nsr_netlink_copy(attr, &ring, sizeof(ring));
	capture->ring_bytes = (uint64_t)ring.pdr_block_size * ring.pdr_block_nr;
}

/* Without CAP_NET_ADMIN the kernel sends an empty attribute, whether or not there is a filter. */
static void read_filter(const struct nlattr *attr, struct host_capture *capture)
{
	uint32_t bytes = mnl_attr_get_payload_len(attr);
	struct sock_filter first;

	capture->filter = bytes ? HOST_FILTER_CLASSIC : HOST_FILTER_UNKNOWN;
	capture->filter_insns = bytes / (uint32_t)sizeof(struct sock_filter);
	nsr_netlink_copy(attr, &first, sizeof(first));
	/*
	 * A filter that begins with "return 0" takes nothing (engine zc uses one to stay
	 * promiscuous).
	 */
	if (bytes && first.code == (BPF_RET | BPF_K) && !first.k)
		capture->receives = false;
}

static void read_memory(const struct nlattr *attr, struct host_capture *capture)
{
	uint32_t values[SK_MEMINFO_VARS];

	nsr_netlink_copy(attr, values, sizeof(values));
	capture->drops = values[SK_MEMINFO_DROPS];
	capture->has_drops = true;
}

static int read_attr(const struct nlattr *attr, void *arg)
{
	struct host_capture *capture = arg;
	struct packet_diag_info info;

	switch (mnl_attr_get_type(attr)) {
	case PACKET_DIAG_INFO:
		nsr_netlink_copy(attr, &info, sizeof(info));
		capture->ifindex = info.pdi_index;
		capture->ring_version = info.pdi_version;
		break;
	case PACKET_DIAG_RX_RING:
		read_ring(attr, capture);
		break;
	case PACKET_DIAG_FANOUT:
		capture->fanout = (uint16_t)nsr_netlink_u32(attr);
		capture->has_fanout = true;
		break;
	case PACKET_DIAG_UID:
		capture->uid = nsr_netlink_u32(attr);
		break;
	case PACKET_DIAG_MEMINFO:
		read_memory(attr, capture);
		break;
	case PACKET_DIAG_FILTER:
		read_filter(attr, capture);
		break;
	}
	return 0;
}

static int read_socket(const struct nlmsghdr *msg, void *arg)
{
	const struct packet_diag_msg *info = mnl_nlmsg_get_payload(msg);
	struct host_ns *ns = arg;
	struct host_capture *capture;

	if (msg->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    mnl_nlmsg_get_payload_len(msg) < sizeof(*info))
		return 0;
	capture = host_list_add(&ns->captures, &ns->capture_count, sizeof(*capture));
	if (!capture)
		return -ENOMEM;
	capture->family = AF_PACKET;
	capture->type = info->pdiag_type;
	capture->protocol = info->pdiag_num;
	capture->receives = info->pdiag_num;
	capture->inode = info->pdiag_ino;
	capture->filter = HOST_FILTER_NONE;
	nsr_netlink_walk(msg, sizeof(*info), read_attr, capture);
	/* The kernel reports a ring's drops to its owner only. */
	if (capture->ring_bytes)
		capture->has_drops = false;
	return 0;
}

int host_packet_sockets_read(int fd, struct host_ns *ns)
{
	struct nsr_netlink_question question;
	struct packet_diag_req *request =
		nsr_netlink_begin(&question, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, sizeof(*request));
	int rc;

	request->sdiag_family = AF_PACKET;
	request->pdiag_show = PACKET_SHOW_INFO | PACKET_SHOW_RING_CFG | PACKET_SHOW_FANOUT |
			      PACKET_SHOW_MEMINFO | PACKET_SHOW_FILTER;
	rc = nsr_netlink_ask(fd, &question, read_socket, ns);
	return rc == -EINTR ? 0 : rc;
}

void host_sockets_free(struct host_ns *ns)
{
	uint32_t i;

	for (i = 0; i < ns->capture_count; i++)
		free(ns->captures[i].command);
	free(ns->captures);
	ns->captures = NULL;
	ns->capture_count = 0;
}
