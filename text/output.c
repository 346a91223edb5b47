/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Standard output.
 */
#include "output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "say.h"

bool output_colour(FILE *out)
{
	const char *no_color = getenv("NO_COLOR");

	return !(no_color && *no_color) && isatty(fileno(out));
}

static int failed;

int output_failed(int code)
{
	if (failed)
		return failed;
	failed = -(code ? code : EIO);
	/* Whoever read has seen enough. */
	if (failed != -EPIPE)
		say_error("standard output: %s", strerror(-failed));
	return failed;
}

int output_flush(void)
{
	if (failed)
		return failed;
	errno = 0;
	/* stdio reports errno only once: a write that filled the buffer may have failed earlier */
	if (fflush(stdout) || ferror(stdout))
		return output_failed(errno);
	return 0;
}

int output_write(const char *text, size_t length)
{
	ssize_t wrote;

	if (output_flush())
		return failed;
	for (; length; length -= (size_t)wrote, text += wrote) {
		do
			wrote = write(STDOUT_FILENO, text, length);
		while (wrote < 0 && errno == EINTR);
		if (wrote < 0)
			return output_failed(errno);
	}
	return 0;
}

json_t *output_text(const char *text)
{
	json_t *string = json_string(text);
	char *copy, *at;

	if (string)
		return string;
	copy = strdup(text);
	if (!copy)
		return NULL;
	for (at = copy; *at; at++) {
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	}
	string = json_string(copy);
	free(copy);
	return string;
}

int output_json(FILE *out, json_t *object)
{
	int rc;

	if (!object)
		return out == stdout ? output_failed(ENOMEM) : -ENOMEM;
	rc = json_dumpf(object, out, JSON_COMPACT | JSON_REAL_PRECISION(9));
	json_decref(object);
	if (rc || putc('\n', out) == EOF)
		return -EIO;
	return 0;
}
