/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The network layer of a packet line: IP, IP in IP, fragments, and ARP.
 */
#include <net/if_arp.h>
#include <linux/if_ether.h>

#include "line_parts.h"

#define ARP_BYTES      8
#define ARP_IPV4_BYTES 20 /* two Ethernet and two IPv4 addresses */

void line_ip_addresses(struct text *text, const struct line_packet *packet,
		       const struct dissect_ip *ip)
{
	line_add_ip(text, ip->version, packet->data + ip->src);
	text_add(text, " > ");
	line_add_ip(text, ip->version, packet->data + ip->dst);
	text_add(text, ": ");
}

/* Appends what there is to say about a header without addresses. */
static void add_headless(struct text *text, const struct dissect_ip *ip)
{
	if (ip->status == DISSECT_CUT)
		text_add(text, ip->version == 6 ? "[|ip6]" : "[|ip]");
	else if (ip->version == 4)
		text_add(text, "bad length (header %u, total %u)", ip->header_bytes, ip->total);
	else
		text_add(text, "IP version %u, length %u", ip->version, ip->total);
}

static void add_header(struct text *text, const struct line_packet *packet,
		       const struct dissect_ip *ip, bool last)
{
	if (ip->version == 4 || ip->version == 6)
		text_add(text, ip->version == 6 ? "IP6 " : "IP ");
	if (!ip->src) {
		add_headless(text, ip);
	} else if (ip->fragment_offset > 0) {
		line_ip_addresses(text, packet, ip);
		text_add(text, "protocol %u, length %u", ip->protocol, ip->len);
	} else if (last) {
		line_transport(text, packet, ip);
	} else {
		line_ip_addresses(text, packet, ip);
	}
}

static void add_fragment(struct text *text, const struct dissect_ip *ip)
{
	text_add(text, " (fragment, id %u, offset %u%s)", ip->fragment_id, ip->fragment_offset,
		 ip->more_fragments ? "+" : "");
}

void line_ip(struct text *text, const struct line_packet *packet)
{
	const struct dissect *d = &packet->d;
	uint32_t i;

	for (i = 0; i < d->ips; i++)
		add_header(text, packet, &d->ip[i], i + 1 == d->ips);
	while (i-- > 0) {
		if (d->ip[i].fragment)
			add_fragment(text, &d->ip[i]);
	}
}

static void add_arp_ipv4(struct text *text, uint16_t operation, const uint8_t *addresses)
{
	const uint8_t *sender_mac = addresses, *sender = addresses + 6, *target = addresses + 16;

	if (operation == ARPOP_REQUEST) {
		text_add(text, "Request who-has ");
		line_add_ip(text, 4, target);
		text_add(text, " tell ");
		line_add_ip(text, 4, sender);
	} else if (operation == ARPOP_REPLY) {
		text_add(text, "Reply ");
		line_add_ip(text, 4, sender);
		text_add(text, " is-at ");
		line_add_mac(text, sender_mac);
	} else {
		text_add(text, "operation %u", operation);
	}
}

void line_arp(struct text *text, const struct line_packet *packet)
{
	struct bytes bytes = {
		.data = packet->data,
		.at = packet->d.network,
		.end = packet->d.network + packet->d.network_captured,
	};
	const uint8_t *hdr = bytes_take(&bytes, ARP_BYTES);
	const uint8_t *addresses = hdr ? bytes_take(&bytes, ARP_IPV4_BYTES) : NULL;

	text_add(text, "ARP, ");
	if (!hdr)
		text_add(text, "[|arp]");
	else if (bytes_u16(hdr + 2) != ETH_P_IP || hdr[4] != ETH_ALEN || hdr[5] != 4)
		text_add(text, "hardware %u, protocol 0x%04x, operation %u", bytes_u16(hdr),
			 bytes_u16(hdr + 2), bytes_u16(hdr + 6));
	else if (!addresses)
		text_add(text, "[|arp]");
	else
		add_arp_ipv4(text, bytes_u16(hdr + 6), addresses);
	text_add(text, ", length %u", packet->d.network_len);
}
