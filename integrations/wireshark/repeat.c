/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Repeating what a command has said. */
#include "repeat.h"

#include <stdio.h>
#include <string.h>

#include "text/escape.h"

static void repeat_lines(const char *said, const char *beginning)
{
	const char *end;
	char line[1024];

	for (; *said; said = *end ? end + 1 : end) {
		end = strchrnul(said, '\n');
		if (strncmp(said, beginning, strlen(beginning)))
			continue;
		snprintf(line, sizeof(line), "%.*s", (int)(end - said), said);
		escape_controls(line);
		fprintf(stderr, "%s\n", line);
	}
}

void repeat(const char *said)
{
	repeat_lines(said, "");
}

void repeat_notes(const char *said)
{
	repeat_lines(said, "nsring: ");
}
