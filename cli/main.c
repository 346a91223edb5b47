/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * nsring: finds the command, parses its options, runs it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/output.h"
#include "cli.h"
#include "help.h"
#include "options.h"

static int end_with_output(void)
{
	return output_flush() ? CLI_FAILED : CLI_DONE;
}

static int run_parsed(const struct cli_command *command, void *args, int argc, char **argv)
{
	int rest = argc;

	switch (options_parse(command, args, argc, argv, &rest)) {
	case OPTIONS_HELP:
		help_command(command);
		return end_with_output();
	case OPTIONS_WRONG:
		return CLI_USAGE;
	default:
		return command->run(args, argv + rest);
	}
}

/* Parses the options and runs the command; @argv[0] is its name. */
static int run_parsed_command(const struct cli_command *command, int argc, char **argv)
{
	void *args = calloc(1, command->args_size);
	int status;

	if (!args)
		return cli_error("%s: out of memory", command->name);
	if (command->defaults)
		memcpy(args, command->defaults, command->args_size);
	status = run_parsed(command, args, argc, argv);
	if (command->cleanup)
		command->cleanup(args);
	free(args);
	return status;
}

static int run_help(int argc, char **argv)
{
	const struct cli_command *command;

	if (argc < 2) {
		help_overview();
		return end_with_output();
	}
	command = cli_find(argv[1]);
	if (!command)
		return cli_usage_error(NULL, "unknown command '%s'", argv[1]);
	help_command(command);
	return end_with_output();
}

static int run_completion(int argc, char **argv)
{
	if (argc != 2 || strcmp(argv[1], "bash"))
		return cli_usage_error(NULL, "completion is there for one shell: nsring "
					     "completion bash");
	help_completion();
	return end_with_output();
}

static int dispatch(int argc, char **argv)
{
	const struct cli_command *command;

	if (!strcmp(argv[0], "--help") || !strcmp(argv[0], "-h") || !strcmp(argv[0], "help"))
		return run_help(argc, argv);
	if (!strcmp(argv[0], "completion"))
		return run_completion(argc, argv);
	if (!strcmp(argv[0], "--version") || !strcmp(argv[0], "-V")) {
		printf("nsring %s\n", nsr_version());
		return end_with_output();
	}
	command = cli_find(argv[0]);
	if (command)
		return run_parsed_command(command, argc, argv);
	return cli_usage_error(NULL, "unknown %s '%s'", argv[0][0] == '-' ? "option" : "command",
			       argv[0]);
}

/*
 * A parent process may have closed a standard descriptor. A capture's socket must not take its
 * number, or output would go there. So /dev/null takes it, opened for reading where nsring writes
 * and the other way round: using it stays an error.
 */
static void fill_standard_descriptors(void)
{
	int fd;

	for (fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null", fd ? O_RDONLY : O_WRONLY);
	}
}

int main(int argc, char **argv)
{
	fill_standard_descriptors();
	/* With SIGPIPE ignored, output_flush() reports a closed pipe instead of a silent death. */
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2)
		return cli_usage_error(NULL, "no command given");
	return dispatch(argc - 1, argv + 1);
}
