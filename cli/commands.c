/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The table of commands. Dispatch, help, completion and the check that each command has a man
 * page read it.
 */
#include "cli.h"

#include <string.h>

const struct cli_command *const cli_commands[] = {
	&count_command, &doctor_command, &dump_command, &ls_command,
	&run_command,	&send_command,	 NULL,
};

const struct cli_command *cli_find(const char *name)
{
	const struct cli_command *const *row;

	for (row = cli_commands; *row; row++) {
		if (!strcmp((*row)->name, name))
			return *row;
	}
	return NULL;
}
