/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * When frames are due. The schedule is
 * looked at, never the clock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "jobs/pace.h"
#include "sys/clock.h"

static struct pace begun(enum units_rate_kind kind, double per_second, uint64_t stamp_ns)
{
	const struct units_rate rate = { .kind = kind, .per_second = per_second };
	struct pace pace;

	pace_begin(&pace, &rate, stamp_ns, 0);
	return pace;
}

/* ns from the beginning until the next frame is due. */
static uint64_t after(const struct pace *pace, uint64_t stamp_ns)
{
	return pace_due_ns(pace, stamp_ns) - pace->begin_ns;
}

static void packets_are_due_at_even_distances_without_drift(void **state)
{
	struct pace pace = begun(UNITS_RATE_PACKETS, 3, 0);
	int i;

	for (i = 0; i < 3000000; i++)
		pace_pass(&pace, 60);
	assert_int_equal(after(&pace, 0), 1000000 * NSEC_PER_SEC);
}

static void a_bit_rate_counts_the_frames_bytes(void **state)
{
	struct pace pace = begun(UNITS_RATE_BITS, 8000, 0);

	assert_int_equal(after(&pace, 0), 0);
	pace_pass(&pace, 1000);
	assert_int_equal(after(&pace, 0), NSEC_PER_SEC);
	pace_pass(&pace, 500);
	assert_int_equal(after(&pace, 0), NSEC_PER_SEC * 3 / 2);
}

static void a_files_own_pace_follows_its_time_stamps(void **state)
{
	struct pace pace = begun(UNITS_RATE_NONE, 0, 5000);

	assert_int_equal(after(&pace, 5000), 0);
	pace_pass(&pace, 60);
	assert_int_equal(after(&pace, 5700), 700);
}

static void a_time_stamp_before_the_first_is_due_at_once(void **state)
{
	struct pace pace = begun(UNITS_RATE_NONE, 0, 5000);

	assert_int_equal(after(&pace, 4000), 0);
}

static void a_time_stamp_beyond_all_time_does_not_overflow(void **state)
{
	struct pace pace = begun(UNITS_RATE_NONE, 0, 0);

	assert_true(pace_due_ns(&pace, UINT64_MAX) == UINT64_MAX);
}

static void the_greatest_rate_is_always_due(void **state)
{
	struct pace pace = begun(UNITS_RATE_MAX, 0, 0);

	pace_pass(&pace, 60);
	assert_int_equal(after(&pace, 12345), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_due_at_even_distances_without_drift),
		cmocka_unit_test(a_bit_rate_counts_the_frames_bytes),
		cmocka_unit_test(a_files_own_pace_follows_its_time_stamps),
		cmocka_unit_test(a_time_stamp_before_the_first_is_due_at_once),
		cmocka_unit_test(a_time_stamp_beyond_all_time_does_not_overflow),
		cmocka_unit_test(the_greatest_rate_is_always_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
