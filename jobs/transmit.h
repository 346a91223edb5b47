/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Sending a stream of frames on schedule.
 *
 * Frames come from a source (generate.h, replay.h) in batches. transmit_run() sends each frame when
 * pace.h says that it is due, and all frames that are due in one call.
 */
#ifndef NSRING_TRANSMIT_H
#define NSRING_TRANSMIT_H

#include <nsring/nsring.h>

#include "sys/clock.h"
#include "device.h"
#include "pace.h"

/** The most frames in a small batch, which fills quickly enough without sending any early. */
#define TRANSMIT_SMALL_BATCH 256

/** How much earlier than due frames may leave, to fill larger batches. */
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
 * @next: fills in @batch with at least one frame. Return: 0; 1 at the end; -1 after a message on
 *        stderr
 * @arg:  passed to @next
 */
struct transmit_source {
	int (*next)(void *arg, struct transmit_batch *batch);
	void *arg;
};

/**
 * struct transmit - a run, and its totals
 * @cap:      opened with NSR_SEND
 * @target:   as typed, for errors
 * @shown:    the same for people: without control characters
 * @rate:     how fast
 * @batch:    the best number of frames for one call on @cap; sources should give that many
 * @queued:   see struct nsr_info
 * @skip:     skip and count frames that the device doesn't take, instead of failing
 * @frames:   sent so far; at the end without those of @dropped
 * @bytes:    of these
 * @dropped:  accepted by @cap, but they didn't leave the device; NSR_UNKNOWN: it doesn't tell
 * @state:    of the device at the end: why it dropped them
 * @too_long: frames skipped because they are too long for the device
 * @refused:  frames skipped because the kernel refuses them as malformed
 * @stuck_since_ns, @frames_then: since when nothing could be sent, and the value of @frames then
 * @begin_ns, @end_ns: by nsr_clock_ns()
 * @cpu_ns:   CPU time of this process between them
 */
struct transmit {
	struct nsr_capture *cap;
	const char *target;
	const char *shown;
	struct units_rate rate;
	uint32_t batch;
	bool queued;
	bool skip;
	uint64_t frames;
	uint64_t bytes;
	uint64_t dropped;
	enum device_state state;
	uint64_t too_long;
	uint64_t refused;
	uint64_t stuck_since_ns;
	uint64_t frames_then;
	uint64_t begin_ns;
	uint64_t end_ns;
	uint64_t cpu_ns;
};

/**
 * transmit_run() - send until the source ends, or the run must end (stop.h)
 * @transmit: totals are filled in
 * @source:   where frames come from
 *
 * Waits until the device has counted what it was given, see departure.h.
 *
 * Return: 0; -1 after a message on stderr, also when frames didn't leave the device.
 */
int transmit_run(struct transmit *transmit, const struct transmit_source *source);

#endif
