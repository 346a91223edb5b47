/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What goes to stderr, a line at a time: errors, notes, progress. Foreign names in it are made
 * harmless.
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
 * say_note() - say what the user should know though nothing is wrong, as say_error() does
 * @fmt: printf format without a newline
 */
__attribute__((format(printf, 1, 2))) void say_note(const char *fmt, ...);

/**
 * say_usage() - say what is wrong with how a command was called, and where help is
 * @command: the command's name, NULL for nsring itself
 * @fmt:     printf format without a newline
 */
__attribute__((format(printf, 2, 3))) void say_usage(const char *command, const char *fmt, ...);

/**
 * say_progress() - show a line that the next one replaces
 * @line: without a newline; "" takes the last one away
 *
 * Only for a stderr that is a terminal. An error takes the line away too.
 */
void say_progress(const char *line);

#endif
