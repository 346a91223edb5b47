/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The throwaway namespace: a thread makes it, and it ends with the thread. */
#include "sandbox.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <nsring/engine.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "sys/ethtool.h"
#include "sys/netlink.h"
#include "sys/thread.h"

struct sandbox {
	void (*fn)(void *arg);
	void *arg;
	struct nsr_error *err;
	int rc;
};

static int add_pair(void)
{
	struct nsr_netlink_question question;
	struct nlmsghdr *request = &question.head;
	struct nlattr *info, *data, *peer;

	nsr_netlink_begin(&question, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK,
			  sizeof(struct ifinfomsg));
	mnl_attr_put_strz(request, IFLA_IFNAME, SANDBOX_DEVICE);
	info = mnl_attr_nest_start(request, IFLA_LINKINFO);
	mnl_attr_put_strz(request, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(request, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(request, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(request, IFLA_IFNAME, SANDBOX_PEER);
	mnl_attr_nest_end(request, peer);
	mnl_attr_nest_end(request, data);
	mnl_attr_nest_end(request, info);
	return nsr_netlink_ask_once(NETLINK_ROUTE, &question, NULL, NULL);
}

static int change(const char *device, unsigned long what, struct ifreq *request)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc;

	if (fd < 0)
		return -errno;
	snprintf(request->ifr_name, sizeof(request->ifr_name), "%s", device);
	rc = ioctl(fd, what, request) < 0 ? -errno : 0;
	close(fd);
	return rc;
}

static int set_up(const char *device)
{
	struct ifreq request = { .ifr_flags = IFF_UP };

	return change(device, SIOCSIFFLAGS, &request);
}

/*
 * Turns on GRO: a veth takes XDP frames from its peer only if it has GRO or a program of its own.
 */
static int join_received(const char *device)
{
	struct ethtool_value on = { .cmd = ETHTOOL_SGRO, .data = 1 };
	int fd = nsr_ethtool_open(), rc;

	if (fd < 0)
		return fd;
	rc = nsr_ethtool_ask(fd, device, &on);
	close(fd);
	return rc;
}

int sandbox_set_mtu(int mtu)
{
	struct ifreq near = { .ifr_mtu = mtu }, far = near;
	int rc = change(SANDBOX_DEVICE, SIOCSIFMTU, &near);

	return rc < 0 ? rc : change(SANDBOX_PEER, SIOCSIFMTU, &far);
}

static int furnish(void)
{
	int rc = set_up("lo");

	if (rc == 0)
		rc = add_pair();
	if (rc == 0)
		rc = join_received(SANDBOX_PEER);
	if (rc == 0)
		rc = set_up(SANDBOX_DEVICE);
	return rc < 0 ? rc : set_up(SANDBOX_PEER);
}

static int say_no_namespace(int code, struct nsr_error *err)
{
	if (code == -ENOSPC)
		return nsr_error_set(err, code, "no more network namespaces may be made here");
	return nsr_error_set(err, code, "making a network namespace: %s", strerror(-code));
}

static void *perform(void *arg)
{
	struct sandbox *sandbox = arg;

	if (unshare(CLONE_NEWNET) < 0) {
		sandbox->rc = say_no_namespace(-errno, sandbox->err);
		return NULL;
	}
	sandbox->rc = furnish();
	if (sandbox->rc < 0)
		nsr_error_set(sandbox->err, sandbox->rc, "making a veth pair: %s",
			      strerror(-sandbox->rc));
	else
		sandbox->fn(sandbox->arg);
	return NULL;
}

int sandbox_run(void (*fn)(void *arg), void *arg, struct nsr_error *err)
{
	struct sandbox sandbox = { .fn = fn, .arg = arg, .err = err };
	pthread_t thread;
	int rc;

	rc = nsr_thread_start(&thread, perform, &sandbox);
	if (rc < 0)
		return nsr_error_set(err, rc, "starting a thread: %s", strerror(-rc));
	pthread_join(thread, NULL);
	return sandbox.rc;
}
