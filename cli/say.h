/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Progress on stderr; errors are cli_error() in cli.h.
 */
#ifndef NSRING_SAY_H
#define NSRING_SAY_H

/**
 * say_progress() - show a line that the next one replaces
 * @line: without a newline; "" takes the last one away
 *
 * Only for a stderr that is a terminal. An error takes the line away too.
 */
void say_progress(const char *line);

#endif
