/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <stdbool.h>
#include <string.h>

#include "random_frame.h"

/* A frame that grows; what would be too long is left out. */
struct maker {
	uint64_t *state;
	uint8_t *frame;
	uint32_t bytes;
	uint32_t nested; /* network headers so far */
};

uint32_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 16);
}

uint32_t random_below(uint64_t *state, uint32_t end)
{
	return random_next(state) % end;
}

static uint32_t below(struct maker *m, uint32_t end)
{
	return random_below(m->state, end);
}

static void put(struct maker *m, const void *data, uint32_t bytes)
{
	if (bytes > RANDOM_FRAME_MOST - m->bytes)
		bytes = RANDOM_FRAME_MOST - m->bytes;
	memcpy(m->frame + m->bytes, data, bytes);
	m->bytes += bytes;
}

static void put8(struct maker *m, uint32_t value)
{
	uint8_t byte = (uint8_t)value;

	put(m, &byte, 1);
}

static void put16(struct maker *m, uint32_t value)
{
	put8(m, value >> 8);
	put8(m, value);
}

static void put32(struct maker *m, uint32_t value)
{
	put16(m, value >> 16);
	put16(m, value);
}

static void put_random(struct maker *m, uint32_t bytes)
{
	while (bytes--)
		put8(m, random_next(m->state));
}

#define PICK(m, ...)                                                                               \
	((const uint32_t[]){ __VA_ARGS__ }[below(m, sizeof((const uint32_t[]){ __VA_ARGS__ }) /    \
							    sizeof(uint32_t))])

static void put_mac(struct maker *m)
{
	static const uint8_t macs[][6] = {
		{ 2, 0, 0, 0, 0, 1 },	    { 2, 0, 0, 0, 0, 2 },
		{ 2, 0, 0, 0, 0, 3 },	    { 2, 0, 0, 0, 0, 1 },
		{ 2, 0, 0, 0, 0, 2 },	    { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		{ 1, 0, 0x5e, 0, 0, 1 },    { 0x33, 0x33, 0, 0, 0, 1 },
		{ 1, 0x80, 0xc2, 0, 0, 0 },
	};

	put(m, macs[below(m, sizeof(macs) / sizeof(macs[0]))], 6);
}

static void put_ipv4_address(struct maker *m)
{
	put32(m, PICK(m, 0xc0000201, 0xc0000202, 0xc0000283, 0xc6336401, 0xc6336402, 0xe0000001,
		      0xffffffff));
}

static void put_ipv6_address(struct maker *m)
{
	put16(m, PICK(m, 0x2001, 0x2001, 0x2001, 0xfe80, 0xff02));
	put16(m, 0x0db8);
	put16(m, below(m, 2));
	put32(m, 0);
	put32(m, 0);
	put16(m, 1 + below(m, 3));
}

static void put_port(struct maker *m)
{
	put16(m, PICK(m, 53, 80, 443, 22, 1024, 70, 6081));
}

static void put_network(struct maker *m, uint32_t type);

static void put_geneve(struct maker *m)
{
	uint32_t words = below(m, 3);

	put8(m, words);
	put8(m, 0);
	put16(m, PICK(m, 0x6558, 0x0800));
	put32(m, (1 + below(m, 3)) << 8);
	put_random(m, words * 4);
	put_mac(m);
	put_mac(m);
	put16(m, 0x0800);
	put_network(m, 0x0800);
}

static void put_udp(struct maker *m)
{
	put_port(m);
	if (m->nested < 3 && below(m, 8) == 0) {
		put16(m, 6081);
		put32(m, 100 << 16);
		put_geneve(m);
		return;
	}
	put_port(m);
	put16(m, 8 + below(m, 40));
	put_random(m, 2 + below(m, 40));
}

static void put_tcp(struct maker *m)
{
	put_port(m);
	put_port(m);
	put_random(m, 8);
	put8(m, (5 + below(m, 4)) << 4);
	put8(m, PICK(m, 0x02, 0x12, 0x10, 0x18, 0x11, 0x04, 0x29));
	put_random(m, 6 + below(m, 60));
}

/* An IPv6 extension header, or AH; @next follows. */
static void put_extension(struct maker *m, uint32_t type, uint32_t next)
{
	uint32_t units = below(m, 3);

	put8(m, next);
	put8(m, type == 44 ? 0 : units);
	put_random(m, 6);
	if (type == 51)
		put_random(m, (units + 2) * 4 - 8);
	else if (type != 44)
		put_random(m, units * 8);
}

static void put_transport(struct maker *m, uint32_t protocol)
{
	uint32_t next;

	switch (protocol) {
	case 0:
	case 43:
	case 44:
	case 51:
	case 60:
		next = PICK(m, 0, 43, 44, 51, 60, 6, 17, 58, 59);
		put_extension(m, protocol, next);
		put_transport(m, next);
		break;
	case 1:
	case 58:
		put8(m, PICK(m, 0, 3, 8, 11, 128, 135, 1));
		put_random(m, 7 + below(m, 20));
		break;
	case 4:
	case 41:
		put_network(m, protocol == 4 ? 0x0800 : 0x86dd);
		break;
	case 6:
		put_tcp(m);
		break;
	case 17:
	case 132:
		put_udp(m);
		break;
	default:
		put_random(m, 4 + below(m, 40));
	}
}

static void put_ipv4(struct maker *m)
{
	uint32_t words = below(m, 4) ? 5 : 5 + below(m, 11);
	uint32_t protocol = PICK(m, 1, 6, 6, 6, 17, 17, 17, 2, 132, 50, 51, 103, 112, 4, 9, 47);

	put8(m, (below(m, 30) ? 0x40 : 0x50) | words);
	put8(m, PICK(m, 0, 0x10, 0xb8));
	put16(m, 20 + below(m, 1500));
	put_random(m, 2);
	put16(m, PICK(m, 0, 0, 0, 0x4000, 0x2000, 0x0010, 0x20b9));
	put8(m, PICK(m, 1, 32, 64, 255));
	put8(m, protocol);
	put_random(m, 2);
	put_ipv4_address(m);
	put_ipv4_address(m);
	put_random(m, (words - 5) * 4);
	put_transport(m, protocol);
}

static void put_ipv6(struct maker *m)
{
	uint32_t next = PICK(m, 6, 6, 17, 17, 58, 0, 43, 44, 51, 60, 59, 132, 50, 41, 103);

	put32(m, 0x60000000 | random_next(m->state) >> 8);
	put16(m, below(m, 1500));
	put8(m, next);
	put8(m, PICK(m, 1, 64, 255));
	put_ipv6_address(m);
	put_ipv6_address(m);
	put_transport(m, next);
}

static void put_arp(struct maker *m)
{
	put16(m, 1);
	put16(m, 0x0800);
	put16(m, 0x0604);
	put16(m, 1 + below(m, 2));
	put_mac(m);
	put_ipv4_address(m);
	put_mac(m);
	put_ipv4_address(m);
}

static void put_mpls(struct maker *m)
{
	bool bottom = false;

	while (!bottom) {
		bottom = below(m, 2);
		put32(m, PICK(m, 7, 8, 100) << 12 | (uint32_t)bottom << 8 | 64);
	}
	put_network(m, below(m, 2) ? 0x0800 : 0x86dd);
}

static void put_pppoe(struct maker *m)
{
	bool v6 = below(m, 3) == 0;

	put16(m, 0x1100);
	put16(m, 1 + below(m, 3));
	put16(m, 100);
	put16(m, PICK(m, v6 ? 0x0057 : 0x0021, v6 ? 0x0057 : 0x0021, 0xc021));
	put_network(m, v6 ? 0x86dd : 0x0800);
}

/* 802.3: a length, then LLC. */
static void put_llc(struct maker *m)
{
	uint32_t sap = PICK(m, 0x42, 0xfe, 0xfe, 0xaa, 0xaa, 0xe0, 0xf0, 0xff, 0x06);

	put8(m, sap);
	put8(m, below(m, 8) ? sap : 0);
	put8(m, PICK(m, 3, 3, 3, 0, 1, 5, 9, 0x43, 0x63, 0xaf, 0xe3));
	if (sap == 0xfe) {
		put8(m, PICK(m, 0x81, 0x82, 0x83, 0x83));
		put_random(m, 3);
		put8(m, PICK(m, 15, 16, 17, 18, 20, 24, 25, 26, 27));
	} else if (sap == 0xaa) {
		put8(m, 0);
		put16(m, PICK(m, 0, 0, 0x0800, 0x000c));
		put16(m, PICK(m, 0x0800, 0x809b, 0x80f3, 0x8137));
	}
	put_random(m, 60);
}

static void put_tag(struct maker *m)
{
	put16(m, PICK(m, 5, 6, 0x2005, 100));
}

static void put_network(struct maker *m, uint32_t type)
{
	uint32_t next;

	if (m->nested++ > 6)
		return;
	switch (type) {
	case 0x0800:
		put_ipv4(m);
		break;
	case 0x86dd:
		put_ipv6(m);
		break;
	case 0x0806:
	case 0x8035:
		put_arp(m);
		break;
	case 0x8100:
	case 0x88a8:
	case 0x9100:
		put_tag(m);
		next = PICK(m, 0x0800, 0x0800, 0x86dd, 0x8100, 0x0806, 0x8847, 0x8864);
		put16(m, next);
		put_network(m, next);
		break;
	case 0x8847:
	case 0x8848:
		put_mpls(m);
		break;
	case 0x8863:
	case 0x8864:
		put_pppoe(m);
		break;
	case 0x6003:
		put_random(m, 2);
		put8(m, PICK(m, 0x02, 0x06, 0x81, 0x0a));
		put_random(m, 30);
		break;
	default:
		if (type <= 1500)
			put_llc(m);
		else
			put_random(m, 20 + below(m, 60));
	}
}

static void put_ethernet(struct maker *m)
{
	uint32_t type = PICK(m, 0x0800, 0x0800, 0x0800, 0x0800, 0x0800, 0x86dd, 0x86dd, 0x86dd,
			     0x0806, 0x8035, 0x8100, 0x8100, 0x8100, 0x88a8, 0x9100, 0x8847, 0x8848,
			     0x8863, 0x8864, 0x809b, 0x80f3, 0x6001, 0x6002, 0x6003, 0x6004, 0x9000,
			     0x88cc, 100, 200, 1500);

	put_mac(m);
	put_mac(m);
	put16(m, type);
	put_network(m, type);
	if (below(m, 3) == 0)
		put_random(m, below(m, 300));
}

static void damage(struct maker *m)
{
	uint32_t i, flips = below(m, 4);

	for (i = 0; i < flips; i++)
		m->frame[below(m, m->bytes)] = (uint8_t)random_next(m->state);
	if (below(m, 4))
		m->bytes = RANDOM_FRAME_LEAST + below(m, m->bytes - RANDOM_FRAME_LEAST + 1);
}

uint32_t random_frame(uint64_t *state, uint8_t *frame)
{
	struct maker m = { .state = state, .frame = frame };
	uint32_t kind = below(&m, 8);

	if (kind == 0) {
		put_random(&m, RANDOM_FRAME_LEAST + below(&m, 200));
		return m.bytes;
	}
	put_ethernet(&m);
	if (kind < 3)
		damage(&m);
	return m.bytes;
}
