/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A set of open captures that take turns. captures_open.c opens them, captures_run.c has the loop.
 *
 * With one capture nsr_recv() itself waits. With several, epoll tells which have packets. These are
 * "active" and stand in @queue, a ring of @count indices in which each capture is at most once
 * (@active guards that). take_turn() removes the first; it returns to the end of the queue if it
 * had a batch, and otherwise leaves until its descriptor is readable again. So a busy capture can't
 * starve the others in the queue. Every POLL_TURNS batches the descriptors are polled even if the
 * queue is not empty, so that it can't starve those outside either.
 *
 * Where order matters, merge.c takes the place of the turns.
 */
#include "captures.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "sys/clock.h"
#include "text/failure.h"
#include "text/say.h"
#include "merge.h"
#include "stop.h"

#define POLL_EVENTS 64
#define POLL_TURNS  64 /* batches between two polls while captures are active */

void captures_activate(struct captures *set, struct captures_one *one)
{
	if (one->active || one->status)
		return;
	one->active = true;
	set->queue[(set->head + set->actives++) % set->count] = (uint32_t)(one - set->list);
}

/* Ends @one, which hands out no more packets; @status says why. */
static void end_one(struct captures *set, struct captures_one *one, int status)
{
	one->status = status;
	set->live--;
	if (set->poll_fd >= 0)
		epoll_ctl(set->poll_fd, EPOLL_CTL_DEL, nsr_fd(one->cap), NULL);
	if (status == -ENODATA)
		return;
	/* Name the target: devices in several places may have the same name. */
	one->error = failure_words(one->target, nsr_last_error(one->cap));
	say_error("%s", one->error ? one->error : strerror(-status));
}

int captures_recv(struct captures *set, struct captures_one *one, struct nsr_batch *batch,
		  int wait_ms)
{
	int n = nsr_recv(one->cap, batch, wait_ms);

	if (n < 0 && n != -EINTR && n != -EAGAIN)
		end_one(set, one, n);
	return n > 0 ? n : 0;
}

uint32_t captures_poll(struct captures *set, int wait_ms)
{
	struct epoll_event events[POLL_EVENTS];
	int n = epoll_wait(set->poll_fd, events, POLL_EVENTS, wait_ms);
	uint32_t before = set->actives;
	int i;

	set->turns = 0;
	for (i = 0; i < n; i++) {
		if (events[i].data.u32 < set->count)
			captures_activate(set, &set->list[events[i].data.u32]);
	}
	return set->actives - before;
}

struct captures_one *captures_take_active(struct captures *set)
{
	struct captures_one *one;

	if (!set->actives)
		return NULL;
	one = &set->list[set->queue[set->head]];
	set->head = (set->head + 1) % set->count;
	set->actives--;
	one->active = false;
	return one;
}

/* Fills @batch from the first capture of the queue that has packets; NULL when none has. */
static struct captures_one *take_turn(struct captures *set, struct nsr_batch *batch)
{
	struct captures_one *one;

	while ((one = captures_take_active(set))) {
		if (!one->status && captures_recv(set, one, batch, 0)) {
			captures_activate(set, one);
			return one;
		}
	}
	return NULL;
}

struct captures_one *captures_next(struct captures *set, struct nsr_batch *batch, int wait_ms)
{
	struct captures_one *one = &set->list[0];

	if (set->count == 1)
		return !one->status && captures_recv(set, one, batch, wait_ms) ? one : NULL;
	if (set->merge)
		return merge_next(set->merge, set, batch, wait_ms);
	if (!set->actives || ++set->turns >= POLL_TURNS)
		captures_poll(set, set->actives ? 0 : wait_ms);
	return take_turn(set, batch);
}

void captures_stop(struct captures *set)
{
	uint32_t i;

	/* The stop event stays readable, so no wait for the remaining packets would wait. */
	if (set->poll_fd >= 0)
		epoll_ctl(set->poll_fd, EPOLL_CTL_DEL, stop_fd(), NULL);
	for (i = 0; i < set->count; i++) {
		struct captures_one *one = &set->list[i];
		int rc = one->status ? 0 : nsr_stop(one->cap);

		if (rc < 0)
			end_one(set, one, rc);
		captures_activate(set, one);
	}
}

void captures_stats(const struct captures_one *one, struct nsr_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->size = sizeof(*stats);
	if (one->cap)
		nsr_stats_get(one->cap, stats);
}

double captures_seconds(const struct captures *set)
{
	uint64_t end_ns = set->end_ns ? set->end_ns : nsr_clock_ns();

	return (double)(end_ns - set->begin_ns) / 1e9;
}
