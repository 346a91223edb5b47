/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The network layer of a packet line: IPv4, IPv6 with its extension headers, fragments, tunnels
 * of IP in IP, and ARP.
 */
#include <netinet/in.h>
#include <net/if_arp.h>
#include <linux/if_ether.h>

#include "line_parts.h"

#define IPV4_BYTES	 20
#define IPV4_MORE	 0x2000
#define IPV4_OFFSET_MASK 0x1fff
#define IPV6_BYTES	 40
#define IPV6_EXT_BYTES	 8
#define IPV6_MORE	 0x0001
#define IPV6_OFFSET_MASK 0xfff8
#define ARP_BYTES	 8
#define ARP_IPV4_BYTES	 20 /* two Ethernet and two IPv4 addresses */

/** struct fragment - which part of a datagram a packet holds */
struct fragment {
	uint32_t id;
	uint32_t offset;
	bool more;
	bool any; /* it is one */
};

/* Let go of what lies beyond the packet (Ethernet padding) according to its own length. */
static void clip(struct line_bytes *bytes, uint32_t len)
{
	if (bytes->left > len)
		bytes->left = len;
}

static bool is_tunnel(uint8_t protocol)
{
	return protocol == IPPROTO_IPIP || protocol == IPPROTO_IPV6;
}

/* The payload of an IP packet, or what can be said of a fragment of it. */
static void add_payload(struct text *text, const struct line_flow *flow,
			const struct fragment *fragment, struct line_bytes bytes,
			unsigned int depth)
{
	if (fragment->offset > 0 || (is_tunnel(flow->protocol) && depth > 1)) {
		line_add_ip(text, flow->family, flow->src);
		text_add(text, " > ");
		line_add_ip(text, flow->family, flow->dst);
		text_add(text, ": ");
	}
	if (fragment->offset > 0)
		text_add(text, "protocol %u, length %u", flow->protocol, flow->len);
	else if (is_tunnel(flow->protocol) && depth > 1)
		line_ip(text, bytes, flow->len, depth - 1);
	else
		line_transport(text, flow, bytes);
	if (fragment->any)
		text_add(text, " (fragment, id %u, offset %u%s)", fragment->id, fragment->offset,
			 fragment->more ? "+" : "");
}

static void add_ipv4(struct text *text, struct line_bytes bytes, uint32_t len, unsigned int depth)
{
	struct line_flow flow = { .family = AF_INET };
	struct fragment fragment;
	const uint8_t *hdr = line_take(&bytes, IPV4_BYTES);
	uint32_t hdr_bytes, total;

	text_add(text, "IP ");
	if (!hdr) {
		text_add(text, "[|ip]");
		return;
	}
	hdr_bytes = (hdr[0] & 0x0fu) * 4;
	/* Zero: segmentation is left to the device, and the packet longer than 16 bits tell. */
	total = line_u16(hdr + 2) ? line_u16(hdr + 2) : len;
	if (hdr_bytes < IPV4_BYTES || total < hdr_bytes) {
		text_add(text, "bad length (header %u, total %u)", hdr_bytes, total);
		return;
	}
	fragment.id = line_u16(hdr + 4);
	fragment.offset = (line_u16(hdr + 6) & IPV4_OFFSET_MASK) * 8u;
	fragment.more = line_u16(hdr + 6) & IPV4_MORE;
	fragment.any = fragment.more || fragment.offset > 0;
	flow.protocol = hdr[9];
	flow.src = hdr + 12;
	flow.dst = hdr + 16;
	flow.len = total - hdr_bytes;
	/* Options that were not captured take what follows them with them. */
	if (!line_take(&bytes, hdr_bytes - IPV4_BYTES))
		bytes.left = 0;
	clip(&bytes, flow.len);
	add_payload(text, &flow, &fragment, bytes, depth);
}

static bool is_extension(uint8_t protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING ||
	       protocol == IPPROTO_FRAGMENT || protocol == IPPROTO_DSTOPTS ||
	       protocol == IPPROTO_AH;
}

/*
 * Step over one extension header, in which flow->protocol becomes that of the next. Return false
 * when it was cut.
 */
static bool skip_extension(struct line_flow *flow, struct fragment *fragment,
			   struct line_bytes *bytes)
{
	const uint8_t *hdr = line_take(bytes, IPV6_EXT_BYTES);
	uint32_t more = 0;

	if (!hdr)
		return false;
	if (flow->protocol == IPPROTO_FRAGMENT) {
		fragment->any = true;
		fragment->offset = line_u16(hdr + 2) & IPV6_OFFSET_MASK;
		fragment->more = line_u16(hdr + 2) & IPV6_MORE;
		fragment->id = line_u32(hdr + 4);
	} else {
		/* Beyond the first 8 bytes; AH alone counts in words of 4. */
		more = hdr[1] * (flow->protocol == IPPROTO_AH ? 4u : 8u);
	}
	if (!line_take(bytes, more))
		return false;
	flow->protocol = hdr[0];
	flow->len = flow->len > IPV6_EXT_BYTES + more ? flow->len - IPV6_EXT_BYTES - more : 0;
	return true;
}

static void add_ipv6(struct text *text, struct line_bytes bytes, uint32_t len, unsigned int depth)
{
	struct line_flow flow = { .family = AF_INET6 };
	struct fragment fragment = { 0 };
	const uint8_t *hdr = line_take(&bytes, IPV6_BYTES);

	text_add(text, "IP6 ");
	if (!hdr) {
		text_add(text, "[|ip6]");
		return;
	}
	flow.protocol = hdr[6];
	flow.src = hdr + 8;
	flow.dst = hdr + 24;
	flow.len = line_u16(hdr + 4);
	/* Zero: a jumbogram, or segmentation is left to the device. */
	if (flow.len == 0 && len > IPV6_BYTES)
		flow.len = len - IPV6_BYTES;
	clip(&bytes, flow.len);
	while (is_extension(flow.protocol) && fragment.offset == 0) {
		if (!skip_extension(&flow, &fragment, &bytes)) {
			bytes.left = 0;
			break;
		}
	}
	add_payload(text, &flow, &fragment, bytes, depth);
}

void line_ip(struct text *text, struct line_bytes bytes, uint32_t len, unsigned int depth)
{
	unsigned int version = bytes.left > 0 ? bytes.at[0] >> 4 : 0;

	if (version == 4)
		add_ipv4(text, bytes, len, depth);
	else if (version == 6)
		add_ipv6(text, bytes, len, depth);
	else if (bytes.left > 0)
		text_add(text, "IP version %u, length %u", version, len);
	else
		text_add(text, "[|ip]");
}

static void add_arp_ipv4(struct text *text, uint16_t operation, const uint8_t *addresses)
{
	const uint8_t *sender_mac = addresses, *sender = addresses + 6, *target = addresses + 16;

	if (operation == ARPOP_REQUEST) {
		text_add(text, "Request who-has ");
		line_add_ip(text, AF_INET, target);
		text_add(text, " tell ");
		line_add_ip(text, AF_INET, sender);
	} else if (operation == ARPOP_REPLY) {
		text_add(text, "Reply ");
		line_add_ip(text, AF_INET, sender);
		text_add(text, " is-at ");
		line_add_mac(text, sender_mac);
	} else {
		text_add(text, "operation %u", operation);
	}
}

void line_arp(struct text *text, struct line_bytes bytes, uint32_t len)
{
	const uint8_t *hdr = line_take(&bytes, ARP_BYTES);
	const uint8_t *addresses = hdr ? line_take(&bytes, ARP_IPV4_BYTES) : NULL;

	text_add(text, "ARP, ");
	if (!hdr)
		text_add(text, "[|arp]");
	else if (line_u16(hdr + 2) != ETH_P_IP || hdr[4] != ETH_ALEN || hdr[5] != 4)
		text_add(text, "hardware %u, protocol 0x%04x, operation %u", line_u16(hdr),
			 line_u16(hdr + 2), line_u16(hdr + 6));
	else if (!addresses)
		text_add(text, "[|arp]");
	else
		add_arp_ipv4(text, line_u16(hdr + 6), addresses);
	text_add(text, ", length %u", len);
}
