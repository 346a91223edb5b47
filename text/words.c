/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Joining words.
 */
#include "words.h"

#include <stdlib.h>
#include <string.h>

char *words_join(char *const *words)
{
	size_t length = 1;
	char *joined, *to;
	size_t i;

	for (i = 0; words[i]; i++)
		length += strlen(words[i]) + 1;
	joined = malloc(length);
	if (!joined)
		return NULL;
	to = joined;
	for (i = 0; words[i]; i++) {
		if (i)
			*to++ = ' ';
		to = stpcpy(to, words[i]);
	}
	*to = '\0';
	return joined;
}
