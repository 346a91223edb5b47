/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Foreign names for people: nothing in them can control the terminal, begin a line, or look like
 * another name.
 */
#ifndef NSRING_ESCAPE_H
#define NSRING_ESCAPE_H

#include <stddef.h>

/**
 * escape() - printable ASCII as it is, a backslash doubled, every other byte as "\x1b"
 * @text: foreign
 * @out:  gets as much of it as fits; a byte is never cut in two
 * @room: of @out, at least 1
 *
 * Return: @out.
 */
const char *escape(const char *text, char *out, size_t room);

#endif
