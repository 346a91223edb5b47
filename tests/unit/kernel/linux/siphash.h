/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* SipHash-2-4, and SipHash-1-3 of which hsiphash is the lower half on 64-bit machines. */
#ifndef NSR_TESTS_KERNEL_SIPHASH_H
#define NSR_TESTS_KERNEL_SIPHASH_H

#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
	u64 key[2];
} siphash_key_t;

typedef struct {
	unsigned long key[2];
} hsiphash_key_t;

static inline u64 siphash_rotate(u64 word, int bits)
{
	return word << bits | word >> (64 - bits);
}

static inline void siphash_rounds(u64 v[4], int rounds)
{
	while (rounds-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = siphash_rotate(v[1], 13) ^ v[0];
		v[3] = siphash_rotate(v[3], 16) ^ v[2];
		v[0] = siphash_rotate(v[0], 32) + v[3];
		v[2] += v[1];
		v[1] = siphash_rotate(v[1], 17) ^ v[2];
		v[3] = siphash_rotate(v[3], 21) ^ v[0];
		v[2] = siphash_rotate(v[2], 32);
	}
}

/* For whole words. */
static inline u64 siphash_of(const void *data, size_t len, u64 key0, u64 key1, int rounds)
{
	u64 v[4] = { key0 ^ 0x736f6d6570736575, key1 ^ 0x646f72616e646f6d,
		     key0 ^ 0x6c7967656e657261, key1 ^ 0x7465646279746573 };
	u64 word;
	size_t i;

	if (len % 8)
		abort();
	for (i = 0; i <= len; i += 8) {
		word = (u64)len << 56;
		if (i < len)
			memcpy(&word, (const u8 *)data + i, 8);
		v[3] ^= word;
		siphash_rounds(v, rounds);
		v[0] ^= word;
	}
	v[2] ^= 0xff;
	siphash_rounds(v, rounds + 2);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static inline u64 siphash(const void *data, size_t len, const siphash_key_t *key)
{
	return siphash_of(data, len, key->key[0], key->key[1], 2);
}

static inline u32 hsiphash(const void *data, size_t len, const hsiphash_key_t *key)
{
	return (u32)siphash_of(data, len, key->key[0], key->key[1], 1);
}

static inline u32 hsiphash_4u32(u32 a, u32 b, u32 c, u32 d, const hsiphash_key_t *key)
{
	const u32 words[] = { a, b, c, d };

	return hsiphash(words, sizeof(words), key);
}

#endif
