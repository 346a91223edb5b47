/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The receiver for which the program copies frames into a ring of ours (lanes.c). Then it passes
 * them on to the stack, a tap, or drops them if they are taken. An idle reader waits for the doorbell (doorbell.c).
 *
 * A program that polls nsr_fd() must find it readable as long as packets are left. The doorbell
 * does not tell that: nobody rings it while the reader is awake. So there is an eventfd besides,
 * @more. It is readable all the time, except between a look that finds all lanes empty and the
 * next packet that is handed out; in between the doorbell rings for the next record.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "doorbell.h"
#include "emit.h"
#include "lanes.h"
#include "receiver.h"

#define APPEAR_NS 50000

/* Stores of one processor are seen by others in their order: a mark behind its record needs no barrier. */
#ifdef __x86_64__
#define STORES_STAY_IN_ORDER true
#else
#define STORES_STAY_IN_ORDER false
#endif

/**
 * struct copy - what it keeps
 * @more:     eventfd, see above
 * @watching: @more is not readable, and the doorbell rings for the next record
 */
struct copy {
	struct zc_lanes lanes;
	struct zc_doorbell doorbell;
	int more;
	bool watching;
	bool is_tap;
};

static struct copy *copy_of(const struct zc *zc)
{
	return zc->receiving;
}

/*
 * A program without a barrier may have looked at the doorbell, and its record not be in memory yet.
 * It is once the processor's store buffer has drained, which takes less than a microsecond.
 */
static void let_records_appear(void)
{
	const struct timespec time = { .tv_nsec = APPEAR_NS };

	nanosleep(&time, NULL);
}

static int watch(const struct zc *zc, struct copy *copy)
{
	bool first = !copy->watching;
	uint64_t value;

	if (first && read(copy->more, &value, sizeof(value)) < 0 && errno != EAGAIN)
		return -errno;
	copy->watching = true;
	zc_doorbell_arm_now(&copy->doorbell, copy->lanes.next);
	if (first && !zc->program.barrier)
		let_records_appear();
	return zc_lanes_are_empty(&copy->lanes) ? 0 : -EAGAIN;
}

/* The lanes may hold more than what is handed out now. */
static void watch_no_more(struct copy *copy)
{
	const uint64_t one = 1;

	if (write(copy->more, &one, sizeof(one)) == sizeof(one))
		copy->watching = false;
}

static int open_descriptors(struct zc *zc, struct copy *copy, struct nsr_error *err)
{
	int rc;

	copy->more = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rc = copy->more < 0 ? -errno : zc_watch(zc, copy->more);
	if (rc == 0)
		rc = zc_watch(zc, zc->program.doorbell);
	if (rc < 0)
		return nsr_error_set(err, rc, "eventfd: %s", strerror(-rc));
	watch(zc, copy);
	return 0;
}

static struct copy *new_copy(struct zc *zc, const struct nsr_options *opts)
{
	struct copy *copy = calloc(1, sizeof(*copy));

	if (!copy)
		return NULL;
	copy->more = copy->lanes.map = -1;
	copy->is_tap = !opts->take;
	zc->receiving = copy;
	zc->program.take = zc_emit_copy;
	zc->program.lanes = &copy->lanes;
	zc->program.passes = copy->is_tap;
	zc->program.barrier = !zc->program.alone || !STORES_STAY_IN_ORDER || opts->immediate;
	return copy;
}

static int copy_open(struct zc *zc, const struct nsr_options *opts, struct nsr_error *err)
{
	struct copy *copy;
	int rc = zc_attach(zc, opts->stamp, err);

	if (rc < 0)
		return rc;
	copy = new_copy(zc, opts);
	if (!copy)
		return nsr_error_set(err, -ENOMEM, "out of memory");
	rc = zc_lanes_open(&copy->lanes, zc, opts, err);
	if (rc == 0)
		rc = zc_doorbell_open(zc, &copy->doorbell, 0, copy->lanes.count,
				      copy->lanes.lane_bytes, err);
	if (rc == 0)
		rc = open_descriptors(zc, copy, err);
	if (rc == 0 && zc->mode & NSR_SEND)
		rc = zc_sender_open(zc, zc->xdp, false, opts, err);
	return rc;
}

/* Each record tells which filter let it in; lanes.c judges those of older filters again. */
static int copy_set_filter(struct zc *zc, const struct nsr_filter *filter, struct nsr_error *err)
{
	int rc;

	zc->program.generation++;
	rc = zc_attach_replace(zc, filter, zc->stopped, err);
	if (rc < 0) {
		zc->program.generation--;
		return rc;
	}
	zc->filter = filter;
	return 0;
}

static int copy_recv(struct zc *zc, struct nsr_packet *packets, uint32_t max)
{
	struct copy *copy = copy_of(zc);
	int n;

	zc_doorbell_silence(&copy->doorbell);
	n = zc_lanes_recv(zc, &copy->lanes, packets, max);
	if (n && copy->watching)
		watch_no_more(copy);
	return n;
}

static bool doze(const struct zc *zc, struct copy *copy)
{
	uint32_t i;

	zc_doorbell_arm(&copy->doorbell);
	for (i = 0; i < copy->lanes.count; i++)
		if (!zc_doorbell_ask(&copy->doorbell, i, zc_lanes_waiting(zc, &copy->lanes, i)))
			return false;
	return true;
}

static int copy_idle(struct zc *zc, uint32_t us, int *fd)
{
	struct copy *copy = copy_of(zc);

	if (!us)
		return watch(zc, copy);
	*fd = zc->program.doorbell;
	return doze(zc, copy) ? (int)us : -EAGAIN;
}

static int copy_stop(struct zc *zc, struct nsr_error *err)
{
	return zc->link < 0 ? 0 : zc_attach_replace(zc, NULL, true, err);
}

static void copy_stats(struct zc *zc, struct nsr_stats *stats)
{
	stats->lost_ring = zc_lanes_lost(zc, &copy_of(zc)->lanes);
	stats->filtered += zc_state_filtered(zc);
}

static void copy_info(const struct zc *zc, struct nsr_info *info)
{
	const struct copy *copy = copy_of(zc);

	snprintf(info->mode, sizeof(info->mode), "XDP %s %s",
		 zc->xdp == NSR_XDP_GENERIC ? "generic" : "native", copy->is_tap ? "tap" : "copy");
	info->ring_bytes = (uint64_t)copy->lanes.count * copy->lanes.lane_bytes;
	info->diverts = !copy->is_tap;
}

static void copy_close(struct zc *zc)
{
	struct copy *copy = copy_of(zc);

	if (!copy)
		return;
	zc_doorbell_close(zc, &copy->doorbell);
	if (copy->more >= 0)
		close(copy->more);
	zc_lanes_close(&copy->lanes);
	zc->program.lanes = NULL;
	free(copy);
	zc->receiving = NULL;
}

const struct zc_receiver_ops zc_receiver_copy = {
	.open = copy_open,
	.set_filter = copy_set_filter,
	.recv = copy_recv,
	.idle = copy_idle,
	.stop = copy_stop,
	.stats = copy_stats,
	.info = copy_info,
	.close = copy_close,
};
