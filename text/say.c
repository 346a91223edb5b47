/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Messages on stderr: each in one line and one write.
 */
#include "say.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "escape.h"

static bool progress_shown;

void say_progress(const char *line)
{
	char text[1024];

	snprintf(text, sizeof(text), "%s", line);
	escape_controls(text);
	fprintf(stderr, "\r%s\033[K", text);
	fflush(stderr);
	progress_shown = *line;
}

/* One fprintf() for each line, so that lines of several processes on one terminal stay whole. */
__attribute__((format(printf, 3, 0))) static void say(const char *command, const char *tail,
						      const char *fmt, va_list ap)
{
	char text[1024];

	vsnprintf(text, sizeof(text), fmt, ap);
	escape_controls(text);
	if (progress_shown)
		say_progress("");
	fprintf(stderr, "nsring%s%s: %s%s\n", command ? " " : "", command ? command : "", text,
		tail);
}

int say_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(NULL, "", fmt, ap);
	va_end(ap);
	return -1;
}

void say_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(NULL, "", fmt, ap);
	va_end(ap);
}

void say_usage(const char *command, const char *fmt, ...)
{
	char hint[64];
	va_list ap;

	snprintf(hint, sizeof(hint), "; see nsring%s%s --help", command ? " " : "",
		 command ? command : "");
	va_start(ap, fmt);
	say(command, hint, fmt, ap);
	va_end(ap);
}
