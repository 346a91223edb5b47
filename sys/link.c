/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Network interfaces of one namespace, asked for through rtnetlink (RTM_GETLINK). */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nsring/engine.h>

/* Newer than the headers of Debian 12; linux/if_link.h since 6.3. */
#define IFLA_GSO_IPV4_MAX_SIZE_ 63
#define IFLA_GRO_IPV4_MAX_SIZE_ 64

/* Room for a link-layer header with VLAN tags before what the MTU or GSO limits. */
#define LINK_HEADER_ROOM 32

/* More than any packet has; a device without a limit takes an MTU up to INT32_MAX. */
#define MAX_FRAME (1u << 24)

#define REPLY_BYTES 32768

int nsr_link_open(void)
{
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	struct timeval patience = { .tv_sec = 5 };
	int fd, rc;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

static void grow(uint32_t *max, const struct nlattr *attr)
{
	if (mnl_attr_validate(attr, MNL_TYPE_U32) == 0 && mnl_attr_get_u32(attr) > *max)
		*max = mnl_attr_get_u32(attr);
}

static int read_attr(const struct nlattr *attr, void *data)
{
	struct nsr_link *link = data;
	struct rtnl_link_stats64 stats = { 0 };
	size_t len;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		if (mnl_attr_validate(attr, MNL_TYPE_STRING) == 0) {
			strncpy(link->name, mnl_attr_get_str(attr), sizeof(link->name) - 1);
			link->name[sizeof(link->name) - 1] = '\0';
		}
		break;
	case IFLA_MTU:
		grow(&link->mtu, attr);
		grow(&link->max_frame, attr);
		break;
	case IFLA_GSO_MAX_SIZE:
	case IFLA_GRO_MAX_SIZE:
	case IFLA_GSO_IPV4_MAX_SIZE_:
	case IFLA_GRO_IPV4_MAX_SIZE_:
		grow(&link->max_frame, attr);
		break;
	case IFLA_STATS64:
		len = mnl_attr_get_payload_len(attr);
		memcpy(&stats, mnl_attr_get_payload(attr),
		       len < sizeof(stats) ? len : sizeof(stats));
		link->missed = stats.rx_missed_errors + stats.rx_fifo_errors;
		link->received = stats.rx_packets;
		link->transmitted = stats.tx_packets;
		break;
	}
	return MNL_CB_OK;
}

static bool read_link(const struct nlmsghdr *msg, struct nsr_link *link)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(msg);

	if (msg->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(msg) < sizeof(*info))
		return false;
	memset(link, 0, sizeof(*link));
	link->ifindex = (uint32_t)info->ifi_index;
	link->arphrd = info->ifi_type;
	link->flags = info->ifi_flags;
	mnl_attr_parse(msg, sizeof(*info), read_attr, link);
	if (link->max_frame > MAX_FRAME)
		link->max_frame = MAX_FRAME;
	link->max_frame += LINK_HEADER_ROOM;
	return true;
}

static int ask(int fd, struct nlmsghdr *msg, uint32_t seq)
{
	msg->nlmsg_seq = seq;
	return send(fd, msg, msg->nlmsg_len, 0) < 0 ? -errno : 0;
}

/* Answers of an earlier question that was given up may still come: told by their number. */
static uint32_t next_seq(void)
{
	static _Thread_local uint32_t seq;

	return ++seq;
}

/* Calls @found for each link of the answer. */
static int read_answer(int fd, uint32_t seq, void (*found)(const struct nsr_link *, void *),
		       void *arg)
{
	char *buf = malloc(REPLY_BYTES);
	const struct nlmsghdr *msg;
	struct nsr_link link;
	bool more = true;
	ssize_t got;
	int rc = 0, left;

	if (!buf)
		return -ENOMEM;
	while (more && rc == 0) {
		got = recv(fd, buf, REPLY_BYTES, MSG_TRUNC);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || got > REPLY_BYTES) {
			rc = got < 0 ? -errno : -EMSGSIZE;
			break;
		}
		left = (int)got;
		for (msg = (void *)buf; mnl_nlmsg_ok(msg, left); msg = mnl_nlmsg_next(msg, &left)) {
			if (msg->nlmsg_seq != seq)
				continue;
			if (msg->nlmsg_type == NLMSG_ERROR)
				rc = ((struct nlmsgerr *)mnl_nlmsg_get_payload(msg))->error;
			else if (read_link(msg, &link))
				found(&link, arg);
			more = msg->nlmsg_flags & NLM_F_MULTI && msg->nlmsg_type != NLMSG_DONE;
		}
	}
	free(buf);
	return rc;
}

static void keep(const struct nsr_link *link, void *arg)
{
	*(struct nsr_link *)arg = *link;
}

int nsr_link_get(int fd, const char *name, uint32_t ifindex, struct nsr_link *link)
{
	char buf[256];
	struct nlmsghdr *msg = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info;
	uint32_t seq = next_seq();
	int rc;

	msg->nlmsg_type = RTM_GETLINK;
	msg->nlmsg_flags = NLM_F_REQUEST;
	info = mnl_nlmsg_put_extra_header(msg, sizeof(*info));
	info->ifi_index = name ? 0 : (int)ifindex;
	if (name)
		mnl_attr_put_strz(msg, IFLA_IFNAME, name);
	memset(link, 0, sizeof(*link));
	rc = ask(fd, msg, seq);
	if (rc == 0)
		rc = read_answer(fd, seq, keep, link);
	if (rc == 0 && !link->ifindex)
		rc = -ENODEV;
	return rc;
}

static void keep_larger(const struct nsr_link *link, void *arg)
{
	uint32_t *max = arg;

	if (link->max_frame > *max)
		*max = link->max_frame;
}

int nsr_link_max_frame(int fd)
{
	char buf[128];
	struct nlmsghdr *msg = mnl_nlmsg_put_header(buf);
	uint32_t seq = next_seq();
	uint32_t max = 0;
	int rc;

	msg->nlmsg_type = RTM_GETLINK;
	msg->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	mnl_nlmsg_put_extra_header(msg, sizeof(struct ifinfomsg));
	rc = ask(fd, msg, seq);
	if (rc == 0)
		rc = read_answer(fd, seq, keep_larger, &max);
	return rc < 0 ? rc : (int)max;
}
