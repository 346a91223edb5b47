/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * One readable line a packet: time, interface, direction and link layer. line_ip.c and
 * line_transport.c go on from there.
 */
#include "line.h"

#include <linux/if_ether.h>
#include <time.h>

#include "text/units.h"
#include "line_parts.h"

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

#define ETHERTYPE_MIN 1536 /* below it, 802.3: a length */
#define SLL_BYTES     16
#define SLL2_BYTES    20
#define FAMILY_BYTES  4
#define VLAN_ID_MASK  0x0fff
#define HEX_COLUMNS   16

static const struct line_name ethertypes[] = {
	{ ETH_P_IP, "IPv4" },	    { ETH_P_IPV6, "IPv6" },	 { ETH_P_ARP, "ARP" },
	{ ETH_P_RARP, "RARP" },	    { ETH_P_LLDP, "LLDP" },	 { ETH_P_MPLS_UC, "MPLS" },
	{ ETH_P_PAE, "EAPOL" },	    { ETH_P_PPP_DISC, "PPPoE" }, { ETH_P_PPP_SES, "PPPoE" },
	{ ETH_P_SLOW, "Slow" },	    { ETH_P_MACSEC, "MACsec" },	 { ETH_P_1588, "PTP" },
	{ ETH_P_LOOP, "Loopback" }, { ETH_P_TIPC, "TIPC" },	 { 0, NULL },
};

static void add_ethertype(struct text *text, uint16_t type)
{
	const char *name = line_find_name(ethertypes, type);

	if (name)
		text_add(text, "%s (0x%04x)", name, type);
	else
		text_add(text, "0x%04x", type);
}

static bool is_vlan(uint16_t type)
{
	return type == ETH_P_8021Q || type == ETH_P_8021AD || type == ETH_P_QINQ1;
}

/* What follows an EtherType; @len is on the wire, from after the type. */
static void add_payload(struct text *text, uint16_t type, struct line_bytes bytes, uint32_t len)
{
	const uint8_t *tag;

	while (is_vlan(type)) {
		tag = line_take(&bytes, 4);
		if (!tag) {
			text_add(text, "[|vlan]");
			return;
		}
		text_add(text, "vlan %u, ", line_u16(tag) & VLAN_ID_MASK);
		type = line_u16(tag + 2);
		len = len > 4 ? len - 4 : 0;
	}
	if (type == ETH_P_IP || type == ETH_P_IPV6) {
		line_ip(text, bytes, len, LINE_IP_DEPTH);
	} else if (type == ETH_P_ARP || type == ETH_P_RARP) {
		line_arp(text, bytes, len);
	} else if (type < ETHERTYPE_MIN) {
		text_add(text, "802.3, length %u", len);
	} else {
		text_add(text, "ethertype ");
		add_ethertype(text, type);
		text_add(text, ", length %u", len);
	}
}

static void add_ethernet(struct text *text, struct line_bytes bytes, uint32_t len, bool link)
{
	const uint8_t *hdr = line_take(&bytes, ETH_HLEN);
	uint16_t type;

	if (!hdr) {
		text_add(text, "[|ether]");
		return;
	}
	type = line_u16(hdr + 12);
	if (link) {
		line_add_mac(text, hdr + 6);
		text_add(text, " > ");
		line_add_mac(text, hdr);
		text_add(text, ", ethertype ");
		add_ethertype(text, type);
		text_add(text, ", length %u: ", len);
	}
	add_payload(text, type, bytes, len > ETH_HLEN ? len - ETH_HLEN : 0);
}

/* "Cooked", in the second or the first version of its header: the sender's address only. */
static void add_cooked(struct text *text, struct line_bytes bytes, uint32_t len, bool link,
		       bool second)
{
	uint32_t hdr_bytes = second ? SLL2_BYTES : SLL_BYTES;
	const uint8_t *hdr = line_take(&bytes, hdr_bytes);
	const uint8_t *address;
	uint16_t type, address_bytes;

	if (!hdr) {
		text_add(text, "[|sll]");
		return;
	}
	type = line_u16(second ? hdr : hdr + 14);
	address = second ? hdr + 12 : hdr + 6;
	address_bytes = second ? hdr[11] : line_u16(hdr + 4);
	if (link) {
		if (address_bytes == ETH_ALEN) {
			line_add_mac(text, address);
			text_add(text, ", ");
		}
		text_add(text, "ethertype ");
		add_ethertype(text, type);
		text_add(text, ", length %u: ", len);
	}
	add_payload(text, type, bytes, len > hdr_bytes ? len - hdr_bytes : 0);
}

static void add_link(struct text *text, uint32_t linktype, struct line_bytes bytes, uint32_t len,
		     bool link)
{
	switch (linktype) {
	case LINKTYPE_ETHERNET:
		add_ethernet(text, bytes, len, link);
		break;
	case LINKTYPE_LINUX_SLL:
	case LINKTYPE_LINUX_SLL2:
		add_cooked(text, bytes, len, link, linktype == LINKTYPE_LINUX_SLL2);
		break;
	case LINKTYPE_NULL:
	case LINKTYPE_LOOP:
		/* The address family's number differs between systems; the IP header tells too. */
		if (line_take(&bytes, FAMILY_BYTES))
			line_ip(text, bytes, len > FAMILY_BYTES ? len - FAMILY_BYTES : 0,
				LINE_IP_DEPTH);
		else
			text_add(text, "[|null]");
		break;
	case LINKTYPE_RAW:
	case LINKTYPE_RAW_OLD:
	case LINKTYPE_IPV4:
	case LINKTYPE_IPV6:
		line_ip(text, bytes, len, LINE_IP_DEPTH);
		break;
	default:
		text_add(text, "link type %u, length %u", linktype, len);
	}
}

size_t line_summary(char *out, const struct nsr_packet *packet, uint32_t linktype, bool link)
{
	struct text text = text_in(out, LINE_BYTES);
	struct line_bytes bytes = { .at = packet->data, .left = packet->caplen };

	add_link(&text, linktype, bytes, packet->len, link);
	return (size_t)(text.at - out);
}

const char *line_direction(uint32_t flags)
{
	if (flags & NSR_PKT_OUT)
		return "Out";
	if (flags & NSR_PKT_BROADCAST)
		return "B";
	if (flags & NSR_PKT_MULTICAST)
		return "M";
	if (flags & NSR_PKT_OTHERHOST)
		return "P";
	return "In";
}

static void add_time(struct text *text, uint64_t stamp_ns)
{
	time_t seconds = (time_t)(stamp_ns / NSEC_PER_SEC);
	struct tm tm = { 0 };

	localtime_r(&seconds, &tm);
	text_add(text, "%02d:%02d:%02d.%09u ", tm.tm_hour, tm.tm_min, tm.tm_sec,
		 (unsigned int)(stamp_ns % NSEC_PER_SEC));
}

size_t line_format(char *out, const struct nsr_packet *packet, const struct line_from *from,
		   bool link)
{
	/* Room for the newline. */
	struct text text = text_in(out, LINE_BYTES - 1);
	char summary[LINE_BYTES];
	size_t bytes;

	add_time(&text, packet->stamp_ns);
	if (from->name[0]) {
		text_add_safe(&text, from->name, strlen(from->name));
		text_add(&text, " ");
	}
	if (!(packet->flags & NSR_PKT_UNDIRECTED))
		text_add(&text, "%-3s ", line_direction(packet->flags));
	bytes = line_summary(summary, packet, from->linktype, link);
	text_add_safe(&text, summary, bytes);
	*text.at++ = '\n';
	*text.at = '\0';
	return (size_t)(text.at - out);
}

void line_hex(FILE *out, const uint8_t *data, uint32_t bytes)
{
	char ascii[HEX_COLUMNS + 1];
	uint32_t at, i;

	for (at = 0; at < bytes; at += i) {
		fprintf(out, "\t0x%04x: ", at);
		for (i = 0; i < HEX_COLUMNS && i < bytes - at; i++) {
			uint8_t byte = data[at + i];

			fprintf(out, i % 2 ? "%02x" : " %02x", byte);
			ascii[i] = byte >= 0x20 && byte < 0x7f ? (char)byte : '.';
		}
		ascii[i] = '\0';
		fprintf(out, "%*s  %s\n", (int)(5 * HEX_COLUMNS / 2 - (5 * i + 1) / 2), "", ascii);
	}
}
