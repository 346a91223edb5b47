// SPDX-License-Identifier: GPL-2.0-only
/*
 * The entry: a generic netlink family, known in each namespace, that makes sockets. Its number is the
 * kernel's to give, so the module takes none of another's, and a request that finds no module loads
 * none.
 *
 * The request runs in the process that sent it, so that is where the descriptor is installed.
 */
#include <linux/capability.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/user_namespace.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "dump.h"
#include "entry.h"
#include "nsring_uapi.h"
#include "sock.h"

/*
 * Whoever makes a user namespace has all capabilities in it, so this decides whether every user of
 * the host may reach the module.
 */
static bool user_namespaces;
module_param(user_namespaces, bool, 0444);
MODULE_PARM_DESC(
	user_namespaces,
	"capture also in network namespaces that belong to other user namespaces than the initial one");

struct genl_family nsr_genl_family;

static int check(struct sk_buff *request, struct genl_info *info)
{
	struct net *net = genl_info_net(info);

	if (!info->attrs[NSRING_A_ABI])
		return -EINVAL;
	if (nla_get_u32(info->attrs[NSRING_A_ABI]) != NSRING_ABI)
		return -EPROTONOSUPPORT;
	if (!netlink_ns_capable(request, net->user_ns, CAP_NET_RAW))
		return -EPERM;
	return user_namespaces || net->user_ns == &init_user_ns ? 0 : -EACCES;
}

/* Would this packet socket have all the packets that ours has? */
static bool is_as_good(const struct socket *socket, const struct net *net)
{
	const struct sock *sk = socket->sk;

	return sk && sk->sk_family == AF_PACKET && socket->type == SOCK_RAW &&
	       net_eq(sock_net(sk), net) && !sock_flag(sk, SOCK_FILTER_LOCKED);
}

/*
 * Seccomp, and security modules such as AppArmor, know nothing of our sockets, so a policy that keeps a container from
 * packet sockets would not keep it from these. So the asker shows one: socket(2) has made it, and asked them all. To
 * make one here would mean to release it, and to wait for a grace period while all of generic netlink waits.
 */
static int check_policy(struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[NSRING_A_PACKET_FD];
	struct socket *socket;
	int rc;

	if (!attr) {
		GENL_SET_ERR_MSG(
			info, "NSRING_A_PACKET_FD is missing: a packet socket of this namespace");
		return -EINVAL;
	}
	socket = sockfd_lookup(nla_get_s32(attr), &rc);
	if (!socket) {
		GENL_SET_ERR_MSG(info, "NSRING_A_PACKET_FD is no socket of this process");
		return -EBADF;
	}
	rc = is_as_good(socket, genl_info_net(info)) ? 0 : -EPERM;
	if (rc < 0)
		GENL_SET_ERR_MSG(
			info,
			"NSRING_A_PACKET_FD is not a packet socket of this namespace, SOCK_RAW, its filter not locked");
	sockfd_put(socket);
	return rc;
}

/* Sends the number, and makes it one only if that has worked. */
static int hand_over(struct genl_info *info, struct sk_buff *answer, struct file *file)
{
	int fd = get_unused_fd_flags(O_CLOEXEC), rc = -EMSGSIZE;
	void *head;

	if (fd < 0) {
		nlmsg_free(answer);
		return fd;
	}
	head = genlmsg_put_reply(answer, info, &nsr_genl_family, 0, NSRING_CMD_OPEN);
	if (!head || nla_put_s32(answer, NSRING_A_FD, fd) < 0) {
		nlmsg_free(answer);
	} else {
		genlmsg_end(answer, head);
		rc = genlmsg_reply(answer, info);
	}
	if (rc < 0)
		put_unused_fd(fd);
	else
		fd_install(fd, get_file(file));
	return rc;
}

static int open(struct sk_buff *request, struct genl_info *info)
{
	struct sk_buff *answer;
	struct file *file;
	int rc;

	rc = check(request, info);
	if (rc == 0)
		rc = check_policy(info);
	if (rc < 0)
		return rc;
	answer = genlmsg_new(nla_total_size(sizeof(s32)), GFP_KERNEL);
	if (!answer)
		return -ENOMEM;
	file = nsr_socket_make(genl_info_net(info));
	if (IS_ERR(file)) {
		nlmsg_free(answer);
		return PTR_ERR(file);
	}
	rc = hand_over(info, answer, file);
	fput(file);
	return rc;
}

static const struct nla_policy policy[] = {
	[NSRING_A_ABI] = { .type = NLA_U32 },
	[NSRING_A_FD] = { .type = NLA_REJECT },
	[NSRING_A_PACKET_FD] = { .type = NLA_S32 },
};

static const struct genl_ops ops[] = {
	{ .cmd = NSRING_CMD_OPEN, .doit = open },
	{ .cmd = NSRING_CMD_CAPTURES, .dumpit = nsr_dump_captures, .flags = GENL_UNS_ADMIN_PERM },
	{ .cmd = NSRING_CMD_DEVICES, .dumpit = nsr_dump_devices, .flags = GENL_UNS_ADMIN_PERM },
};

struct genl_family nsr_genl_family __ro_after_init = {
	.name = NSRING_GENL_NAME,
	.version = NSRING_GENL_VERSION,
	.module = THIS_MODULE,
	.netnsok = true,
	.parallel_ops = true,
	.policy = policy,
	.maxattr = ARRAY_SIZE(policy) - 1,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.resv_start_op = NSRING_CMD_OPEN + 1,
};

/** nsr_entry_register() - let user space in; 0 or -errno */
int nsr_entry_register(void)
{
	return genl_register_family(&nsr_genl_family);
}

/** nsr_entry_unregister() - make no more sockets, and wait for those that are being made */
void nsr_entry_unregister(void)
{
	genl_unregister_family(&nsr_genl_family);
}
