/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The ring itself: full, around its end, from two CPUs.
 *
 *	sends ─ v0 ──────── v1 ─ captures
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame.h"
#include "net.h"
#include "system.h"

static bool is_power_of_two(uint64_t value)
{
	return value && (value & (value - 1)) == 0;
}

/* No more than was asked for, and no less than a power of two needs. */
static void check_size(const struct nsring_ring *ring, uint32_t lanes, uint64_t asked)
{
	uint64_t bytes = ring->lane_bytes * lanes;

	if (ring->lane_bytes > NSRING_LANE_MIN)
		assert_true(bytes <= asked);
	assert_true(bytes * 2 > asked);
}

static void the_layout_is_as_the_format_has_it(void **state)
{
	static const uint64_t sizes[] = { 0, 1, 65536, 100000, 1 << 20, (3 << 20) + 1 };
	struct nsring_setup setup = { 0 };
	struct ring *ring;
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		const struct nsring_ring *head;

		setup.ring_bytes = sizes[i];
		ring = ring_open(&setup, "v1");
		head = ring->ring;
		assert_true(is_power_of_two(head->lane_bytes));
		assert_true(head->lane_bytes >= NSRING_LANE_MIN);
		check_size(head, ring->layout.lanes_made, sizes[i] ? sizes[i] : 4 << 20);
		assert_int_equal(ring->layout.lanes_made, sysconf(_SC_NPROCESSORS_ONLN));
		assert_int_equal(head->lanes, sysconf(_SC_NPROCESSORS_CONF));
		assert_int_equal(head->lane_offset % 64, 0);
		assert_int_equal(head->lane_stride % 64, 0);
		assert_int_equal(head->cursor_stride % 64, 0);
		assert_int_equal(head->data_offset % 4096, 0);
		assert_int_equal(head->data_stride % 4096, 0);
		assert_int_equal(head->used_offset % 8, 0);
		assert_int_equal(head->header_bytes % 8, 0);
		assert_int_equal(head->linktype, 0);
		assert_true(head->header_bytes >= sizeof(struct nsring_record));
		assert_true(head->used_offset + (head->lanes + 63) / 64 * 8 <= head->lane_offset);
		assert_true(head->lane_offset + sizeof(struct nsring_lane) <= head->data_offset);
		assert_true(head->lane_bytes <= head->data_stride);
		assert_true(head->data_offset + (head->lanes - 1) * head->data_stride +
				    head->lane_bytes <=
			    ring->layout.ring_bytes);
		assert_true(head->lanes * head->cursor_stride <= ring->layout.cursor_bytes);
		ring_close(ring);
	}
}

static void snaplen_is_no_more_than_a_quarter_of_a_lane(void **state)
{
	struct nsring_setup setup = { .ring_bytes = 1, .snaplen = NSRING_SNAPLEN_MAX };
	struct ring *ring = ring_open(&setup, "v1");

	assert_true(ring->layout.snaplen <= ring->ring->lane_bytes / 4);
	assert_true(ring->layout.snaplen > 9000);
	assert_int_equal(ring->layout.snaplen, ring->ring->snaplen);
	send_large("v0", 61440);
	assert_int_equal(ring_wait(ring, 1, NULL, NULL), 1);
	ring_close(ring);
}

static void what_user_space_must_not_write_it_cannot_map_for_writing(void **state)
{
	struct ring *ring = ring_open(NULL, "v1");
	uint64_t bytes = ring->layout.ring_bytes;

	assert_errno((intptr_t)mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd,
				    NSRING_MAP_RING) == -1
			     ? -1
			     : 0,
		     EPERM);
	assert_errno(mprotect((void *)ring->ring, bytes, PROT_READ | PROT_WRITE), EACCES);
	ring_close(ring);
}

static void a_full_ring_drops_the_newest_and_counts_them(void **state)
{
	struct nsring_setup setup = { .ring_bytes = 1 };
	struct ring *ring = ring_open(&setup, "v1");
	const uint32_t count = 2000;
	struct nsring_stats stats;
	uint32_t next = 0;

	send_udp("v0", count, 200);
	stats = ring_met(ring->fd, count);
	assert_true(stats.written > 0 && stats.full > 0);
	assert_int_equal(ring_full(ring), stats.full);
	/* In their order from the first: what is missing are the last. */
	assert_int_equal(ring_wait(ring, (uint32_t)stats.written, check_numbers, &next),
			 stats.written);
	ring_close(ring);
}

static void a_full_ring_uses_all_its_room(void **state)
{
	struct nsring_setup setup = { .ring_bytes = 1 };
	struct ring *ring = ring_open(&setup, "v1");
	struct nsring_stats stats;

	/* A power of two with its header, so that nothing is left over. */
	send_udp("v0", 2000, 128 - ring->ring->header_bytes);
	stats = ring_met(ring->fd, 2000);
	assert_int_equal(stats.written, ring->ring->lane_bytes / 128);
	ring_close(ring);
}

static void a_reader_goes_on_after_its_ring_was_full(void **state)
{
	struct nsring_setup setup = { .ring_bytes = 1 };
	struct ring *ring = ring_open(&setup, "v1");
	uint64_t full, sent = 0;
	uint32_t round;

	for (round = 0; round < 20; round++) {
		uint32_t next = 0, fits;

		send_udp("v0", 700, 300);
		sent += 700;
		full = ring_met(ring->fd, sent).full;
		fits = ring_read(ring, check_numbers, &next);
		assert_true(fits > 100 && fits < 700);
		next = 0;
		send_udp("v0", 50, 300);
		sent += 50;
		assert_int_equal(ring_met(ring->fd, sent).full, full);
		assert_int_equal(ring_wait(ring, 50, check_numbers, &next), 50);
	}
	ring_close(ring);
}

static uint32_t size_of(uint32_t number)
{
	uint32_t noise = number * 2654435761U;

	return FRAME_MIN + (noise >> 8) % (noise & 0x80000000U ? 100 : 1455);
}

static void check_size_and_number(const struct nsring_record *record, const uint8_t *data,
				  void *arg)
{
	assert_int_equal(record->len, size_of(*(uint32_t *)arg));
	check_numbers(record, data, arg);
}

/* A lane of 64 KiB goes around its end a thousand times. */
static void a_hundred_thousand_packets_of_any_size_come_whole_and_in_order(void **state)
{
	struct nsring_setup setup = { .ring_bytes = 1 };
	const uint32_t count = fewer(100000);
	struct ring *ring = ring_open(&setup, "v1");
	uint32_t next = 0, sent, burst = 0;
	int sender = sender_open("v0");
	uint8_t frame[FRAME_MAX];

	for (sent = 0; sent < count; sent++) {
		frame_udp(frame, size_of(sent), sent);
		sender_send(sender, frame, size_of(sent));
		if (++burst < 1 + sent % 37)
			continue;
		burst = 0;
		/* All of it: the ring holds no more than a burst, and the device may take its time. */
		ring_wait(ring, sent + 1 - next, check_size_and_number, &next);
	}
	ring_wait(ring, count - next, check_size_and_number, &next);
	assert_int_equal(next, count);
	assert_int_equal(ring_full(ring), 0);
	assert_true(ring->pos[0] / ring->ring->lane_bytes > count / 200);
	close(sender);
	ring_close(ring);
}

struct burst {
	int sender;
	uint32_t cpu;
	uint32_t first;
	uint32_t count;
};

static void *send_burst(void *arg)
{
	const struct burst *burst = arg;

	pin_cpu(burst->cpu);
	send_numbers(burst->sender, burst->first, burst->count, 80);
	return NULL;
}

static void start_bursts(pthread_t threads[2], struct burst bursts[2])
{
	uint32_t i;

	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, send_burst, &bursts[i]), 0);
}

static void join(pthread_t threads[2])
{
	uint32_t i;

	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

struct sequence {
	uint32_t split;
	uint32_t next[2];
	uint32_t missing;
};

/* Each thread's in their order, some of them missing. */
static void check_sequence(const struct nsring_record *record, const uint8_t *data, void *arg)
{
	struct sequence *sequence = arg;
	uint32_t number = frame_number(data), which = number >= sequence->split;

	assert_true(frame_is(data, record->caplen, record->len, number));
	assert_true(number >= sequence->next[which]);
	sequence->missing += number - sequence->next[which];
	sequence->next[which] = number + 1;
}

static void two_cpus_lose_nothing_in_one_ring(void **state)
{
	const uint32_t half = fewer(20000);
	struct nsring_setup setup = { .ring_bytes = 16 << 20 };
	struct ring *ring = ring_open(&setup, "v1");
	struct burst bursts[2] = { { sender_open("v0"), 0, 0, half },
				   { sender_open("v0"), 1, half, half } };
	struct sequence sequence = { half, { 0, half }, 0 };
	pthread_t threads[2];

	start_bursts(threads, bursts);
	assert_int_equal(ring_wait(ring, 2 * half, check_sequence, &sequence), 2 * half);
	join(threads);
	assert_int_equal(sequence.missing, 0);
	assert_int_equal(ring_full(ring), 0);
	assert_true(ring_uses(ring, 0) && ring_uses(ring, 1));
	assert_int_equal(ring_lane(ring, 0)->written, half);
	assert_int_equal(ring_lane(ring, 1)->written, half);
	close(bursts[0].sender);
	close(bursts[1].sender);
	ring_close(ring);
}

/* PF_RING's first: what two CPUs did to a full ring, it never recovered from. */
static void two_cpus_and_a_full_ring_lose_what_is_counted_and_it_recovers(void **state)
{
	const uint32_t half = fewer(20000);
	struct nsring_setup setup = { .ring_bytes = 1 };
	struct ring *ring = ring_open(&setup, "v1");
	struct burst bursts[2] = { { sender_open("v0"), 0, 0, half },
				   { sender_open("v0"), 1, half, half } };
	struct sequence sequence = { half, { 0, half }, 0 };
	struct nsring_stats stats;
	uint32_t got = 0, next = 0;
	pthread_t threads[2];

	start_bursts(threads, bursts);
	join(threads);
	stats = ring_met(ring->fd, 2 * half);
	assert_true(stats.full > 0);
	got = ring_read(ring, check_sequence, &sequence);
	assert_int_equal(got, stats.written);
	assert_int_equal(got + ring_full(ring), 2 * half);
	pin_cpu(0);
	send_udp("v0", 100, 80);
	assert_int_equal(ring_wait(ring, 100, check_numbers, &next), 100);
	next = 0;
	pin_cpu(1);
	send_udp("v0", 100, 80);
	assert_int_equal(ring_wait(ring, 100, check_numbers, &next), 100);
	assert_int_equal(ring_full(ring), stats.full);
	close(bursts[0].sender);
	close(bursts[1].sender);
	ring_close(ring);
}

static void ring_outlives_its_socket_while_it_is_mapped(void **state)
{
	struct ring *ring = ring_open(NULL, "v1");
	int sender = sender_open("v0");
	uint32_t next = 0;

	send_numbers(sender, 0, 10, 100);
	ring_met(ring->fd, 10);
	ring_close_fd(ring->fd);
	send_numbers(sender, 10, 10, 100);
	ring_read(ring, check_numbers, &next);
	assert_in_range(next, 10, 20);
	close(sender);
	ring_unmap(ring);
}

static void what_is_mapped_twice_is_the_same_ring(void **state)
{
	struct ring *ring = ring_open(NULL, "v1"), *again = ring_map(ring->fd);
	uint32_t next = 0;

	send_udp("v0", 10, 100);
	assert_int_equal(ring_wait(again, 10, check_numbers, &next), 10);
	assert_int_equal(ring_cursor(ring, 0)->tail, ring_lane(ring, 0)->head);
	ring_unmap(again);
	next = 0;
	assert_int_equal(ring_read(ring, check_numbers, &next), 10);
	ring_close(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_layout_is_as_the_format_has_it),
		TEST(snaplen_is_no_more_than_a_quarter_of_a_lane),
		TEST(what_user_space_must_not_write_it_cannot_map_for_writing),
		TEST(a_full_ring_drops_the_newest_and_counts_them),
		TEST(a_full_ring_uses_all_its_room),
		TEST(a_reader_goes_on_after_its_ring_was_full),
		TEST(a_hundred_thousand_packets_of_any_size_come_whole_and_in_order),
		TEST(two_cpus_lose_nothing_in_one_ring),
		TEST(two_cpus_and_a_full_ring_lose_what_is_counted_and_it_recovers),
		TEST(ring_outlives_its_socket_while_it_is_mapped),
		TEST(what_is_mapped_twice_is_the_same_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
