/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Packets onto standard output, a line or a JSON object each: `nsring dump` without -w.
 */
#ifndef NSRING_SHOW_H
#define NSRING_SHOW_H

#include "jobs/captures.h"

#define SHOW_NAME 128

/**
 * struct show - the state
 * @set:      where packets come from
 * @json:     objects instead of lines
 * @link:     with link-level addresses
 * @hex:      with the packets' bytes
 * @from:     the capture whose interface @iface is, NULL before the first packet
 * @id:       its id there
 * @linktype: its link type
 * @netns_cookie: of its namespace where there are several, else 0
 * @name:     to show, printable ASCII
 */
struct show {
	const struct captures *set;
	bool json;
	bool link;
	bool hex;
	const struct captures_one *from;
	uint32_t id;
	uint32_t linktype;
	uint64_t netns_cookie;
	char name[SHOW_NAME];
};

/**
 * show_packets() - print packets of @from
 *
 * Return: 0 or -errno of write(2), which has been said.
 */
int show_packets(struct show *show, const struct captures_one *from,
		 const struct nsr_packet *packets, uint32_t count);

#endif
