/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Noticing that a view of the host is out of date. A socket in each namespace would keep all of
 * them from being destroyed. So one socket, in the caller's namespace, listens to every namespace
 * that has a number (nsid) there, as most do because they have the other end of a link there.
 * Giving or removing a namespace's name is a mount or an unmount, which /proc/self/mountinfo
 * reports.
 */
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/netlink.h"

static int join(int fd, int group)
{
	return setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group));
}

int host_watch_open(struct host_watch *watch)
{
	const int on = 1;

	watch->mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	watch->events = nsr_netlink_open(NETLINK_ROUTE);
	if (watch->mounts < 0)
		return -errno;
	if (watch->events < 0)
		return watch->events;
	/* Without CAP_NET_BROADCAST only events of the own namespace arrive. */
	(void)setsockopt(watch->events, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on, sizeof(on));
	if (join(watch->events, RTNLGRP_LINK) < 0 || join(watch->events, RTNLGRP_IPV4_IFADDR) < 0 ||
	    join(watch->events, RTNLGRP_IPV6_IFADDR) < 0 || join(watch->events, RTNLGRP_NSID) < 0)
		return -errno;
	return 0;
}

/*
 * The events' content doesn't matter. recv() reports lost events (ENOBUFS) once; then it goes on.
 */
static void drain(int fd)
{
	char buf[4096];

	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC) >= 0 || errno == ENOBUFS ||
	       errno == EINTR)
		;
}

bool host_watch_wait(struct host_watch *watch, int stop, int most_ms)
{
	struct pollfd fds[] = {
		{ .fd = stop, .events = POLLIN },
		{ .fd = watch->events, .events = POLLIN },
		{ .fd = watch->mounts, .events = POLLPRI }, /* see proc(5) */
	};

	if (poll(fds, 3, most_ms) <= 0 || fds[0].revents)
		return false;
	if (fds[1].revents)
		drain(watch->events);
	return true;
}

void host_watch_close(struct host_watch *watch)
{
	if (watch->events >= 0)
		close(watch->events);
	if (watch->mounts >= 0)
		close(watch->mounts);
}
