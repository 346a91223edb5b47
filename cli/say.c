/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What goes to stderr when something is wrong: one line, once.
 */
#include "cli.h"

#include <stdarg.h>
#include <stdio.h>

#include "say.h"

static bool progress_shown;

void say_progress(const char *line)
{
	fprintf(stderr, "\r%s\033[K", line);
	fflush(stderr);
	progress_shown = *line;
}

/* One fprintf() a line, so that lines of several processes on one terminal stay whole. */
__attribute__((format(printf, 3, 0))) static void say(const char *command, const char *tail,
						      const char *fmt, va_list ap)
{
	char text[1024];

	vsnprintf(text, sizeof(text), fmt, ap);
	if (progress_shown)
		say_progress("");
	fprintf(stderr, "nsring%s%s: %s%s\n", command ? " " : "", command ? command : "", text,
		tail);
}

int cli_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(NULL, "", fmt, ap);
	va_end(ap);
	return CLI_FAILED;
}

int cli_usage_error(const char *command, const char *fmt, ...)
{
	char hint[64];
	va_list ap;

	snprintf(hint, sizeof(hint), "; see nsring%s%s --help", command ? " " : "",
		 command ? command : "");
	va_start(ap, fmt);
	say(command, hint, fmt, ap);
	va_end(ap);
	return CLI_USAGE;
}
