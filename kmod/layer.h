/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A layer of a packet: an Ethernet frame with the packet in it, or an IP packet. The packet itself
 * is the first layer; each tunnel has another one inside.
 */
#ifndef NSR_LAYER_H
#define NSR_LAYER_H

#include <linux/types.h>

struct sk_buff;

/* Parts of iphdr.frag_off, see RFC 791 */
#define IP_FRAGMENT_OFFSET 0x1fff
#define IP_MORE_FRAGMENTS  0x2000

/**
 * struct nsr_place - a position in a packet, and what begins there
 * @skb:      the packet
 * @offset:   relative to skb->data; within the headroom if negative
 * @protocol: ETH_P_TEB: an Ethernet header; 0: IP of either version; else the EtherType
 */
struct nsr_place {
	const struct sk_buff *skb;
	int offset;
	__be16 protocol;
};

/**
 * struct nsr_tuple - the two ends of a flow
 * @from:     address, in network byte order; one of 4 or 6 bytes is in the first word
 * @to:       likewise
 * @from_port: of TCP, UDP, UDP-Lite, SCTP or DCCP, in network byte order; else 0
 * @to_port:  likewise
 * @protocol: in IP that of the transport, or of whatever follows the understood headers; else 0
 * @family:   AF_INET, AF_INET6; AF_PACKET: MAC addresses; AF_UNSPEC: nothing is known
 *
 * The hash takes the whole struct, so there is no padding.
 */
struct nsr_tuple {
	u64 from[2];
	u64 to[2];
	u16 from_port;
	u16 to_port;
	u16 protocol;
	u16 family;
};

enum nsr_fragment {
	NSR_FRAGMENT_NONE, /* a whole packet */
	NSR_FRAGMENT_FIRST,
	NSR_FRAGMENT_LATER,
};

/**
 * struct nsr_layer - what one layer tells
 * @tuple:       the addresses of the IP header, or of the Ethernet header if there is no sound IP
 *               header
 * @fragment:    NSR_FRAGMENT_…
 * @fragment_id: of the fragmented packet
 */
struct nsr_layer {
	struct nsr_tuple tuple;
	enum nsr_fragment fragment;
	u32 fragment_id;
};

bool nsr_layer_enter(struct nsr_place *at, struct nsr_layer *layer);
bool nsr_layer_enter_tunnel(struct nsr_place *at, const struct nsr_tuple *tuple);
bool nsr_layer_read_tag(struct nsr_place *at, u16 *vlan);

#endif
