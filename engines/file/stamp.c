/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "stamp.h"

#include "lib/file/savefile_format.h"
#include "sys/clock.h"

#define NS_DIGITS 9
/* 10^19 is the greatest power of ten in 64 bits. */
#define MAX_DIGITS 19

static uint64_t power_of_ten(uint32_t digits)
{
	uint64_t value = 1;

	while (digits--)
		value *= 10;
	return value;
}

void savefile_ts_set(struct savefile_ts *ts, uint8_t tsresol)
{
	uint32_t exponent = tsresol & ~PCAPNG_TSRESOL_BINARY;

	ts->mul = 1;
	ts->div = 1;
	ts->shift = 0;
	if (tsresol & PCAPNG_TSRESOL_BINARY) {
		ts->mul = NSEC_PER_SEC;
		ts->shift = exponent;
	} else if (exponent <= NS_DIGITS) {
		ts->mul = power_of_ten(NS_DIGITS - exponent);
	} else if (exponent - NS_DIGITS <= MAX_DIGITS) {
		ts->div = power_of_ten(exponent - NS_DIGITS);
	} else {
		ts->div = 0;
	}
}

uint64_t savefile_ts_ns(const struct savefile_ts *ts, uint64_t units)
{
	__int128 ns;

	if (ts->div != 1)
		ns = ts->div ? units / ts->div : 0;
	else
		ns = ((unsigned __int128)units * ts->mul) >> ts->shift;
	ns += (__int128)ts->offset_s * NSEC_PER_SEC;
	if (ns < 0)
		return 0;
	return ns > UINT64_MAX ? UINT64_MAX : (uint64_t)ns;
}
