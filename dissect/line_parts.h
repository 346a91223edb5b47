/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What the packet printers (line.c, line_ip.c, line_transport.c, line_dns.c) share: the packet that
 * is being printed, and pieces of text.
 */
#ifndef NSRING_LINE_PARTS_H
#define NSRING_LINE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/builder.h"
#include "bytes.h"
#include "dissect.h"

/**
 * struct line_packet - a packet that is being printed
 * @data: its bytes
 * @len:  its bytes on the wire
 * @d:    where its headers are
 */
struct line_packet {
	const uint8_t *data;
	uint32_t len;
	struct dissect d;
};

/** line_add_mac() - append a link-level address of 6 bytes */
void line_add_mac(struct text *text, const uint8_t *mac);

/** line_add_ip() - append the IP address at @from; @version is 4 or 6 */
void line_add_ip(struct text *text, uint8_t version, const uint8_t *from);

/** struct line_name - a number's name; tables end with a NULL name */
struct line_name {
	uint32_t number;
	const char *name;
};

/** line_find_name() - look @number up; NULL when it has no name */
const char *line_find_name(const struct line_name *names, uint32_t number);

/** line_ip() - append the IP headers, and what the innermost of them carries */
void line_ip(struct text *text, const struct line_packet *packet);

/** line_arp() - append an ARP packet's question or answer */
void line_arp(struct text *text, const struct line_packet *packet);

/** line_ip_addresses() - append "10.0.0.1 > 10.0.0.2: " */
void line_ip_addresses(struct text *text, const struct line_packet *packet,
		       const struct dissect_ip *ip);

/**
 * line_transport() - append an IP packet's addresses, then what it carries
 * @text:   appended to
 * @packet: whose transport header is printed, if there is one
 * @ip:     the innermost header
 */
void line_transport(struct text *text, const struct line_packet *packet,
		    const struct dissect_ip *ip);

/**
 * line_dns() - append a summary of a DNS message
 * @text:  appended to
 * @bytes: the message, as far as it was captured
 * @len:   the message's bytes on the wire
 */
void line_dns(struct text *text, struct bytes bytes, uint32_t len);

#endif
