/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Printing packets on standard output, as a line or a JSON object each: `nsring dump` without -w.
 */
#ifndef NSRING_SHOW_H
#define NSRING_SHOW_H

#include "jobs/captures.h"

#define SHOW_NAME 128

/**
 * struct show - the state
 * @set:      where packets come from
 * @json:     objects instead of lines
 * @link:     print link-level addresses
 * @hex:      print the packets' bytes
 * @from:     capture that the last packet came from, NULL before the first
 * @id:       the last packet's interface, by its id in @from
 * @linktype: that interface's link type
 * @netns_cookie: of its namespace in a capture of several, else 0
 * @name:     that interface as shown, printable ASCII
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
 * Return: 0; -errno of write(2), after a message on stderr.
 */
int show_packets(struct show *show, const struct captures_one *from,
		 const struct nsr_packet *packets, uint32_t count);

#endif
