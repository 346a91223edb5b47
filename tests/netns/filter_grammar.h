/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Random filters in the grammar of pcap-filter(7), as far as it applies to Ethernet. */
#ifndef NSR_TESTS_FILTER_GRAMMAR_H
#define NSR_TESTS_FILTER_GRAMMAR_H

#include <stddef.h>
#include <stdint.h>

/**
 * random_filter() - make a filter
 * @state: of random_next() of random_frame.h
 * @text:  filled in
 * @bytes: room at @text
 *
 * Most of what it makes compiles; a few ask for what contradicts itself, which libpcap refuses.
 * It has at most six terms: libpcap's optimiser takes very long for many.
 */
void random_filter(uint64_t *state, char *text, size_t bytes);

#endif
