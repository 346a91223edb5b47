/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The verdict that translated filters must equal: that of libpcap's interpreter. */
#ifndef NSR_TESTS_CLASSIC_WITNESS_H
#define NSR_TESTS_CLASSIC_WITNESS_H

#include <stdbool.h>
#include <stdint.h>

struct sock_filter;

/**
 * classic_matches() - whether libpcap's interpreter accepts a packet
 * @code:  program; scratch memory reads 0 before it is written
 * @count: its instructions, at most 64
 * @data:  packet
 * @len:   its bytes
 * @reach: of which so many can be read
 */
bool classic_matches(const struct sock_filter *code, uint32_t count, const uint8_t *data,
		     uint32_t len, uint32_t reach);

#endif
