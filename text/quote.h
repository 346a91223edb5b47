/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Names in commands that people may paste into a shell. */
#ifndef NSRING_QUOTE_H
#define NSRING_QUOTE_H

#include <stddef.h>

/** Room for any interface name, quoted. */
#define QUOTE_NAME 80

/**
 * quote() - write a word so that a shell takes it for one word
 * @to:   @size bytes, at least 8; a word that doesn't fit is cut, and the quotes closed
 * @word: untrusted, such as the name of a device in a container
 *
 * Return: @to.
 */
const char *quote(char *to, size_t size, const char *word);

#endif
