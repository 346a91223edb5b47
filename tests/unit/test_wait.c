/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Waiting: what ends a wait, whatever else happens to the timer meanwhile. */
#include <unistd.h>

#include "lib/wait.h"
#include "sys/clock.h"
#include "check.h"

struct quiet {
	struct nsr_wait wait;
	int pipe[2];
};

/* A wait for a descriptor that has nothing. */
static int open_quiet(void **state)
{
	static struct quiet quiet;

	*state = &quiet;
	if (pipe(quiet.pipe) < 0)
		return -1;
	return nsr_wait_open(&quiet.wait, quiet.pipe[0], 0);
}

static int close_quiet(void **state)
{
	struct quiet *quiet = *state;

	nsr_wait_close(&quiet->wait);
	close(quiet->pipe[0]);
	close(quiet->pipe[1]);
	return 0;
}

static void wake_ends_the_next_wait(void **state)
{
	struct quiet *quiet = *state;

	nsr_wait_wake(&quiet->wait);
	assert_int_equal(nsr_wait_for(&quiet->wait, -1) & NSR_WAIT_WOKEN, NSR_WAIT_WOKEN);
	assert_int_equal(nsr_wait_for(&quiet->wait, 0), 0);
}

static void wake_outlives_a_change_of_the_tick(void **state)
{
	struct quiet *quiet = *state;
	int64_t begin_ms = nsr_clock_ms();

	nsr_wait_wake(&quiet->wait);
	nsr_wait_tick(&quiet->wait, 0);
	assert_int_equal(nsr_wait_for(&quiet->wait, 5000) & NSR_WAIT_WOKEN, NSR_WAIT_WOKEN);
	assert_true(nsr_clock_ms() - begin_ms < 4000);
}

static void tick_comes_once_it_is_asked_for(void **state)
{
	struct quiet *quiet = *state;

	nsr_wait_tick(&quiet->wait, 10);
	assert_int_equal(nsr_wait_for(&quiet->wait, 5000), NSR_WAIT_TICK);
}

static void tick_does_not_hide_that_an_engine_always_has_something(void **state)
{
	struct nsr_wait wait;

	assert_int_equal(nsr_wait_open(&wait, -1, 0), 0);
	assert_int_equal(nsr_wait_for(&wait, 5000), NSR_WAIT_READY);
	nsr_wait_tick(&wait, 60000);
	assert_int_equal(nsr_wait_for(&wait, 5000), NSR_WAIT_READY);
	nsr_wait_close(&wait);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(wake_ends_the_next_wait, open_quiet, close_quiet),
		cmocka_unit_test_setup_teardown(wake_outlives_a_change_of_the_tick, open_quiet,
						close_quiet),
		cmocka_unit_test_setup_teardown(tick_comes_once_it_is_asked_for, open_quiet,
						close_quiet),
		cmocka_unit_test(tick_does_not_hide_that_an_engine_always_has_something),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
