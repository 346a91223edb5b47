/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * UDP frames: building them, and updating checksums when the source changes.
 */
#include "frame.h"

#include <string.h>

#define ETHER_BYTES 14
#define VLAN_BYTES  4
#define IPV4_BYTES  20
#define IPV6_BYTES  40
#define UDP_BYTES   8
#define HOP_LIMIT   64

/* Offsets in the IP and UDP headers. */
#define IPV4_CHECKSUM 10
#define IPV4_SRC      12
#define IPV6_SRC      8
#define UDP_CHECKSUM  6

static void put16(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static uint32_t get16(const uint8_t *from)
{
	return (uint32_t)from[0] << 8 | from[1];
}

/* Adds @bytes of @data, as 16-bit numbers in network order, to a sum; pads an odd last byte. */
static uint64_t sum_bytes(uint64_t sum, const uint8_t *data, uint32_t bytes)
{
	uint32_t i;

	for (i = 0; i + 1 < bytes; i += 2)
		sum += get16(data + i) | data[i + 1];
	if (bytes & 1)
		sum += (uint32_t)data[bytes - 1] << 8;
	return sum;
}

/* Folds a sum into the Internet checksum. */
static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* In UDP a checksum of zero means none, so a computed zero is sent as 0xffff. */
static uint16_t udp_checksum(uint64_t sum)
{
	uint16_t checksum = fold(sum);

	return checksum ? checksum : 0xffff;
}

static uint32_t ip_bytes(const struct frame_layout *layout)
{
	return layout->dst.family == AF_INET6 ? IPV6_BYTES : IPV4_BYTES;
}

static uint32_t ip_offset(const struct frame_layout *layout)
{
	return layout->vlan ? ETHER_BYTES + VLAN_BYTES : ETHER_BYTES;
}

uint32_t frame_overhead(const struct frame_layout *layout)
{
	return ip_offset(layout) + ip_bytes(layout) + UDP_BYTES;
}

static void build_link(const struct frame_layout *layout, uint8_t *frame)
{
	uint8_t *type = frame + 12;

	memcpy(frame, layout->dst_mac, 6);
	memcpy(frame + 6, layout->src_mac, 6);
	if (layout->vlan) {
		put16(type, 0x8100);
		put16(type + 2, layout->vlan & 0xfff);
		type += VLAN_BYTES;
	}
	put16(type, layout->dst.family == AF_INET6 ? 0x86dd : 0x0800);
}

static void build_ipv4(const struct frame_layout *layout, uint8_t *ip)
{
	ip[0] = 0x45;
	put16(ip + 2, layout->size - ip_offset(layout));
	put16(ip + 6, 0x4000); /* don't fragment */
	ip[8] = HOP_LIMIT;
	ip[9] = IPPROTO_UDP;
	memcpy(ip + IPV4_SRC, layout->src.bytes, 4);
	memcpy(ip + IPV4_SRC + 4, layout->dst.bytes, 4);
	put16(ip + IPV4_CHECKSUM, fold(sum_bytes(0, ip, IPV4_BYTES)));
}

static void build_ipv6(const struct frame_layout *layout, uint8_t *ip)
{
	ip[0] = 0x60;
	put16(ip + 4, layout->size - ip_offset(layout) - IPV6_BYTES);
	ip[6] = IPPROTO_UDP;
	ip[7] = HOP_LIMIT;
	memcpy(ip + IPV6_SRC, layout->src.bytes, 16);
	memcpy(ip + IPV6_SRC + 16, layout->dst.bytes, 16);
}

/* Builds the UDP header and payload; needs the IP header for the checksum. */
static void build_udp(const struct frame_layout *layout, const uint8_t *ip, uint8_t *udp)
{
	bool v6 = layout->dst.family == AF_INET6;
	uint32_t len = layout->size - ip_offset(layout) - ip_bytes(layout);
	uint64_t sum = len + IPPROTO_UDP;
	uint32_t i;

	put16(udp, layout->src_port);
	put16(udp + 2, layout->dst_port);
	put16(udp + 4, len);
	for (i = UDP_BYTES; i < len; i++)
		udp[i] = (uint8_t)(i - UDP_BYTES);
	sum = sum_bytes(sum, v6 ? ip + IPV6_SRC : ip + IPV4_SRC, v6 ? 32 : 8);
	put16(udp + UDP_CHECKSUM, udp_checksum(sum_bytes(sum, udp, len)));
}

void frame_build(const struct frame_layout *layout, uint8_t *frame)
{
	uint8_t *ip = frame + ip_offset(layout);

	memset(frame, 0, frame_overhead(layout));
	build_link(layout, frame);
	if (layout->dst.family == AF_INET6)
		build_ipv6(layout, ip);
	else
		build_ipv4(layout, ip);
	build_udp(layout, ip, ip + ip_bytes(layout));
}

/* Adjusts a sum for replacing @old by @new, both of an even number of @bytes (RFC 1624). */
static uint64_t sum_change(uint64_t sum, const uint8_t *old, const uint8_t *new, uint32_t bytes)
{
	uint32_t i;

	for (i = 0; i < bytes; i += 2)
		sum += (uint16_t)~get16(old + i);
	return sum_bytes(sum, new, bytes);
}

void frame_set_source(const struct frame_layout *layout, uint8_t *frame)
{
	bool v6 = layout->dst.family == AF_INET6;
	uint8_t *ip = frame + ip_offset(layout);
	uint8_t *udp = ip + ip_bytes(layout);
	uint8_t *src = v6 ? ip + IPV6_SRC : ip + IPV4_SRC;
	uint32_t src_bytes = v6 ? 16 : 4;
	uint64_t change = sum_change(0, src, layout->src.bytes, src_bytes);
	uint8_t port[2];

	if (!v6) {
		uint8_t *checksum = ip + IPV4_CHECKSUM;

		put16(checksum, fold(change + (uint16_t)~get16(checksum)));
	}
	memcpy(src, layout->src.bytes, src_bytes);
	put16(port, layout->src_port);
	change = sum_change(change, udp, port, sizeof(port));
	memcpy(udp, port, sizeof(port));
	put16(udp + UDP_CHECKSUM, udp_checksum(change + (uint16_t)~get16(udp + UDP_CHECKSUM)));
}
