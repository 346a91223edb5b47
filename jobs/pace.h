/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * When each frame is due. Times count from the start of the schedule, never from the frame before,
 * so lateness doesn't add up.
 */
#ifndef NSRING_PACE_H
#define NSRING_PACE_H

#include "text/units.h"

/**
 * struct pace - a schedule
 * @rate:     how fast; UNITS_RATE_NONE: by the frames' own time stamps
 * @begin_ns: when the schedule began, by nsr_clock_ns()
 * @stamp_ns: the first frame's time stamp
 * @ahead_ns: a frame due within this time may leave together with one that is due now
 * @units:    packets or bits scheduled so far
 */
struct pace {
	struct units_rate rate;
	uint64_t begin_ns;
	uint64_t stamp_ns;
	uint64_t ahead_ns;
	double units;
};

/**
 * pace_begin() - begin a schedule now
 * @pace:     filled in
 * @rate:     how fast
 * @stamp_ns: the first frame's time stamp
 * @ahead_ns: see struct pace
 */
void pace_begin(struct pace *pace, const struct units_rate *rate, uint64_t stamp_ns,
		uint64_t ahead_ns);

/**
 * pace_due_ns() - when the next frame is due, by nsr_clock_ns()
 * @pace:     the schedule
 * @stamp_ns: the frame's time stamp; one earlier than the first frame's counts as equal to it
 */
uint64_t pace_due_ns(const struct pace *pace, uint64_t stamp_ns);

/**
 * pace_pass() - note that the next frame has been scheduled
 * @pace: the schedule
 * @len:  bytes of the frame
 */
void pace_pass(struct pace *pace, uint32_t len);

/**
 * pace_wait() - wait until a time
 * @pace:   the schedule
 * @due_ns: by nsr_clock_ns()
 *
 * Sleeps through long gaps and spins through short ones, which a sleep would overshoot. Where
 * frames may leave ahead, overshooting doesn't matter, so it never spins. Returns early when the
 * run must end.
 */
void pace_wait(const struct pace *pace, uint64_t due_ns);

#endif
