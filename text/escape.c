/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Making foreign text harmless for terminals.
 */
#include "escape.h"

#include <stdio.h>
#include <string.h>

const char *escape(const char *text, char *out, size_t room)
{
	char *to = out;

	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;
		char piece[8] = { *text, '\0' };
		size_t length;

		if (byte == '\\')
			strcpy(piece, "\\\\");
		else if (!escape_is_plain(byte))
			snprintf(piece, sizeof(piece), "\\x%02x", byte);
		length = strlen(piece);
		if (length >= room - (size_t)(to - out))
			break;
		to = stpcpy(to, piece);
	}
	*to = '\0';
	return out;
}

void escape_controls(char *text)
{
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text, next = (unsigned char)text[1];

		if (byte < 0x20 || byte == 0x7f || (byte == 0xc2 && next >= 0x80 && next < 0xa0))
			*text = '?';
	}
}

char *escape_copy(const char *text)
{
	char *copy = strdup(text);

	if (copy)
		escape_controls(copy);
	return copy;
}
