/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Packets of several captures in the order of their time stamps.
 *
 * A capture is in one of three states: it holds a batch and is in the heap; it is active, to be
 * asked at the next occasion; or it is idle and its descriptor is armed. A descriptor that polls
 * readable disarms itself (EPOLLONESHOT), so that a capture with more to come doesn't end each wait
 * while its batch is held.
 */
#include "merge.h"

#include <stdlib.h>
#include <sys/epoll.h>

#include "sys/clock.h"

/**
 * struct merge_source - a capture's part
 * @batch:  packets that it handed out last
 * @next:   the first of them that is still held; @batch.count: none is
 * @got_ns: when it handed them out, by nsr_clock_ns()
 */
struct merge_source {
	struct nsr_batch batch;
	uint32_t next;
	uint64_t got_ns;
};

/**
 * struct merge - the state
 * @sources:  by index in the set
 * @heap:     indices of those that hold packets, the smallest stamp first
 * @count:    how many
 * @last:     what the last run came from, -1: none
 * @hold_ns:  see merge_new()
 * @asked_ns: by nsr_clock_wall_ns(): what is in neither the heap nor the queue had nothing then
 */
struct merge {
	struct merge_source *sources;
	uint32_t *heap;
	uint32_t count;
	int64_t last;
	uint64_t hold_ns;
	uint64_t asked_ns;
};

static uint64_t stamp_of(const struct merge *merge, uint32_t index)
{
	const struct merge_source *source = &merge->sources[index];

	return source->batch.packets[source->next].stamp_ns;
}

static bool holds(const struct merge_source *source)
{
	return source->next < source->batch.count;
}

/* Whether the entry of the heap at @a comes before the one at @b. */
static bool comes_before(const struct merge *merge, uint32_t a, uint32_t b)
{
	uint64_t stamp_a = stamp_of(merge, merge->heap[a]);
	uint64_t stamp_b = stamp_of(merge, merge->heap[b]);

	return stamp_a < stamp_b || (stamp_a == stamp_b && merge->heap[a] < merge->heap[b]);
}

static void swap(struct merge *merge, uint32_t a, uint32_t b)
{
	uint32_t index = merge->heap[a];

	merge->heap[a] = merge->heap[b];
	merge->heap[b] = index;
}

static void push(struct merge *merge, uint32_t index)
{
	uint32_t at = merge->count++;

	merge->heap[at] = index;
	for (; at && comes_before(merge, at, (at - 1) / 2); at = (at - 1) / 2)
		swap(merge, at, (at - 1) / 2);
}

/* Restores the order after the first entry has changed. */
static void sink_first(struct merge *merge)
{
	uint32_t at = 0, child;

	while ((child = 2 * at + 1) < merge->count) {
		if (child + 1 < merge->count && comes_before(merge, child + 1, child))
			child++;
		if (!comes_before(merge, child, at))
			return;
		swap(merge, at, child);
		at = child;
	}
}

/* The smallest stamp behind the first entry's; UINT64_MAX: there is no other entry. */
static uint64_t second_stamp(const struct merge *merge)
{
	uint64_t stamp = UINT64_MAX, other;
	uint32_t i;

	for (i = 1; i < 3 && i < merge->count; i++) {
		other = stamp_of(merge, merge->heap[i]);
		stamp = other < stamp ? other : stamp;
	}
	return stamp;
}

/* Has the capture's descriptor tell once more. */
static void arm(const struct captures *set, uint32_t index)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT, .data.u32 = index };

	if (!set->list[index].status)
		epoll_ctl(set->poll_fd, EPOLL_CTL_MOD, nsr_fd(set->list[index].cap), &event);
}

/* Asks every active capture that holds nothing. */
static void ask_active(struct merge *merge, struct captures *set)
{
	struct captures_one *one;

	/* What was handed out last has been dealt with: its capture may be asked again. */
	if (merge->last >= 0 && !holds(&merge->sources[merge->last]))
		captures_activate(set, &set->list[merge->last]);
	merge->last = -1;
	while ((one = captures_take_active(set))) {
		uint32_t index = (uint32_t)(one - set->list);
		struct merge_source *source = &merge->sources[index];

		/* The end of the run activates all. */
		if (holds(source) || one->status)
			continue;
		source->next = 0;
		if (captures_recv(set, one, &source->batch, 0)) {
			source->got_ns = nsr_clock_ns();
			push(merge, index);
		} else {
			source->batch.count = 0;
			arm(set, index);
		}
	}
}

/* Activates the idle captures that have something, waiting at most @wait_ms for the first. */
static void look_at_idle(struct merge *merge, struct captures *set, int wait_ms)
{
	if (wait_ms)
		captures_poll(set, wait_ms);
	merge->asked_ns = nsr_clock_wall_ns();
	while (captures_poll(set, 0))
		;
	ask_active(merge, set);
}

/* Up to which stamp no idle capture can come up with an earlier packet. */
static uint64_t known_until(const struct merge *merge, const struct captures *set)
{
	if (merge->count >= set->live)
		return UINT64_MAX;
	return merge->asked_ns > merge->hold_ns ? merge->asked_ns - merge->hold_ns : 0;
}

/* Takes from the first entry what comes before all else. NULL: another capture may be earlier. */
static struct captures_one *take_run(struct merge *merge, struct captures *set,
				     struct nsr_batch *run)
{
	uint32_t index = merge->heap[0], begin;
	struct merge_source *source = &merge->sources[index];
	uint64_t until, second;

	if (!merge->count)
		return NULL;
	begin = source->next;
	until = known_until(merge, set);
	if (stamp_of(merge, index) > until) {
		if (nsr_clock_ns() < source->got_ns + merge->hold_ns)
			return NULL;
		until = UINT64_MAX;
	}
	second = second_stamp(merge);
	until = second < until ? second : until;
	while (holds(source) && source->batch.packets[source->next].stamp_ns <= until)
		source->next++;
	run->packets = source->batch.packets + begin;
	run->count = source->next - begin;
	if (!holds(source))
		merge->heap[0] = merge->heap[--merge->count];
	sink_first(merge);
	merge->last = index;
	return &set->list[index];
}

/* How long the first entry must still be held, but at most @wait_ms. */
static int hold_ms(const struct merge *merge, int wait_ms)
{
	const struct merge_source *source;
	uint64_t since_got_ns, since_stamp_ns, wall_ns = nsr_clock_wall_ns(), stamp, left_ms;

	if (!merge->count)
		return wait_ms;
	source = &merge->sources[merge->heap[0]];
	stamp = stamp_of(merge, merge->heap[0]);
	since_got_ns = nsr_clock_ns() - source->got_ns;
	since_stamp_ns = wall_ns > stamp ? wall_ns - stamp : 0;
	if (since_stamp_ns > since_got_ns)
		since_got_ns = since_stamp_ns;
	if (since_got_ns >= merge->hold_ns)
		return 0;
	left_ms = (merge->hold_ns - since_got_ns + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC;
	return left_ms < (uint64_t)wait_ms ? (int)left_ms : wait_ms;
}

struct captures_one *merge_next(struct merge *merge, struct captures *set, struct nsr_batch *run,
				int wait_ms)
{
	struct captures_one *one;

	ask_active(merge, set);
	one = take_run(merge, set, run);
	if (one)
		return one;
	look_at_idle(merge, set, hold_ms(merge, wait_ms));
	return take_run(merge, set, run);
}

struct merge *merge_new(struct captures *set, uint64_t hold_ns)
{
	struct merge *merge = calloc(1, sizeof(*merge));
	uint32_t i;

	if (!merge)
		return NULL;
	*merge = (struct merge){ .last = -1, .hold_ns = hold_ns };
	merge->sources = calloc(set->count, sizeof(*merge->sources));
	merge->heap = calloc(set->count, sizeof(*merge->heap));
	if (!merge->sources || !merge->heap) {
		merge_free(merge);
		return NULL;
	}
	for (i = 0; i < set->count; i++)
		arm(set, i);
	return merge;
}

void merge_free(struct merge *merge)
{
	if (!merge)
		return;
	free(merge->sources);
	free(merge->heap);
	free(merge);
}
