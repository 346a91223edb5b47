/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "kmod.h"

#include <errno.h>
#include <linux/netlink.h>
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

int nsr_kmod_ask(int netlink, unsigned int abi)
{
	struct nsr_netlink_question question;
	int family = nsr_genl_family(netlink, NSRING_GENL_NAME), fd = -1, rc;

	if (family < 0)
		return family;
	nsr_genl_begin(&question, (uint16_t)family, 0, NSRING_CMD_OPEN);
	mnl_attr_put_u32(&question.head, NSRING_A_ABI, abi);
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
	int netlink = nsr_netlink_open(NETLINK_GENERIC), rc;

	if (netlink < 0)
		return netlink;
	rc = nsr_kmod_ask(netlink, abi);
	close(netlink);
	return rc;
}
