/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Opening and closing a set of captures.
 */
#include "captures.h"

#include <errno.h>
#include <nsring/target.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "sys/descriptors.h"
#include "text/escape.h"
#include "text/failure.h"
#include "text/say.h"
#include "merge.h"
#include "stop.h"
#include "workers.h"

#define SHARED_RING_BYTES (256ull << 20) /* in total, for the rings of several captures */
#define RING_BYTES_MOST	  (8ull << 20)
#define RING_BYTES_LEAST  (512ull << 10)
#define THREADS		  16
#define STOP_EVENT	  UINT32_MAX

static uint64_t shared_ring_bytes(uint32_t count)
{
	uint64_t share = SHARED_RING_BYTES / count;

	if (share >= RING_BYTES_MOST)
		return 0;
	return share > RING_BYTES_LEAST ? share : RING_BYTES_LEAST;
}

static void fill_options(struct nsr_options *opts, const struct capture_request *args,
			 const char *target, const char *filter, uint32_t snaplen)
{
	struct nsr_target parsed = NSR_TARGET_INIT;
	/* nsr_open() says what is wrong with a target. */
	bool offline = nsr_target_parse(target, &parsed, NULL) == 0 && parsed.offline;

	nsr_options_init(opts);
	opts->snaplen = args->snaplen ? args->snaplen : offline ? 0 : snaplen;
	opts->filter = filter;
	opts->direction = args->direction;
	opts->fanout = args->fanout.how;
	opts->fanout_group = args->fanout.group;
	if (offline)
		return;
	opts->ring_bytes =
		args->ring_bytes ? args->ring_bytes : shared_ring_bytes(args->targets.count);
	opts->batch_ms = args->batch_ms;
	opts->promiscuous = !args->no_promiscuous && !parsed.any;
	opts->immediate = args->immediate;
	opts->take = args->take;
	opts->xdp = args->xdp;
	opts->busy_poll_us = args->busy_poll_us;
	opts->share = args->share;
	opts->sample = args->sample;
	opts->stamp = args->stamp;
}

/* The fanout group of an earlier capture of the same target, to share its packets; 0: none. */
static uint32_t group_of_same(const struct captures *set, uint32_t before)
{
	uint32_t i;

	for (i = 0; i < before; i++) {
		if (!strcmp(set->list[i].target, set->list[before].target))
			return set->list[i].info.fanout_group;
	}
	return 0;
}

/* Allocates memory for @count captures, and the epoll descriptor to wait for several. */
static int prepare(struct captures *set, uint32_t count)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = STOP_EVENT };

	set->list = calloc(count, sizeof(*set->list));
	set->queue = calloc(count, sizeof(*set->queue));
	if (!set->list || !set->queue)
		return say_error("no memory for %u captures", count);
	set->count = count;
	if (count == 1)
		return 0;
	nsr_descriptors_raise();
	set->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (set->poll_fd < 0 || epoll_ctl(set->poll_fd, EPOLL_CTL_ADD, stop_fd(), &event) < 0)
		return say_error("epoll: %s", strerror(errno));
	return 0;
}

/* The arguments of open_one(). */
struct opening {
	struct captures *set;
	const struct capture_request *args;
	const char *filter;
	uint32_t snaplen;
};

/* Opens one target, in a worker thread; leaves a failure in its @status and @error. */
static void open_one(void *arg, uint32_t index)
{
	const struct opening *opening = arg;
	struct captures *set = opening->set;
	struct captures_one *one = &set->list[index];
	struct nsr_options opts;
	struct nsr_error err;

	one->target = opening->args->targets.list[index];
	if (stop_signalled())
		return;
	fill_options(&opts, opening->args, one->target, opening->filter, opening->snaplen);
	one->snaplen = opts.snaplen;
	one->shown = escape_copy(one->target);
	if (!one->shown) {
		one->status = -ENOMEM;
		return;
	}
	if (opts.fanout && !opts.fanout_group)
		opts.fanout_group = group_of_same(set, index);
	one->status = nsr_open(one->target, &opts, &one->cap, &err);
	if (one->status < 0) {
		one->error = failure_words(NULL, &err);
		return;
	}
	one->info.size = sizeof(one->info);
	nsr_info_get(one->cap, &one->info);
	one->state = device_state(one->target);
}

static int start_one(struct captures *set, struct captures_one *one)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = (uint32_t)(one - set->list) };

	if (one->status < 0)
		return say_error("%s", one->error ? one->error : strerror(-one->status));
	set->live++;
	captures_activate(set, one);
	if (set->poll_fd >= 0 &&
	    epoll_ctl(set->poll_fd, EPOLL_CTL_ADD, nsr_fd(one->cap), &event) < 0)
		return say_error("%s: epoll: %s", one->target, strerror(errno));
	return 0;
}

/* Users must not learn from broken connections that a capture takes packets away. */
static void warn_of_diversion(const struct captures_one *one)
{
	if (one->info.diverts)
		say_note("%s takes the packets that match away from the network stack: without "
			 "--take they would pass",
			 one->target);
}

/* A capture that sees nothing looks like one of a device without traffic. */
static void note_state(const struct captures_one *one)
{
	if (one->state == DEVICE_DOWN)
		say_note("%s: the device is down: no packets until it is set up", one->target);
	else if (one->state == DEVICE_NO_CARRIER)
		say_note("%s: the device has no carrier: no packets until it has one", one->target);
}

/* The first target that could not be opened; NULL: all are open. */
static const struct captures_one *first_failed(const struct captures *set)
{
	uint32_t i;

	for (i = 0; i < set->count; i++) {
		if (set->list[i].status < 0)
			return &set->list[i];
	}
	return NULL;
}

/* Opens every target, or all that can be; with --wait it tries until all are there. */
static int open_all(const struct opening *opening)
{
	struct device_wait wait = device_wait_for(opening->args->wait_ns);
	struct captures *set = opening->set;
	const struct captures_one *failed;
	bool again = opening->args->wait_ns;
	const char *target;
	int status;

	for (;;) {
		if (prepare(set, opening->args->targets.count))
			return -1;
		/* In order, by one thread, when a later target may join an earlier one's group. */
		workers_run(set->count, opening->args->fanout.how ? 1 : THREADS, open_one,
			    (void *)opening);
		failed = first_failed(set);
		if (!failed || !again)
			return 0;
		target = failed->target;
		status = failed->status;
		/* While it waits, packets must not gather in the others' rings. */
		captures_close(set);
		again = device_wait(&wait, target, status);
	}
}

static int start_all(struct captures *set)
{
	uint32_t i;

	if (stop_signalled())
		return say_error("stopped by a signal before every target was open");
	for (i = 0; i < set->count; i++) {
		if (start_one(set, &set->list[i]))
			return -1;
		warn_of_diversion(&set->list[i]);
		note_state(&set->list[i]);
	}
	return 0;
}

int captures_open(struct captures *set, const struct capture_request *args, const char *filter,
		  uint32_t snaplen)
{
	const struct opening opening = { set, args, filter, snaplen };
	int rc;

	memset(set, 0, sizeof(*set));
	set->poll_fd = -1;
	rc = stop_catch();
	if (rc)
		return say_error("signals: %s", strerror(-rc));
	if (open_all(&opening) || start_all(set))
		return -1;
	if (set->count == 1)
		stop_wakes(set->list[0].cap);
	return 0;
}

static void close_one(void *arg, uint32_t index)
{
	struct captures_one *one = &((struct captures *)arg)->list[index];

	nsr_close(one->cap);
	free(one->error);
	free(one->shown);
}

void captures_close(struct captures *set)
{
	stop_wakes(NULL);
	workers_run(set->count, THREADS, close_one, set);
	if (set->poll_fd >= 0)
		close(set->poll_fd);
	merge_free(set->merge);
	free(set->queue);
	free(set->list);
	memset(set, 0, sizeof(*set));
	set->poll_fd = -1;
}
