/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The header of LINKTYPE_LINUX_SLL2, made of what the kernel tells of a packet that it hands out from
 * the network header on.
 *
 * A tag that was taken off is metadata and goes behind the header, followed by the type of what
 * comes next. Before Linux 6.11 the kernel tells that type; since then it tells the protocol behind
 * all tags, also of a received packet that still begins with the second tag. So begins_with_tag()
 * looks: bytes that read as tags and lead to that very protocol are tags.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <string.h>

#include "packet.h"

#define TAG_BYTES	 4
#define TAGS_MOST	 8 /* as the kernel looks for, VLAN_MAX_DEPTH */
#define IPV4_LEAST_BYTES 20
#define IPV6_BYTES	 40

/* https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html */
struct sll2 {
	uint16_t protocol;
	uint16_t reserved;
	uint32_t ifindex;
	uint16_t arphrd;
	uint8_t type;
	uint8_t addr_len;
	uint8_t addr[8];
};

_Static_assert(sizeof(struct sll2) == 20, "the header of LINKTYPE_LINUX_SLL2 has 20 bytes");

static uint16_t read16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static bool is_ipv4(const uint8_t *data, uint32_t caplen, uint32_t len)
{
	uint32_t header, i, sum = 0;

	if (caplen < IPV4_LEAST_BYTES || data[0] >> 4 != 4)
		return false;
	header = (data[0] & 15) * 4;
	if (header < IPV4_LEAST_BYTES || header > caplen || read16(data + 2) < header ||
	    read16(data + 2) > len)
		return false;
	for (i = 0; i < header; i += 2)
		sum += read16(data + i);
	return (sum & 0xffff) + (sum >> 16) == 0xffff;
}

static bool is_ipv6(const uint8_t *data, uint32_t caplen, uint32_t len)
{
	return caplen >= IPV6_BYTES && data[0] >> 4 == 6 &&
	       (uint32_t)IPV6_BYTES + read16(data + 4) <= len;
}

/* Bytes 2 and 3 of a packet may be equal to its protocol's number by chance: see begins_with_tag(). */
static bool is_sound(const struct nsr_packet *packet, uint16_t protocol)
{
	switch (protocol) {
	case ETH_P_IP:
		return is_ipv4(packet->data, packet->caplen, packet->len);
	case ETH_P_IPV6:
		return is_ipv6(packet->data, packet->caplen, packet->len);
	default:
		return false;
	}
}

/*
 * Whether the packet's bytes begin with the second half of a tag: its TCI, and the type behind it.
 * @protocol: as the kernel tells it, 0 where it found more tags than it follows
 */
static bool begins_with_tag(const struct nsr_packet *packet, uint16_t protocol)
{
	uint32_t tags, at = TAG_BYTES / 2;
	uint16_t type;

	if (!protocol)
		return true;
	for (tags = 0; tags < TAGS_MOST && at + 2 <= packet->caplen; tags++, at += TAG_BYTES) {
		type = read16(packet->data + at);
		if (type == protocol)
			return !is_sound(packet, protocol);
		if (type != ETH_P_8021Q && type != ETH_P_8021AD)
			return false;
	}
	return false;
}

/*
 * The type that stands behind the tag of the metadata. Where the packet begins with another tag,
 * its TPID is not told: nearly all are ETH_P_8021Q. LLC has no type there, but a length, instead of
 * which the kernel tells a number of its own.
 */
static uint16_t type_behind_tag(const struct nsr_packet *packet, uint16_t protocol)
{
	if (begins_with_tag(packet, protocol))
		return ETH_P_8021Q;
	if ((protocol == ETH_P_802_2 || protocol == ETH_P_802_3) && packet->len <= ETH_DATA_LEN)
		return (uint16_t)packet->len;
	return protocol;
}

void packet_cook(struct nsr_packet *packet, const struct sockaddr_ll *from)
{
	struct sll2 header = {
		.protocol = from->sll_protocol,
		.ifindex = htonl((uint32_t)from->sll_ifindex),
		.arphrd = htons(from->sll_hatype),
		.type = from->sll_pkttype,
		.addr_len = from->sll_halen,
	};
	uint8_t *data = (uint8_t *)packet->data;
	uint16_t tag[2];

	memcpy(header.addr, from->sll_addr, sizeof(header.addr));
	if (packet->flags & NSR_PKT_VLAN) {
		tag[0] = htons(packet->vlan_tci);
		tag[1] = htons(type_behind_tag(packet, ntohs(from->sll_protocol)));
		data -= sizeof(tag);
		memcpy(data, tag, sizeof(tag));
		header.protocol = htons(packet->vlan_tpid);
	}
	data -= sizeof(header);
	memcpy(data, &header, sizeof(header));
	packet->len += (uint32_t)(packet->data - data);
	packet->caplen += (uint32_t)(packet->data - data);
	packet->data = data;
}
