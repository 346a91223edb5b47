/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What goes to stderr: one line, once.
 */
#include "say.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

static bool progress_shown;

void say_progress(const char *line)
{
	fprintf(stderr, "\r%s\033[K", line);
	fflush(stderr);
	progress_shown = *line;
}

/*
 * Names in @text may be anybody's: of a device in a container, in a capture file. None may control
 * the terminal (C0, DEL, and C1 in UTF-8) or begin a line of its own.
 */
static void make_harmless(char *text)
{
	for (; *text; text++) {
		uint8_t byte = (uint8_t)*text, next = (uint8_t)text[1];

		if (byte < 0x20 || byte == 0x7f || (byte == 0xc2 && next >= 0x80 && next < 0xa0))
			*text = '?';
	}
}

/* One fprintf() a line, so that lines of several processes on one terminal stay whole. */
__attribute__((format(printf, 3, 0))) static void say(const char *command, const char *tail,
						      const char *fmt, va_list ap)
{
	char text[1024];

	vsnprintf(text, sizeof(text), fmt, ap);
	make_harmless(text);
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
