/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Text that is built piece by piece in a buffer of fixed size, and can't overflow it.
 *
 *	char line[80];
 *	struct text text = text_in(line, sizeof(line));
 *
 *	text_add(&text, "%u packets on ", count);
 *	text_add_safe(&text, name, strlen(name));
 */
#ifndef NSRING_BUILDER_H
#define NSRING_BUILDER_H

#include <stddef.h>

/**
 * struct text - a string in the making; what doesn't fit is dropped
 * @at:   where the next piece goes; always points to a NUL
 * @left: bytes from @at to the end of the buffer, the NUL included; at least 1
 */
struct text {
	char *at;
	size_t left;
};

/**
 * text_in() - begin an empty string
 * @buffer: the caller's
 * @size:   of @buffer, at least 1
 *
 * Return: the builder. It needs no closing call: @buffer holds a NUL-terminated string at any time.
 */
static inline struct text text_in(char *buffer, size_t size)
{
	*buffer = '\0';
	return (struct text){ .at = buffer, .left = size };
}

/** text_add() - append printf-formatted text; foreign strings go through text_add_safe() */
__attribute__((format(printf, 2, 3))) void text_add(struct text *text, const char *fmt, ...);

/**
 * text_add_safe() - append foreign text with '?' for each byte that isn't printable ASCII
 * @text:  appended to
 * @from:  may hold any byte, NUL too
 * @bytes: length of @from
 *
 * For lines whose columns are counted, because each byte takes one column. escape.h has the other
 * functions.
 */
void text_add_safe(struct text *text, const void *from, size_t bytes);

#endif
