/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Text that can't overflow: how the packet printers append to a line.
 */
#include "line_text.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>

void line_add(struct line_text *text, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text->at, text->left, fmt, args);
	va_end(args);
	if (n < 0)
		return;
	if ((size_t)n >= text->left)
		n = (int)text->left - 1;
	text->at += n;
	text->left -= (size_t)n;
}

void line_add_safe(struct line_text *text, const void *from, size_t bytes)
{
	const uint8_t *at = from;

	for (; bytes > 0 && text->left > 1; bytes--, at++) {
		*text->at++ = *at >= 0x20 && *at < 0x7f ? (char)*at : '?';
		text->left--;
	}
	*text->at = '\0';
}

void line_add_mac(struct line_text *text, const uint8_t *mac)
{
	line_add(text, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		 mac[5]);
}

void line_add_ip(struct line_text *text, int family, const uint8_t *from)
{
	char address[INET6_ADDRSTRLEN];

	if (inet_ntop(family, from, address, sizeof(address)))
		line_add(text, "%s", address);
}

const char *line_find_name(const struct line_name *names, uint32_t number)
{
	for (; names->name; names++) {
		if (names->number == number)
			return names->name;
	}
	return NULL;
}
