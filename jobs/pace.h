/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * When each frame is due. Times are counted from the start, never from the frame before, so that
 * lateness doesn't add up.
 */
#ifndef NSRING_PACE_H
#define NSRING_PACE_H

#include "text/units.h"

/**
 * struct pace - a schedule
 * @rate:     how fast; UNITS_RATE_NONE: by the frames' own time stamps
 * @begin_ns: when the schedule began, by nsr_clock_ns()
 * @stamp_ns: the first frame's time stamp
 * @ahead_ns: how much earlier than it is due a frame may leave together with one that is due
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
 * @stamp_ns: the frame's time stamp; one before the first frame's is taken for it
 */
uint64_t pace_due_ns(const struct pace *pace, uint64_t stamp_ns);

/**
 * pace_pass() - the next frame is on its way
 * @pace: the schedule
 * @len:  the frame's bytes
 */
void pace_pass(struct pace *pace, uint32_t len);

/**
 * pace_wait() - wait until a time
 * @pace:   the schedule
 * @due_ns: by nsr_clock_ns()
 *
 * Sleeps through long gaps and spins through short ones, which a sleep would overshoot; that
 * doesn't matter where frames may leave ahead. Returns early when the run is to end.
 */
void pace_wait(const struct pace *pace, uint64_t due_ns);

#endif
