/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The one loop that reads captures.
 */
#include "captures.h"

#include <errno.h>

#include "sys/clock.h"
#include "text/linktype.h"
#include "text/say.h"
#include "merge.h"
#include "stop.h"

#define TICK_NS	     NSEC_PER_SEC
#define DRAIN_MOST_S 30 /* the longest --batch-ms accounts for 20 of them */

/* How long a packet waits for its batch: unless told, and what the kernel's clock and work add. */
#define BATCH_MS     20
#define KERNEL_MS    10
#define IMMEDIATE_MS 2

/* Adds a batch to the totals and hands it to the command, up to @limit packets in all. */
static int deliver(struct captures *set, struct captures_one *from, const struct nsr_batch *batch,
		   uint64_t limit, const struct captures_events *events)
{
	const struct nsr_packet *packets = batch->packets;
	uint64_t left = limit - set->packets;
	uint32_t count = batch->count < left ? batch->count : (uint32_t)left;
	uint64_t bytes = 0;
	uint32_t i;

	for (i = 0; i < count; i++)
		bytes += packets[i].len;
	from->packets += count;
	from->bytes += bytes;
	set->packets += count;
	return events->packets ? events->packets(events->arg, from, packets, count) : 0;
}

/* Milliseconds until @tick_ns, rounded up, or until the run must end. */
static int wait_ms(uint64_t tick_ns)
{
	uint64_t now = nsr_clock_ns();

	if (now >= tick_ns)
		return 0;
	return stop_wait_ms((int)((tick_ns - now + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC));
}

/*
 * Calls the tick function when it is due; one that is late is called once, not once per second
 * missed.
 */
static int tick(uint64_t *tick_ns, const struct captures_events *events)
{
	uint64_t now = nsr_clock_ns();

	if (now < *tick_ns)
		return 0;
	*tick_ns += ((now - *tick_ns) / TICK_NS + 1) * TICK_NS;
	return events->tick ? events->tick(events->arg) : 0;
}

/* Nothing was ready: let the command flush, then wait. */
static struct captures_one *wait_for_more(struct captures *set, struct nsr_batch *batch,
					  uint64_t tick_ns, const struct captures_events *events,
					  int *rc)
{
	*rc = events->idle ? events->idle(events->arg) : 0;
	if (*rc || !set->live)
		return NULL;
	return captures_next(set, batch, wait_ms(tick_ns));
}

/*
 * Runs until @limit packets, a signal, the deadline, the end of all captures, or an event's wish.
 */
static int loop(struct captures *set, uint64_t limit, const struct captures_events *events)
{
	uint64_t tick_ns = set->begin_ns + TICK_NS;
	int rc = 0;

	while (!rc && set->live && set->packets < limit && !stop_now()) {
		struct nsr_batch batch = { 0 };
		struct captures_one *from = captures_next(set, &batch, 0);

		if (!from)
			from = wait_for_more(set, &batch, tick_ns, events, &rc);
		if (from)
			rc = deliver(set, from, &batch, limit, events);
		if (!rc)
			rc = tick(&tick_ns, events);
	}
	return rc;
}

/* Stops the captures and hands out the packets that they took before. */
static int drain(struct captures *set, uint64_t limit, const struct captures_events *events)
{
	uint64_t give_up_ns = nsr_clock_ns() + DRAIN_MOST_S * NSEC_PER_SEC;
	int rc = 0;

	captures_stop(set);
	while (rc >= 0 && set->live && set->packets < limit) {
		struct nsr_batch batch = { 0 };
		struct captures_one *from = captures_next(set, &batch, 20);

		if (from)
			rc = deliver(set, from, &batch, limit, events);
		if (nsr_clock_ns() >= give_up_ns) {
			say_error("not all that was captured could be handed out within %d s",
				  DRAIN_MOST_S);
			return -1;
		}
	}
	return rc < 0 ? rc : 0;
}

/* Says what the filter was not asked of, and has left out. */
static void note_unasked(const struct captures_one *one)
{
	struct nsr_interface iface = NSR_INTERFACE_INIT;
	struct nsr_stats stats;
	uint32_t id = 0;

	captures_stats(one, &stats);
	if (!stats.unasked)
		return;
	while (nsr_interface_get(one->cap, id++, &iface) == 0 && !iface.unasked)
		;
	say_note("%s: %s packets are left out, since the filter can't be asked of their link type "
		 "(%s)",
		 one->target, units_number(stats.unasked).text, linktype_text(iface.linktype).text);
}

/* Says that the file is not quite as its writer meant it. */
static void note_damage(const struct captures_one *one)
{
	struct nsr_info info = NSR_INFO_INIT;

	if (!one->info.offline || nsr_info_get(one->cap, &info) < 0 || !info.damaged_options)
		return;
	say_note("%s: options of %s packets are damaged, and are left out", one->target,
		 units_number(info.damaged_options).text);
}

static bool any_failed(const struct captures *set)
{
	uint32_t i;

	for (i = 0; i < set->count; i++) {
		if (set->list[i].status && set->list[i].status != -ENODATA)
			return true;
	}
	return false;
}

/* Has the captures merged where that makes a difference. */
static int prepare_order(struct captures *set, const struct capture_request *args,
			 const struct captures_events *events)
{
	uint64_t hold_ms = IMMEDIATE_MS;

	if (!events->ordered || set->count == 1)
		return 0;
	if (!args->immediate)
		hold_ms = (args->batch_ms ? args->batch_ms : BATCH_MS) + KERNEL_MS;
	set->merge = merge_new(set, hold_ms * NSEC_PER_MSEC);
	return set->merge ? 0 : say_error("no memory for %u captures", set->count);
}

int captures_run(struct captures *set, const struct capture_request *args,
		 const struct captures_events *events)
{
	uint64_t limit = args->packets ? args->packets : UINT64_MAX;
	uint32_t i;
	int rc;

	if (prepare_order(set, args, events) < 0)
		return -1;
	set->begin_ns = nsr_clock_ns();
	stop_after(args->duration_ns);
	stop_restarts();
	rc = loop(set, limit, events);
	set->end_ns = nsr_clock_ns();
	if (rc >= 0 && set->packets < limit)
		rc = drain(set, limit, events);
	if (events->idle && rc >= 0)
		rc = events->idle(events->arg);
	for (i = 0; i < set->count; i++) {
		note_unasked(&set->list[i]);
		note_damage(&set->list[i]);
	}
	return rc < 0 || any_failed(set) ? -1 : 0;
}
