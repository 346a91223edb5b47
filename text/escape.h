/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Making foreign text harmless: names of devices in a container, of processes, in a capture file.
 * None may control the terminal or begin a line of its own. There is one function for each use:
 *
 *	escape()          names in lists: two names that differ never look alike
 *	escape_controls() sentences, and headers and totals of a run: a path that the user typed in another alphabet stays
 *	                  readable, and nobody counts columns
 *	text_add_safe()   packet lines and aligned reports (builder.h): a byte stays a column
 *
 * JSON needs none of them: output_text() makes valid strings, and jansson escapes the rest.
 */
#ifndef NSRING_ESCAPE_H
#define NSRING_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

/** escape_is_plain() - whether a byte is printable ASCII */
static inline bool escape_is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x7f;
}

/**
 * escape() - copy text: printable ASCII as it is, a backslash doubled, other bytes as "\x1b"
 * @text: foreign
 * @out:  gets as much as fits; an escape is never cut in two; always ends with NUL
 * @room: bytes of @out, at least 1
 *
 * Return: @out.
 */
const char *escape(const char *text, char *out, size_t room);

/**
 * escape_controls() - replace control characters by '?': C0, DEL, and C1, in UTF-8 or as a byte
 * @text: changed in place; keeps its length
 */
void escape_controls(char *text);

/**
 * escape_copy() - escape_controls() of a copy
 *
 * Return: to be freed; NULL: memory is short.
 */
char *escape_copy(const char *text);

#endif
