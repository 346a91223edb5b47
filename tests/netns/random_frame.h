/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Random Ethernet frames with the headers that filters ask for. */
#ifndef NSR_TESTS_RANDOM_FRAME_H
#define NSR_TESTS_RANDOM_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define RANDOM_FRAME_LEAST 14
#define RANDOM_FRAME_MOST  1000

/** random_next() - the next number of a sequence; *@state is its seed, not 0 */
uint32_t random_next(uint64_t *state);

/** random_below() - a number from 0 to @end - 1 */
uint32_t random_below(uint64_t *state, uint32_t end);

/**
 * random_frame() - make a frame
 * @state: of random_next()
 * @frame: room for RANDOM_FRAME_MOST bytes, filled in
 *
 * Five of eight frames are whole, two cut short or damaged, one is random bytes. Addresses, ports
 * and tags are from the few that random_filter() asks for.
 *
 * Return: its length, RANDOM_FRAME_LEAST or more.
 */
uint32_t random_frame(uint64_t *state, uint8_t *frame);

#endif
