/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Messages on stderr, one line each: errors, notes, progress. Control characters in them are
 * replaced, so foreign names are harmless.
 */
#ifndef NSRING_SAY_H
#define NSRING_SAY_H

/**
 * say_error() - say what went wrong: "nsring: SENTENCE"
 * @fmt: printf format without a newline
 *
 * Return: -1, so that `return say_error(...)` reads well.
 */
__attribute__((format(printf, 1, 2))) int say_error(const char *fmt, ...);

/**
 * say_note() - tell the user something that is no error, in the form of say_error()
 * @fmt: printf format without a newline
 */
__attribute__((format(printf, 1, 2))) void say_note(const char *fmt, ...);

/**
 * say_usage() - say what is wrong with a command's usage, and where to find help
 * @command: the command's name, NULL for nsring itself
 * @fmt:     printf format without a newline
 */
__attribute__((format(printf, 2, 3))) void say_usage(const char *command, const char *fmt, ...);

/**
 * say_progress() - show a line that the next one replaces
 * @line: without a newline; "" erases the line
 *
 * Only for a stderr that is a terminal. An error erases the line, too.
 */
void say_progress(const char *line);

#endif
