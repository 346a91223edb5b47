/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * One readable line for a packet: time, interface, direction and link layer. line_ip.c and
 * line_transport.c continue it. All of them read the packet at the offsets of dissect.h.
 */
#include "line.h"

#include <linux/if_ether.h>
#include <time.h>

#include "sys/clock.h"
#include "line_parts.h"

#define VLAN_BYTES   4
#define VLAN_ID_MASK 0x0fff
#define HEX_COLUMNS  16

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

/* Linux's cooked header, version 1 or 2, has only the sender's address. */
static void add_cooked_address(struct text *text, const struct line_packet *packet)
{
	bool second = packet->d.link == DISSECT_LINK_SLL2;
	const uint8_t *address = packet->data + (second ? 12 : 6);
	uint16_t bytes = second ? packet->data[11] : bytes_u16(packet->data + 4);

	if (bytes != ETH_ALEN)
		return;
	line_add_mac(text, address);
	text_add(text, ", ");
}

static void add_link_header(struct text *text, const struct line_packet *packet)
{
	switch (packet->d.link) {
	case DISSECT_LINK_ETHERNET:
		line_add_mac(text, packet->data + ETH_ALEN);
		text_add(text, " > ");
		line_add_mac(text, packet->data);
		text_add(text, ", ");
		break;
	case DISSECT_LINK_SLL:
	case DISSECT_LINK_SLL2:
		add_cooked_address(text, packet);
		break;
	default:
		return;
	}
	text_add(text, "ethertype ");
	add_ethertype(text, packet->d.link_ethertype);
	text_add(text, ", length %u: ", packet->len);
}

static void add_tags(struct text *text, const struct line_packet *packet)
{
	uint32_t i, at = packet->d.vlan;

	for (i = 0; i < packet->d.vlans; i++, at += VLAN_BYTES)
		text_add(text, "vlan %u, ", bytes_u16(packet->data + at) & VLAN_ID_MASK);
}

static void add_network(struct text *text, const struct line_packet *packet)
{
	switch (packet->d.network_kind) {
	case DISSECT_NETWORK_IP:
		line_ip(text, packet);
		break;
	case DISSECT_NETWORK_ARP:
		line_arp(text, packet);
		break;
	case DISSECT_NETWORK_LENGTH:
		text_add(text, "802.3, length %u", packet->d.network_len);
		break;
	case DISSECT_NETWORK_OTHER:
		text_add(text, "ethertype ");
		add_ethertype(text, packet->d.ethertype);
		text_add(text, ", length %u", packet->d.network_len);
		break;
	default:
		text_add(text, "[|vlan]");
	}
}

static void add_packet(struct text *text, const struct line_packet *packet, bool link)
{
	static const char *const cut[] = {
		[DISSECT_LINK_ETHERNET] = "[|ether]",
		[DISSECT_LINK_SLL] = "[|sll]",
		[DISSECT_LINK_SLL2] = "[|sll]",
		[DISSECT_LINK_FAMILY] = "[|null]",
	};

	if (packet->d.link != DISSECT_LINK_NONE && !packet->d.link_bytes) {
		text_add(text, "%s", cut[packet->d.link]);
		return;
	}
	if (link)
		add_link_header(text, packet);
	add_tags(text, packet);
	add_network(text, packet);
}

size_t line_summary(char *out, const struct nsr_packet *packet, uint32_t linktype, bool link)
{
	struct line_packet printed = { .data = packet->data, .len = packet->len };
	struct text text = text_in(out, LINE_BYTES);

	dissect(&printed.d, packet->data, packet->caplen, packet->len, linktype);
	if (printed.d.link == DISSECT_LINK_UNKNOWN)
		text_add(&text, "link type %u, length %u", linktype, packet->len);
	else
		add_packet(&text, &printed, link);
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

static void add_time(struct text *text, const struct nsr_packet *packet)
{
	time_t seconds = (time_t)(packet->stamp_ns / NSEC_PER_SEC);
	struct tm tm = { 0 };

	if (packet->flags & NSR_PKT_NO_STAMP) {
		text_add(text, "--:--:--.--------- ");
		return;
	}
	localtime_r(&seconds, &tm);
	text_add(text, "%02d:%02d:%02d.%09u ", tm.tm_hour, tm.tm_min, tm.tm_sec,
		 (unsigned int)(packet->stamp_ns % NSEC_PER_SEC));
}

size_t line_format(char *out, const struct nsr_packet *packet, const struct line_from *from,
		   bool link)
{
	/* Keep room for the newline. */
	struct text text = text_in(out, LINE_BYTES - 1);
	char summary[LINE_BYTES];
	size_t bytes;

	add_time(&text, packet);
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
