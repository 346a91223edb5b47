/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Errors of nsring-extcap itself. */
#include "complain.h"

#include <stdarg.h>
#include <stdio.h>

#include "text/escape.h"

__attribute__((format(printf, 2, 0))) static void say(const char *tail, const char *fmt, va_list ap)
{
	char text[1024];

	vsnprintf(text, sizeof(text), fmt, ap);
	escape_controls(text);
	fprintf(stderr, "nsring-extcap: %s%s\n", text, tail);
}

int complain(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
	return EXTCAP_FAILED;
}

int complain_usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("; see nsring-extcap --help", fmt, ap);
	va_end(ap);
	return EXTCAP_USAGE;
}
