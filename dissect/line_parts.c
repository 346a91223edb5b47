/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The pieces of text that the packet printers share: addresses and names.
 */
#include "line_parts.h"

#include <arpa/inet.h>

void line_add_mac(struct text *text, const uint8_t *mac)
{
	text_add(text, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		 mac[5]);
}

void line_add_ip(struct text *text, uint8_t version, const uint8_t *from)
{
	char address[INET6_ADDRSTRLEN];

	if (inet_ntop(version == 6 ? AF_INET6 : AF_INET, from, address, sizeof(address)))
		text_add(text, "%s", address);
}

const char *line_find_name(const struct line_name *names, uint32_t number)
{
	for (; names->name; names++) {
		if (names->number == number)
			return names->name;
	}
	return NULL;
}
