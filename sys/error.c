/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Errors: a negative errno value and one sentence for people. */
#include <stdarg.h>
#include <stdio.h>

#include <nsring/nsring.h>

int nsr_error_set(struct nsr_error *err, int code, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return code;
	err->code = code;
	va_start(args, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	err->advice[0] = '\0';
	return code;
}

int nsr_error_advise(struct nsr_error *err, int code, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return code;
	va_start(args, fmt);
	vsnprintf(err->advice, sizeof(err->advice), fmt, args);
	va_end(args);
	return code;
}

const char *nsr_version(void)
{
	return NSR_VERSION;
}
