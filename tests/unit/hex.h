/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Packets written as hexadecimal. Included after cmocka.h. */
#ifndef NSR_TESTS_HEX_H
#define NSR_TESTS_HEX_H

#include <stdint.h>
#include <stdio.h>

/* Returns how many bytes there are, of which @out has room for @room. */
static inline uint32_t from_hex(uint8_t *out, uint32_t room, const char *hex)
{
	uint32_t bytes = 0;
	unsigned int byte;

	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2) {
		assert_true(bytes < room);
		out[bytes++] = (uint8_t)byte;
	}
	return bytes;
}

#endif
