/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A packet in a hook: where it begins, what is known of it, its bytes.
 *
 * In a ring a packet is as it was on the wire, or cooked: then LINKTYPE_LINUX_SLL2's header takes
 * the place of the link-layer header. Nearly always the ring gets a part of the skb as it is.
 * Otherwise some bytes, the prefix, go in front: the cooked header, or the MAC addresses with the
 * VLAN tag that the device took off.
 */
#ifndef NSR_PACKET_H
#define NSR_PACKET_H

#include <linux/filter.h>
#include <linux/if_arp.h>
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>

/** nsr_is_ethernet() - whether frames of a device begin with an Ethernet header */
static inline bool nsr_is_ethernet(const struct net_device *dev)
{
	return dev->type == ARPHRD_ETHER || dev->type == ARPHRD_LOOPBACK;
}

static inline bool nsr_packet_is_outgoing(const struct sk_buff *skb)
{
	return skb->pkt_type == PACKET_OUTGOING;
}

/**
 * nsr_packet_start_of() - where the packet begins, relative to skb->data
 * @skb:    the packet
 * @cooked: behind the link-layer header
 * @outgoing: nsr_packet_is_outgoing()
 *
 * As packet sockets see it: the data of a received packet begins at its network header, that of a
 * sent one at its link-layer header, and devices without one have just one beginning.
 *
 * Return: bytes; negative for a received packet with its link-layer header.
 */
static inline int nsr_packet_start_of(const struct sk_buff *skb, bool cooked, bool outgoing)
{
	if (!dev_has_header(skb->dev))
		return 0;
	if (outgoing)
		return cooked ? min_t(int, skb_network_offset(skb), skb_headlen(skb)) : 0;
	return cooked ? 0 : skb_mac_offset(skb);
}

/** nsr_packet_start() - nsr_packet_start_of() for who has not looked yet */
static inline int nsr_packet_start(const struct sk_buff *skb, bool cooked)
{
	return nsr_packet_start_of(skb, cooked, nsr_packet_is_outgoing(skb));
}

/** nsr_packet_has_prefix() - whether a ring gets other bytes than those of the skb */
static inline bool nsr_packet_has_prefix(const struct sk_buff *skb, bool cooked)
{
	return cooked || skb_vlan_tag_present(skb);
}

int nsr_packet_growth(const struct sk_buff *skb, bool cooked);
u32 nsr_packet_copy_prefixed(const struct sk_buff *skb, bool cooked, u8 *to, u32 caplen);
u32 nsr_packet_copy_fragments(const struct sk_buff *skb, int start, u8 *to, u32 caplen);
u64 nsr_packet_device_stamp(const struct sk_buff *skb);
u32 nsr_packet_filter(struct sk_buff *skb, const struct bpf_prog *prog, bool cooked);

#endif
