/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Quoting for a shell. */
#include "quote.h"

#include <stdio.h>
#include <string.h>

const char *quote(char *to, size_t size, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_-.@:+/=,";
	const char *start = to, *end = to + size - 1;

	if (*word && word[strspn(word, plain)] == '\0') {
		snprintf(to, size, "%s", word);
		return start;
	}
	*to++ = '\'';
	for (; *word && end - to > 5; word++) {
		if (*word == '\'')
			to = stpcpy(to, "'\\'");
		*to++ = *word;
	}
	*to++ = '\'';
	*to = '\0';
	return start;
}
