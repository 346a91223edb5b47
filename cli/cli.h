/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The command line's frame: what a command and an option are.
 *
 * A command is one file cmd_NAME.c that ends in one `const struct cli_command`, listed once in
 * commands.c. Dispatch (main.c), option parsing (options.c), help and completion (help.c) read
 * these tables; nothing else names a command.
 *
 * Commands parse, call and print: long work is in jobs/, the host's view in host/, the doctor in
 * doctor/, numbers and words in text/.
 */
#ifndef NSRING_CLI_H
#define NSRING_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nsring/nsring.h>

#include "text/say.h"

/** Exit statuses. */
enum cli_status {
	CLI_DONE = 0,
	CLI_FAILED = 1, /* after one line on stderr */
	CLI_USAGE = 2, /* after one line on stderr, with a hint to --help */
};

/**
 * struct cli_option - an option of a command
 * @name:     long name, without the dashes; NULL ends a table
 * @letter:   short name, 0 without one
 * @argument: what its argument is called in the help; NULL when it takes none; "[=NAME]" when it may
 *            be left out, and else must follow the option with a "=", or the letter at once
 * @help:     one line
 * @parse:    stores @value (NULL without an argument) in @field. Return: NULL when @value is fine,
 *            else what was expected instead ("a size such as 8M")
 * @offset:   of the field in the command's struct
 */
struct cli_option {
	const char *name;
	char letter;
	const char *argument;
	const char *help;
	const char *(*parse)(const char *value, void *field);
	size_t offset;
};

/** cli_option_is_complete() - whether an option may stand without an argument */
static inline bool cli_option_is_complete(const struct cli_option *option)
{
	return !option->argument || option->argument[0] == '[';
}

/**
 * struct cli_command - a command
 * @name:      as it is typed
 * @summary:   one line, for the list of commands
 * @usage:     what follows "nsring NAME" in the help ("[options] -i TARGET [filter words...]")
 * @options:   ends with a row whose name is NULL
 * @args_size: of the struct that the options fill in
 * @defaults:  initial value of that struct; NULL for all zero
 * @run:       runs the command; @args is its struct, @words follow the options and end with NULL.
 *             Return: enum cli_status
 * @foreign_words: the words are a program and what is its own: options among them are that program's
 * @cleanup:   frees what the parse functions allocated, also after one failed; may be NULL
 */
struct cli_command {
	const char *name;
	const char *summary;
	const char *usage;
	const struct cli_option *options;
	size_t args_size;
	const void *defaults;
	int (*run)(void *args, char **words);
	void (*cleanup)(void *args);
	bool foreign_words;
};

extern const struct cli_command count_command;
extern const struct cli_command doctor_command;
extern const struct cli_command dump_command;
extern const struct cli_command ls_command;
extern const struct cli_command run_command;
extern const struct cli_command send_command;

/** All commands, in the order of the help; ends with NULL. */
extern const struct cli_command *const cli_commands[];

/**
 * cli_find() - look a command up
 * @name: as typed
 *
 * Return: the command, NULL when there is none.
 */
const struct cli_command *cli_find(const char *name);

/** cli_status() - the exit status for @rc, negative when something failed and said so */
static inline int cli_status(int rc)
{
	return rc < 0 ? CLI_FAILED : CLI_DONE;
}

/** cli_error() - say_error() whose value is an exit status: `return cli_error(...)` */
#define cli_error(...) (say_error(__VA_ARGS__), CLI_FAILED)

/** cli_usage_error() - say_usage() whose value is an exit status */
#define cli_usage_error(...) (say_usage(__VA_ARGS__), CLI_USAGE)

#endif
