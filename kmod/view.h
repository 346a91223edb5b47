/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A view: a packet in a hook, as rings will have it. It lives on the stack while the packet is
 * delivered; what is costly to find out is found out once, when the first ring asks.
 */
#ifndef NSR_VIEW_H
#define NSR_VIEW_H

#include <linux/filter.h>
#include <linux/skbuff.h>

#include "nsring_uapi.h"

/**
 * struct nsr_image - the bytes of a packet as a ring has them: a prefix, then part of the skb
 * @start:  of that part, relative to skb->data
 * @len:    prefix and part
 * @prefix_len: 0: none
 * @ready:  the fields are filled in
 * @prefix: a cooked header, or MAC addresses with the VLAN tag that was in the metadata
 */
struct nsr_image {
	int start;
	u32 len;
	u8 prefix_len;
	bool ready;
	u8 prefix[24];
};

/**
 * struct nsr_view - a packet that is being delivered
 * @skb:       not to be kept
 * @dev:       the device of the hook
 * @outgoing:  sent, not received
 * @sender:    the socket that has sent it, only to be compared; NULL: none, or not known
 * @described: @record is filled in
 * @image:     as on the wire, and cooked
 * @record:    but for the lengths and readers
 * @kernel_stamp_ns: 0: not asked for yet
 */
struct nsr_view {
	struct sk_buff *skb;
	const struct net_device *dev;
	bool outgoing;
	const struct sock *sender;
	bool described;
	struct nsr_image image[2];
	struct nsring_record record;
	u64 kernel_stamp_ns;
};

static inline void nsr_view_init(struct nsr_view *view, struct sk_buff *skb,
				 const struct net_device *dev)
{
	view->skb = skb;
	view->dev = dev;
	view->outgoing = skb->pkt_type == PACKET_OUTGOING;
	view->sender = NULL;
	view->described = false;
	view->image[0].ready = false;
	view->image[1].ready = false;
	view->kernel_stamp_ns = 0;
}

int nsr_view_start(const struct nsr_view *view, bool cooked);
void nsr_view_make_image(struct nsr_view *view, bool cooked);
void nsr_view_describe(struct nsr_view *view);
u64 nsr_view_kernel_stamp(struct nsr_view *view);
u32 nsr_view_filter(const struct nsr_view *view, const struct bpf_prog *prog, bool cooked);
u32 nsr_view_copy(const struct nsr_view *view, const struct nsr_image *image, u8 *to, u32 caplen);

/** nsr_view_image() - the packet's bytes, as on the wire or cooked */
static inline struct nsr_image *nsr_view_image(struct nsr_view *view, bool cooked)
{
	struct nsr_image *image = &view->image[cooked];

	if (!image->ready)
		nsr_view_make_image(view, cooked);
	return image;
}

#endif
