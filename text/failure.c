/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "failure.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"

static bool begins_with(const char *text, const char *subject)
{
	size_t length = strlen(subject);

	return strncmp(text, subject, length) == 0 && text[length] == ':';
}

char *failure_words(const char *subject, const struct nsr_error *err)
{
	const char *text = *err->text ? err->text : strerror(-err->code);
	bool named = !subject || !*subject || begins_with(text, subject);
	char *words;

	if (asprintf(&words, "%s%s%s%s%s", named ? "" : subject, named ? "" : ": ", text,
		     *err->advice ? ": " : "", err->advice) < 0)
		return NULL;
	return words;
}

int failure_say(const char *subject, const struct nsr_error *err)
{
	char *words = failure_words(subject, err);

	say_error("%s", words ? words : err->text);
	free(words);
	return -1;
}
