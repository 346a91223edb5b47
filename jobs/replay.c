/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A source of frames that a capture file holds.
 */
#include "replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nsring/target.h>

#include "text/failure.h"
#include "text/linktype.h"
#include "text/say.h"
#include "stop.h"

#define NO_INTERFACE UINT32_MAX

/* The file as a target. */
static int format_target(const char *path, char *text, size_t room)
{
	struct nsr_target target = NSR_TARGET_INIT;

	target.queue = -1;
	snprintf(target.engine, sizeof(target.engine), "file");
	if (strlen(path) >= sizeof(target.device))
		return -ENAMETOOLONG;
	memcpy(target.device, path, strlen(path) + 1);
	return nsr_target_format(&target, text, room);
}

/* Opens the file for another pass. */
static int begin_pass(struct replay *replay)
{
	char target[sizeof("file:") + sizeof(((struct nsr_target *)0)->device)];
	struct nsr_options opts;
	struct nsr_error err;
	int rc;

	nsr_options_init(&opts);
	opts.filter = replay->filter;
	opts.batch_packets = replay->batch;
	rc = format_target(replay->path, target, sizeof(target));
	if (rc < 0)
		return say_error("%s: %s", replay->path, strerror(-rc));
	rc = nsr_open(target, &opts, &replay->cap, &err);
	if (rc < 0)
		return failure_say(NULL, &err);
	replay->iface = NO_INTERFACE;
	replay->packets.count = 0;
	replay->begun = 0;
	replay->stamped = false;
	replay->time_ns = 0;
	replay->passes--;
	return 0;
}

/* A file that can't have a frame for the device is refused before anything is sent. */
static int check_linktype(const struct replay *replay)
{
	struct nsr_info info = NSR_INFO_INIT;

	nsr_info_get(replay->cap, &info);
	if (info.mixed || info.linktype == replay->linktype)
		return 0;
	return say_error("%s holds %s packets but the device takes %s: choose another device",
			 replay->path, linktype_text(info.linktype).text,
			 linktype_text(replay->linktype).text);
}

int replay_open(struct replay *replay, const char *path, const char *filter, uint32_t linktype,
		uint64_t passes, uint64_t max_gap_ns, uint32_t batch)
{
	*replay = (struct replay){ .path = path,
				   .filter = filter,
				   .linktype = linktype,
				   .passes = passes,
				   .max_gap_ns = max_gap_ns,
				   .batch = batch };
	replay->frames = calloc(batch, sizeof(*replay->frames));
	replay->times_ns = calloc(batch, sizeof(*replay->times_ns));
	if (!replay->frames || !replay->times_ns)
		return say_error("send: out of memory");
	if (begin_pass(replay))
		return -1;
	return check_linktype(replay);
}

static bool fits(struct replay *replay, const struct nsr_packet *packet)
{
	struct nsr_interface iface = NSR_INTERFACE_INIT;

	if (packet->iface != replay->iface) {
		replay->iface = packet->iface;
		replay->iface_linktype = nsr_interface_get(replay->cap, packet->iface, &iface) < 0
						 ? replay->linktype
						 : iface.linktype;
	}
	return replay->iface_linktype == replay->linktype;
}

/* The part of a silence between two packets that is kept. */
static uint64_t shorten(struct replay *replay, uint64_t gap_ns)
{
	if (gap_ns <= replay->max_gap_ns)
		return gap_ns;
	if (!replay->shortened && replay->paced)
		say_note("%s: is silent for %.0f s, which is shortened to %.0f s (--max-gap)",
			 replay->path, (double)gap_ns / 1e9, (double)replay->max_gap_ns / 1e9);
	replay->shortened = true;
	return replay->max_gap_ns;
}

/*
 * How far into the pass @packet was captured. One that tells no time, or an earlier one than a packet
 * before it, goes with the packet before it.
 */
static uint64_t time_of(struct replay *replay, const struct nsr_packet *packet)
{
	if (packet->flags & NSR_PKT_NO_STAMP)
		return replay->time_ns;
	if (replay->stamped && packet->stamp_ns > replay->stamp_ns)
		replay->time_ns += shorten(replay, packet->stamp_ns - replay->stamp_ns);
	if (!replay->stamped || packet->stamp_ns > replay->stamp_ns)
		replay->stamp_ns = packet->stamp_ns;
	replay->stamped = true;
	return replay->time_ns;
}

/* The device appends a frame check sequence of its own. */
static void put(struct replay *replay, const struct nsr_packet *packet, struct nsr_frame *frame)
{
	frame->data = packet->data;
	frame->len = nsr_packet_frame_bytes(packet);
	if (frame->len == packet->caplen && packet->caplen < packet->len)
		replay->cut_short++;
	replay->given = true;
}

/* Moves packets of the batch at hand to @batch. */
static void take(struct replay *replay, struct transmit_batch *batch)
{
	while (replay->begun < replay->packets.count && batch->count < replay->batch) {
		const struct nsr_packet *packet = &replay->packets.packets[replay->begun++];

		if (!fits(replay, packet)) {
			replay->other_linktype++;
			continue;
		}
		put(replay, packet, &replay->frames[batch->count]);
		replay->times_ns[batch->count++] = time_of(replay, packet);
	}
}

/* The end of the file: 0 to go on with another pass, else as replay_next(). */
static int end_pass(struct replay *replay, struct transmit_batch *batch)
{
	nsr_close(replay->cap);
	replay->cap = NULL;
	batch->again = true;
	if (!replay->given && replay->other_linktype)
		return say_error("%s holds no %s packets, which the device takes: choose another "
				 "device",
				 replay->path, linktype_text(replay->linktype).text);
	/* Another pass would give nothing either, for ever. */
	if (!replay->passes || !replay->given)
		return 1;
	return begin_pass(replay) ? -1 : 0;
}

/* Reads on in the file; 0 to go on, else as replay_next(). */
static int read_on(struct replay *replay, struct transmit_batch *batch)
{
	int n = nsr_recv(replay->cap, &replay->packets, stop_wait_ms(1000));

	replay->begun = 0;
	if (n >= 0)
		return stop_now() ? 1 : 0;
	replay->packets.count = 0;
	if (n == -ENODATA)
		return end_pass(replay, batch);
	if (n == -EINTR)
		return stop_now() ? 1 : 0;
	return failure_say(NULL, nsr_last_error(replay->cap));
}

int replay_next(void *arg, struct transmit_batch *batch)
{
	struct replay *replay = arg;
	int rc = 0;

	batch->frames = replay->frames;
	batch->times_ns = replay->times_ns;
	batch->count = 0;
	/* Only what one nsr_recv() gave: the next call ends its life. */
	while (!rc && !batch->count) {
		if (replay->begun == replay->packets.count)
			rc = read_on(replay, batch);
		if (!rc)
			take(replay, batch);
	}
	return rc;
}

void replay_close(struct replay *replay)
{
	free(replay->frames);
	free(replay->times_ns);
	nsr_close(replay->cap);
	replay->cap = NULL;
}
