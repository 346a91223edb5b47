/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Timestamps of pcapng, in units that each interface has of its own, as ns since 1970. */
#ifndef NSR_ENGINES_FILE_STAMP_H
#define NSR_ENGINES_FILE_STAMP_H

#include <stdint.h>

/**
 * struct savefile_ts - how the timestamps of an interface become ns since 1970
 * @mul:       ns = timestamp * @mul / @div / 2^@shift + @offset_s * 10^9
 * @div:       0: a unit so small that no timestamp reaches 1 ns
 * @shift:     at most 127
 * @offset_s:  seconds
 */
struct savefile_ts {
	uint64_t mul;
	uint64_t div;
	uint32_t shift;
	int64_t offset_s;
};

/**
 * savefile_ts_set() - set the unit
 * @ts:      its offset stays
 * @tsresol: the value of if_tsresol, the negative exponent of 10 or of 2
 */
void savefile_ts_set(struct savefile_ts *ts, uint8_t tsresol);

/** savefile_ts_ns() - what does not fit (before 1970, after 2554) becomes the nearest that does */
uint64_t savefile_ts_ns(const struct savefile_ts *ts, uint64_t units);

#endif
