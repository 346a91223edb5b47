/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A datagram over a loopback device, in a namespace of its own, waits in the CPU's list of devices
 * to poll (net_rx_action() in the kernel's net/core/dev.c), as a veth's frames do. Polling takes up
 * to 64 frames of a veth, which then comes last again. So each second datagram that arrives tells
 * that 64 frames have, or that none are left.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "softirq.h"
#include "topology.h"

/* What the kernel polls of one device at once, NAPI_POLL_WEIGHT. */
#define POLLED_AT_ONCE 64
#define MOST_TRIES     1000

static int fd = -1;

static int fail_to(const char *what)
{
	fail_msg("%s: %s", what, strerror(errno));
	return -1;
}

static int loopback_socket(void)
{
	struct sockaddr_in self = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	const struct timeval patience = { .tv_usec = 10000 };
	struct ifreq loopback = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	socklen_t size = sizeof(self);
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (s < 0 || ioctl(s, SIOCSIFFLAGS, &loopback) < 0 ||
	    bind(s, (struct sockaddr *)&self, size) < 0 ||
	    getsockname(s, (struct sockaddr *)&self, &size) < 0 ||
	    connect(s, (struct sockaddr *)&self, size) < 0 ||
	    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return fail_to("a socket on a loopback device");
	return s;
}

static void prepare(void)
{
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (home < 0 || unshare(CLONE_NEWNET) < 0)
		fail_to("a network namespace");
	fd = loopback_socket();
	if (setns(home, CLONE_NEWNET) < 0)
		fail_to("back to the namespace");
	close(home);
}

/*
 * The datagram is sent anew if it was lost: other frames may have filled the queue, or another
 * thread or a child has read it.
 */
static void pass_once(void)
{
	static _Thread_local uint32_t count;
	uint64_t sent = (uint64_t)gettid() << 32 | ++count, got;
	int tries;

	for (tries = 0; tries < MOST_TRIES; tries++) {
		if (send(fd, &sent, sizeof(sent), 0) < 0)
			fail_to("sending over a loopback device");
		while (recv(fd, &got, sizeof(got), 0) == sizeof(got))
			if (got == sent)
				return;
	}
	fail_msg("no datagram arrives over a loopback device");
}

void softirq_let_arrive(uint32_t frames)
{
	uint32_t passes = 2 * (frames / POLLED_AT_ONCE + 2), i;
	cpu_set_t mine, one;
	int cpu;

	if (fd < 0)
		prepare();
	if (sched_getaffinity(0, sizeof(mine), &mine) < 0)
		fail_to("sched_getaffinity");
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &mine))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (sched_setaffinity(0, sizeof(one), &one) < 0)
			continue; /* gone, and its queue with it */
		for (i = 0; i < passes; i++)
			pass_once();
	}
	if (sched_setaffinity(0, sizeof(mine), &mine) < 0)
		fail_to("sched_setaffinity");
}
