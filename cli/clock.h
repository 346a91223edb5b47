/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The monotonic clock in nanoseconds.
 */
#ifndef NSRING_CLOCK_H
#define NSRING_CLOCK_H

#include <stdint.h>
#include <time.h>

/** clock_ns() - nanoseconds since the host started */
static inline uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#endif
