/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The device that a target names, as the kernel tells of it: whether it is there, whether packets
 * can pass it, and what it has counted.
 */
#ifndef NSRING_DEVICE_H
#define NSRING_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

struct nsr_link_info;

/** What a device lets pass. */
enum device_state {
	DEVICE_UNKNOWN = 0, /* there is no single device, or nobody tells */
	DEVICE_UP,
	DEVICE_DOWN,
	DEVICE_NO_CARRIER,
};

/**
 * struct device - a device that was found
 * @fd:      asks about its namespace, which it keeps alive; -1: not found
 * @ifindex: its index there
 */
struct device {
	int fd;
	uint32_t ifindex;
};

/**
 * device_find() - look for a target's device
 * @device: filled in; device_close() also after an error
 * @target: as typed
 *
 * Return: 0; -EOPNOTSUPP it names no single device (a file, `any`), and what else it names is there;
 * -ENOENT its place does not exist; -ENODEV the place has no such device; -EINVAL a malformed target
 * or place; -errno.
 */
int device_find(struct device *device, const char *target);

/** device_ask() - what the kernel tells of @device now; 0; -ENODEV it is gone; -errno */
int device_ask(const struct device *device, struct nsr_link_info *info);

/** device_close() - let go of it */
void device_close(struct device *device);

/**
 * struct device_wait - waiting for devices and places that are not there yet
 * @until_ns: by nsr_clock_ns(): how long; 0: not at all
 * @retried:  something was there although it could not be opened, which was tried once more
 */
struct device_wait {
	uint64_t until_ns;
	bool retried;
};

/** device_wait_for() - wait for @wait_ns from now on; 0: not at all, UINT64_MAX: for ever */
struct device_wait device_wait_for(uint64_t wait_ns);

/**
 * device_wait() - after nsr_open() has failed, wait if that was because something is not there yet
 * @wait:   of device_wait_for()
 * @target: that could not be opened
 * @rc:     what nsr_open() returned
 *
 * Looks every 100 ms, holding nothing meanwhile: to listen in a namespace would keep it alive. Says
 * once that it waits. A signal ends it, see stop.h.
 *
 * Return: whether to try again.
 */
bool device_wait(struct device_wait *wait, const char *target, int rc);

/** device_state() - device_find() and device_ask(), and what state follows from that */
enum device_state device_state(const char *target);

/** device_state_of() - what state follows from an answer */
enum device_state device_state_of(const struct nsr_link_info *info);

/** device_state_text() - "up", "down", "no carrier"; NULL: not known */
const char *device_state_text(enum device_state state);

#endif
