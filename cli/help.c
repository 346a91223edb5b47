/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Help and completion.
 */
#include "help.h"

#include <stdio.h>

#define OPTION_COLUMN 28

void help_overview(void)
{
	const struct cli_command *const *row;

	printf("nsring captures and sends packets in any network namespace.\n\n"
	       "Usage: nsring COMMAND [options] -i TARGET [filter words...]\n\n"
	       "Commands:\n");
	for (row = cli_commands; *row; row++)
		printf("  %-12s%s\n", (*row)->name, (*row)->summary);
	printf("  %-12s%s\n", "help", "help on a command: nsring help COMMAND");
	printf("  %-12s%s\n", "completion", "completion for a shell: nsring completion bash");
	printf("\n"
	       "TARGET is [PLACE/][ENGINE:]DEVICE: eth0, any, netns:NAME/eth0, pid:N/eth0,\n"
	       "file:trace.pcapng. Filters are tcpdump's, see pcap-filter(7).\n"
	       "nsring --version tells the version; more is in nsring(1).\n");
}

/* Prints "  -i, --interface TARGET", then the help in its column, on the next line if need be. */
static void print_option(const struct cli_option *option)
{
	int width = printf(option->letter ? "  -%c, " : "      ", option->letter);

	width += printf("--%s%s%s", option->name, cli_option_is_complete(option) ? "" : " ",
			option->argument ? option->argument : "");
	if (width >= OPTION_COLUMN)
		printf("\n%*s", OPTION_COLUMN, "");
	else
		printf("%*s", OPTION_COLUMN - width, "");
	printf("%s\n", option->help);
}

void help_command(const struct cli_command *command)
{
	static const struct cli_option help = { .name = "help",
						.letter = 'h',
						.help = "this text" };
	const struct cli_option *option;

	printf("nsring %s: %s\n\nUsage: nsring %s %s\n\nOptions:\n", command->name,
	       command->summary, command->name, command->usage);
	for (option = command->options; option->name; option++)
		print_option(option);
	print_option(&help);
	printf("\nMore is in nsring-%s(1).\n", command->name);
}

static void print_completion_of(const struct cli_command *command)
{
	const struct cli_option *option;

	printf("\t%s) words=\"--help", command->name);
	for (option = command->options; option->name; option++)
		printf(" --%s", option->name);
	printf("\" ;;\n");
}

void help_completion(void)
{
	const struct cli_command *const *row;

	printf("# bash completion for nsring\n"
	       "_nsring()\n"
	       "{\n"
	       "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	       "\tlocal words=\n"
	       "\tif [[ $prev == -i || $prev == --interface ]]; then\n"
	       "\t\twords=\"any $(ls /sys/class/net 2>/dev/null)\"\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
	       "\t\treturn\n"
	       "\tfi\n"
	       "\tcase $([[ $COMP_CWORD -gt 1 ]] && echo \"${COMP_WORDS[1]}\") in\n"
	       "\t'') words=\"--help --version help completion");
	for (row = cli_commands; *row; row++)
		printf(" %s", (*row)->name);
	printf("\" ;;\n"
	       "\tcompletion) words=bash ;;\n"
	       "\thelp) words=\"");
	for (row = cli_commands; *row; row++)
		printf("%s%s", row == cli_commands ? "" : " ", (*row)->name);
	printf("\" ;;\n");
	for (row = cli_commands; *row; row++)
		print_completion_of(*row);
	printf("\tesac\n"
	       "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
	       "}\n"
	       "complete -o default -F _nsring nsring\n");
}
