/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Names of link types. */
#include "linktype.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

struct linktype_name {
	uint32_t linktype;
	const char *name;
};

/* tcpdump's names. */
static const struct linktype_name linktype_names[] = {
	{ 0, "NULL" },
	{ 1, "EN10MB" },
	{ 9, "PPP" },
	{ 101, "RAW" },
	{ 105, "IEEE802_11" },
	{ 113, "LINUX_SLL" },
	{ 127, "IEEE802_11_RADIO" },
	{ 228, "IPV4" },
	{ 229, "IPV6" },
	{ 253, "NETLINK" },
	{ 276, "LINUX_SLL2" },
};

struct units_text linktype_text(uint32_t linktype)
{
	struct units_text out;
	size_t i;

	for (i = 0; i < sizeof(linktype_names) / sizeof(linktype_names[0]); i++) {
		if (linktype_names[i].linktype == linktype) {
			snprintf(out.text, sizeof(out.text), "%s", linktype_names[i].name);
			return out;
		}
	}
	snprintf(out.text, sizeof(out.text), "link type %" PRIu32, linktype);
	return out;
}
