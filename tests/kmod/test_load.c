/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Loading and unloading. The module's file is in NSR_TEST_MODULE; modprobe could find it, too, and it
 * is not loaded when this begins.
 *
 *	sends ─ v0 ──────── v1 ─ captures
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame.h"
#include "net.h"
#include "system.h"

static bool is_loaded(void)
{
	return access("/sys/module/nsring", F_OK) == 0;
}

/* Return: 0 or the errno. */
static int try_load(const char *parameters)
{
	int fd = open(getenv("NSR_TEST_MODULE") ?: "", O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return errno;
	rc = syscall(SYS_finit_module, fd, parameters, 0) < 0 ? errno : 0;
	close(fd);
	return rc;
}

static void load(void)
{
	assert_int_equal(try_load(""), 0);
}

static int try_unload(void)
{
	return syscall(SYS_delete_module, "nsring", O_NONBLOCK) < 0 ? errno : 0;
}

static bool unloads(const void *arg)
{
	return try_unload() == 0;
}

/* Sockets that were just closed are let go a moment later. */
static void unload(void)
{
	assert_true(wait_until(unloads, NULL));
	assert_false(is_loaded());
}

static int leave_unloaded(void **state)
{
	int rc = net_leave(state);

	if (is_loaded() && !wait_until(unloads, NULL))
		return -1;
	return rc;
}

static int ask(void *arg)
{
	return ring_ask(NSRING_ABI) < 0 ? errno : 0;
}

static void nobodys_request_loads_it(void **state)
{
	assert_int_equal(ask(NULL), ENOENT);
	assert_int_equal(run_as_nobody(ask, NULL), ENOENT);
	assert_int_equal(run_in_user_namespace(ask, NULL), ENOENT);
	assert_true(socket(18, SOCK_RAW, NSRING_ABI) < 0);
	assert_false(is_loaded());
}

/* The power of a user who is root only of namespaces of its own. */
static int capture_own_loopback(void *arg)
{
	struct nsring_setup setup = { .ring_bytes = 1 };
	struct ring *ring;
	uint32_t count;

	if (system("ip link set lo up") != 0)
		return 2;
	ring = ring_open(&setup, "lo");
	send_udp("lo", 10, 100);
	count = ring_wait(ring, 10, NULL, NULL);
	ring_close(ring);
	return count != 10;
}

static int capture_everywhere(void *arg)
{
	struct nsring_setup setup = { .flags = NSRING_ALL_NETNS };

	return ring_setup(ring_socket(), &setup) == 0 ? 0 : errno;
}

static int send_before_all_else(void *arg)
{
	uint8_t frame[60] = { 0 };

	return send(ring_socket(), frame, sizeof(frame), 0) < 0 ? 0 : 1;
}

static void a_user_namespace_that_is_let_in_captures_in_its_own_network_only(void **state)
{
	assert_int_equal(try_load("user_namespaces=1"), 0);
	assert_int_equal(run_in_user_namespace(capture_own_loopback, NULL), 0);
	assert_int_equal(run_in_user_namespace(capture_everywhere, NULL), EPERM);
	assert_int_equal(run_in_user_namespace(send_before_all_else, NULL), 0);
	assert_int_equal(run_as_nobody(ask, NULL), EPERM);
	unload();
}

static void it_stays_as_long_as_a_socket_is_open(void **state)
{
	int fd;

	load();
	fd = ring_socket();
	assert_int_equal(try_unload(), EWOULDBLOCK);
	check(ring_bind(fd, ifindex("v1")));
	assert_int_equal(try_unload(), EWOULDBLOCK);
	ring_close_fd(fd);
	unload();
}

static void it_stays_as_long_as_a_ring_is_mapped(void **state)
{
	struct ring *ring;
	uint32_t round;

	for (round = 0; round < 5; round++) {
		load();
		ring = ring_open(NULL, "v1");
		ring_close_fd(ring->fd);
		sleep_ms(20);
		assert_int_equal(try_unload(), EWOULDBLOCK);
		send_udp("v0", 10, 100);
		ring_read(ring, NULL, NULL);
		ring_unmap(ring);
		unload();
	}
}

static int hold_mapping(void *arg)
{
	struct ring *ring = arg;

	for (;;)
		ring_read(ring, NULL, NULL);
	return 0;
}

static void a_child_that_has_it_mapped_holds_it_until_it_is_killed(void **state)
{
	uint32_t round;

	for (round = 0; round < 5; round++) {
		struct ring *ring;
		pid_t child;

		load();
		ring = ring_open(NULL, "v1");
		child = child_start(hold_mapping, ring);
		ring_close(ring);
		assert_int_equal(try_unload(), EWOULDBLOCK);
		child_kill(child);
		unload();
	}
}

/* A reader that stands still in read(2). */
struct slow {
	int file;
	struct slow_page page;
};

static void *read_slowly(void *arg)
{
	struct slow *slow = arg;

	return (void *)read(slow->file, slow->page.page, 4096);
}

static int unload_now(void *arg)
{
	return try_unload();
}

static bool has_ended(const void *child)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t) * (const pid_t *)child, &info, WEXITED | WNOHANG | WNOWAIT) <
		       0 ||
	       info.si_pid;
}

/* Unloading once waited for who reads, and all namespaces of the host for it. */
static void it_stays_as_long_as_somebody_reads_its_files(void **state)
{
	static const uint8_t zeros[4096] __attribute__((aligned(4096)));
	struct slow slow = { .page = slow_page_make() };
	pthread_t reader;
	void *got;
	bool ended;
	pid_t child;

	load();
	slow.file = (int)check(open("/proc/thread-self/net/nsring/info", O_RDONLY | O_CLOEXEC));
	assert_int_equal(pthread_create(&reader, NULL, read_slowly, &slow), 0);
	slow_page_wait(&slow.page);
	child = child_start(unload_now, NULL);
	ended = wait_until(has_ended, &child);
	slow_page_fill(&slow.page, zeros);
	assert_int_equal(pthread_join(reader, &got), 0);
	assert_int_equal(child_end(child), EWOULDBLOCK);
	assert_true(ended);
	assert_true((ssize_t)got > 0);
	/* A file that is just open keeps nobody waiting. */
	unload();
	assert_errno(read(slow.file, slow.page.page, 1), EIO);
	close(slow.file);
	slow_page_free(&slow.page);
}

static void it_comes_and_goes_under_traffic(void **state)
{
	static const struct nsring_setup setups[] = {
		{ 0 },
		{ .cluster = 1 },
		{ .share = 1 },
		{ .flags = NSRING_PROMISCUOUS },
	};
	uint32_t round;

	flood_start("v0", 0);
	for (round = 0; round < 12; round++) {
		struct ring *ring, *any;

		load();
		ring = ring_open(&setups[round % ARRAY_SIZE(setups)], "v1");
		any = ring_open(NULL, NULL);
		ring_wait(ring, 10, NULL, NULL);
		ring_wait(any, 10, NULL, NULL);
		ring_close(any);
		ring_close(ring);
		unload();
	}
	flood_stop();
}

static void it_comes_and_goes_with_namespaces_that_are_there(void **state)
{
	int others[5], here = netns_here(), round;
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(others); i++)
		others[i] = netns_new();
	for (round = 0; round < 3; round++) {
		load();
		for (i = 0; i < ARRAY_SIZE(others); i++) {
			netns_enter(others[i]);
			assert_true(proc_has_device("lo"));
			make_pair("v0", "v1");
			assert_true(proc_has_device("v1"));
			ring_close(ring_open(NULL, "v1"));
		}
		netns_enter(here);
		unload();
		for (i = 0; i < ARRAY_SIZE(others); i++) {
			netns_enter(others[i]);
			assert_null(proc_text("info"));
			ip("link delete v0");
		}
		netns_enter(here);
	}
	close(here);
}

static int read_for_ever(void *arg)
{
	for (;;)
		ring_wait(arg, 1, NULL, NULL);
	return 0;
}

/* This is about what a killed reader had. */
static void check_nothing_is_left(void)
{
	assert_int_equal(proc_count(), 0);
	assert_false(is_promiscuous("v1"));
	assert_true(wait_until(module_is_unused, NULL));
}

static void readers_of_every_mode_that_are_killed_leave_nothing(void **state)
{
	static const struct nsring_setup setups[] = {
		{ 0 },
		{ .share = 1 },
		{ .cluster = 1 },
		{ .cluster = 2, .cluster_mode = NSRING_CLUSTER_ROUND_ROBIN },
		{ .flags = NSRING_PROMISCUOUS },
		{ .flags = NSRING_PROMISCUOUS, .share = 2 },
		{ .flags = NSRING_PROMISCUOUS, .cluster = 3 },
		{ .wait_min_us = 500, .wait_max_us = 4000 },
		{ .flags = NSRING_COOKED },
	};
	uint32_t i, of;

	load();
	flood_start("v0", 0);
	for (i = 0; i < ARRAY_SIZE(setups); i++) {
		pid_t children[3];

		for (of = 0; of < ARRAY_SIZE(children); of++) {
			bool any = setups[i].flags & NSRING_COOKED;
			struct ring *ring = ring_open(&setups[i], any ? NULL : "v1");

			children[of] = child_start(read_for_ever, ring);
			ring_close(ring);
		}
		assert_int_equal(proc_count(), 3);
		sleep_ms(30);
		for (of = 0; of < ARRAY_SIZE(children); of++)
			child_kill(children[of]);
		check_nothing_is_left();
	}
	flood_stop();
	unload();
}

#define LOAD_TEST(function) cmocka_unit_test_setup_teardown(function, net_enter, leave_unloaded)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOAD_TEST(nobodys_request_loads_it),
		LOAD_TEST(a_user_namespace_that_is_let_in_captures_in_its_own_network_only),
		LOAD_TEST(it_stays_as_long_as_a_socket_is_open),
		LOAD_TEST(it_stays_as_long_as_a_ring_is_mapped),
		LOAD_TEST(a_child_that_has_it_mapped_holds_it_until_it_is_killed),
		LOAD_TEST(it_stays_as_long_as_somebody_reads_its_files),
		LOAD_TEST(it_comes_and_goes_under_traffic),
		LOAD_TEST(it_comes_and_goes_with_namespaces_that_are_there),
		LOAD_TEST(readers_of_every_mode_that_are_killed_leave_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
