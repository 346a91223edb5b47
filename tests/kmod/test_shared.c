/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Several readers of one ring.
 *
 *	sends ─ v0 ──────── v1 ─ captures
 */
#include <linux/filter.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame.h"
#include "net.h"
#include "system.h"

#define READERS 4U

static const struct nsring_setup shared = { .ring_bytes = 1 << 20, .share = 7 };

static void open_readers(struct ring *rings[READERS], const struct nsring_setup *setup)
{
	uint32_t i;

	for (i = 0; i < READERS; i++)
		rings[i] = ring_open(setup, "v1");
}

static void close_readers(struct ring *rings[READERS])
{
	uint32_t i;

	for (i = 0; i < READERS; i++)
		ring_close(rings[i]);
}

static void each_reader_has_each_packet(void **state)
{
	struct ring *rings[READERS];
	uint32_t i, round, rounds = fewer(20);

	open_readers(rings, &shared);
	for (round = 0; round < rounds; round++) {
		send_udp("v0", 100, 300);
		for (i = 0; i < READERS; i++) {
			uint32_t next = 0;

			assert_int_equal(ring_wait(rings[i], 100, check_numbers, &next), 100);
			assert_int_equal(ring_missed(rings[i]), 0);
		}
	}
	for (i = 0; i < READERS; i++)
		assert_int_equal(ring_stats(rings[i]->fd).written, rounds * 100);
	close_readers(rings);
}

static void a_packet_for_all_is_written_once(void **state)
{
	struct ring *rings[READERS];
	uint32_t record_bytes;

	open_readers(rings, &shared);
	record_bytes =
		(rings[0]->ring->header_bytes + 100 + NSRING_ALIGN - 1) & ~(NSRING_ALIGN - 1);
	send_udp("v0", 10, 100);
	ring_met(rings[READERS - 1]->fd, 10);
	assert_int_equal(rings[0]->ring->flags & NSRING_RING_SHARED, NSRING_RING_SHARED);
	assert_int_equal(ring_written(rings[0]), 10);
	assert_int_equal(ring_lane(rings[0], 0)->head, 10 * record_bytes);
	close_readers(rings);
}

static void a_reader_that_stopped_holds_up_nobody(void **state)
{
	struct ring *rings[READERS];
	uint32_t i, round, rounds = fewer(50), next;

	open_readers(rings, &shared);
	/* More than fits, twice at least. */
	for (round = 0; round < rounds; round++) {
		send_udp("v0", 200, 1000);
		for (i = 1; i < READERS; i++) {
			next = 0;
			assert_int_equal(ring_wait(rings[i], 200, check_numbers, &next), 200);
		}
	}
	for (i = 1; i < READERS; i++)
		assert_int_equal(ring_missed(rings[i]), 0);
	assert_int_equal(ring_full(rings[0]), 0);
	close_readers(rings);
}

static void a_reader_that_was_overrun_learns_exactly_how_many_it_missed(void **state)
{
	struct ring *ring = ring_open(&shared, "v1");
	uint32_t read = 0, sent = 0, round;

	for (round = 0; round < 5; round++) {
		send_udp("v0", 2000, 1000);
		sent += 2000;
		ring_met(ring->fd, sent);
		read += ring_read(ring, NULL, NULL);
		assert_true(read < sent);
		assert_int_equal(ring_missed(ring) + read, sent);
		send_udp("v0", 100, 1000);
		sent += 100;
		ring_met(ring->fd, sent);
		read += ring_read(ring, NULL, NULL);
		assert_int_equal(ring_missed(ring) + read, sent);
	}
	ring_close(ring);
}

/* Records of many lengths, so that they begin anywhere in a part; up to a quarter of the lane. */
static void a_64th_of_a_lane_is_given_up_at_a_time(void **state)
{
	struct nsring_setup setup = { .ring_bytes = 1, .share = 7 };
	struct ring *ring = ring_open(&setup, "v1");
	uint64_t bytes = ring->ring->lane_bytes, part = bytes / 64, longest;
	const struct nsring_lane *lane = ring_lane(ring, 0);
	int sender = sender_open("v0");
	uint32_t i, sent = 0;

	for (i = 0; i < 400; i++, sent++) {
		longest = 48 + 61 + i * 37 % 1400 + 15;
		send_numbers(sender, 0, 1, 61 + i * 37 % 1400);
		ring_met(ring->fd, sent + 1);
		assert_true(lane->claimed - lane->oldest <= bytes);
		if (lane->head > bytes + 2048)
			assert_true(lane->claimed - lane->oldest >= bytes - part - 2048 - longest);
		/* What is there from the oldest on can be read, and is whole. */
		if (i % 40 == 39) {
			ring->pos[0] = lane->oldest;
			assert_true(ring_read(ring, NULL, NULL) > 0);
		}
	}
	assert_true(lane->head > 4 * bytes);
	send_large("v0", 15000);
	ring_met(ring->fd, sent + 1);
	assert_true(lane->claimed - lane->oldest <= bytes);
	ring->pos[0] = lane->oldest;
	assert_true(ring_read(ring, NULL, NULL) > 10);
	close(sender);
	ring_close(ring);
}

/* Frames whose number is a multiple of @divisor, a power of two. */
static void attach_multiples(int fd, uint32_t divisor)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT_PAYLOAD),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, divisor - 1, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog program = { ARRAY_SIZE(code), code };

	check(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)));
}

static void check_multiple(const struct nsring_record *record, const uint8_t *data, void *arg)
{
	uint32_t number = frame_number(data);

	assert_int_equal(number % *(uint32_t *)arg, 0);
	assert_true(frame_is(data, record->caplen, record->len, number));
}

static void each_reader_has_a_filter_of_its_own(void **state)
{
	struct ring *rings[READERS];
	struct nsring_stats stats;
	uint32_t i, divisor;

	open_readers(rings, &shared);
	for (i = 0; i < READERS; i++)
		attach_multiples(rings[i]->fd, 1U << i);
	send_udp("v0", 800, 100);
	for (i = 0; i < READERS; i++) {
		divisor = 1U << i;
		assert_int_equal(ring_wait(rings[i], 800 / divisor, check_multiple, &divisor),
				 800 / divisor);
		stats = ring_met(rings[i]->fd, 800);
		assert_int_equal(stats.written, 800 / divisor);
		assert_int_equal(stats.filtered, 800 - 800 / divisor);
		assert_int_equal(ring_missed(rings[i]), 0);
	}
	assert_int_equal(ring_written(rings[0]), 800);
	close_readers(rings);
}

static void what_no_filter_accepts_is_not_written(void **state)
{
	struct ring *rings[READERS];
	uint32_t i;

	open_readers(rings, &shared);
	for (i = 0; i < READERS; i++)
		attach_multiples(rings[i]->fd, 8);
	send_udp("v0", 800, 100);
	ring_met(rings[3]->fd, 800);
	assert_int_equal(ring_written(rings[0]), 100);
	close_readers(rings);
}

static void a_reader_has_what_comes_after_it_joined(void **state)
{
	struct ring *first = ring_open(&shared, "v1"), *second;
	uint32_t next = 0;

	send_udp("v0", 100, 100);
	ring_met(first->fd, 100);
	second = ring_open(&shared, "v1");
	assert_int_equal(second->layout.members, 2);
	assert_int_not_equal(first->layout.reader, second->layout.reader);
	send_udp("v0", 50, 100);
	assert_int_equal(ring_wait(second, 50, check_numbers, &next), 50);
	assert_int_equal(ring_missed(second), 0);
	assert_int_equal(ring_wait(first, 150, NULL, NULL), 150);
	ring_close(first);
	next = 0;
	send_udp("v0", 50, 100);
	assert_int_equal(ring_wait(second, 50, check_numbers, &next), 50);
	ring_close(second);
}

static void the_place_of_a_reader_that_left_is_given_clean_to_the_next(void **state)
{
	struct ring *first = ring_open(&shared, "v1"), *second;
	uint32_t round;

	for (round = 0; round < 40; round++) {
		second = ring_open(&shared, "v1");
		if (round % 2)
			attach_multiples(second->fd, 4);
		send_udp("v0", 20, 100);
		assert_int_equal(ring_wait(second, round % 2 ? 5 : 20, NULL, NULL),
				 round % 2 ? 5 : 20);
		assert_int_equal(ring_missed(second), 0);
		ring_close(second);
		assert_int_equal(ring_wait(first, 20, NULL, NULL), 20);
	}
	assert_int_equal(ring_missed(first), 0);
	ring_close(first);
}

static void there_is_room_for_32_readers_and_no_more(void **state)
{
	struct nsring_setup setup = { .ring_bytes = 1, .share = 1 };
	struct ring *rings[NSRING_READERS_MAX];
	uint32_t i;
	int fd;

	for (i = 0; i < NSRING_READERS_MAX; i++)
		rings[i] = ring_open(&setup, "v1");
	fd = ring_socket();
	check(ring_setup(fd, &setup));
	assert_errno(ring_bind(fd, ifindex("v1")), EUSERS);
	send_udp("v0", 10, 100);
	for (i = 0; i < NSRING_READERS_MAX; i++) {
		assert_int_equal(ring_wait(rings[i], 10, NULL, NULL), 10);
		ring_close(rings[i]);
	}
	check(ring_bind(fd, ifindex("v1")));
}

static int capture_in_a_container(void *arg)
{
	struct nsring_setup setup = shared;
	struct ring *ring;

	setup.ring_bytes = shared.ring_bytes / 4;
	ring = ring_open(&setup, "v1");
	return ring->layout.members == 1 ? 0 : 1;
}

static void a_container_shares_no_ring_of_the_host(void **state)
{
	struct ring *host = ring_open(&shared, "v1");

	assert_int_equal(child_apart(capture_in_a_container, NULL), 0);
	ring_close(host);
}

static void other_settings_or_another_device_are_refused(void **state)
{
	struct nsring_setup other = shared;
	struct ring *ring = ring_open(&shared, "v1");
	int fd = ring_socket();

	other.direction = NSRING_DIRECTION_IN;
	check(ring_setup(fd, &other));
	assert_errno(ring_bind(fd, ifindex("v1")), EINVAL);
	other = shared;
	other.sample = 2;
	check(ring_setup(fd, &other));
	assert_errno(ring_bind(fd, ifindex("v1")), EINVAL);
	check(ring_setup(fd, &shared));
	assert_errno(ring_bind(fd, ifindex("v0")), EINVAL);
	check(ring_bind(fd, ifindex("v1")));
	ring_close(ring);
}

static void the_same_number_in_another_namespace_is_another_ring(void **state)
{
	int here = netns_here(), other = netns_new();
	struct ring *ring = ring_open(&shared, "v1"), *twin;

	netns_enter(other);
	make_pair("v0", "v1");
	twin = ring_open(&shared, "v1");
	assert_int_equal(twin->layout.members, 1);
	netns_enter(here);
	send_udp("v0", 10, 100);
	assert_int_equal(ring_wait(ring, 10, NULL, NULL), 10);
	assert_int_equal(ring_written(twin), 0);
	ring_close(ring);
	ring_close(twin);
	close(here);
}

static void a_reader_may_have_a_shorter_snaplen(void **state)
{
	struct nsring_setup less = shared, more = shared;
	struct ring *first, *second;
	int fd = ring_socket();
	uint32_t next = 0;

	more.snaplen = 500;
	less.snaplen = 100;
	first = ring_open(&more, "v1");
	second = ring_open(&less, "v1");
	send_udp("v0", 10, 400);
	assert_int_equal(ring_wait(first, 10, check_numbers, &next), 10);
	assert_int_equal(ring_wait(second, 10, NULL, NULL), 10);
	more.snaplen = 501;
	check(ring_setup(fd, &more));
	assert_errno(ring_bind(fd, ifindex("v1")), EINVAL);
	/* The longest. */
	more.snaplen = 0;
	check(ring_setup(fd, &more));
	assert_errno(ring_bind(fd, ifindex("v1")), EINVAL);
	ring_close(first);
	ring_close(second);
}

static void a_reader_that_has_stopped_misses_nothing_that_comes_after(void **state)
{
	struct ring *first = ring_open(&shared, "v1"), *second = ring_open(&shared, "v1");

	send_udp("v0", 10, 100);
	ring_met(first->fd, 10);
	ring_met(second->fd, 10);
	ring_stop(first->fd);
	ring_stop(first->fd); /* which does nothing */
	send_udp("v0", 20, 100);
	assert_int_equal(ring_wait(second, 30, NULL, NULL), 30);
	assert_int_equal(ring_stats(first->fd).written, 10);
	assert_int_equal(ring_read(first, NULL, NULL), 10);
	assert_int_equal(ring_missed(first), 0);
	ring_close(first);
	send_udp("v0", 5, 100);
	assert_int_equal(ring_wait(second, 5, NULL, NULL), 5);
	assert_int_equal(ring_missed(second), 0);
	ring_close(second);
}

static void the_device_is_gone_for_all_readers(void **state)
{
	struct ring *rings[READERS];
	uint32_t i, next;

	open_readers(rings, &shared);
	ip("link delete v0");
	for (i = 0; i < READERS; i++)
		assert_int_equal(socket_error(rings[i]->fd), ENODEV);
	make_pair("v0", "v1");
	for (i = 0; i < READERS; i++)
		check(ring_bind(rings[i]->fd, ifindex("v1")));
	send_udp("v0", 10, 100);
	for (i = 0; i < READERS; i++) {
		next = 0;
		assert_int_equal(ring_wait(rings[i], 10, check_numbers, &next), 10);
	}
	close_readers(rings);
}

struct flood {
	bool stop;
	uint64_t sent;
};

static void *send_flood(void *arg)
{
	struct flood *flood = arg;
	int sender = sender_open("v0");

	pin_cpu(1);
	while (!__atomic_load_n(&flood->stop, __ATOMIC_RELAXED)) {
		send_numbers(sender, (uint32_t)flood->sent, 32, 300);
		flood->sent += 32;
	}
	close(sender);
	return NULL;
}

/* Whole, and in an order that only goes up. */
static void check_rising(const struct nsring_record *record, const uint8_t *data, void *arg)
{
	uint32_t number = frame_number(data), *next = arg;

	assert_true(frame_is(data, record->caplen, record->len, number));
	assert_true(number >= *next);
	*next = number + 1;
}

static void readers_join_and_leave_under_load(void **state)
{
	struct nsring_setup setup = { .ring_bytes = 1, .share = 7 };
	struct ring *steady = ring_open(&setup, "v1"), *guest;
	struct flood flood = { 0 };
	uint32_t round, next = 0, guest_next;
	uint64_t read = 0;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, send_flood, &flood), 0);
	for (round = 0; round < fewer(200); round++) {
		guest = ring_open(&setup, "v1");
		guest_next = 0;
		ring_wait(guest, 10, check_rising, &guest_next);
		read += ring_read(steady, check_rising, &next);
		ring_close(guest);
	}
	__atomic_store_n(&flood.stop, true, __ATOMIC_RELAXED);
	assert_int_equal(pthread_join(thread, NULL), 0);
	ring_met(steady->fd, flood.sent);
	read += ring_read(steady, check_rising, &next);
	assert_int_equal(read + ring_missed(steady), flood.sent);
	ring_close(steady);
}

static int read_all(void *arg)
{
	for (;;)
		ring_wait(arg, 1, NULL, NULL);
	return 0;
}

static void readers_that_are_killed_leave_the_rest_alone(void **state)
{
	struct nsring_setup setup = { .ring_bytes = 1, .share = 7 };
	struct ring *steady = ring_open(&setup, "v1"), *guest;
	struct flood flood = { 0 };
	uint32_t round, next = 0;
	pthread_t thread;
	pid_t child;

	assert_int_equal(pthread_create(&thread, NULL, send_flood, &flood), 0);
	for (round = 0; round < 20; round++) {
		guest = ring_open(&setup, "v1");
		child = child_start(read_all, guest);
		ring_close(guest);
		ring_wait(steady, 10, check_rising, &next);
		child_kill(child);
	}
	__atomic_store_n(&flood.stop, true, __ATOMIC_RELAXED);
	assert_int_equal(pthread_join(thread, NULL), 0);
	ring_met(steady->fd, flood.sent);
	ring_read(steady, check_rising, &next);
	guest = ring_open(&setup, "v1");
	assert_int_equal(guest->layout.members, 2);
	ring_close(guest);
	ring_close(steady);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_reader_has_each_packet),
		TEST(a_packet_for_all_is_written_once),
		TEST(a_reader_that_stopped_holds_up_nobody),
		TEST(a_reader_that_was_overrun_learns_exactly_how_many_it_missed),
		TEST(a_64th_of_a_lane_is_given_up_at_a_time),
		TEST(each_reader_has_a_filter_of_its_own),
		TEST(what_no_filter_accepts_is_not_written),
		TEST(a_reader_has_what_comes_after_it_joined),
		TEST(the_place_of_a_reader_that_left_is_given_clean_to_the_next),
		TEST(there_is_room_for_32_readers_and_no_more),
		TEST(a_container_shares_no_ring_of_the_host),
		TEST(other_settings_or_another_device_are_refused),
		TEST(the_same_number_in_another_namespace_is_another_ring),
		TEST(a_reader_may_have_a_shorter_snaplen),
		TEST(a_reader_that_has_stopped_misses_nothing_that_comes_after),
		TEST(the_device_is_gone_for_all_readers),
		TEST(readers_join_and_leave_under_load),
		TEST(readers_that_are_killed_leave_the_rest_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
