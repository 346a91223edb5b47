/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Bytes of a packet: can't be read past their end; numbers are in network byte order.
 */
#ifndef NSRING_BYTES_H
#define NSRING_BYTES_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct bytes - the rest of a packet
 * @data: the packet
 * @at:   offset of the next byte
 * @end:  offset behind the last captured byte; headers may claim more
 */
struct bytes {
	const uint8_t *data;
	uint32_t at;
	uint32_t end;
};

/** bytes_left() - how many bytes are left */
static inline uint32_t bytes_left(const struct bytes *bytes)
{
	return bytes->end - bytes->at;
}

/**
 * bytes_take() - consume @count bytes
 *
 * Return: the first of them; NULL, and nothing consumed, when there are fewer.
 */
static inline const uint8_t *bytes_take(struct bytes *bytes, uint32_t count)
{
	const uint8_t *taken;

	if (count > bytes_left(bytes))
		return NULL;
	taken = bytes->data + bytes->at;
	bytes->at += count;
	return taken;
}

/** bytes_clip() - drop all bytes beyond the next @count */
static inline void bytes_clip(struct bytes *bytes, uint32_t count)
{
	if (bytes_left(bytes) > count)
		bytes->end = bytes->at + count;
}

/** bytes_u16() - the number in the two bytes at @at */
static inline uint16_t bytes_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/** bytes_u32() - the number in the four bytes at @at */
static inline uint32_t bytes_u32(const uint8_t *at)
{
	return (uint32_t)bytes_u16(at) << 16 | bytes_u16(at + 2);
}

#endif
