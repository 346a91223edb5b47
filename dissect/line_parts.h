/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What the packet printers (line.c, line_ip.c, line_transport.c) share: pieces of text and bytes
 * that can't be read past their end.
 */
#ifndef NSRING_LINE_PARTS_H
#define NSRING_LINE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/builder.h"

/** struct line_bytes - what is left of a packet; @left may fall short of what its headers tell */
struct line_bytes {
	const uint8_t *at;
	uint32_t left;
};

/** line_add_mac() - append a link-level address of 6 bytes */
void line_add_mac(struct text *text, const uint8_t *mac);

/** line_add_ip() - append the address at @from; @family is AF_INET or AF_INET6 */
void line_add_ip(struct text *text, int family, const uint8_t *from);

/**
 * line_take() - consume bytes
 *
 * Return: the first of @count bytes; NULL, and nothing consumed, when there are fewer.
 */
static inline const uint8_t *line_take(struct line_bytes *bytes, uint32_t count)
{
	const uint8_t *taken = bytes->at;

	if (count > bytes->left)
		return NULL;
	bytes->at += count;
	bytes->left -= count;
	return taken;
}

static inline uint16_t line_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t line_u32(const uint8_t *at)
{
	return (uint32_t)line_u16(at) << 16 | line_u16(at + 2);
}

/** struct line_name - a number's name; tables end with a NULL name */
struct line_name {
	uint32_t number;
	const char *name;
};

/** line_find_name() - look @number up; NULL when it has no name */
const char *line_find_name(const struct line_name *names, uint32_t number);

#define LINE_IP_DEPTH 4 /* of IP within IP */

/**
 * line_ip() - summarise an IPv4 or IPv6 packet
 * @text:  appended to
 * @bytes: from its header on
 * @len:   its length on the wire, as the link layer tells; for packets that leave it out
 * @depth: of tunnels still to be followed
 */
void line_ip(struct text *text, struct line_bytes bytes, uint32_t len, unsigned int depth);

/** line_arp() - summarise an ARP packet */
void line_arp(struct text *text, struct line_bytes bytes, uint32_t len);

/**
 * struct line_flow - whose segment or datagram this is
 * @family:   AF_INET or AF_INET6
 * @protocol: IP protocol number
 * @src:      address
 * @dst:      address
 * @len:      of the IP payload on the wire
 */
struct line_flow {
	int family;
	uint8_t protocol;
	const uint8_t *src;
	const uint8_t *dst;
	uint32_t len;
};

/** line_transport() - summarise what an IP packet carries, its addresses first */
void line_transport(struct text *text, const struct line_flow *flow, struct line_bytes bytes);

/** line_dns() - summarise a DNS message of @len bytes on the wire */
void line_dns(struct text *text, struct line_bytes bytes, uint32_t len);

#endif
