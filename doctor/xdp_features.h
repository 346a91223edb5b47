/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What drivers tell of their XDP: generic netlink family "netdev", Linux 6.3. */
#ifndef NSRING_DOCTOR_XDP_FEATURES_H
#define NSRING_DOCTOR_XDP_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

/** Bits of struct features.xdp, as in linux/netdev.h. */
enum feature_xdp {
	FEATURE_BASIC = 1 << 0,
	FEATURE_REDIRECT = 1 << 1,
	FEATURE_SEND = 1 << 2, /* takes XDP frames */
	FEATURE_ZERO_COPY = 1 << 3,
	FEATURE_BUFFERS = 1 << 5, /* frames of several buffers */
};

/**
 * struct features - of one device
 * @ifindex:  its index
 * @xdp:      enum feature_xdp
 * @stamps:   its programs can ask for the device's time stamps
 * @zero_copy_buffers: a frame may take so many in zero-copy mode
 */
struct features {
	uint32_t ifindex;
	uint64_t xdp;
	bool stamps;
	uint32_t zero_copy_buffers;
};

/**
 * features_get() - of one device of the calling thread's namespace
 *
 * Return: 0; -ENOENT the kernel does not tell; -errno.
 */
int features_get(uint32_t ifindex, struct features *features);

/**
 * features_list() - of all devices of the calling thread's namespace
 * @found: called for each
 * @arg:   for @found
 *
 * Return: 0; -ENOENT the kernel does not tell; -errno.
 */
int features_list(void (*found)(const struct features *features, void *arg), void *arg);

#endif
