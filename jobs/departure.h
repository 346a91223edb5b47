/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What has left a device, by its own counters.
 *
 * A socket accepts frames into the device's queue, and that is all it tells: a device without a
 * carrier drops them there, and so may a queueing discipline or a driver. tx_packets counts the
 * frames that the driver took. Others may send on the device, too, so only a count that is too low
 * says something.
 */
#ifndef NSRING_DEPARTURE_H
#define NSRING_DEPARTURE_H

#include <stdbool.h>

#include "device.h"

/**
 * struct departure - a comparison
 * @device: whose counters
 * @packets_before, @bytes_before: its counters at the beginning
 * @packets, @bytes: what was given to it; afterwards, how much of that has left at most
 * @known:  there is something to compare with
 * @state:  of the device, when it was last asked
 */
struct departure {
	struct device device;
	uint64_t packets_before, bytes_before;
	uint64_t packets, bytes;
	bool known;
	enum device_state state;
};

/**
 * departure_begin() - read the counters, before anything is sent
 * @departure: filled in; departure_end() when done
 * @target:    that was opened for sending
 *
 * Return: the device's state.
 */
enum device_state departure_begin(struct departure *departure, const char *target);

/**
 * departure_await() - wait until all has left
 * @departure: with @packets and @bytes set: given to the device since departure_begin()
 *
 * Gives up when the device has no carrier, or has counted nothing for as long as drivers take that
 * read their counters from the hardware now and then.
 *
 * Return: whether the counters told something; then @packets and @bytes are what has left.
 */
bool departure_await(struct departure *departure);

/** departure_end() - let go of the device */
void departure_end(struct departure *departure);

#endif
