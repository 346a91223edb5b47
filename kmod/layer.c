// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets are hostile: every read is checked against the skb, and every loop has a bound. The walk
 * ends where it doesn't understand the packet.
 */
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <linux/socket.h>
#include <linux/string.h>

#include "layer.h"

#define TAGS_MAX       3
#define EXTENSIONS_MAX 8

#define IPV6_FRAGMENT_OFFSET 0xfff8
#define IPV6_MORE_FRAGMENTS  0x0001

#define UDP_HEADER_BYTES 8

#define VXLAN_PORT	   4789
#define VXLAN_HAS_ID	   0x08
#define VXLAN_HEADER_BYTES 8

#define GTPU_PORT	     2152
#define GTPU_VERSION_MASK    0xf0
#define GTPU_VERSION	     0x30 /* version 1, and not GTP' */
#define GTPU_HAS_OPTIONS     0x07
#define GTPU_HAS_EXTENSIONS  0x04
#define GTPU_PACKET	     255 /* the type of messages that carry a user's packet */
#define GTPU_HEADER_BYTES    8
#define GTPU_OPTIONS_BYTES   4
#define GTPU_EXTENSION_UNITS 4

#define GRE_HAS_CHECKSUM 0x8000
#define GRE_HAS_KEY	 0x2000
#define GRE_HAS_SEQUENCE 0x1000
#define GRE_HAS_ROUTING	 0x4000
#define GRE_VERSION_MASK 0x0007 /* 0; PPTP's is 1, its payload PPP */

struct extension {
	u8 next;
	u8 len;
	__be16 fragment;
	__be32 id;
};

/* Copies out, as fields of a packet may be at any address. */
static __always_inline bool fetch(const struct nsr_place *at, int offset, void *to, int bytes)
{
	const void *from = skb_header_pointer(at->skb, offset, bytes, to);

	if (!from)
		return false;
	if (from != to)
		memcpy(to, from, bytes);
	return true;
}

static bool enter_ethernet(struct nsr_place *at, struct nsr_tuple *tuple)
{
	struct ethhdr header;

	if (!fetch(at, at->offset, &header, sizeof(header)))
		return false;
	memcpy(tuple->from, header.h_source, ETH_ALEN);
	memcpy(tuple->to, header.h_dest, ETH_ALEN);
	tuple->family = AF_PACKET;
	at->offset += ETH_HLEN;
	at->protocol = header.h_proto;
	return true;
}

static bool enter_tags(struct nsr_place *at)
{
	struct vlan_hdr tag;
	int i;

	for (i = 0; i < TAGS_MAX && eth_type_vlan(at->protocol); i++) {
		if (!fetch(at, at->offset, &tag, sizeof(tag)))
			return false;
		at->offset += VLAN_HLEN;
		at->protocol = tag.h_vlan_encapsulated_proto;
	}
	return true;
}

static bool enter_ipv4(struct nsr_place *at, struct nsr_layer *layer)
{
	struct iphdr header;

	if (!fetch(at, at->offset, &header, sizeof(header)))
		return false;
	if (header.version != 4 || header.ihl < 5)
		return false;
	layer->tuple = (struct nsr_tuple){
		.from = { (__force u32)header.saddr },
		.to = { (__force u32)header.daddr },
		.protocol = header.protocol,
		.family = AF_INET,
	};
	if (header.frag_off & htons(IP_FRAGMENT_OFFSET))
		layer->fragment = NSR_FRAGMENT_LATER;
	else if (header.frag_off & htons(IP_MORE_FRAGMENTS))
		layer->fragment = NSR_FRAGMENT_FIRST;
	layer->fragment_id = (__force u16)header.id;
	at->offset += header.ihl * 4;
	return true;
}

static void note_ipv6_fragment(struct nsr_layer *layer, const struct extension *header)
{
	if (header->fragment & htons(IPV6_FRAGMENT_OFFSET))
		layer->fragment = NSR_FRAGMENT_LATER;
	else if (header->fragment & htons(IPV6_MORE_FRAGMENTS))
		layer->fragment = NSR_FRAGMENT_FIRST;
	layer->fragment_id = (__force u32)header->id;
}

/* Reads the first 8 bytes of an extension header, the least that one has. */
static bool enter_ipv6_extension(struct nsr_place *at, struct nsr_layer *layer)
{
	struct extension header;
	int bytes;

	switch (layer->tuple.protocol) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
	case IPPROTO_MH:
	case IPPROTO_AH:
	case IPPROTO_FRAGMENT:
		break;
	default:
		return false;
	}
	if (!fetch(at, at->offset, &header, sizeof(header)))
		return false;
	bytes = (header.len + 1) * 8;
	if (layer->tuple.protocol == IPPROTO_AH)
		bytes = (header.len + 2) * 4;
	if (layer->tuple.protocol == IPPROTO_FRAGMENT) {
		bytes = sizeof(header);
		note_ipv6_fragment(layer, &header);
	}
	at->offset += bytes;
	layer->tuple.protocol = header.next;
	return true;
}

static bool enter_ipv6(struct nsr_place *at, struct nsr_layer *layer)
{
	struct ipv6hdr header;
	int i;

	if (!fetch(at, at->offset, &header, sizeof(header)))
		return false;
	if (header.version != 6)
		return false;
	memcpy(layer->tuple.from, &header.saddr, sizeof(header.saddr));
	memcpy(layer->tuple.to, &header.daddr, sizeof(header.daddr));
	layer->tuple.protocol = header.nexthdr;
	layer->tuple.family = AF_INET6;
	at->offset += sizeof(header);
	for (i = 0; i < EXTENSIONS_MAX && layer->fragment != NSR_FRAGMENT_LATER; i++) {
		if (!enter_ipv6_extension(at, layer))
			break;
	}
	return true;
}

static void read_ports(const struct nsr_place *at, struct nsr_tuple *tuple)
{
	u16 ports[2];

	switch (tuple->protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		if (fetch(at, at->offset, ports, sizeof(ports))) {
			tuple->from_port = ports[0];
			tuple->to_port = ports[1];
		}
	}
}

/* The EtherType of an IP packet whose type nothing else tells. */
static __be16 protocol_by_version(const struct nsr_place *at)
{
	u8 first = 0;

	if (!fetch(at, at->offset, &first, sizeof(first)))
		return 0;
	switch (first >> 4) {
	case 4:
		return htons(ETH_P_IP);
	case 6:
		return htons(ETH_P_IPV6);
	default:
		return 0;
	}
}

/**
 * nsr_layer_enter() - walk through a layer, up to its transport header if it has one
 * @at:    where the layer begins, then where the walk ended
 * @layer: filled in; if something in it isn't sound, with what was found before
 *
 * Return: whether it is sound.
 */
bool nsr_layer_enter(struct nsr_place *at, struct nsr_layer *layer)
{
	layer->tuple = (struct nsr_tuple){ .family = AF_UNSPEC };
	layer->fragment = NSR_FRAGMENT_NONE;
	layer->fragment_id = 0;
	if (!at->protocol)
		at->protocol = protocol_by_version(at);
	if (at->protocol == htons(ETH_P_TEB) && !enter_ethernet(at, &layer->tuple))
		return false;
	if (!enter_tags(at))
		return false;
	switch (at->protocol) {
	case htons(ETH_P_IP):
		if (!enter_ipv4(at, layer))
			return false;
		break;
	case htons(ETH_P_IPV6):
		if (!enter_ipv6(at, layer))
			return false;
		break;
	default:
		return layer->tuple.family != AF_UNSPEC;
	}
	if (layer->fragment != NSR_FRAGMENT_LATER)
		read_ports(at, &layer->tuple);
	return true;
}

static bool enter_vxlan(struct nsr_place *at)
{
	u8 flags = 0;

	if (!fetch(at, at->offset, &flags, sizeof(flags)) || !(flags & VXLAN_HAS_ID))
		return false;
	at->offset += VXLAN_HEADER_BYTES;
	at->protocol = htons(ETH_P_TEB);
	return true;
}

/* An extension begins with its length and ends with the type of the next; 0: there is none. */
static bool enter_gtpu_extensions(struct nsr_place *at)
{
	u8 next, units;
	int i;

	for (i = 0; i < EXTENSIONS_MAX; i++) {
		if (!fetch(at, at->offset - 1, &next, sizeof(next)))
			return false;
		if (!next)
			return true;
		if (!fetch(at, at->offset, &units, sizeof(units)) || !units)
			return false;
		at->offset += units * GTPU_EXTENSION_UNITS;
	}
	return false;
}

static bool enter_gtpu(struct nsr_place *at)
{
	u8 start[2];

	if (!fetch(at, at->offset, start, sizeof(start)))
		return false;
	if ((start[0] & GTPU_VERSION_MASK) != GTPU_VERSION || start[1] != GTPU_PACKET)
		return false;
	at->offset += GTPU_HEADER_BYTES;
	at->protocol = 0;
	if (start[0] & GTPU_HAS_OPTIONS)
		at->offset += GTPU_OPTIONS_BYTES;
	return !(start[0] & GTPU_HAS_EXTENSIONS) || enter_gtpu_extensions(at);
}

static bool enter_gre(struct nsr_place *at)
{
	__be16 header[2];

	if (!fetch(at, at->offset, header, sizeof(header)))
		return false;
	if (header[0] & htons(GRE_HAS_ROUTING | GRE_VERSION_MASK))
		return false;
	at->offset += sizeof(header);
	if (header[0] & htons(GRE_HAS_CHECKSUM))
		at->offset += 4;
	if (header[0] & htons(GRE_HAS_KEY))
		at->offset += 4;
	if (header[0] & htons(GRE_HAS_SEQUENCE))
		at->offset += 4;
	at->protocol = header[1];
	return at->protocol == htons(ETH_P_IP) || at->protocol == htons(ETH_P_IPV6) ||
	       at->protocol == htons(ETH_P_TEB);
}

/* @at is at the UDP header. */
static bool enter_udp_tunnel(struct nsr_place *at, const struct nsr_tuple *tuple)
{
	at->offset += UDP_HEADER_BYTES;
	if (tuple->to_port == (__force u16)htons(VXLAN_PORT))
		return enter_vxlan(at);
	if (tuple->to_port == (__force u16)htons(GTPU_PORT) ||
	    tuple->from_port == (__force u16)htons(GTPU_PORT))
		return enter_gtpu(at);
	return false;
}

/**
 * nsr_layer_enter_tunnel() - go on to the layer inside
 * @at:    where nsr_layer_enter() left it, then where the next layer begins
 * @tuple: what nsr_layer_enter() found
 *
 * Knows VXLAN, GTP-U, GRE with IP or Ethernet in it (NVGRE too), and IP in IP. Not for a later
 * fragment, which has no header.
 *
 * Return: whether there is one.
 */
bool nsr_layer_enter_tunnel(struct nsr_place *at, const struct nsr_tuple *tuple)
{
	switch (tuple->protocol) {
	case IPPROTO_UDP:
		return enter_udp_tunnel(at, tuple);
	case IPPROTO_GRE:
		return enter_gre(at);
	case IPPROTO_IPIP:
		at->protocol = htons(ETH_P_IP);
		return true;
	case IPPROTO_IPV6:
		at->protocol = htons(ETH_P_IPV6);
		return true;
	default:
		return false;
	}
}

/**
 * nsr_layer_read_tag() - read a VLAN tag at the beginning of a layer
 * @at:   where the layer begins, then where the tag is or would be
 * @vlan: the id
 *
 * Return: whether there is one.
 */
bool nsr_layer_read_tag(struct nsr_place *at, u16 *vlan)
{
	struct nsr_tuple addresses;
	struct vlan_hdr tag;

	if (at->protocol == htons(ETH_P_TEB) && !enter_ethernet(at, &addresses))
		return false;
	if (!eth_type_vlan(at->protocol) || !fetch(at, at->offset, &tag, sizeof(tag)))
		return false;
	*vlan = ntohs(tag.h_vlan_TCI) & VLAN_VID_MASK;
	return true;
}
