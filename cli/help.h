/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Help and completion, made from the table of commands.
 */
#ifndef NSRING_HELP_H
#define NSRING_HELP_H

#include "cli.h"

/** help_overview() - print what nsring is and its commands on stdout */
void help_overview(void);

/** help_command() - print a command's usage and options on stdout */
void help_command(const struct cli_command *command);

/** help_completion() - print a bash completion script on stdout */
void help_completion(void);

#endif
