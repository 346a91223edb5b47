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

/* Bytes of the character that @text begins with, in UTF-8; 0: it is none beyond ASCII. */
static size_t character_bytes(const unsigned char *text)
{
	size_t length = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2, i;

	if (text[0] < 0xc2 || text[0] > 0xf4)
		return 0;
	for (i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	}
	return length;
}

/* A terminal that does not decode UTF-8 takes a single byte for a C1 control character. */
void escape_controls(char *text)
{
	unsigned char *at = (unsigned char *)text;

	while (*at) {
		size_t length = character_bytes(at);

		if (at[0] == 0xc2 && length && at[1] < 0xa0)
			memset(at, '?', 2);
		else if (!length && (at[0] < 0x20 || (at[0] >= 0x7f && at[0] < 0xa0)))
			at[0] = '?';
		at += length ? length : 1;
	}
}

char *escape_copy(const char *text)
{
	char *copy = strdup(text);

	if (copy)
		escape_controls(copy);
	return copy;
}
