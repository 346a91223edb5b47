/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Options of pcapng's blocks: looking through them, and tidying them up, so that they can be copied into
 * another file.
 */
#ifndef NSR_ENGINES_FILE_OPTIONS_H
#define NSR_ENGINES_FILE_OPTIONS_H

#include "file.h"

/** struct savefile_span - a part of the buffer, within a block */
struct savefile_span {
	const uint8_t *at;
	uint32_t bytes;
};

/** struct savefile_option - one option of a block, its length checked */
struct savefile_option {
	uint16_t code;
	uint16_t length;
	const uint8_t *value;
};

/** savefile_rest() - what is left of @from once @bytes, which are there, are gone from its front */
static inline struct savefile_span savefile_rest(struct savefile_span from, uint32_t bytes)
{
	return (struct savefile_span){ from.at + bytes, from.bytes - bytes };
}

/** savefile_padded() - @bytes, and what pads them */
static inline uint32_t savefile_padded(uint32_t bytes)
{
	return (bytes + PCAPNG_BLOCK_ALIGN - 1) & ~(PCAPNG_BLOCK_ALIGN - 1);
}

/** savefile_load32() - a field at @at, which need not be aligned */
static inline uint32_t savefile_load32(const struct savefile *file, const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return savefile_host32(file, value);
}

/**
 * savefile_next_option() - take the first option off @left
 *
 * Return: 1 it is in @opt; 0 there are no more; -EBADMSG, without words, it is longer than its block.
 */
int savefile_next_option(const struct savefile *file, struct savefile_span *left,
			 struct savefile_option *opt);

/**
 * savefile_tidy() - make options fit to be copied
 * @file:    reading it
 * @type:    of their block
 * @options: in the buffer, where they are changed
 * @ts:      of the interface whose statistics they are; NULL for other blocks
 *
 * Brings codes, lengths and numbers into this host's order and stamps into ns. Leaves out what does
 * not survive: what the writer tells by itself, what must not be copied, what nobody can swap, and all from
 * damage on.
 *
 * Return: bytes from @options.at on, without an end of options.
 */
uint32_t savefile_tidy(const struct savefile *file, uint32_t type, struct savefile_span options,
		       const struct savefile_ts *ts);

#endif
