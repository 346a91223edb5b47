/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Lanes: which CPUs have one, and what becomes of packets on a CPU that comes online while rings are there. Wants
 * two CPUs; where many more are possible, that costs nothing.
 *
 *	sends ─ v0 ──────── v1 ─ captures
 */
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame.h"
#include "net.h"
#include "system.h"

static const char percent[] = "/sys/module/nsring/parameters/memory_percent";

/* With a shared ring and a member of a cluster. */
static const struct nsring_setup setups[] = {
	{ .ring_bytes = 1 << 20 },
	{ .ring_bytes = 1 << 20, .share = 1 },
	{ .ring_bytes = 1 << 20, .cluster = 1 },
};

static struct ring *rings[ARRAY_SIZE(setups)];

static int leave(void **state)
{
	write_text(percent, "25");
	write_text("/sys/devices/system/cpu/cpu1/online", "1");
	return net_leave(state);
}

static void open_rings(void)
{
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(setups); i++)
		rings[i] = ring_open(&setups[i], "v1");
}

static void close_rings(void)
{
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(setups); i++)
		ring_close(rings[i]);
}

static struct nsring_layout layout_of(const struct ring *ring)
{
	struct nsring_layout layout = { 0 };
	socklen_t size = sizeof(layout);

	check(getsockopt(ring->fd, SOL_NSRING, NSRING_LAYOUT, &layout, &size));
	return layout;
}

static uint64_t online(void)
{
	return (uint64_t)check(sysconf(_SC_NPROCESSORS_ONLN));
}

/* What so many lanes take, each with a page of its own, and the page before them. */
static uint64_t memory_of(const struct ring *ring, uint64_t lanes)
{
	uint64_t page = (uint64_t)check(sysconf(_SC_PAGESIZE));

	return page + lanes * (page + ring->ring->lane_bytes);
}

static void a_ring_takes_memory_for_the_cpus_that_are_online(void **state)
{
	uint64_t before, took;
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(setups); i++) {
		struct ring *ring;

		before = host_memory_kib();
		ring = ring_open(&setups[i], "v1");
		took = (host_memory_kib() - before) * 1024;
		assert_int_equal(ring->layout.lanes, sysconf(_SC_NPROCESSORS_CONF));
		assert_int_equal(ring->layout.lanes_made, online());
		assert_int_equal(ring->layout.memory_bytes, memory_of(ring, online()));
		assert_int_equal(took, ring->layout.memory_bytes + ring->layout.cursor_bytes);
		assert_true(ring->ring->lane_bytes * online() <= 1 << 20);
		assert_true(ring->ring->lane_bytes * online() * 2 > 1 << 20);
		print_message("# %u lanes possible: %lu KiB\n", ring->layout.lanes, took / 1024);
		ring_close(ring);
		assert_true(wait_until(module_is_unused, NULL));
	}
}

static void a_lane_is_named_in_the_bitmap_once_it_has_a_packet(void **state)
{
	uint32_t i, lane;

	open_rings();
	for (i = 0; i < ARRAY_SIZE(rings); i++)
		assert_false(ring_uses(rings[i], 0) || ring_uses(rings[i], 1));
	pin_cpu(1);
	send_udp("v0", 1, 100);
	for (i = 0; i < ARRAY_SIZE(rings); i++) {
		assert_int_equal(ring_wait(rings[i], 1, NULL, NULL), 1);
		for (lane = 0; lane < rings[i]->layout.lanes; lane++)
			assert_int_equal(ring_uses(rings[i], lane), lane == 1);
	}
	close_rings();
}

/* Numbers from 0 on, sent by CPU 1. */
static void check_arrives(struct ring *ring, uint32_t count)
{
	uint32_t next = 0;

	assert_int_equal(ring_wait(ring, count, check_numbers, &next), count);
	assert_true(ring_uses(ring, 1));
	assert_int_equal(ring_lane(ring, 1)->written, count);
	assert_int_equal(ring_stats(ring->fd).full, 0);
}

static void packets_of_a_cpu_that_comes_later_arrive(void **state)
{
	uint64_t lanes = online();
	uint32_t i;

	cpu_set_online(1, false);
	open_rings();
	for (i = 0; i < ARRAY_SIZE(rings); i++)
		assert_int_equal(rings[i]->layout.lanes_made, lanes - 1);
	cpu_set_online(1, true);
	for (i = 0; i < ARRAY_SIZE(rings); i++) {
		assert_int_equal(layout_of(rings[i]).lanes_made, lanes);
		assert_int_equal(layout_of(rings[i]).memory_bytes, memory_of(rings[i], lanes));
	}
	pin_cpu(1);
	send_udp("v0", 300, 100);
	for (i = 0; i < ARRAY_SIZE(rings); i++)
		check_arrives(rings[i], 300);
	close_rings();
}

static void a_cpu_that_goes_and_comes_keeps_its_lane(void **state)
{
	uint64_t lanes = online();
	uint32_t i, round;

	open_rings();
	for (round = 0; round < 3; round++) {
		cpu_set_online(1, false);
		for (i = 0; i < ARRAY_SIZE(rings); i++)
			assert_int_equal(layout_of(rings[i]).lanes_made, lanes);
		cpu_set_online(1, true);
		pin_cpu(1);
		send_udp("v0", 50, 100);
		pin_cpu(0);
		for (i = 0; i < ARRAY_SIZE(rings); i++) {
			uint32_t next = 0;

			assert_int_equal(ring_wait(rings[i], 50, check_numbers, &next), 50);
			assert_int_equal(ring_lane(rings[i], 1)->written, 50 * (round + 1));
		}
	}
	close_rings();
}

static void packets_of_a_cpu_that_has_no_memory_for_a_lane_count_as_full(void **state)
{
	uint32_t i, next;

	cpu_set_online(1, false);
	open_rings();
	assert_int_equal(write_text(percent, "0"), 0);
	cpu_set_online(1, true);
	pin_cpu(1);
	send_udp("v0", 30, 100);
	pin_cpu(0);
	send_udp("v0", 20, 100);
	for (i = 0; i < ARRAY_SIZE(rings); i++) {
		assert_int_equal(ring_met(rings[i]->fd, 50).full, 30);
		next = 0;
		assert_int_equal(ring_wait(rings[i], 20, check_numbers, &next), 20);
		assert_false(ring_uses(rings[i], 1));
	}
	/* Once there is memory it has a lane the next time that it comes. */
	assert_int_equal(write_text(percent, "25"), 0);
	cpu_set_online(1, false);
	cpu_set_online(1, true);
	pin_cpu(1);
	send_udp("v0", 40, 100);
	for (i = 0; i < ARRAY_SIZE(rings); i++) {
		next = 0;
		assert_int_equal(ring_wait(rings[i], 40, check_numbers, &next), 40);
		assert_int_equal(ring_stats(rings[i]->fd).full, 30);
	}
	close_rings();
}

static int open_rings_in_cgroup(void *arg)
{
	if (cgroup_enter() < 0)
		return 250;
	open_rings();
	if (write(*(int *)arg, "", 1) != 1)
		return 251;
	for (;;)
		pause();
}

/* Once it did for each ring, and CPU hotplug with it. */
static void a_cpu_that_comes_waits_for_no_memory_cgroup(void **state)
{
	uint64_t met, kib;
	int ready[2];
	pid_t child;
	char byte;

	cgroup_make();
	check(pipe(ready));
	cpu_set_online(1, false);
	child = child_start(open_rings_in_cgroup, &ready[1]);
	assert_int_equal(check(read(ready[0], &byte, 1)), 1);
	kib = host_memory_kib();
	assert_int_equal(cgroup_limit(cgroup_charged()), 0);
	met = cgroup_events("max");
	cpu_set_online(1, true);
	met = cgroup_events("max") - met;
	kib = host_memory_kib() - kib;
	child_kill(child);
	close(ready[0]), close(ready[1]);
	cgroup_remove();
	assert_int_equal(met, 0);
	assert_true(kib >= ARRAY_SIZE(setups) * 512);
}

static int touch_lane(void *arg)
{
	const volatile struct nsring_lane *lane = ring_lane(arg, 1);

	signal(SIGBUS, SIG_DFL);
	return (int)lane->head;
}

static void a_lane_without_memory_can_not_be_touched(void **state)
{
	cpu_set_online(1, false);
	open_rings();
	assert_int_equal(child_end(child_start(touch_lane, rings[0])), 128 + SIGBUS);
	cpu_set_online(1, true);
	assert_int_equal(child_end(child_start(touch_lane, rings[0])), 0);
	close_rings();
}

static void what_a_reader_drops_of_its_mapping_is_there_again(void **state)
{
	uint32_t next = 0;

	open_rings();
	send_udp("v0", 20, 100);
	ring_met(rings[0]->fd, 20);
	check(madvise((void *)rings[0]->ring, rings[0]->layout.ring_bytes, MADV_DONTNEED));
	assert_int_equal(ring_wait(rings[0], 20, check_numbers, &next), 20);
	close_rings();
}

#define TEST_LANES(function) cmocka_unit_test_setup_teardown(function, net_enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_LANES(a_ring_takes_memory_for_the_cpus_that_are_online),
		TEST_LANES(a_lane_is_named_in_the_bitmap_once_it_has_a_packet),
		TEST_LANES(packets_of_a_cpu_that_comes_later_arrive),
		TEST_LANES(a_cpu_that_goes_and_comes_keeps_its_lane),
		TEST_LANES(packets_of_a_cpu_that_has_no_memory_for_a_lane_count_as_full),
		TEST_LANES(a_cpu_that_comes_waits_for_no_memory_cgroup),
		TEST_LANES(a_lane_without_memory_can_not_be_touched),
		TEST_LANES(what_a_reader_drops_of_its_mapping_is_there_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
