/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * When poll(2) wakes a reader. No test here depends on how fast the machine is: what must not wake
 * would do so only after ten seconds; and no timer ends early, while of what must be soon it is enough
 * if it once was.
 *
 *	sends ─ v0 ──────── v1 ─ captures
 */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "frame.h"
#include "net.h"
#include "system.h"

#define WAIT_MS 10000
#define ROUNDS	21
#define MS	1000000U /* ns */

/* Time-outs so long that only the watermark can be it. */
static const struct nsring_setup patient = {
	.ring_bytes = 1,
	.watermark_bytes = 8192,
	.wait_min_us = NSRING_WAIT_MAX_US,
	.wait_max_us = NSRING_WAIT_MAX_US,
};

/* A lone packet waits for a while, one of many for longer. */
static const struct nsring_setup adaptive = { .wait_min_us = 500, .wait_max_us = 4000 };

static void *send_later(void *device)
{
	sleep_ms(100);
	send_udp(device, 1, 60);
	return NULL;
}

/*
 * The reader sleeps, and @send wakes it. By epoll, because poll(2) looks again when its time is over: a reader that
 * nobody has woken would have its packets, only late.
 */
static void check_wakes(const struct ring *ring, void *(*send)(void *), void *arg)
{
	int fd = (int)check(epoll_create1(EPOLL_CLOEXEC));
	struct epoll_event event = { .events = EPOLLIN };
	pthread_t thread;

	check(epoll_ctl(fd, EPOLL_CTL_ADD, ring->fd, &event));
	assert_int_equal(epoll_wait(fd, &event, 1, 0), 0);
	assert_int_equal(pthread_create(&thread, NULL, send, arg), 0);
	assert_int_equal(epoll_wait(fd, &event, 1, WAIT_MS / 2), 1);
	assert_int_equal(pthread_join(thread, NULL), 0);
	close(fd);
}

/* The packet comes while the reader sleeps. */
static void check_sleeper_wakes(const struct nsring_setup *setup)
{
	struct ring *ring = ring_open(setup, "v1");

	check_wakes(ring, send_later, (void *)"v0");
	assert_int_equal(ring_read(ring, NULL, NULL), 1);
	assert_false(ring_wakes(ring->fd, 0));
	ring_close(ring);
}

static void a_lone_packet_wakes_a_sleeping_reader(void **state)
{
	check_sleeper_wakes(&adaptive);
}

static void a_lone_packet_wakes_a_sleeping_reader_at_once_if_asked(void **state)
{
	check_sleeper_wakes(NULL);
}

/* The packet was there first. */
static void a_lone_packet_wakes_a_reader_that_comes_later(void **state)
{
	struct ring *ring = ring_open(&adaptive, "v1"), *prompt = ring_open(NULL, "v1");

	send_udp("v0", 1, 60);
	assert_true(ring_wakes(ring->fd, WAIT_MS));
	ring_met(prompt->fd, 1);
	assert_true(ring_wakes(prompt->fd, 0));
	ring_close(ring);
	ring_close(prompt);
}

static void a_reader_is_left_alone_until_the_watermark(void **state)
{
	struct ring *ring = ring_open(&patient, "v1");
	uint32_t records = 8192 / (ring->ring->header_bytes + 64);

	send_udp("v0", records - 2, 64);
	ring_met(ring->fd, records - 2);
	assert_false(ring_wakes(ring->fd, 200));
	send_udp("v0", 3, 64);
	assert_true(ring_wakes(ring->fd, WAIT_MS / 2));
	ring_close(ring);
}

/* A packet by one CPU, and then, by @arg, a CPU as well, more than the watermark of @patient. */
static void *send_a_watermark_later(void *arg)
{
	sleep_ms(100);
	pin_cpu(0);
	send_udp("v0", 1, 60);
	pin_cpu(*(uint32_t *)arg);
	send_udp("v0", 100, 64);
	return NULL;
}

static void a_sleeping_reader_is_woken_by_the_watermark(void **state)
{
	struct ring *ring = ring_open(&patient, "v1");
	uint32_t cpu = 0;

	check_wakes(ring, send_a_watermark_later, &cpu);
	ring_close(ring);
}

static void the_watermark_of_a_lane_wakes_also_where_another_had_the_first_packet(void **state)
{
	struct ring *ring = ring_open(&patient, "v1");
	uint32_t cpu = 1;

	check_wakes(ring, send_a_watermark_later, &cpu);
	ring_close(ring);
}

static void a_reader_that_joins_is_woken_by_a_smaller_watermark_than_the_others_have(void **state)
{
	struct nsring_setup large = patient, small = patient;
	struct ring *first, *second;
	uint32_t cpu = 1;

	large.share = small.share = 1;
	large.watermark_bytes = 4 * small.watermark_bytes;
	first = ring_open(&large, "v1");
	/* The lane has something for the first reader, which is told at its own watermark. */
	assert_false(ring_wakes(first->fd, 0));
	pin_cpu(1);
	send_udp("v0", 2, 60);
	ring_met(first->fd, 2);
	second = ring_open(&small, "v1");
	check_wakes(second, send_a_watermark_later, &cpu);
	ring_close(first);
	ring_close(second);
}

static void a_reader_is_woken_again_for_what_comes_after(void **state)
{
	struct ring *ring = ring_open(&adaptive, "v1");
	uint32_t round;

	for (round = 0; round < 100; round++) {
		send_udp("v0", 1, 60);
		assert_int_equal(ring_wait(ring, 1, NULL, NULL), 1);
	}
	ring_close(ring);
}

static void what_is_left_unread_wakes_again(void **state)
{
	struct ring *ring = ring_open(&adaptive, "v1");

	send_udp("v0", 3, 60);
	assert_true(ring_wakes(ring->fd, WAIT_MS));
	assert_true(ring_wakes(ring->fd, WAIT_MS));
	assert_int_equal(ring_wait(ring, 3, NULL, NULL), 3);
	ring_close(ring);
}

/* Sends a packet, and then waits for it; returns how many ns. */
static uint64_t stream(struct ring *ring)
{
	uint64_t met = ring_written(ring), began, ns;

	send_udp("v0", 1, 60);
	ring_met(ring->fd, met + 1);
	began = now_ns();
	assert_true(ring_wakes(ring->fd, WAIT_MS));
	ns = now_ns() - began;
	assert_int_equal(ring_read(ring, NULL, NULL), 1);
	return ns;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* So many that a time which doubles has reached its end. */
static void start_streaming(struct ring *ring)
{
	uint32_t i;

	for (i = 0; i < 5; i++)
		stream(ring);
}

/* ROUNDS times stream(), in the order of their length. */
static void sort_streams(struct ring *ring, uint64_t *ns)
{
	uint32_t round;

	start_streaming(ring);
	for (round = 0; round < ROUNDS; round++)
		ns[round] = stream(ring);
	qsort(ns, ROUNDS, sizeof(*ns), compare);
}

static void packets_that_keep_coming_wake_less_often(void **state)
{
	struct ring *ring = ring_open(&adaptive, "v1");
	uint64_t ns[ROUNDS];

	sort_streams(ring, ns);
	assert_true(ns[ROUNDS / 2] >= 4 * MS);
	ring_close(ring);
}

/* The rest of its time once it has been sent, which may take a slow machine longer. */
static void a_lone_packet_after_others_wakes_as_soon_as_ever(void **state)
{
	struct ring *ring = ring_open(&adaptive, "v1");
	uint64_t ns, shortest = UINT64_MAX;
	uint32_t round;

	for (round = 0; round < ROUNDS; round++) {
		start_streaming(ring);
		assert_false(ring_wakes(ring->fd, 0));
		sleep_ms(2);
		ns = stream(ring);
		shortest = ns < shortest ? ns : shortest;
	}
	assert_true(shortest < 2 * MS);
	ring_close(ring);
}

static void a_time_out_is_kept_however_many_come(void **state)
{
	const struct nsring_setup setup = { .wait_min_us = 500, .wait_max_us = 500 };
	struct ring *ring = ring_open(&setup, "v1");
	uint64_t ns[ROUNDS];

	sort_streams(ring, ns);
	assert_in_range(ns[0], MS / 2, 4 * MS - 1);
	ring_close(ring);
}

static void a_full_ring_wakes_its_reader(void **state)
{
	struct nsring_setup setup = patient;
	struct ring *ring;

	/* More than ever fits. */
	setup.watermark_bytes = NSRING_LANE_MIN - 16;
	ring = ring_open(&setup, "v1");
	send_udp("v0", 1000, 200);
	assert_true(ring_met(ring->fd, 1000).full > 0);
	assert_true(ring_wakes(ring->fd, WAIT_MS / 2));
	ring_close(ring);
}

static void epoll_wakes_too(void **state)
{
	struct ring *ring = ring_open(&adaptive, "v1");
	int fd = (int)check(epoll_create1(EPOLL_CLOEXEC));
	struct epoll_event event = { .events = EPOLLIN };

	check(epoll_ctl(fd, EPOLL_CTL_ADD, ring->fd, &event));
	assert_int_equal(epoll_wait(fd, &event, 1, 0), 0);
	send_udp("v0", 1, 60);
	assert_int_equal(epoll_wait(fd, &event, 1, WAIT_MS), 1);
	assert_int_equal(event.events, EPOLLIN);
	close(fd);
	ring_close(ring);
}

/* A reader that is told of edges is told again by the next packet, without asking. */
static void epoll_tells_of_each_edge(void **state)
{
	struct ring *ring = ring_open(&adaptive, "v1");
	int fd = (int)check(epoll_create1(EPOLL_CLOEXEC));
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	uint32_t round;

	check(epoll_ctl(fd, EPOLL_CTL_ADD, ring->fd, &event));
	for (round = 0; round < 10; round++) {
		send_udp("v0", 1, 60);
		assert_int_equal(epoll_wait(fd, &event, 1, WAIT_MS), 1);
		ring_met(ring->fd, round + 1);
		assert_int_equal(ring_read(ring, NULL, NULL), 1);
	}
	assert_int_equal(epoll_wait(fd, &event, 1, 0), 0);
	close(fd);
	ring_close(ring);
}

static void each_of_two_pollers_of_a_socket_wakes(void **state)
{
	struct ring *ring = ring_open(&adaptive, "v1");
	struct pollfd twice[2] = { { ring->fd, POLLIN, 0 }, { dup(ring->fd), POLLIN, 0 } };

	send_udp("v0", 1, 60);
	assert_true(ring_wakes(ring->fd, WAIT_MS));
	assert_int_equal(poll(twice, 2, WAIT_MS), 2);
	close(twice[1].fd);
	ring_close(ring);
}

static int poll_for_ever(void *arg)
{
	struct pollfd poller = { .fd = *(int *)arg, .events = POLLIN };

	poll(&poller, 1, -1);
	return 0;
}

/* PF_RING's eighth: it spun in the kernel, also when it was killed. */
static void a_reader_of_an_empty_ring_can_be_killed(void **state)
{
	struct ring *ring = ring_open(&adaptive, "v1");
	pid_t child = child_start(poll_for_ever, &ring->fd);

	sleep_ms(50);
	ring_close(ring);
	child_kill(child);
	assert_true(wait_until(module_is_unused, NULL));
}

static void *sleep_on(void *epoll)
{
	struct epoll_event event;

	return (void *)(intptr_t)epoll_wait(*(int *)epoll, &event, 1, WAIT_MS);
}

/* Packets come all the time, so the first may come before binding has ended. */
static void binding_wakes_who_sleeps_already(void **state)
{
	const struct nsring_setup prompt = { .ring_bytes = 1 };
	struct epoll_event event = { .events = EPOLLIN };
	uint32_t round, rounds = 5 + fewer(100);
	pthread_t thread;
	void *events;
	int fd, epoll;

	flood_start("v0", 200);
	for (round = 0; round < rounds; round++) {
		fd = ring_socket();
		check(ring_setup(fd, &prompt));
		epoll = (int)check(epoll_create1(EPOLL_CLOEXEC));
		check(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
		assert_int_equal(pthread_create(&thread, NULL, sleep_on, &epoll), 0);
		sleep_ms(20);
		check(ring_bind(fd, ifindex("v1")));
		assert_int_equal(pthread_join(thread, &events), 0);
		assert_int_equal((intptr_t)events, 1);
		close(epoll);
		ring_close_fd(fd);
	}
	flood_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_lone_packet_wakes_a_sleeping_reader),
		TEST(a_lone_packet_wakes_a_sleeping_reader_at_once_if_asked),
		TEST(a_lone_packet_wakes_a_reader_that_comes_later),
		TEST(a_reader_is_left_alone_until_the_watermark),
		TEST(a_sleeping_reader_is_woken_by_the_watermark),
		TEST(the_watermark_of_a_lane_wakes_also_where_another_had_the_first_packet),
		TEST(a_reader_that_joins_is_woken_by_a_smaller_watermark_than_the_others_have),
		TEST(a_reader_is_woken_again_for_what_comes_after),
		TEST(what_is_left_unread_wakes_again),
		TEST(packets_that_keep_coming_wake_less_often),
		TEST(a_lone_packet_after_others_wakes_as_soon_as_ever),
		TEST(a_time_out_is_kept_however_many_come),
		TEST(a_full_ring_wakes_its_reader),
		TEST(binding_wakes_who_sleeps_already),
		TEST(epoll_wakes_too),
		TEST(epoll_tells_of_each_edge),
		TEST(each_of_two_pollers_of_a_socket_wakes),
		TEST(a_reader_of_an_empty_ring_can_be_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
