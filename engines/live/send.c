/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Sending frames, thousands for each run of the kernel. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "sys/clock.h"
#include "sys/compat.h"
#include "live.h"

/* No event tells of room in a device's queue. */
#define RETRY_NS 50000

/* The caller must get to its own signals and timers. */
#define WAIT_MOST_NS 100000000u

/**
 * struct outcome - of a run
 * @sent: frames of the chunk, from the first on
 * @gap:  frames after these that were refused although the one after them was taken
 * @rc:   0, or -errno: what ended the run early
 */
struct outcome {
	uint32_t sent;
	uint32_t gap;
	int rc;
};

/*
 * The kernel hands a bulk over when the next frame comes, so that this one is on its way already
 * when the bulk is refused, and may be taken.
 */
static void see_taken(const struct live *live, struct outcome *outcome)
{
	const struct live_state *state = &live->shared->state;

	outcome->sent = (uint32_t)state->accepted;
	if (state->stopped && state->accepted > state->held) {
		outcome->sent = (uint32_t)state->held;
		outcome->gap = (uint32_t)(state->done - 1 - state->held);
	}
	if (state->gone)
		outcome->rc = -ENODEV;
}

static struct outcome run(struct live *live, const struct live_chunk *chunk)
{
	struct live_state *state = &live->shared->state;
	static const uint8_t page[LIVE_FRAME_MOST];
	struct outcome outcome = { 0 };

	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = page, .data_size_in = chunk->longest,
		    .repeat = (int)chunk->frames, .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
		    .batch_size = live->batch);

	*state = (struct live_state){ .batch_mask = live->batch - 1,
				      .size = chunk->longest,
				      .end = chunk->bytes };
	if (bpf_prog_test_run_opts(live->send_fd, &opts) < 0)
		outcome.rc = -errno;
	state->cpu = 0; /* nothing is on its way any more */
	see_taken(live, &outcome);
	return outcome;
}

int live_send_try(struct live *live)
{
	/* The program finds no frame in the area. */
	const struct live_chunk none = { .frames = 1, .longest = LIVE_FRAME_LEAST };

	return run(live, &none).rc;
}

/* Waits until there may be room; 0, -EINTR, or -EAGAIN when it has been too long, see @until_ns. */
static int wait_for_room(uint64_t *until_ns)
{
	const struct timespec retry = { .tv_nsec = RETRY_NS };
	uint64_t now = nsr_clock_ns();

	if (!*until_ns)
		*until_ns = now + WAIT_MOST_NS;
	if (now >= *until_ns)
		return -EAGAIN;
	return nanosleep(&retry, NULL) < 0 ? -errno : 0;
}

static int say(struct live *live, int code, const struct nsr_frame *frame, struct nsr_error *err)
{
	const char *name = live->name;

	switch (code) {
	case -EMSGSIZE:
		if (frame->len > LIVE_FRAME_MOST)
			return nsr_error_advise(
				err,
				nsr_error_set(err, code,
					      "%s: a frame of %u bytes is longer than a live frame "
					      "can be (%u)",
					      name, frame->len, LIVE_FRAME_MOST),
				"send shorter ones, or use packet:%s", name);
		return nsr_error_advise(
			err,
			nsr_error_set(err, code,
				      "%s: a frame of %u bytes is longer than the device takes",
				      name, frame->len),
			"send shorter frames or raise its MTU");
	case -EINVAL:
		return nsr_error_set(
			err, code, "%s: a frame of %u bytes has no room for the link-layer header",
			name, frame->len);
	case -EAGAIN:
	case -ENODEV:
		return live_device_refuses(&live->device, err);
	case -EINTR:
		return nsr_error_set(err, code, "interrupted");
	default:
		return nsr_error_set(err, code, "%s: running the XDP program: %s", name,
				     strerror(-code));
	}
}

/* Why a frame can't be sent; 0 when it can. */
static int judge(struct live *live, const struct nsr_frame *frame)
{
	if (frame->len < LIVE_FRAME_LEAST)
		return -EINVAL;
	if (live_frame_fits(frame, live->device.max_len))
		return 0;
	live_device_update(&live->device);
	return live_frame_fits(frame, live->device.max_len) ? 0 : -EMSGSIZE;
}

/**
 * struct sending - a call of live_send()
 * @frames, @count: what is still to be sent
 * @until_ns: when it has waited long enough; 0: it hasn't yet
 */
struct sending {
	const struct nsr_frame *frames;
	uint32_t count;
	uint64_t until_ns;
};

static void pass(struct sending *sending, uint32_t frames)
{
	sending->frames += frames;
	sending->count -= frames;
}

/* One run, with frames from the first on. 0 to go on; -errno, also when some were sent. */
static int send_chunk(struct live *live, struct sending *sending, uint32_t *gap)
{
	struct outcome outcome;
	struct live_chunk chunk;
	int rc = judge(live, sending->frames);

	*gap = 0;
	if (rc < 0)
		return rc;
	live_area_fill(live->shared->area, sending->frames, sending->count, live->device.max_len,
		       &chunk);
	outcome = run(live, &chunk);
	pass(sending, outcome.sent);
	*gap = outcome.gap;
	if (outcome.rc < 0 || outcome.sent == chunk.frames)
		return outcome.rc;
	live->batch = LIVE_BULK;
	return *gap ? 0 : wait_for_room(&sending->until_ns);
}

/*
 * The device refused a bulk but took the frame behind it: sends the bulk's frames after that one.
 * Even if that fails, live_send() reports as many frames as were sent. This happens once at most,
 * since from then on batches are no longer than a bulk.
 */
static int close_gap(struct live *live, struct sending *sending, uint32_t gap)
{
	struct sending late = { .frames = sending->frames,
				.count = gap,
				.until_ns = sending->until_ns };
	uint32_t none;
	int rc = 0;

	while (late.count && rc == 0)
		rc = send_chunk(live, &late, &none);
	pass(sending, gap - late.count + 1);
	return rc;
}

int live_send(void *priv, const struct nsr_frame *frames, uint32_t count, struct nsr_error *err)
{
	struct sending sending = { .frames = frames, .count = count };
	struct live *live = priv;
	uint32_t gap;
	int rc = 0;

	while (sending.count && rc == 0) {
		rc = send_chunk(live, &sending, &gap);
		if (gap && rc == 0)
			rc = close_gap(live, &sending, gap);
	}
	if (sending.count == count && rc < 0)
		return say(live, rc, frames, err);
	return (int)(count - sending.count);
}
