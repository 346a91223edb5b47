/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Readers that write into the cursors what they please (PF_RING's fifth: the kernel believed them).
 *
 *	sends ─ v0 ──────── v1 ─ captures
 */
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame.h"
#include "net.h"
#include "system.h"

struct scribbler {
	struct ring *ring;
	bool stop;
	pthread_t thread;
};

static uint64_t scribble(uint64_t noise, uint64_t head)
{
	switch (noise >> 33 & 7) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	case 2:
		return head + 16;
	case 3:
		return head - 1;
	case 4:
		return head + (noise & 0xfffff);
	case 5:
		return head - (noise & 0xfffff);
	case 6:
		return 1ULL << (noise & 63);
	default:
		return noise * 0x9e3779b97f4a7c15;
	}
}

static void *scribble_all(void *arg)
{
	struct scribbler *scribbler = arg;
	struct ring *ring = scribbler->ring;
	uint64_t noise = 1, i, words = ring->layout.cursor_bytes / sizeof(uint64_t);
	volatile uint64_t *at = (void *)ring->cursors;

	pin_cpu(1);
	while (!__atomic_load_n(&scribbler->stop, __ATOMIC_RELAXED)) {
		for (i = 0; i < words; i += ring->ring->cursor_stride / sizeof(uint64_t)) {
			noise = noise * 6364136223846793005 + 1442695040888963407;
			at[i] = scribble(noise, ring_lane(ring, 0)->head);
		}
		noise += at[noise % words]++;
	}
	return NULL;
}

static void start(struct scribbler *scribbler, struct ring *ring)
{
	*scribbler = (struct scribbler){ .ring = ring };
	assert_int_equal(pthread_create(&scribbler->thread, NULL, scribble_all, scribbler), 0);
}

/* And lets the ring have a cursor that is right again. */
static void stop(struct scribbler *scribbler)
{
	struct ring *ring = scribbler->ring;
	uint32_t i;

	__atomic_store_n(&scribbler->stop, true, __ATOMIC_RELAXED);
	assert_int_equal(pthread_join(scribbler->thread, NULL), 0);
	for (i = 0; i < ring->layout.lanes; i++)
		ring->pos[i] = ring_cursor(ring, i)->tail =
			ring_uses(ring, i) ? ring_lane(ring, i)->head : 0;
}

static void check_recovered(struct ring *ring)
{
	uint32_t next = 0;

	send_udp("v0", 20, 100);
	assert_int_equal(ring_wait(ring, 20, check_numbers, &next), 20);
}

static void a_reader_that_scribbles_harms_nobody_and_its_ring_recovers(void **state)
{
	struct nsring_setup setup = { .ring_bytes = 1 };
	struct ring *ring = ring_open(&setup, "v1"), *other = ring_open(&setup, "v1");
	const uint32_t rounds = fewer(1000);
	int sender = sender_open("v0");
	struct scribbler scribbler;
	uint32_t next = 0, round;

	start(&scribbler, ring);
	for (round = 0; round < rounds; round++) {
		send_numbers(sender, round * 30, 30, 100 + round % 1300);
		next = round * 30;
		assert_int_equal(ring_wait(other, 30, check_numbers, &next), 30);
		ring_stats(ring->fd);
		ring_wakes(ring->fd, 0);
	}
	stop(&scribbler);
	check_recovered(ring);
	close(sender);
	ring_close(ring);
	ring_close(other);
}

/* The kernel looks at a cursor only when it needs room. */
static void a_wrong_cursor_is_a_full_lane(void **state)
{
	struct nsring_setup setup = { .ring_bytes = 1 };
	struct ring *ring = ring_open(&setup, "v1");
	uint64_t wrong[6], right, full;
	uint32_t i;

	send_udp("v0", 1000, 1000);
	full = ring_met(ring->fd, 1000).full;
	assert_true(full > 0);
	right = ring_lane(ring, 0)->head;
	wrong[0] = right + 16;
	wrong[1] = right - ring->ring->lane_bytes - 16;
	wrong[2] = UINT64_MAX;
	wrong[3] = 1ULL << 63;
	wrong[4] = right + (1ULL << 32);
	wrong[5] = right + ring->ring->lane_bytes;
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		ring_cursor(ring, 0)->tail = wrong[i];
		send_udp("v0", 10, 1000);
		ring_met(ring->fd, 1000 + (i + 1) * 10);
		assert_int_equal(ring_full(ring), full + (i + 1) * 10);
		assert_int_equal(ring_lane(ring, 0)->head, right);
	}
	ring->pos[0] = ring_cursor(ring, 0)->tail = right;
	check_recovered(ring);
	ring_close(ring);
}

static void a_shared_ring_does_not_mind_its_readers_cursors(void **state)
{
	struct nsring_setup setup = { .ring_bytes = 1, .share = 5 };
	struct ring *ring = ring_open(&setup, "v1"), *other = ring_open(&setup, "v1");
	const uint32_t rounds = fewer(500);
	int sender = sender_open("v0");
	struct scribbler scribbler;
	uint32_t next, round;

	start(&scribbler, ring);
	for (round = 0; round < rounds; round++) {
		send_numbers(sender, round * 30, 30, 100 + round % 1300);
		next = round * 30;
		assert_int_equal(ring_wait(other, 30, check_numbers, &next), 30);
		ring_wakes(ring->fd, 0);
	}
	stop(&scribbler);
	check_recovered(ring);
	close(sender);
	ring_close(ring);
	ring_close(other);
}

static bool is_pointer(uint64_t value)
{
	return value >= 0xffff800000000000 && value < 0xfffffffffffff000;
}

static uint64_t count_pointers(const void *area, uint64_t bytes)
{
	const uint64_t *at = area;
	uint64_t i, found = 0;

	for (i = 0; i < bytes / sizeof(*at); i++)
		found += is_pointer(at[i]);
	return found;
}

/* PF_RING's fifth, too. */
static void no_address_of_the_kernel_lies_in_what_is_mapped(void **state)
{
	struct nsring_setup setup = { .ring_bytes = 1 };
	struct ring *ring = ring_open(&setup, "v1");
	uint32_t i;
	uint8_t zeros[200] = { 2 };
	int sender = sender_open("v0");

	for (i = 0; i < 1000; i++) {
		sender_send(sender, zeros, sizeof(zeros));
		if (i % 100 == 0)
			ring_read(ring, NULL, NULL);
	}
	/* The lanes of two CPUs have memory, with the header before them. */
	assert_int_equal(count_pointers(ring->ring, ring->ring->lane_offset +
							    2 * (uint64_t)ring->ring->lane_stride),
			 0);
	assert_int_equal(count_pointers(ring->cursors, ring->layout.cursor_bytes), 0);
	close(sender);
	ring_close(ring);
}

static void memory_that_was_another_rings_is_empty(void **state)
{
	struct nsring_setup setup = { .ring_bytes = 1 << 20 };
	const uint64_t *at;
	uint64_t i, found;
	struct ring *ring;
	uint32_t round, lane;

	for (round = 0; round < 5; round++) {
		ring = ring_open(&setup, "v1");
		at = (const void *)((const uint8_t *)ring->ring + ring->ring->data_offset);
		for (lane = found = 0; lane < 2; lane++, at += ring->ring->data_stride / 8)
			for (i = 0; i < ring->ring->lane_bytes / 8; i++)
				found += at[i] != 0;
		assert_int_equal(found, 0);
		send_udp("v0", 500, 1400);
		ring_met(ring->fd, 500);
		ring_close(ring);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_reader_that_scribbles_harms_nobody_and_its_ring_recovers),
		TEST(a_wrong_cursor_is_a_full_lane),
		TEST(a_shared_ring_does_not_mind_its_readers_cursors),
		TEST(no_address_of_the_kernel_lies_in_what_is_mapped),
		TEST(memory_that_was_another_rings_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
