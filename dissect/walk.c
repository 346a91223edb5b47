/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Walking a packet's headers: the link layer and its tags. walk_ip.c and walk_transport.c continue.
 */
#include "walk.h"

#include <linux/if_ether.h>

/* https://www.tcpdump.org/linktypes.html */
#define LINKTYPE_NULL	    0
#define LINKTYPE_ETHERNET   1
#define LINKTYPE_RAW_OLD    12
#define LINKTYPE_RAW	    101
#define LINKTYPE_LOOP	    108
#define LINKTYPE_LINUX_SLL  113
#define LINKTYPE_IPV4	    228
#define LINKTYPE_IPV6	    229
#define LINKTYPE_LINUX_SLL2 276

#define ETHERTYPE_MIN 1536 /* smaller values are a length (802.3) */
#define VLAN_BYTES    4

/**
 * struct link_layout - a link layer's header
 * @bytes:     its length
 * @ethertype: offset of the EtherType; -1: it has none, IP follows
 */
struct link_layout {
	uint32_t bytes;
	int ethertype;
};

static const struct link_layout layouts[] = {
	[DISSECT_LINK_ETHERNET] = { ETH_HLEN, 12 },
	[DISSECT_LINK_SLL] = { 16, 14 },
	[DISSECT_LINK_SLL2] = { 20, 0 },
	/* The family's number differs between systems; the IP header tells the version. */
	[DISSECT_LINK_FAMILY] = { 4, -1 },
	[DISSECT_LINK_NONE] = { 0, -1 },
};

static enum dissect_link link_of(uint32_t linktype)
{
	switch (linktype) {
	case LINKTYPE_ETHERNET:
		return DISSECT_LINK_ETHERNET;
	case LINKTYPE_LINUX_SLL:
		return DISSECT_LINK_SLL;
	case LINKTYPE_LINUX_SLL2:
		return DISSECT_LINK_SLL2;
	case LINKTYPE_NULL:
	case LINKTYPE_LOOP:
		return DISSECT_LINK_FAMILY;
	case LINKTYPE_RAW:
	case LINKTYPE_RAW_OLD:
	case LINKTYPE_IPV4:
	case LINKTYPE_IPV6:
		return DISSECT_LINK_NONE;
	}
	return DISSECT_LINK_UNKNOWN;
}

static bool is_vlan(uint16_t type)
{
	return type == ETH_P_8021Q || type == ETH_P_8021AD || type == ETH_P_QINQ1;
}

static enum dissect_network network_of(uint16_t type)
{
	switch (type) {
	case ETH_P_IP:
	case ETH_P_IPV6:
		return DISSECT_NETWORK_IP;
	case ETH_P_ARP:
	case ETH_P_RARP:
		return DISSECT_NETWORK_ARP;
	}
	return type < ETHERTYPE_MIN ? DISSECT_NETWORK_LENGTH : DISSECT_NETWORK_OTHER;
}

/* Steps over the tags behind the link layer's header; false when one was cut. */
static bool walk_tags(struct dissect *d, struct bytes *bytes, uint32_t *len)
{
	const uint8_t *tag;

	d->ethertype = d->link_ethertype;
	if (is_vlan(d->ethertype))
		d->vlan = bytes->at;
	while (is_vlan(d->ethertype)) {
		tag = bytes_take(bytes, VLAN_BYTES);
		if (!tag)
			return false;
		d->vlans++;
		d->ethertype = bytes_u16(tag + 2);
		*len = *len > VLAN_BYTES ? *len - VLAN_BYTES : 0;
	}
	return true;
}

static void walk_network(struct dissect *d, struct bytes bytes, uint32_t len)
{
	d->network = bytes.at;
	d->network_captured = bytes_left(&bytes);
	d->network_len = len;
	if (d->network_kind == DISSECT_NETWORK_IP)
		walk_ip(d, bytes, len);
}

void dissect(struct dissect *d, const uint8_t *data, uint32_t caplen, uint32_t len,
	     uint32_t linktype)
{
	struct bytes bytes = { .data = data, .end = caplen };
	const struct link_layout *layout;

	*d = (struct dissect){ .link = (uint8_t)link_of(linktype) };
	if (d->link == DISSECT_LINK_UNKNOWN)
		return;
	layout = &layouts[d->link];
	if (caplen < layout->bytes) {
		walk_end(d, DISSECT_CUT);
		return;
	}
	bytes.at = d->link_bytes = layout->bytes;
	len = len > layout->bytes ? len - layout->bytes : 0;
	if (layout->ethertype < 0) {
		d->network_kind = DISSECT_NETWORK_IP;
	} else {
		d->link_ethertype = bytes_u16(data + layout->ethertype);
		if (!walk_tags(d, &bytes, &len)) {
			walk_end(d, DISSECT_CUT);
			return;
		}
		d->network_kind = (uint8_t)network_of(d->ethertype);
	}
	walk_network(d, bytes, len);
}
