/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A capture whose device goes, comes, moves or is renamed.
 *
 *	sends ─ v0 ──────── v1 ─ captures
 */
#include <linux/filter.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame.h"
#include "net.h"
#include "system.h"

#define WAIT_MS 20000

static int wait_for_error(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&poller, 1, WAIT_MS), 1);
	assert_int_equal(poller.revents & POLLERR, POLLERR);
	return socket_error(fd);
}

static void *wait_in_thread(void *arg)
{
	struct pollfd poller = { .fd = *(int *)arg, .events = POLLIN };

	poll(&poller, 1, WAIT_MS);
	return (void *)(intptr_t)poller.revents;
}

/* The reader sleeps when it happens. */
static void check_gone(struct ring *ring, void (*happen)(int), int arg)
{
	pthread_t thread;
	void *revents;

	assert_int_equal(pthread_create(&thread, NULL, wait_in_thread, &ring->fd), 0);
	sleep_ms(50);
	happen(arg);
	assert_int_equal(pthread_join(thread, &revents), 0);
	assert_int_equal((intptr_t)revents & POLLERR, POLLERR);
	assert_int_equal(wait_for_error(ring->fd), ENODEV);
	/* Once. */
	assert_int_equal(socket_error(ring->fd), 0);
}

/* As before, also with the ring of before. */
static void check_captures(struct ring *ring, uint32_t count)
{
	uint32_t next = 0;

	send_udp("v0", count, 100);
	assert_int_equal(ring_wait(ring, count, check_numbers, &next), count);
}

static void move_v1(int netns)
{
	move_device("v1", netns);
}

static void take_v1_back(int netns)
{
	int here = netns_here();

	netns_enter(netns);
	move_device("v1", here);
	netns_enter(here);
	wait_for_carrier("v0");
	close(here);
}

/* PF_RING's second: no error, no wake-up, and never again a packet. */
static void a_reader_learns_that_its_device_has_moved_away(void **state)
{
	struct ring *ring = ring_open(NULL, "v1");
	int other = netns_new();

	check_captures(ring, 10);
	check_gone(ring, move_v1, other);
	send_udp("v0", 10, 100);
	assert_int_equal(ring_stats(ring->fd).written, 10);
	ring_close(ring);
}

static void a_device_that_came_back_is_captured_again_in_the_same_ring(void **state)
{
	struct nsring_setup setup = { .flags = NSRING_PROMISCUOUS };
	struct ring *ring = ring_open(&setup, "v1");
	int other = netns_new(), round;

	for (round = 0; round < 3; round++) {
		check_captures(ring, 10);
		check_gone(ring, move_v1, other);
		take_v1_back(other);
		check(ring_bind(ring->fd, ifindex("v1")));
		assert_true(is_promiscuous("v1"));
	}
	check_captures(ring, 10);
	ring_close(ring);
	assert_false(is_promiscuous("v1"));
}

static void a_device_that_moved_leaves_its_promiscuity_behind(void **state)
{
	struct nsring_setup setup = { .flags = NSRING_PROMISCUOUS };
	struct ring *ring = ring_open(&setup, "v1");
	int other = netns_new(), here = netns_here();

	check_gone(ring, move_v1, other);
	ring_close(ring);
	netns_enter(other);
	assert_false(is_promiscuous("v1"));
	netns_enter(here);
	close(here);
}

static void delete_v0(int unused)
{
	ip("link delete v0");
}

static void a_device_deleted_and_made_anew_is_captured_again(void **state)
{
	struct ring *ring = ring_open(NULL, "v1");
	int round;

	for (round = 0; round < 3; round++) {
		check_captures(ring, 10);
		check_gone(ring, delete_v0, 0);
		make_pair("v0", "v1");
		check(ring_bind(ring->fd, ifindex("v1")));
	}
	check_captures(ring, 10);
	ring_close(ring);
}

static void a_device_that_is_gone_can_be_exchanged_for_any(void **state)
{
	struct ring *ring = ring_open(NULL, "v1");

	check_gone(ring, delete_v0, 0);
	make_pair("v0", "v1");
	check(ring_bind(ring->fd, 0));
	send_udp("v0", 10, 100);
	assert_int_equal(ring_wait(ring, 20, NULL, NULL), 20);
	ring_close(ring);
}

static void what_was_captured_before_the_device_went_can_be_read(void **state)
{
	struct ring *ring = ring_open(NULL, "v1");
	uint32_t next = 0;

	send_udp("v0", 10, 100);
	ring_met(ring->fd, 10);
	ip("link delete v0");
	assert_int_equal(wait_for_error(ring->fd), ENODEV);
	assert_int_equal(ring_read(ring, check_numbers, &next), 10);
	ring_close(ring);
}

static void a_socket_without_its_device_still_answers(void **state)
{
	struct ring *ring = ring_open(NULL, "v1"), *again;
	struct sock_filter all[] = { BPF_STMT(BPF_RET | BPF_K, UINT32_MAX) };
	struct sock_fprog program = { 1, all };
	struct nsring_device device = { .ifindex = ifindex("v1") };
	socklen_t size = sizeof(device);
	uint8_t frame[100] = { 0 };

	check_captures(ring, 10);
	ip("link delete v0");
	assert_int_equal(ring_stats(ring->fd).written, 10);
	check(setsockopt(ring->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)));
	assert_errno(getsockopt(ring->fd, SOL_NSRING, NSRING_DEVICE, &device, &size), ENODEV);
	assert_errno(ring_bind(ring->fd, device.ifindex), ENODEV);
	assert_int_equal(socket_error(ring->fd), ENODEV);
	assert_errno(send(ring->fd, frame, sizeof(frame), 0), ENODEV);
	again = ring_map(ring->fd);
	ring_unmap(again);
	ring_stop(ring->fd);
	ring_close(ring);
}

static void all_captures_of_a_device_learn_of_its_end(void **state)
{
	struct nsring_setup setup = { .ring_bytes = 1 };
	struct ring *rings[20];
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(rings); i++)
		rings[i] = ring_open(&setup, "v1");
	ip("link delete v0");
	for (i = 0; i < ARRAY_SIZE(rings); i++) {
		assert_int_equal(wait_for_error(rings[i]->fd), ENODEV);
		ring_close(rings[i]);
	}
}

static void a_capture_goes_on_when_its_device_is_renamed(void **state)
{
	struct ring *ring = ring_open(NULL, "v1");
	struct nsring_device device = { .ifindex = ifindex("v1") };
	socklen_t size = sizeof(device);

	rename_device("v1", "renamed");
	wait_for_carrier("v0");
	check_captures(ring, 10);
	check(getsockopt(ring->fd, SOL_NSRING, NSRING_DEVICE, &device, &size));
	assert_string_equal(device.name, "renamed");
	/* A new device of the old name is not the old one. */
	make_pair("v1", "v2");
	send_udp("v2", 10, 100);
	check_captures(ring, 10);
	assert_int_equal(ring_stats(ring->fd).written, 20);
	ring_close(ring);
}

static void a_capture_goes_on_when_its_device_was_down(void **state)
{
	struct ring *ring = ring_open(NULL, "v1");
	int round;

	for (round = 0; round < 3; round++) {
		ip("link set v1 down");
		assert_int_equal(socket_error(ring->fd), 0);
		ip("link set v1 up");
		wait_for_carrier("v0");
		check_captures(ring, 10);
	}
	ring_close(ring);
}

static void a_device_that_is_down_can_be_bound(void **state)
{
	struct ring *ring;

	ip("link set v1 down");
	ring = ring_open(NULL, "v1");
	ip("link set v1 up");
	wait_for_carrier("v0");
	check_captures(ring, 10);
	ring_close(ring);
}

/* PF_RING's ninth. */
static void devices_that_come_and_go_do_not_concern_a_capture(void **state)
{
	struct ring *ring = ring_open(NULL, "v1");
	int round;

	for (round = 0; round < 5; round++) {
		make_pair("v2", "v3");
		send_udp("v2", 10, 100);
		check_captures(ring, 10);
		ip("link delete v2");
		check_captures(ring, 10);
	}
	assert_int_equal(ring_stats(ring->fd).written, 100);
	assert_int_equal(socket_error(ring->fd), 0);
	ring_close(ring);
}

static void a_capture_of_any_survives_the_end_of_all_devices(void **state)
{
	struct ring *ring = ring_open(NULL, NULL);

	ip("link delete v0");
	assert_int_equal(socket_error(ring->fd), 0);
	make_pair("v0", "v1");
	send_udp("v0", 10, 100);
	assert_int_equal(ring_wait(ring, 20, NULL, NULL), 20);
	ring_close(ring);
}

static void *keep_sending(void *arg)
{
	int sender = sender_open("v0");
	uint8_t frame[100];

	pin_cpu(1);
	frame_udp(frame, sizeof(frame), 0);
	while (!__atomic_load_n((bool *)arg, __ATOMIC_RELAXED))
		if (send(sender, frame, sizeof(frame), 0) < 0)
			usleep(1000);
	close(sender);
	return NULL;
}

static void a_device_may_go_and_come_under_traffic(void **state)
{
	struct ring *ring = ring_open(NULL, "v1");
	int other = netns_new(), round;
	bool stop = false;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, keep_sending, &stop), 0);
	for (round = 0; round < 5; round++) {
		ring_wait(ring, 10, NULL, NULL);
		move_v1(other);
		assert_int_equal(wait_for_error(ring->fd), ENODEV);
		take_v1_back(other);
		check(ring_bind(ring->fd, ifindex("v1")));
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	assert_int_equal(pthread_join(thread, NULL), 0);
	ring_close(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_reader_learns_that_its_device_has_moved_away),
		TEST(a_device_that_came_back_is_captured_again_in_the_same_ring),
		TEST(a_device_that_moved_leaves_its_promiscuity_behind),
		TEST(a_device_deleted_and_made_anew_is_captured_again),
		TEST(a_device_that_is_gone_can_be_exchanged_for_any),
		TEST(what_was_captured_before_the_device_went_can_be_read),
		TEST(a_socket_without_its_device_still_answers),
		TEST(all_captures_of_a_device_learn_of_its_end),
		TEST(a_capture_goes_on_when_its_device_is_renamed),
		TEST(a_capture_goes_on_when_its_device_was_down),
		TEST(a_device_that_is_down_can_be_bound),
		TEST(devices_that_come_and_go_do_not_concern_a_capture),
		TEST(a_capture_of_any_survives_the_end_of_all_devices),
		TEST(a_device_may_go_and_come_under_traffic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
