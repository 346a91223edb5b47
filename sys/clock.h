/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Clocks in nanoseconds.
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

/** clock_cpu_ns() - nanoseconds that this process has run, all its threads together */
static inline uint64_t clock_cpu_ns(void)
{
	struct timespec ran;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ran);
	return (uint64_t)ran.tv_sec * 1000000000u + (uint64_t)ran.tv_nsec;
}

#endif
