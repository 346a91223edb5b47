/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h> /* before that of Linux, which knows it */
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame.h"
#include "net.h"
#include "ring.h"
#include "system.h"

#define NETNS_MAX 16

static int first = -1;
static int others[NETNS_MAX];
static uint32_t others_count;

/* @fmt: with its arguments, what to do, a line each. */
static void ip_batch(const char *commands)
{
	FILE *ip_stdin = popen("ip -batch -", "we");

	assert_non_null(ip_stdin);
	fputs(commands, ip_stdin);
	if (pclose(ip_stdin) != 0)
		fail_msg("failed: ip %s", commands);
}

void ip(const char *fmt, ...)
{
	char command[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	ip_batch(command);
}

/* The kernel's answer to RTM_GETLINK. Return: IF_OPER_UP once packets can be sent. */
static uint8_t operstate(const char *device)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg info;
		uint8_t attributes[8192];
	} message = {
		.header = { NLMSG_LENGTH(sizeof(struct ifinfomsg)), RTM_GETLINK, NLM_F_REQUEST, 0,
			    0 },
		.info = { .ifi_index = (int)ifindex(device) },
	};
	int fd = (int)check(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
	struct rtattr *attribute = IFLA_RTA(&message.info);
	int size;

	check(send(fd, &message, message.header.nlmsg_len, 0));
	size = (int)check(recv(fd, &message, sizeof(message), 0));
	close(fd);
	assert_int_equal(message.header.nlmsg_type, RTM_NEWLINK);
	for (size -= NLMSG_LENGTH(sizeof(struct ifinfomsg)); RTA_OK(attribute, size);
	     attribute = RTA_NEXT(attribute, size))
		if (attribute->rta_type == IFLA_OPERSTATE)
			return *(const uint8_t *)RTA_DATA(attribute);
	return IF_OPER_UNKNOWN;
}

static bool has_carrier(const void *device)
{
	return operstate(device) == IF_OPER_UP;
}

void wait_for_carrier(const char *device)
{
	if (!wait_until(has_carrier, device))
		fail_msg("%s has no carrier", device);
}

void make_pair(const char *one, const char *other)
{
	char commands[256];

	snprintf(commands, sizeof(commands),
		 "link add %s type veth peer name %s\nlink set %s up\nlink set %s up\n", one, other,
		 one, other);
	ip_batch(commands);
	wait_for_carrier(one);
	wait_for_carrier(other);
}

void rename_device(const char *device, const char *name)
{
	ip("link set %s down\nlink set %s name %s\nlink set %s up", device, device, name, name);
	wait_for_carrier(name);
}

int netns_here(void)
{
	return (int)check(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

int netns_first(void)
{
	return first;
}

void netns_enter(int netns)
{
	check(setns(netns, CLONE_NEWNET));
}

static void unshare_netns(void)
{
	check(unshare(CLONE_NEWNET));
	write_text("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
	write_text("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	ip("link set lo up");
}

int netns_new(void)
{
	int here = netns_here(), netns;

	unshare_netns();
	netns = netns_here();
	netns_enter(here);
	close(here);
	assert_true(others_count < NETNS_MAX);
	others[others_count++] = netns;
	return netns;
}

void netns_close(int netns)
{
	uint32_t i;

	for (i = 0; i < others_count && others[i] != netns; i++)
		;
	assert_true(i < others_count);
	others[i] = others[--others_count];
	close(netns);
}

uint64_t netns_cookie(void)
{
	int fd = (int)check(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	check(getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size));
	close(fd);
	return cookie;
}

int net_enter(void **state)
{
	if (first < 0)
		first = netns_here();
	pin_cpu(0);
	unshare_netns();
	make_pair("v0", "v1");
	return 0;
}

int net_leave(void **state)
{
	flood_stop();
	ring_close_all();
	netns_enter(first);
	while (others_count)
		close(others[--others_count]);
	if (wait_until(module_is_unused, NULL))
		return 0;
	print_message("the module is still used by %" PRIu64 " sockets\n", module_users());
	return -1;
}

uint32_t ifindex(const char *device)
{
	uint32_t index = if_nametoindex(device);

	if (index == 0)
		fail_msg("there is no %s", device);
	return index;
}

void move_device(const char *device, int netns)
{
	int here = netns_here();

	ip("link set %s netns /proc/%d/fd/%d", device, getpid(), netns);
	netns_enter(netns);
	ip("link set %s up", device);
	wait_for_carrier(device);
	netns_enter(here);
	close(here);
}

/* Not IFF_PROMISC of an ioctl, which tells only what `ip link set promisc` has set. */
bool is_promiscuous(const char *device)
{
	char command[128];

	snprintf(command, sizeof(command), "ip -d link show %s | grep -q 'promiscuity [1-9]'",
		 device);
	return system(command) == 0;
}

/* @column: of what follows the name. */
static uint64_t counter(const char *device, uint32_t column)
{
	FILE *file = fopen("/proc/thread-self/net/dev", "re");
	uint64_t value = UINT64_MAX;
	char line[512], *at, name[32];

	assert_non_null(file);
	snprintf(name, sizeof(name), "%s:", device);
	while (fgets(line, sizeof(line), file)) {
		at = line + strspn(line, " ");
		if (strncmp(at, name, strlen(name)) != 0)
			continue;
		at += strlen(name);
		while (column--)
			strtoull(at, &at, 10);
		value = strtoull(at, NULL, 10);
		break;
	}
	fclose(file);
	assert_int_not_equal(value, UINT64_MAX);
	return value;
}

uint64_t received(const char *device)
{
	return counter(device, 1);
}

uint64_t transmitted(const char *device)
{
	return counter(device, 9);
}

uint64_t host_memory_kib(void)
{
	const char *text;
	uint64_t kib = 0;
	int here = netns_here();

	netns_enter(netns_first());
	text = strstr(proc_text("info"), "memory:");
	assert_non_null(text);
	assert_int_equal(sscanf(text, "memory: %lu", &kib), 1);
	netns_enter(here);
	close(here);
	return kib;
}
