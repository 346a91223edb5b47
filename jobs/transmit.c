/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Sending a stream of frames on schedule.
 */
#include "transmit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/clock.h"
#include "text/failure.h"
#include "text/say.h"
#include "departure.h"
#include "stop.h"

#define STUCK_NS (10 * NSEC_PER_SEC)

/* A run's state, beside the totals in struct transmit. */
struct state {
	struct transmit *tx;
	struct pace pace;
	struct transmit_batch batch;
	uint64_t last_due_ns;
	bool progress;
	uint64_t progress_ns;
};

static void show_progress(struct state *state, uint64_t now)
{
	char line[160];

	if (!state->progress || now < state->progress_ns)
		return;
	state->progress_ns = now + NSEC_PER_SEC;
	snprintf(line, sizeof(line), "%s: %s frames sent, %s", state->tx->shown,
		 units_number(state->tx->frames).text,
		 units_packets((double)state->tx->frames /
			       ((double)(now - state->tx->begin_ns) / 1e9))
			 .text);
	say_progress(line);
}

static uint64_t time_of(const struct transmit_batch *batch, uint32_t i)
{
	return batch->times_ns ? batch->times_ns[i] : 0;
}

/* Waits for the next frame, at most a second; -1 when the place has gone meanwhile. */
static int wait_for(struct state *state, uint64_t due_ns)
{
	struct transmit *tx = state->tx;
	uint64_t most = nsr_clock_ns() + NSEC_PER_SEC;

	pace_wait(&state->pace, due_ns < most ? due_ns : most);
	return nsr_send(tx->cap, NULL, 0) == -ENETDOWN
		       ? failure_say(tx->target, nsr_last_error(tx->cap))
		       : 0;
}

/* How many frames from @first on are due, scheduling them; 0 after waiting for the first, or -1. */
static int64_t take_due(struct state *state, uint32_t first)
{
	const struct transmit_batch *batch = &state->batch;
	uint64_t now = nsr_clock_ns();
	uint32_t i;

	show_progress(state, now);
	if (state->pace.rate.kind == UNITS_RATE_MAX)
		return batch->count - first;
	for (i = first; i < batch->count; i++) {
		uint64_t due_ns = pace_due_ns(&state->pace, time_of(batch, i));

		if (due_ns > now) {
			if (i == first)
				return wait_for(state, due_ns);
			if (due_ns - now > state->pace.ahead_ns)
				break;
		}
		state->last_due_ns = due_ns;
		pace_pass(&state->pace, batch->frames[i].len);
	}
	return i - first;
}

/*
 * nsr_send() waits before it returns -EAGAIN. A device that never sends anything returns it for
 * ever, so it counts as stuck after STUCK_NS without a frame sent.
 */
static bool is_stuck(struct transmit *tx)
{
	uint64_t now = nsr_clock_ns();

	if (!tx->stuck_since_ns || tx->frames != tx->frames_then) {
		tx->stuck_since_ns = now;
		tx->frames_then = tx->frames;
	}
	return now - tx->stuck_since_ns >= STUCK_NS;
}

static int give_up(struct transmit *tx)
{
	char *words = failure_words(tx->target, nsr_last_error(tx->cap));

	say_error("%s; gave up after %u s without a frame sent", words ? words : tx->target,
		  (unsigned int)(STUCK_NS / NSEC_PER_SEC));
	free(words);
	return -1;
}

/*
 * Decides about a frame that nsr_send() refused with @rc: 0 tries again, 1 skips it, -1 gives up.
 */
static int judge(struct transmit *tx, int rc)
{
	if (rc == -EINTR || rc == 0)
		return 0;
	if (rc == -EAGAIN && !is_stuck(tx))
		return 0;
	if (rc == -EAGAIN)
		return give_up(tx);
	if (rc == -EMSGSIZE && tx->skip) {
		tx->too_long++;
		return 1;
	}
	if (rc == -EINVAL && tx->skip) {
		tx->refused++;
		return 1;
	}
	return failure_say(tx->target, nsr_last_error(tx->cap));
}

/*
 * Sends all @count frames in as many calls as it takes, or until the run must end; -1: it failed.
 */
static int send_all(struct transmit *tx, const struct nsr_frame *frames, uint32_t count)
{
	uint32_t done = 0;

	while (done < count && !stop_now()) {
		int rc = nsr_send(tx->cap, frames + done, count - done);
		int skipped;

		if (rc > 0) {
			tx->frames += (uint32_t)rc;
			for (; rc > 0; rc--)
				tx->bytes += frames[done++].len;
			continue;
		}
		skipped = judge(tx, rc);
		if (skipped < 0)
			return -1;
		done += (uint32_t)skipped;
	}
	return 0;
}

static int send_batch(struct state *state)
{
	uint32_t first = 0;

	while (first < state->batch.count && !stop_now()) {
		int64_t count = take_due(state, first);

		if (count < 0)
			return -1;
		if (count && send_all(state->tx, state->batch.frames + first, (uint32_t)count) < 0)
			return -1;
		first += (uint32_t)count;
	}
	return 0;
}

static int loop(struct state *state, const struct transmit_source *source)
{
	bool begun = false;
	int rc = 0;

	while (!rc && !stop_now()) {
		state->batch.again = false;
		rc = source->next(source->arg, &state->batch);
		if (rc)
			break;
		if (!begun || (state->batch.again && state->tx->rate.kind == UNITS_RATE_NONE))
			pace_begin(&state->pace, &state->tx->rate, time_of(&state->batch, 0),
				   state->tx->batch > TRANSMIT_SMALL_BATCH ? TRANSMIT_AHEAD_NS : 0);
		begun = true;
		rc = send_batch(state);
	}
	/*
	 * The last frames may have left early; without this wait a short run would exceed its rate.
	 */
	if (rc > 0)
		pace_wait(&state->pace, state->last_due_ns);
	return rc;
}

/* Takes what didn't leave the device off the totals; -1 after saying so. */
static int take_off_dropped(struct transmit *tx, const struct departure *departure)
{
	uint64_t accepted = tx->frames;

	tx->frames = departure->packets;
	tx->bytes = departure->bytes;
	tx->dropped = accepted - tx->frames;
	if (!tx->dropped)
		return 0;
	return say_error("%s: %s of %s frames did not leave the device%s", tx->target,
			 units_number(tx->dropped).text, units_number(accepted).text,
			 tx->state == DEVICE_NO_CARRIER ? ", which has no carrier"
			 : tx->state == DEVICE_DOWN	? ", which is down"
							: ": it or its queue dropped them");
}

/* Compares what was accepted with what the device has counted; -1: it is less, which it says. */
static int settle(struct transmit *tx, struct departure *departure)
{
	departure->packets = tx->frames;
	departure->bytes = tx->bytes;
	if (!departure_await(departure))
		return 0;
	tx->state = departure->state;
	return take_off_dropped(tx, departure);
}

int transmit_run(struct transmit *transmit, const struct transmit_source *source)
{
	struct state state = { .tx = transmit, .progress = isatty(STDERR_FILENO) };
	uint64_t cpu_ns = nsr_clock_cpu_ns();
	struct departure departure;
	int rc;

	transmit->dropped = NSR_UNKNOWN;
	if (transmit->queued && departure_begin(&departure, transmit->target) == DEVICE_NO_CARRIER)
		say_note("%s: the device has no carrier: it drops frames until it has one",
			 transmit->target);

	transmit->begin_ns = nsr_clock_ns();
	state.progress_ns = transmit->begin_ns + NSEC_PER_SEC;
	rc = loop(&state, source);
	transmit->end_ns = nsr_clock_ns();
	transmit->cpu_ns = nsr_clock_cpu_ns() - cpu_ns;
	if (state.progress)
		say_progress("");
	if (transmit->queued && settle(transmit, &departure) < 0)
		rc = -1;
	if (transmit->queued)
		departure_end(&departure);
	return rc < 0 ? -1 : 0;
}
