/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Memory: how much there may be, who is charged for it, and that it all comes back. */
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame.h"
#include "net.h"
#include "system.h"

#define MIB (1ULL << 20)

/* Return: 0, or the errno of bind(2); the socket stays open. */
static int bind_ring(uint64_t bytes, uint32_t index, int *fd)
{
	struct nsring_setup setup = { .ring_bytes = bytes };

	*fd = ring_ask(NSRING_ABI);
	if (*fd < 0 || ring_setup(*fd, &setup) < 0)
		return 255;
	return ring_bind(*fd, index) < 0 ? errno : 0;
}

static uint64_t oom_kills(void)
{
	return read_field("/proc/vmstat", "oom_kill");
}

static bool binds_a_mib(const void *arg)
{
	int *fd = (int *)arg;

	if (bind_ring(MIB, 1, fd) == 0)
		return true;
	close(*fd);
	return false;
}

static int stay_under_memlock(void *arg)
{
	struct rlimit limit = { 2 * MIB, 2 * MIB };
	int fd, rc, round;

	if (setrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		return 250;
	if (bind_ring(16 * MIB, 1, &fd) != ENOMEM)
		return 1;
	close(fd);
	/* Memory that is given back can be had again, a moment later. */
	for (round = 0; round < 20; round++) {
		if (!wait_until(binds_a_mib, &fd))
			return 3;
		close(fd);
	}
	if (!wait_until(module_is_unused, NULL))
		return 4;
	rc = bind_ring(MIB, 1, &fd);
	return rc ? rc : bind_ring(MIB, 1, &fd) == ENOMEM ? 0 : 2;
}

static void a_user_locks_no_more_memory_than_it_may(void **state)
{
	assert_int_equal(run_in_user_namespace(stay_under_memlock, NULL), 0);
}

/* The largest power of two that is not more than @number. */
static uint64_t power_below(uint64_t number)
{
	return 1ULL << (63 - __builtin_clzll(number));
}

/* What is available must suffice for the whole ring, and not only for each part of it. */
static void a_ring_has_half_of_the_memory_that_is_available_at_most(void **state)
{
	const char *path = "/sys/module/nsring/parameters/memory_percent";
	uint64_t available = read_field("/proc/meminfo", "MemAvailable:") << 10;
	char before[16];
	int fds[2], large, small;

	snprintf(before, sizeof(before), "%.15s", read_text(path));
	assert_int_equal(write_text(path, "90"), 0);
	/* As the host: a namespace has not that much. */
	netns_enter(netns_first());
	large = bind_ring(power_below(available), ifindex("lo"), &fds[0]);
	small = bind_ring(power_below(available) / 4, ifindex("lo"), &fds[1]);
	close(fds[0]), close(fds[1]);
	write_text(path, before);
	print_message("# %llu of %llu MiB\n", power_below(available) / MIB, available / MIB);
	assert_int_equal(large, ENOMEM);
	assert_int_equal(small, 0);
}

/* Less than one of the rings is missing. */
static bool memory_is_back(const void *before)
{
	return read_field("/proc/meminfo", "MemAvailable:") + 8 * 1024 >= *(const uint64_t *)before;
}

static void a_hundred_large_rings_come_back_whole(void **state)
{
	uint64_t before = read_field("/proc/meminfo", "MemAvailable:");
	struct nsring_setup setup = { .ring_bytes = 16 * MIB };
	uint32_t i;

	for (i = 0; i < 100; i++)
		ring_close(ring_open(&setup, "v1"));
	assert_true(wait_until(module_is_unused, NULL));
	assert_true(wait_until(memory_is_back, &before));
}

/* PF_RING's eleventh: that ended the machine. */
static void two_hundred_large_rings_end_in_an_error_and_kill_nobody(void **state)
{
	uint64_t kills = oom_kills();
	uint32_t count = 0, i;
	int fds[200], rc = 0;

	while (count < ARRAY_SIZE(fds) && rc == 0)
		rc = bind_ring(64 * MIB, ifindex("v1"), &fds[count++]);
	for (i = 0; i < count; i++)
		close(fds[i]);
	assert_int_equal(rc, ENOMEM);
	assert_int_equal(oom_kills(), kills);
	assert_true(wait_until(module_is_unused, NULL));
	rc = bind_ring(16 * MIB, ifindex("v1"), &fds[0]);
	close(fds[0]);
	assert_int_equal(rc, 0);
}

static void what_one_namespace_takes_leaves_a_part_to_the_host(void **state)
{
	uint32_t count = 0, i;
	int fds[200], host, rc = 0;

	while (count < ARRAY_SIZE(fds) && rc == 0)
		rc = bind_ring(4 * MIB, ifindex("v1"), &fds[count++]);
	assert_int_equal(rc, ENOMEM);
	netns_enter(netns_first());
	assert_int_equal(bind_ring(4 * MIB, ifindex("lo"), &host), 0);
	close(host);
	for (i = 0; i < count; i++)
		close(fds[i]);
}

static void a_ring_larger_than_can_be_is_refused(void **state)
{
	static const uint64_t sizes[] = { 1ULL << 34, 1ULL << 40,	1ULL << 62,
					  1ULL << 63, (1ULL << 63) + 1, UINT64_MAX };
	uint32_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct nsring_setup setup = { .ring_bytes = sizes[i] };

		fd = ring_socket();
		if (ring_setup(fd, &setup) == 0)
			assert_true(ring_bind(fd, ifindex("v1")) < 0);
		assert_true(errno == ENOMEM || errno == EINVAL);
	}
}

static int bind_in_cgroup(void *arg)
{
	int fd, small;

	if (cgroup_enter() < 0)
		return 250;
	if (bind_ring(4 * MIB, *(uint32_t *)arg, &small))
		return 251;
	return bind_ring(64 * MIB, *(uint32_t *)arg, &fd);
}

static void a_memory_cgroup_has_the_last_word(void **state)
{
	uint32_t index = ifindex("v1");
	uint64_t kills, in_group;
	int rc;

	cgroup_make();
	assert_int_equal(cgroup_limit(32 * MIB), 0);
	kills = oom_kills();
	rc = child_end(child_start(bind_in_cgroup, &index));
	in_group = cgroup_events("oom_kill");
	cgroup_remove();
	assert_int_equal(rc, ENOMEM);
	assert_int_equal(in_group, 0);
	assert_int_equal(oom_kills(), kills);
}

static int charge_cgroup(void *arg)
{
	int fd;

	if (cgroup_enter() < 0 || bind_ring(8 * MIB, *(uint32_t *)arg, &fd))
		return 250;
	for (;;)
		pause();
}

static bool is_charged(const void *arg)
{
	return cgroup_charged() >= 8 * MIB;
}

static void a_ring_is_charged_to_the_cgroup_of_who_binds_it(void **state)
{
	uint32_t index = ifindex("v1");
	bool charged;
	pid_t child;

	cgroup_make();
	child = child_start(charge_cgroup, &index);
	charged = wait_until(is_charged, NULL);
	child_kill(child);
	cgroup_remove();
	assert_true(charged);
}

#define SOCKETS 500

/* Prints how much its memory cgroup has for each socket, and ends with 0 if these are among it. */
static int open_sockets_in_cgroup(void *arg)
{
	uint64_t before, each;
	int i;

	if (cgroup_enter() < 0 || ring_ask(NSRING_ABI) < 0)
		return 250;
	before = cgroup_charged();
	for (i = 0; i < SOCKETS; i++)
		if (ring_ask(NSRING_ABI) < 0)
			return 251;
	each = (cgroup_charged() - before) / SOCKETS;
	print_message("# %lu bytes for each socket\n", each);
	return each < *(uint64_t *)arg;
}

static void sockets_are_charged_to_the_cgroup_of_who_opens_them(void **state)
{
	/* A descriptor with its file and inode has 1,300 bytes. */
	uint64_t least = 2000;
	int status;

	cgroup_make();
	status = child_end(child_start(open_sockets_in_cgroup, &least));
	cgroup_remove();
	assert_int_equal(status, 0);
}

/* A veth pair with names of the kernel's choice: ip(8) would not survive where this is called. */
static int make_devices(int rtnetlink)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg device;
		struct rtattr linkinfo, kind;
		char name[4];
	} request = {
		.header = { sizeof(request), RTM_NEWLINK,
			    NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, 0, 0 },
		.linkinfo = { 2 * sizeof(struct rtattr) + 4, IFLA_LINKINFO },
		.kind = { sizeof(struct rtattr) + 4, IFLA_INFO_KIND },
		.name = "veth",
	};
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		uint8_t rest[512];
	} answer = { 0 };

	if (send(rtnetlink, &request, sizeof(request), 0) < 0 ||
	    recv(rtnetlink, &answer, sizeof(answer), 0) < 0)
		return -errno;
	return answer.error.error;
}

/* Two pipes: the child is ready in its namespace; the parent captures there. */
struct stranger {
	int ready[2];
	int go[2];
};

static int bind_large_at_the_limit(void *arg)
{
	int fd;

	if (cgroup_enter() < 0)
		return 250;
	return bind_ring(64 * MIB, *(uint32_t *)arg, &fd);
}

/* It once held the share of all namespaces for as long as its memory cgroup kept it waiting. */
static void a_bind_that_waits_for_memory_holds_only_what_it_has(void **state)
{
	uint64_t before, most = 0, kib;
	uint32_t index = ifindex("v1");
	int status;
	pid_t child;

	cgroup_make();
	assert_int_equal(cgroup_limit(4 * MIB), 0);
	before = host_memory_kib();
	child = child_start(bind_large_at_the_limit, &index);
	while (waitpid(child, &status, WNOHANG) == 0) {
		kib = host_memory_kib() - before;
		most = kib > most ? kib : most;
	}
	cgroup_remove();
	assert_int_equal(WEXITSTATUS(status), ENOMEM);
	print_message("# %lu KiB at most\n", most);
	assert_in_range(most, 1, 5 * 1024);
}

/* Ready in its namespace, with captures of any device: see struct stranger. */
static int capture_any_in_cgroup(void *arg)
{
	struct stranger *stranger = arg;
	int fd, i;

	if (cgroup_enter() < 0 || unshare(CLONE_NEWNET) < 0)
		return 250;
	for (i = 0; i < 100; i++)
		if (bind_ring(1, 0, &fd))
			return 251;
	if (write(stranger->ready[1], "", 1) != 1)
		return 252;
	for (;;)
		pause();
}

/* Once nobody was, so that a container's captures could have any amount of the host's memory. */
static void who_captures_any_is_charged_for_devices_that_come(void **state)
{
	int here = netns_here(), netns, rtnetlink, i;
	struct stranger stranger;
	char path[64], byte;
	uint64_t charged;
	pid_t child;

	cgroup_make();
	check(pipe(stranger.ready));
	child = child_start(capture_any_in_cgroup, &stranger);
	assert_int_equal(check(read(stranger.ready[0], &byte, 1)), 1);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", child);
	netns = (int)check(open(path, O_RDONLY | O_CLOEXEC));
	charged = cgroup_charged();
	netns_enter(netns);
	rtnetlink = (int)check(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
	for (i = 0; i < 100; i++)
		assert_int_equal(make_devices(rtnetlink), 0);
	charged = cgroup_charged() - charged;
	netns_enter(here);
	child_kill(child);
	close(rtnetlink), close(netns), close(here);
	close(stranger.ready[0]), close(stranger.ready[1]);
	cgroup_remove();
	print_message("# %lu bytes for each capture and device\n", charged / (100 * 200));
	assert_true(charged > 100 * 200 * 64);
}

/* Its own captures make most of what a device costs. Ends by a signal, or when it may have no more. */
static int make_devices_at_the_limit(void *arg)
{
	struct stranger *stranger = arg;
	int rtnetlink, fd, i, made = 0;
	char byte;

	if (cgroup_enter() < 0 || unshare(CLONE_NEWNET) < 0)
		return 250;
	rtnetlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	for (i = 0; i < 100; i++)
		if (bind_ring(1, 0, &fd))
			return 251;
	if (write(stranger->ready[1], "", 1) != 1 || read(stranger->go[0], &byte, 1) != 1)
		return 252;
	if (cgroup_limit(cgroup_charged() + 2 * MIB) < 0)
		return 253;
	while (made < 500 && make_devices(rtnetlink) == 0)
		made++;
	return made == 500;
}

struct device_counts {
	uint64_t netns;
	uint32_t packets[2048]; /* by ifindex */
};

static void count_device(const struct nsring_record *record, const uint8_t *data, void *arg)
{
	struct device_counts *counts = arg;

	if (record->netns == counts->netns && record->flags & NSRING_OUT &&
	    record->ifindex < ARRAY_SIZE(counts->packets) && frame_is(data, record->caplen, 100, 0))
		counts->packets[record->ifindex]++;
}

static bool is_veth(const struct if_nameindex *device)
{
	return strncmp(device->if_name, "veth", 4) == 0;
}

static int count_veths(const struct if_nameindex *devices)
{
	int count = 0;

	for (; devices->if_index; devices++)
		count += is_veth(devices);
	return count;
}

static void send_on_each(const struct if_nameindex *devices)
{
	FILE *batch = popen("ip -batch -", "we");
	const struct if_nameindex *device;

	assert_non_null(batch);
	for (device = devices; device->if_index; device++)
		if (is_veth(device))
			fprintf(batch, "link set %s up\n", device->if_name);
	assert_int_equal(pclose(batch), 0);
	for (device = devices; device->if_index; device++) {
		if (!is_veth(device))
			continue;
		wait_for_carrier(device->if_name);
		send_udp(device->if_name, 1, 100);
	}
}

static void check_each(struct ring *ring, const struct if_nameindex *devices)
{
	struct device_counts counts = { .netns = netns_cookie() };
	const struct if_nameindex *device;

	ring_read(ring, count_device, &counts);
	for (device = devices; device->if_index; device++)
		if (is_veth(device))
			assert_int_equal(counts.packets[device->if_index], 1);
	assert_int_equal(socket_error(ring->fd), 0);
	ring_close(ring);
}

/*
 * Let the child do it, and wait for its end, by which the kernel shows its stack: that is kept from
 * the console, which must not have complaints, and so looked through here.
 */
static void let_it_die(const struct stranger *stranger, pid_t child)
{
	const char *level = read_text("/proc/sys/kernel/printk");
	int kmsg = (int)check(open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC)), status;
	char before[64], line[8192];
	ssize_t size;

	snprintf(before, sizeof(before), "%.60s", level ?: "7");
	check(lseek(kmsg, 0, SEEK_END));
	assert_int_equal(write_text("/proc/sys/kernel/printk", "3"), 0);
	check(write(stranger->go[1], "", 1));
	status = child_end(child);
	write_text("/proc/sys/kernel/printk", before);
	assert_true(status == 0 || status == 128 + SIGKILL);
	while ((size = read(kmsg, line, sizeof(line) - 1)) > 0) {
		line[size] = '\0';
		assert_null(strstr(line, "WARNING:"));
		assert_null(strstr(line, "BUG:"));
	}
	close(kmsg);
}

/* A container at its limit once ended the host's capture, or made a device that it did not see. */
static void who_makes_devices_at_its_memory_limit_hides_none_of_them(void **state)
{
	struct nsring_setup everywhere = { .flags = NSRING_ALL_NETNS,
					   .direction = NSRING_DIRECTION_OUT };
	int here = netns_here(), netns, round, made = 0;
	struct if_nameindex *devices;
	struct ring *all, *any;
	struct stranger stranger;
	char path[64], byte = 0;
	pid_t child;

	for (round = 0; round < 4; round++) {
		cgroup_make();
		check(pipe(stranger.ready));
		check(pipe(stranger.go));
		child = child_start(make_devices_at_the_limit, &stranger);
		assert_int_equal(check(read(stranger.ready[0], &byte, 1)), 1);
		snprintf(path, sizeof(path), "/proc/%d/ns/net", child);
		netns = (int)check(open(path, O_RDONLY | O_CLOEXEC));
		netns_enter(netns_first());
		all = ring_open(&everywhere, NULL);
		netns_enter(netns);
		any = ring_open(NULL, NULL);
		let_it_die(&stranger, child);
		devices = if_nameindex();
		assert_non_null(devices);
		send_on_each(devices);
		made += count_veths(devices);
		check_each(all, devices);
		check_each(any, devices);
		if_freenameindex(devices);
		netns_enter(here);
		close(netns);
		close(stranger.ready[0]), close(stranger.ready[1]);
		close(stranger.go[0]), close(stranger.go[1]);
		cgroup_remove();
	}
	print_message("# %d devices\n", made);
	assert_true(made > 0);
	close(here);
}

/* PF_RING has 512 in the whole system. */
static void six_hundred_captures_at_once_each_have_the_packet(void **state)
{
	struct nsring_setup setup = { .ring_bytes = 1 };
	const uint32_t count = 600;
	int *fds = calloc(count, sizeof(*fds));
	uint32_t i;

	assert_non_null(fds);
	for (i = 0; i < count; i++) {
		fds[i] = ring_socket();
		check(ring_setup(fds[i], &setup));
		check(ring_bind(fds[i], ifindex("v1")));
	}
	send_udp("v0", 3, 100);
	for (i = 0; i < count; i++)
		assert_int_equal(ring_met(fds[i], 3).written, 3);
	ring_close_all();
	free(fds);
}

/* As in a container. */
static int bind_any_often(void *arg)
{
	uint32_t i;
	int fd, rc;

	if (!keep_capabilities(1U << CAP_NET_RAW | 1U << CAP_IPC_LOCK))
		return 250;
	for (i = 0; i < NSRING_ANY_MAX; i++) {
		rc = bind_ring(1, 0, &fd);
		if (rc)
			return 251;
	}
	rc = bind_ring(1, 0, &fd);
	if (write(((struct stranger *)arg)->ready[1], "", 1) != 1)
		return 252;
	if (rc != EUSERS)
		return 253;
	for (;;)
		pause();
}

static void a_container_has_256_captures_of_any_device_and_the_host_one_more(void **state)
{
	struct stranger stranger;
	pid_t child;
	char byte;
	int fd;

	check(pipe(stranger.ready));
	child = child_start(bind_any_often, &stranger);
	check(close(stranger.ready[1]));
	assert_int_equal(read(stranger.ready[0], &byte, 1), 1);
	assert_int_equal(bind_ring(1, 0, &fd), 0);
	child_kill(child);
	check(close(stranger.ready[0]));
	check(close(fd));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_user_locks_no_more_memory_than_it_may),
		TEST(a_hundred_large_rings_come_back_whole),
		TEST(two_hundred_large_rings_end_in_an_error_and_kill_nobody),
		TEST(what_one_namespace_takes_leaves_a_part_to_the_host),
		TEST(a_ring_has_half_of_the_memory_that_is_available_at_most),
		TEST(a_ring_larger_than_can_be_is_refused),
		TEST(a_memory_cgroup_has_the_last_word),
		TEST(a_ring_is_charged_to_the_cgroup_of_who_binds_it),
		TEST(sockets_are_charged_to_the_cgroup_of_who_opens_them),
		TEST(a_bind_that_waits_for_memory_holds_only_what_it_has),
		TEST(who_captures_any_is_charged_for_devices_that_come),
		TEST(a_container_has_256_captures_of_any_device_and_the_host_one_more),
		TEST(who_makes_devices_at_its_memory_limit_hides_none_of_them),
		TEST(six_hundred_captures_at_once_each_have_the_packet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
