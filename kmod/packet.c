// SPDX-License-Identifier: GPL-2.0-only
#include <linux/etherdevice.h>

#include "packet.h"

/* LINKTYPE_LINUX_SLL2, see https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html */
struct sll2 {
	__be16 protocol;
	__be16 reserved;
	__be32 ifindex;
	__be16 arphrd;
	u8 pkt_type;
	u8 addr_len;
	u8 addr[8];
} __packed;

/**
 * struct prefix - bytes in front of those of the skb
 * @len:   how many of @bytes
 * @start: where the skb's bytes go on behind them, relative to skb->data
 * @bytes: room for the longest prefix
 */
struct prefix {
	u32 len;
	int start;
	u8 bytes[sizeof(struct sll2) + VLAN_HLEN];
};

/*
 * Where the bytes behind a cooked header begin. In a packet that is sent with tags inside, the
 * network header is behind them; but the cooked header's protocol is that of the tags, so they stay
 * in.
 */
static int cooked_start(const struct sk_buff *skb)
{
	int start = nsr_packet_start(skb, true);

	if (nsr_packet_is_outgoing(skb) && nsr_is_ethernet(skb->dev) &&
	    eth_type_vlan(skb->protocol))
		return min(start, ETH_HLEN);
	return start;
}

/* Can the tag in the metadata go into the frame: is it Ethernet, with a whole header? */
static bool can_take_tag(const struct sk_buff *skb)
{
	return nsr_is_ethernet(skb->dev) &&
	       (int)skb_headlen(skb) - nsr_packet_start(skb, false) >= ETH_HLEN;
}

/**
 * nsr_packet_growth() - how much longer a packet with a prefix is than the part of the skb
 * @skb:    the packet
 * @cooked: the ring has cooked headers
 *
 * Return: bytes
 */
int nsr_packet_growth(const struct sk_buff *skb, bool cooked)
{
	int tag = skb_vlan_tag_present(skb) ? VLAN_HLEN : 0;

	if (cooked)
		return sizeof(struct sll2) + tag + nsr_packet_start(skb, true) - cooked_start(skb);
	return can_take_tag(skb) ? tag : 0;
}

static void put_be16(u8 *to, __be16 value)
{
	put_unaligned(value, (__be16 *)to);
}

/* The prefix is the MAC addresses and the tag; the skb's bytes follow, as on the wire. */
static void insert_tag(const struct sk_buff *skb, struct prefix *prefix)
{
	prefix->start = nsr_packet_start(skb, false);
	if (!can_take_tag(skb))
		return;
	memcpy(prefix->bytes, skb->data + prefix->start, 2 * ETH_ALEN);
	put_be16(prefix->bytes + 2 * ETH_ALEN, skb->vlan_proto);
	put_be16(prefix->bytes + 2 * ETH_ALEN + 2, htons(skb_vlan_tag_get(skb)));
	prefix->len = 2 * ETH_ALEN + VLAN_HLEN;
	prefix->start += 2 * ETH_ALEN;
}

/* The sender's address, of the link-layer header where the device has one. */
static u8 sender(const struct sk_buff *skb, u8 *addr)
{
	u8 found[MAX_ADDR_LEN] = {};
	int len = 0;

	if (skb_mac_header_was_set(skb))
		len = dev_parse_header(skb, found);
	memcpy(addr, found, 8);
	return clamp(len, 0, 8);
}

/*
 * What stands behind a tag: the type of what follows. LLC has no type there, but its length, instead
 * of which the kernel has a number of its own.
 */
static __be16 behind_tag(const struct sk_buff *skb, int start)
{
	int len = (int)skb->len - start;

	if ((skb->protocol == htons(ETH_P_802_2) || skb->protocol == htons(ETH_P_802_3)) &&
	    len <= ETH_DATA_LEN)
		return htons(len);
	return skb->protocol;
}

static void cook(const struct sk_buff *skb, struct prefix *prefix)
{
	struct sll2 *sll = (struct sll2 *)prefix->bytes;

	sll->protocol = skb->protocol;
	sll->ifindex = htonl(skb->dev->ifindex);
	sll->arphrd = htons(skb->dev->type);
	sll->pkt_type = skb->pkt_type;
	sll->addr_len = sender(skb, sll->addr);
	prefix->len = sizeof(*sll);
	prefix->start = cooked_start(skb);
	if (!skb_vlan_tag_present(skb))
		return;
	sll->protocol = skb->vlan_proto;
	put_be16(prefix->bytes + prefix->len, htons(skb_vlan_tag_get(skb)));
	put_be16(prefix->bytes + prefix->len + 2, behind_tag(skb, prefix->start));
	prefix->len += VLAN_HLEN;
}

/**
 * nsr_packet_copy_fragments() - copy a packet that is longer than the linear part of its skb
 * @skb:    the packet
 * @start:  where it begins, relative to skb->data
 * @to:     room for @caplen bytes
 * @caplen: no more than there are
 *
 * Return: bytes copied; fewer than @caplen if the device keeps the rest where the CPU can't read
 * it.
 */
u32 nsr_packet_copy_fragments(const struct sk_buff *skb, int start, u8 *to, u32 caplen)
{
	u32 linear = max_t(int, (int)skb_headlen(skb) - start, 0);

	if (skb_copy_bits(skb, start, to, caplen) == 0)
		return caplen;
	linear = min(linear, caplen);
	memcpy(to, skb->data + start, linear);
	return linear;
}

/**
 * nsr_packet_copy_prefixed() - copy a packet that has a prefix
 * @skb:    the packet
 * @cooked: with a cooked header; else with the tag of the metadata
 * @to:     room for @caplen bytes
 * @caplen: no more than there are, with the prefix
 *
 * Return: bytes copied, see nsr_packet_copy_fragments().
 */
u32 nsr_packet_copy_prefixed(const struct sk_buff *skb, bool cooked, u8 *to, u32 caplen)
{
	struct prefix prefix = {};
	u32 len;

	if (cooked)
		cook(skb, &prefix);
	else
		insert_tag(skb, &prefix);
	len = min(prefix.len, caplen);
	memcpy(to, prefix.bytes, len);
	return len + nsr_packet_copy_fragments(skb, prefix.start, to + len, caplen - len);
}

/**
 * nsr_packet_device_stamp() - when the device received a packet, if it has stamped it
 * @skb: the packet
 *
 * A stamp stays in a packet that is passed on: to a bridge, a VLAN, a veth, or out of another device. It is then of
 * a clock that is not the device's. So only what hardware has received counts.
 *
 * Some drivers leave a pointer to data of their own there, and must be asked for the stamp. That
 * works only while the packet is at their device, since no other could tell; and the pointer itself
 * must not reach user space.
 *
 * Return: ns by the device's clock; 0: the device doesn't tell.
 */
u64 nsr_packet_device_stamp(const struct sk_buff *skb)
{
	struct skb_shared_hwtstamps *stamps = skb_hwtstamps((struct sk_buff *)skb);

	if (!stamps->hwtstamp || nsr_packet_is_outgoing(skb) || !skb->dev->dev.parent)
		return 0;
	if (!(skb_shinfo(skb)->tx_flags & SKBTX_HW_TSTAMP_NETDEV))
		return stamps->hwtstamp;
	if (!skb->dev->netdev_ops->ndo_get_tstamp)
		return 0;
	return netdev_get_tstamp(skb->dev, stamps, false);
}

/**
 * nsr_packet_filter() - run a socket's filter
 * @skb:    the packet
 * @prog:   classic or extended BPF
 * @cooked: the filter sees the packet without its link-layer header
 *
 * The skb may be shared, so this puts its data pointer back before it returns; packet sockets move
 * it the same way.
 *
 * Return: bytes to keep; 0: the filter refuses the packet.
 */
u32 nsr_packet_filter(struct sk_buff *skb, const struct bpf_prog *prog, bool cooked)
{
	int start = nsr_packet_start(skb, cooked);
	u32 keep;

	skb->data += start;
	skb->len -= start;
	keep = bpf_prog_run_clear_cb(prog, skb);
	skb->data -= start;
	skb->len += start;
	return keep;
}
