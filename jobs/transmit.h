/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Sending a stream of frames on schedule.
 *
 * Frames come from a source (generate.h, replay.h) in batches; transmit_run() sends each frame
 * when pace.h says that it is due, all that are due in one go.
 */
#ifndef NSRING_TRANSMIT_H
#define NSRING_TRANSMIT_H

#include <nsring/nsring.h>

#include "sys/clock.h"
#include "pace.h"

/** Frames up to which a batch is small, so that none needs to leave early to fill it. */
#define TRANSMIT_SMALL_BATCH 256

/** How much earlier frames may leave so that large batches fill. */
#define TRANSMIT_AHEAD_NS NSEC_PER_MSEC

/**
 * struct transmit_batch - frames of a source, valid until the next call of its @next
 * @frames:    to send, in order; the source's
 * @times_ns:  when each was captured, counted from a moment of the source's choice; NULL: not known,
 *             then the rate is not UNITS_RATE_NONE
 * @count:     how many
 * @again:     the source has begun anew: its times start over
 */
struct transmit_batch {
	const struct nsr_frame *frames;
	const uint64_t *times_ns;
	uint32_t count;
	bool again;
};

/**
 * struct transmit_source - where frames come from
 * @next: fill in @batch with at least one frame. Return: 0; 1 the end; -1 it failed, which has
 *        been said
 * @arg:  handed to @next
 */
struct transmit_source {
	int (*next)(void *arg, struct transmit_batch *batch);
	void *arg;
};

/**
 * struct transmit - a run, and its totals
 * @cap:      opened with NSR_SEND
 * @target:   as typed, for errors
 * @rate:     how fast
 * @batch:    frames that @cap best gets at once; sources should give that many
 * @skip:     skip and count frames that the device doesn't take, rather than fail
 * @frames:   sent so far
 * @bytes:    sent so far
 * @too_long: skipped because the device takes no frame as long
 * @refused:  skipped because the kernel takes them for no frames
 * @stuck_since_ns, @frames_then: when nothing could be sent any more, and what @frames was
 * @begin_ns, @end_ns: by nsr_clock_ns()
 * @cpu_ns:   that this process ran between them
 */
struct transmit {
	struct nsr_capture *cap;
	const char *target;
	struct units_rate rate;
	uint32_t batch;
	bool skip;
	uint64_t frames;
	uint64_t bytes;
	uint64_t too_long;
	uint64_t refused;
	uint64_t stuck_since_ns;
	uint64_t frames_then;
	uint64_t begin_ns;
	uint64_t end_ns;
	uint64_t cpu_ns;
};

/**
 * transmit_run() - send until the source ends, or the run is to end (stop.h)
 * @transmit: totals are filled in
 * @source:   where frames come from
 *
 * Return: 0; -1 it failed, which has been said.
 */
int transmit_run(struct transmit *transmit, const struct transmit_source *source);

#endif
