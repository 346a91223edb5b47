/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * When each frame is due.
 */
#include "pace.h"

#include "sys/clock.h"
#include "stop.h"

#define SPIN_NS	  100000u
#define SLEEP_MAX (100 * NSEC_PER_MSEC) /* at most this long after a signal just before it */

void pace_begin(struct pace *pace, const struct units_rate *rate, uint64_t stamp_ns,
		uint64_t ahead_ns)
{
	*pace = (struct pace){ .rate = *rate,
			       .begin_ns = nsr_clock_ns(),
			       .stamp_ns = stamp_ns,
			       .ahead_ns = ahead_ns };
}

uint64_t pace_due_ns(const struct pace *pace, uint64_t stamp_ns)
{
	uint64_t after_ns = 0, due_ns;
	double wait_ns;

	switch (pace->rate.kind) {
	case UNITS_RATE_NONE:
		after_ns = stamp_ns > pace->stamp_ns ? stamp_ns - pace->stamp_ns : 0;
		break;
	case UNITS_RATE_PACKETS:
	case UNITS_RATE_BITS:
		wait_ns = pace->units / pace->rate.per_second * 1e9;
		after_ns = wait_ns < 1e18 ? (uint64_t)wait_ns : (uint64_t)1e18;
		break;
	}
	return __builtin_add_overflow(pace->begin_ns, after_ns, &due_ns) ? UINT64_MAX : due_ns;
}

void pace_pass(struct pace *pace, uint32_t len)
{
	pace->units += pace->rate.kind == UNITS_RATE_BITS ? 8.0 * len : 1.0;
}

/* Sleeps until @due_ns, but at most for SLEEP_MAX. */
static void sleep_towards(uint64_t now, uint64_t due_ns)
{
	uint64_t most = now + SLEEP_MAX;
	uint64_t until = due_ns < most ? due_ns : most;
	struct timespec at = { .tv_sec = (time_t)(until / NSEC_PER_SEC),
			       .tv_nsec = (long)(until % NSEC_PER_SEC) };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

void pace_wait(const struct pace *pace, uint64_t due_ns)
{
	uint64_t spin_ns = pace->ahead_ns ? 0 : SPIN_NS;
	uint64_t end_ns = stop_deadline_ns();
	uint64_t until = due_ns < end_ns ? due_ns : end_ns;
	uint64_t now;

	while (!stop_signalled() && (now = nsr_clock_ns()) < until) {
		if (until - now > spin_ns)
			sleep_towards(now, until - spin_ns / 2);
	}
}
