/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "genl.h"

#include <errno.h>
#include <linux/genetlink.h>

void nsr_genl_begin(struct nsr_netlink_question *question, uint16_t family, uint16_t flags,
		    uint8_t command)
{
	struct genlmsghdr *genl = nsr_netlink_begin(question, family, flags, sizeof(*genl));

	genl->cmd = command;
	genl->version = 1;
}

int nsr_genl_walk(const struct nlmsghdr *msg, int (*found)(const struct nlattr *attr, void *arg),
		  void *arg)
{
	return nsr_netlink_walk(msg, sizeof(struct genlmsghdr), found, arg);
}

static int read_attr(const struct nlattr *attr, void *arg)
{
	if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
		nsr_netlink_copy(attr, arg, sizeof(uint16_t));
	return 0;
}

static int read_family(const struct nlmsghdr *msg, void *arg)
{
	return nsr_genl_walk(msg, read_attr, arg);
}

int nsr_genl_family(int fd, const char *name)
{
	struct nsr_netlink_question question;
	uint16_t family = 0;
	int rc;

	nsr_genl_begin(&question, GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY);
	mnl_attr_put_strz(&question.head, CTRL_ATTR_FAMILY_NAME, name);
	rc = nsr_netlink_ask(fd, &question, read_family, &family);
	if (rc < 0)
		return rc;
	return family ? family : -ENOENT;
}
