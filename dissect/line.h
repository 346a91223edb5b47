/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * One readable line for a packet, in the manner of tcpdump.
 *
 * Packets are hostile input: nothing is read beyond caplen, and no control character of a packet
 * reaches the terminal.
 */
#ifndef NSRING_LINE_H
#define NSRING_LINE_H

#include <stdio.h>

#include <nsring/nsring.h>

#define LINE_BYTES 1024

/**
 * struct line_from - where a packet came from
 * @name:       to show, "" for none
 * @linktype:   LINKTYPE_ value
 */
struct line_from {
	const char *name;
	uint32_t linktype;
};

/**
 * line_summary() - describe a packet's headers
 * @out:      filled in, LINE_BYTES long, always ends with NUL
 * @packet:   the packet
 * @linktype: LINKTYPE_ value of its interface
 * @link:     with link-level addresses
 *
 * Return: length of @out.
 */
size_t line_summary(char *out, const struct nsr_packet *packet, uint32_t linktype, bool link);

/**
 * line_format() - the whole line: time of day, interface, direction, summary
 * @out:    filled in, LINE_BYTES long, ends with a newline and NUL
 * @packet: the packet
 * @from:   where it came from
 * @link:   with link-level addresses
 *
 * Return: length of @out.
 */
size_t line_format(char *out, const struct nsr_packet *packet, const struct line_from *from,
		   bool link);

/** line_direction() - "In", "Out", "B" broadcast, "M" multicast, "P" for another host */
const char *line_direction(uint32_t flags);

/** line_hex() - print @bytes in hexadecimal and ASCII, 16 a line */
void line_hex(FILE *out, const uint8_t *data, uint32_t bytes);

#endif
