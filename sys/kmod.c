/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "kmod.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "genl.h"
#include "uapi/nsring_uapi.h"

static int read_attr(const struct nlattr *attr, void *arg)
{
	int *fd = arg;

	if (mnl_attr_get_type(attr) == NSRING_A_FD)
		*fd = (int)nsr_netlink_u32(attr);
	return 0;
}

static int read_answer(const struct nlmsghdr *msg, void *arg)
{
	return nsr_genl_walk(msg, read_attr, arg);
}

int nsr_kmod_ask(int netlink, int packet, unsigned int abi)
{
	struct nsr_netlink_question question;
	int family = nsr_genl_family(netlink, NSRING_GENL_NAME), fd = -1, rc;

	if (family < 0)
		return family;
	nsr_genl_begin(&question, (uint16_t)family, 0, NSRING_CMD_OPEN);
	mnl_attr_put_u32(&question.head, NSRING_A_ABI, abi);
	mnl_attr_put_u32(&question.head, NSRING_A_PACKET_FD, (uint32_t)packet);
	rc = nsr_netlink_ask(netlink, &question, read_answer, &fd);
	/* The family is gone again. */
	if (rc == -EOPNOTSUPP)
		return -ENOENT;
	if (rc < 0)
		return rc;
	return fd < 0 ? -EPROTO : fd;
}

int nsr_kmod_open(unsigned int abi)
{
	int netlink = nsr_netlink_open(NETLINK_GENERIC), packet, rc;

	if (netlink < 0)
		return netlink;
	/* First, so that a module that is not there is told as such. */
	rc = nsr_genl_family(netlink, NSRING_GENL_NAME);
	if (rc < 0)
		goto close_netlink;
	packet = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (packet < 0) {
		/* AppArmor has EACCES for it, by which the module tells something else. */
		rc = errno == EACCES ? -EPERM : -errno;
		goto close_netlink;
	}
	rc = nsr_kmod_ask(netlink, packet, abi);
	close(packet);
close_netlink:
	close(netlink);
	return rc;
}

/* Whom to tell of each capture. */
struct listener {
	int (*found)(const struct nsr_kmod_capture *capture, void *arg);
	void *arg;
};

static uint64_t u64_of(const struct nlattr *attr)
{
	uint64_t value;

	nsr_netlink_copy(attr, &value, sizeof(value));
	return value;
}

static int read_capture_attr(const struct nlattr *attr, void *arg)
{
	struct nsr_kmod_capture *capture = arg;
	struct nsring_stats stats;

	switch (mnl_attr_get_type(attr)) {
	case NSRING_A_INODE:
		capture->inode = u64_of(attr);
		break;
	case NSRING_A_UID:
		capture->uid = nsr_netlink_u32(attr);
		break;
	case NSRING_A_IFINDEX:
		capture->ifindex = nsr_netlink_u32(attr);
		break;
	case NSRING_A_STATE:
		capture->captures = nsr_netlink_u32(attr) == NSRING_STATE_CAPTURES;
		break;
	case NSRING_A_FLAGS:
		capture->everywhere = nsr_netlink_u32(attr) & NSRING_ALL_NETNS;
		break;
	case NSRING_A_FILTERED:
		capture->filtered = true;
		break;
	case NSRING_A_SHARE:
		capture->share = nsr_netlink_u32(attr);
		break;
	case NSRING_A_RING_BYTES:
		capture->ring_bytes = u64_of(attr);
		break;
	case NSRING_A_STATS:
		nsr_netlink_copy(attr, &stats, sizeof(stats));
		capture->full = stats.full;
		break;
	}
	return 0;
}

static int read_capture(const struct nlmsghdr *msg, void *arg)
{
	const struct listener *listener = arg;
	struct nsr_kmod_capture capture = { 0 };
	int rc = nsr_genl_walk(msg, read_capture_attr, &capture);

	return rc < 0 ? rc : listener->found(&capture, listener->arg);
}

int nsr_kmod_captures(int netlink, int (*found)(const struct nsr_kmod_capture *capture, void *arg),
		      void *arg)
{
	struct listener listener = { found, arg };
	struct nsr_netlink_question question;
	int family = nsr_genl_family(netlink, NSRING_GENL_NAME), rc;

	if (family < 0)
		return family;
	nsr_genl_begin(&question, (uint16_t)family, NLM_F_DUMP, NSRING_CMD_CAPTURES);
	rc = nsr_netlink_ask(netlink, &question, read_capture, &listener);
	return rc == -EOPNOTSUPP ? -ENOENT : rc;
}
