/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Walking IP headers: IPv4 with options, IPv6 with extension headers, fragments, and IP in IP.
 */
#include <netinet/in.h>

#include "walk.h"

#define IPV4_BYTES	 20
#define IPV4_MORE	 0x2000
#define IPV4_OFFSET_MASK 0x1fff
#define IPV6_BYTES	 40
#define IPV6_EXT_BYTES	 8
#define IPV6_MORE	 0x0001
#define IPV6_OFFSET_MASK 0xfff8

static bool is_tunnel(uint8_t protocol)
{
	return protocol == IPPROTO_IPIP || protocol == IPPROTO_IPV6;
}

static bool is_extension(uint8_t protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING ||
	       protocol == IPPROTO_FRAGMENT || protocol == IPPROTO_DSTOPTS ||
	       protocol == IPPROTO_AH;
}

static enum dissect_status walk_ipv4(struct dissect_ip *ip, struct bytes *bytes, uint32_t len)
{
	const uint8_t *hdr = bytes_take(bytes, IPV4_BYTES);

	if (!hdr)
		return DISSECT_CUT;
	ip->header_bytes = (hdr[0] & 0x0fu) * 4;
	/* Zero: the device segments; the packet is longer than 16 bits can say. */
	ip->total = bytes_u16(hdr + 2) ? bytes_u16(hdr + 2) : len;
	if (ip->header_bytes < IPV4_BYTES || ip->total < ip->header_bytes)
		return DISSECT_BAD;
	ip->fragment_id = bytes_u16(hdr + 4);
	ip->fragment_offset = (bytes_u16(hdr + 6) & IPV4_OFFSET_MASK) * 8u;
	ip->more_fragments = bytes_u16(hdr + 6) & IPV4_MORE;
	ip->fragment = ip->more_fragments || ip->fragment_offset > 0;
	ip->protocol = hdr[9];
	ip->src = ip->header + 12;
	ip->dst = ip->header + 16;
	ip->len = ip->total - ip->header_bytes;
	/* When options were not captured in full, nothing behind them was either. */
	if (!bytes_take(bytes, ip->header_bytes - IPV4_BYTES)) {
		bytes->at = bytes->end;
		return DISSECT_CUT;
	}
	bytes_clip(bytes, ip->len);
	return DISSECT_WHOLE;
}

/*
 * Steps over one extension header; @ip->protocol becomes that of the next header. Returns false
 * when it was cut.
 */
static bool walk_extension(struct dissect_ip *ip, struct bytes *bytes)
{
	const uint8_t *hdr = bytes_take(bytes, IPV6_EXT_BYTES);
	uint32_t more = 0;

	if (!hdr)
		return false;
	if (ip->protocol == IPPROTO_FRAGMENT) {
		ip->fragment = true;
		ip->fragment_offset = bytes_u16(hdr + 2) & IPV6_OFFSET_MASK;
		ip->more_fragments = bytes_u16(hdr + 2) & IPV6_MORE;
		ip->fragment_id = bytes_u32(hdr + 4);
	} else {
		/*
		 * Bytes beyond the first 8, counted in units of 8; AH alone counts in units of 4.
		 */
		more = hdr[1] * (ip->protocol == IPPROTO_AH ? 4u : 8u);
	}
	if (!bytes_take(bytes, more))
		return false;
	more += IPV6_EXT_BYTES;
	ip->protocol = hdr[0];
	ip->header_bytes += more;
	ip->len = ip->len > more ? ip->len - more : 0;
	return true;
}

static enum dissect_status walk_ipv6(struct dissect_ip *ip, struct bytes *bytes, uint32_t len)
{
	const uint8_t *hdr = bytes_take(bytes, IPV6_BYTES);

	if (!hdr)
		return DISSECT_CUT;
	ip->header_bytes = IPV6_BYTES;
	ip->protocol = hdr[6];
	ip->src = ip->header + 8;
	ip->dst = ip->header + 24;
	ip->len = bytes_u16(hdr + 4);
	/* Zero: a jumbogram, or the device segments. */
	if (ip->len == 0 && len > IPV6_BYTES)
		ip->len = len - IPV6_BYTES;
	ip->total = IPV6_BYTES + ip->len;
	bytes_clip(bytes, ip->len);
	while (is_extension(ip->protocol) && ip->fragment_offset == 0) {
		if (!walk_extension(ip, bytes)) {
			bytes->at = bytes->end;
			return DISSECT_CUT;
		}
	}
	return DISSECT_WHOLE;
}

/* Walks one header and leaves @bytes at its payload; false when nothing behind it can be walked. */
static bool walk_one(struct dissect *d, struct dissect_ip *ip, struct bytes *bytes, uint32_t len)
{
	enum dissect_status status = DISSECT_BAD;

	*ip = (struct dissect_ip){ .header = bytes->at, .total = len };
	if (bytes_left(bytes) > 0)
		ip->version = bytes->data[bytes->at] >> 4;
	else
		status = DISSECT_CUT;
	if (ip->version == 4)
		status = walk_ipv4(ip, bytes, len);
	else if (ip->version == 6)
		status = walk_ipv6(ip, bytes, len);
	ip->status = walk_end(d, status);
	if (!ip->src)
		return false;
	ip->payload = bytes->at;
	ip->captured = bytes_left(bytes);
	return true;
}

void walk_ip(struct dissect *d, struct bytes bytes, uint32_t len)
{
	struct dissect_ip *ip;

	do {
		ip = &d->ip[d->ips++];
		if (!walk_one(d, ip, &bytes, len) || ip->fragment_offset > 0)
			return;
		len = ip->len;
	} while (is_tunnel(ip->protocol) && d->ips < DISSECT_IP_MOST);
	/* What comes behind an extension header that was cut is not known. */
	if (ip->version == 4 || ip->status == DISSECT_WHOLE)
		walk_transport(d, ip, bytes);
}
