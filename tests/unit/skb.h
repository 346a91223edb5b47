/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Packets for sources of kmod/, which read them through the stand-in of linux/skbuff.h in kernel/. */
#ifndef NSR_TESTS_SKB_H
#define NSR_TESTS_SKB_H

#include <linux/skbuff.h>
#include <stdlib.h>
#include <string.h>

#define SKB_HEADROOM 32

/*
 * A packet that begins @offset bytes from skb->data and of which @headlen bytes, reckoned from where
 * it begins, are in the first part. That part begins at an odd address and ends with an allocation,
 * so that AddressSanitizer sees a read beyond.
 */
static inline struct sk_buff *skb_of(const u8 *bytes, int len, int offset, int headlen,
				     unsigned int *reads)
{
	struct sk_buff *skb = calloc(1, sizeof(*skb));
	u8 *linear = malloc(1 + SKB_HEADROOM + headlen);
	u8 *paged = malloc(len - headlen + 1);

	if (!skb || !linear || !paged)
		abort();
	memset(linear, 0xee, 1 + SKB_HEADROOM);
	memcpy(linear + 1 + SKB_HEADROOM, bytes, headlen);
	memcpy(paged, bytes + headlen, len - headlen);
	skb->data = linear + 1 + SKB_HEADROOM - offset;
	skb->paged = paged;
	skb->headroom = SKB_HEADROOM - offset;
	skb->headlen = headlen + offset;
	skb->len = len + offset;
	skb->reads = reads;
	return skb;
}

static inline void free_skb(struct sk_buff *skb)
{
	free((void *)(skb->data - 1 - skb->headroom));
	free((void *)skb->paged);
	free(skb);
}

#endif
