/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#ifndef NSR_TESTS_KERNEL_SKBUFF_H
#define NSR_TESTS_KERNEL_SKBUFF_H

#include <linux/types.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Constants, as the kernel's are. */
#undef htons
#undef ntohs
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define htons(number) ((__be16)__builtin_bswap16(number))
#else
#define htons(number) ((__be16)(number))
#endif
#define ntohs(number) ((u16)htons(number))

#define swap(a, b)                                                                                 \
	do {                                                                                       \
		typeof(a) swapped = (a);                                                           \
		(a) = (b);                                                                         \
		(b) = swapped;                                                                     \
	} while (0)

/**
 * struct sk_buff - a packet in two parts
 * @data:     the part that can be read directly: @headroom bytes before it, @headlen from it on
 * @paged:    the part that can only be copied from: @len - @headlen bytes
 * @reads:    counted up by each read
 */
struct sk_buff {
	const u8 *data;
	const u8 *paged;
	int headroom;
	int headlen;
	int len;
	bool vlan_present;
	u16 vlan_tci;
	unsigned int *reads;
};

static inline unsigned int skb_headlen(const struct sk_buff *skb)
{
	return skb->headlen;
}

/* A read before the headroom is what the kernel doesn't check. */
static inline const void *skb_header_pointer(const struct sk_buff *skb, int offset, int len,
					     void *buffer)
{
	u8 *to = buffer;
	int i;

	++*skb->reads;
	if (offset < -skb->headroom || len <= 0)
		abort();
	if (skb->headlen - offset >= len)
		return skb->data + offset;
	if (offset > skb->len - len)
		return NULL;
	for (i = offset; i < offset + len; i++)
		*to++ = i < skb->headlen ? skb->data[i] : skb->paged[i - skb->headlen];
	return buffer;
}

#endif
