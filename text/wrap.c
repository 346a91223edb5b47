/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Lists of items that continue on an indented next line when a line is full.
 */
#include "wrap.h"

#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEFAULT_WIDTH 100
#define LEAST_WIDTH   60

void wrap_item(struct wrap *wrap, const char *fmt, ...)
{
	char text[1536];
	va_list args;
	int length;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	length = (int)strlen(text);
	fprintf(wrap->out, "%*s", wrap->items ? 0 : wrap->lead, "");
	if (wrap->items++) {
		putc(',', wrap->out);
		wrap->column++;
	}
	/* Leave room for the comma that may follow. */
	if (wrap->column > wrap->indent && wrap->column + 1 + length + 1 > wrap->width) {
		fprintf(wrap->out, "\n%*s", wrap->indent, "");
		wrap->column = wrap->indent;
	} else if (wrap->items > 1) {
		putc(' ', wrap->out);
		wrap->column++;
	}
	fputs(text, wrap->out);
	wrap->column += length;
}

int wrap_width(FILE *out)
{
	struct winsize size;

	if (ioctl(fileno(out), TIOCGWINSZ, &size) < 0 || !size.ws_col)
		return DEFAULT_WIDTH;
	return size.ws_col < LEAST_WIDTH ? LEAST_WIDTH : size.ws_col;
}
