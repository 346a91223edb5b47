/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What has left a device, by its own counters.
 */
#include "departure.h"

#include <time.h>

#include "sys/clock.h"
#include "sys/link.h"

#define ASK_EVERY_NS (5 * NSEC_PER_MSEC)

/* Some drivers read the hardware's counters every 2 s only (e1000, tg3). */
#define COUNTER_AGE_NS (3 * NSEC_PER_SEC)

/* A queue that is emptied slowly (tbf) must not hold the run up for ever. */
#define WAIT_MOST_NS (10 * NSEC_PER_SEC)

/* What the device has counted since the beginning; false: it doesn't tell. */
static bool look(struct departure *departure, uint64_t *packets, uint64_t *bytes)
{
	struct nsr_link_info info;

	if (device_ask(&departure->device, &info) < 0)
		return false;
	departure->state = device_state_of(&info);
	*packets = info.stats.tx_packets - departure->packets_before;
	*bytes = info.stats.tx_bytes - departure->bytes_before;
	/* A driver that begins to count anew tells nothing. */
	return info.stats.tx_packets >= departure->packets_before;
}

enum device_state departure_begin(struct departure *departure, const char *target)
{
	*departure = (struct departure){ 0 };
	departure->known = device_find(&departure->device, target) == 0 &&
			   look(departure, &departure->packets_before, &departure->bytes_before);
	return departure->state;
}

bool departure_await(struct departure *departure)
{
	const struct timespec pause = { .tv_nsec = ASK_EVERY_NS };
	uint64_t begin_ns = nsr_clock_ns(), moved_ns = begin_ns, now = begin_ns;
	uint64_t packets, bytes, before = 0;

	if (!departure->known)
		return false;
	while (look(departure, &packets, &bytes)) {
		if (packets >= departure->packets)
			return true;
		if (packets != before)
			moved_ns = now;
		before = packets;
		if (departure->state != DEVICE_UP || now - moved_ns > COUNTER_AGE_NS ||
		    now - begin_ns > WAIT_MOST_NS) {
			departure->packets = packets;
			departure->bytes = bytes < departure->bytes ? bytes : departure->bytes;
			return true;
		}
		nanosleep(&pause, NULL);
		now = nsr_clock_ns();
	}
	return false;
}

void departure_end(struct departure *departure)
{
	device_close(&departure->device);
}
