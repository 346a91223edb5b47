/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Text that can't overflow its buffer.
 */
#include "builder.h"

#include <stdarg.h>
#include <stdio.h>

#include "escape.h"

void text_add(struct text *text, const char *fmt, ...)
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

void text_add_safe(struct text *text, const void *from, size_t bytes)
{
	const unsigned char *at = from;

	for (; bytes > 0 && text->left > 1; bytes--, at++) {
		*text->at++ = escape_is_plain(*at) ? (char)*at : '?';
		text->left--;
	}
	*text->at = '\0';
}
