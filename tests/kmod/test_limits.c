/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Memory: how much there may be, who is charged for it, and that it all comes back. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frame.h"
#include "net.h"
#include "system.h"

#define MIB (1ULL << 20)

static const char cgroup[] = "/sys/fs/cgroup/nsring-test";

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
	char path[128];
	int fd, small;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	if (write_text(path, "0") < 0)
		return 250;
	if (bind_ring(4 * MIB, *(uint32_t *)arg, &small))
		return 251;
	return bind_ring(64 * MIB, *(uint32_t *)arg, &fd);
}

static void a_memory_cgroup_has_the_last_word(void **state)
{
	char events[128], path[128];
	uint32_t index = ifindex("v1");
	uint64_t kills, in_group;
	int rc;

	write_text("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	check(mkdir(cgroup, 0755));
	snprintf(path, sizeof(path), "%s/memory.max", cgroup);
	assert_int_equal(write_text(path, "32M"), 0);
	kills = oom_kills();
	rc = child_end(child_start(bind_in_cgroup, &index));
	snprintf(events, sizeof(events), "%s/memory.events", cgroup);
	in_group = read_field(events, "oom_kill");
	rmdir(cgroup);
	assert_int_equal(rc, ENOMEM);
	assert_int_equal(in_group, 0);
	assert_int_equal(oom_kills(), kills);
}

static int charge_cgroup(void *arg)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	if (write_text(path, "0") < 0 || bind_ring(8 * MIB, *(uint32_t *)arg, &fd))
		return 250;
	for (;;)
		pause();
}

static bool is_charged(const void *arg)
{
	return strtoull(read_text(arg), NULL, 10) >= 8 * MIB;
}

static void a_ring_is_charged_to_the_cgroup_of_who_binds_it(void **state)
{
	uint32_t index = ifindex("v1");
	char path[128];
	bool charged;
	pid_t child;

	write_text("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	check(mkdir(cgroup, 0755));
	snprintf(path, sizeof(path), "%s/memory.current", cgroup);
	child = child_start(charge_cgroup, &index);
	charged = wait_until(is_charged, path);
	child_kill(child);
	rmdir(cgroup);
	assert_true(charged);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_user_locks_no_more_memory_than_it_may),
		TEST(a_hundred_large_rings_come_back_whole),
		TEST(two_hundred_large_rings_end_in_an_error_and_kill_nobody),
		TEST(what_one_namespace_takes_leaves_a_part_to_the_host),
		TEST(a_ring_larger_than_can_be_is_refused),
		TEST(a_memory_cgroup_has_the_last_word),
		TEST(a_ring_is_charged_to_the_cgroup_of_who_binds_it),
		TEST(six_hundred_captures_at_once_each_have_the_packet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
