/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* How long a reader of the packet engine leaves the ring alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engines/packet/packet.h"
#include "sys/clock.h"

#define BATCH_MS 20

/* The pause after @filled blocks of 64 came within @ms at least. */
static uint32_t pause_us(uint32_t filled, uint32_t ms)
{
	struct packet_ring ring = { .block_count = 64, .filled = filled };

	ring.idle_ns = nsr_clock_ns() - ms * NSEC_PER_MSEC;
	return packet_ring_pause_us(&ring, BATCH_MS);
}

static void a_pause_is_short_however_slow_packets_were(void **state)
{
	struct packet_ring ring = { .block_count = 64, .filled = 1 };

	ring.idle_ns = nsr_clock_ns() - 100 * NSEC_PER_MSEC;
	assert_int_equal(packet_ring_pause_us(&ring, 1000000), 10000);
}

static void without_a_full_block_there_is_no_pause(void **state)
{
	assert_int_equal(pause_us(0, 1), 0);
}

static void pause_ends_before_an_eighth_of_the_ring_has_filled(void **state)
{
	/* 100,000 blocks a second at most: 8 of them take 80 µs, or longer on a busy machine. */
	struct packet_ring ring = { .block_count = 64, .filled = 1000 };
	uint64_t begin = nsr_clock_ns() - 10 * NSEC_PER_MSEC;
	uint32_t pause;

	ring.idle_ns = begin;
	pause = packet_ring_pause_us(&ring, BATCH_MS);
	assert_in_range(pause, 80, (nsr_clock_ns() - begin) / 1000 * 8 / 1000);
}

static void pause_takes_half_of_a_batch_at_most(void **state)
{
	assert_int_equal(pause_us(1000, 5000), BATCH_MS / 2 * 1000);
}

static void no_packet_waits_longer_than_a_batch_may(void **state)
{
	assert_in_range(pause_us(1, 15), 0, 5000);
	assert_int_equal(pause_us(1, BATCH_MS), 0);
}

static void each_pause_counts_blocks_anew(void **state)
{
	struct packet_ring ring = { .block_count = 64, .filled = 1000 };

	ring.idle_ns = nsr_clock_ns() - 4000 * NSEC_PER_MSEC;
	assert_int_not_equal(packet_ring_pause_us(&ring, BATCH_MS), 0);
	assert_int_equal(packet_ring_pause_us(&ring, BATCH_MS), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pause_is_short_however_slow_packets_were),
		cmocka_unit_test(without_a_full_block_there_is_no_pause),
		cmocka_unit_test(pause_ends_before_an_eighth_of_the_ring_has_filled),
		cmocka_unit_test(pause_takes_half_of_a_batch_at_most),
		cmocka_unit_test(no_packet_waits_longer_than_a_batch_may),
		cmocka_unit_test(each_pause_counts_blocks_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
