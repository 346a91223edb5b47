/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Frames laid out for a run of the live engine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engines/live/live.h"

#define MAX_LEN 1514

static uint8_t area[LIVE_AREA_BYTES + 4096];
static const uint8_t bytes[3][2000] = { { 1, 2, 3 }, { 4, 5, 6 }, { 7, 8, 9 } };

static struct nsr_frame frame(uint32_t which, uint32_t len)
{
	return (struct nsr_frame){ .data = bytes[which], .len = len };
}

static struct live_chunk filled(const struct nsr_frame *frames, uint32_t count)
{
	struct live_chunk chunk;

	live_area_fill(area, frames, count, MAX_LEN, &chunk);
	return chunk;
}

static void frames_stand_one_after_the_other_with_their_lengths(void **state)
{
	const struct nsr_frame frames[] = { frame(0, 60), frame(1, 61), frame(2, 14) };
	struct live_chunk chunk = filled(frames, 3);
	const uint32_t at[] = { 0, 64, 192 };
	uint32_t i;

	assert_int_equal(chunk.frames, 3);
	assert_int_equal(chunk.bytes, 256);
	assert_int_equal(chunk.longest, 61);
	for (i = 0; i < 3; i++) {
		const struct live_slot *slot = (const void *)(area + at[i]);

		assert_int_equal(slot->len, frames[i].len);
		assert_memory_equal(slot->data, frames[i].data, frames[i].len);
	}
}

static void frames_that_repeat_are_laid_out_once(void **state)
{
	struct nsr_frame frames[1000];
	struct live_chunk chunk;
	uint32_t i;

	for (i = 0; i < 1000; i++)
		frames[i] = frame(i % 3, 60);
	chunk = filled(frames, 1000);
	assert_int_equal(chunk.frames, 1000);
	assert_int_equal(chunk.bytes, 3 * 64);
}

static void frames_that_repeat_but_for_the_last_are_all_laid_out(void **state)
{
	struct nsr_frame frames[1000];
	struct live_chunk chunk;
	uint32_t i;

	for (i = 0; i < 1000; i++)
		frames[i] = frame(i < 999 ? i % 2 : 2, 60);
	chunk = filled(frames, 1000);
	assert_int_equal(chunk.frames, 1000);
	assert_int_equal(chunk.bytes, 1000 * 64);
}

static void the_same_bytes_with_another_length_are_another_frame(void **state)
{
	const struct nsr_frame frames[] = { frame(0, 60), frame(0, 50) };
	struct live_chunk chunk = filled(frames, 2);

	assert_int_equal(chunk.frames, 2);
	assert_int_equal(chunk.bytes, 2 * 64);
}

static void a_chunk_ends_where_the_area_does(void **state)
{
	enum { COUNT = 2000, SLOT = 1536 };
	struct nsr_frame *frames = calloc(COUNT, sizeof(*frames));
	struct live_chunk chunk;
	uint32_t i;

	assert_non_null(frames);
	for (i = 0; i < COUNT; i++)
		frames[i] = frame(i != 0, MAX_LEN);
	chunk = filled(frames, COUNT);
	assert_int_equal(chunk.frames, LIVE_AREA_BYTES / SLOT);
	assert_int_equal(chunk.bytes, LIVE_AREA_BYTES / SLOT * SLOT);
	free(frames);
}

static void a_chunk_ends_before_a_frame_that_cannot_be_sent(void **state)
{
	const struct nsr_frame too_long[] = { frame(0, 60), frame(1, 60), frame(2, MAX_LEN + 1) };
	const struct nsr_frame too_short[] = { frame(0, 60), frame(1, 13) };

	assert_int_equal(filled(too_long, 3).frames, 2);
	assert_int_equal(filled(too_short, 2).frames, 1);
}

static void a_vlan_tag_comes_on_top_of_the_longest_frame(void **state)
{
	uint8_t tagged[2000] = { [12] = 0x81 };
	const struct nsr_frame longest = { .data = tagged, .len = MAX_LEN + 4 };
	const struct nsr_frame longer = { .data = tagged, .len = MAX_LEN + 5 };

	assert_true(live_frame_fits(&longest, MAX_LEN));
	assert_false(live_frame_fits(&longer, MAX_LEN));
	tagged[12] = 0x88;
	assert_false(live_frame_fits(&longest, MAX_LEN));
}

static void no_frame_is_longer_than_a_page_holds(void **state)
{
	static const uint8_t page[LIVE_FRAME_MOST + 1];
	const struct nsr_frame most = { .data = page, .len = LIVE_FRAME_MOST };
	const struct nsr_frame more = { .data = page, .len = LIVE_FRAME_MOST + 1 };

	assert_true(live_frame_fits(&most, 9014));
	assert_false(live_frame_fits(&more, 9014));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_stand_one_after_the_other_with_their_lengths),
		cmocka_unit_test(frames_that_repeat_are_laid_out_once),
		cmocka_unit_test(frames_that_repeat_but_for_the_last_are_all_laid_out),
		cmocka_unit_test(the_same_bytes_with_another_length_are_another_frame),
		cmocka_unit_test(a_chunk_ends_where_the_area_does),
		cmocka_unit_test(a_chunk_ends_before_a_frame_that_cannot_be_sent),
		cmocka_unit_test(a_vlan_tag_comes_on_top_of_the_longest_frame),
		cmocka_unit_test(no_frame_is_longer_than_a_page_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
