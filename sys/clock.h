/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Clocks, each with its unit in its name. Inline, as some are read for each batch of packets.
 */
#ifndef NSR_CLOCK_H
#define NSR_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NSEC_PER_SEC  1000000000ull
#define NSEC_PER_MSEC 1000000ull

/** nsr_clock_read() - nanoseconds by a CLOCK_ of clock_gettime(2); the others below are built on it */
static inline uint64_t nsr_clock_read(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

/** nsr_clock_ns() - nanoseconds that never jump; they stand still while the host sleeps */
static inline uint64_t nsr_clock_ns(void)
{
	return nsr_clock_read(CLOCK_MONOTONIC);
}

/** nsr_clock_ms() - nsr_clock_ns() in milliseconds, signed so that differences can be */
static inline int64_t nsr_clock_ms(void)
{
	return (int64_t)(nsr_clock_read(CLOCK_MONOTONIC) / NSEC_PER_MSEC);
}

/** nsr_clock_coarse_ms() - nsr_clock_ms() as of the kernel's last tick, up to 10 ms ago, but cheaper */
static inline int64_t nsr_clock_coarse_ms(void)
{
	return (int64_t)(nsr_clock_read(CLOCK_MONOTONIC_COARSE) / NSEC_PER_MSEC);
}

/** nsr_clock_boot_ns() - nanoseconds since the host started, sleep included */
static inline uint64_t nsr_clock_boot_ns(void)
{
	return nsr_clock_read(CLOCK_BOOTTIME);
}

/** nsr_clock_wall_ns() - nanoseconds since 1970; jumps when somebody sets the host's time */
static inline uint64_t nsr_clock_wall_ns(void)
{
	return nsr_clock_read(CLOCK_REALTIME);
}

/** nsr_clock_cpu_ns() - nanoseconds that all threads of this process have run */
static inline uint64_t nsr_clock_cpu_ns(void)
{
	return nsr_clock_read(CLOCK_PROCESS_CPUTIME_ID);
}

#endif
