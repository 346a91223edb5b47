/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Parsing a command's options, with getopt_long() but messages of our own.
 */
#include "options.h"

#include <getopt.h>
#include <string.h>

#define OPTIONS_MAX 48
#define LONG_BASE   256 /* getopt's value for the first row: beyond all letters */
#define LONG_HELP   (LONG_BASE + OPTIONS_MAX)

/* The table in the form that getopt_long() takes. */
struct getopt_table {
	struct option longs[OPTIONS_MAX + 2];
	char letters[3 * OPTIONS_MAX + 8]; /* each at most with two colons */
};

static void make_table(const struct cli_option *options, struct getopt_table *table)
{
	char *letter = table->letters;
	int i;

	memset(table, 0, sizeof(*table));
	/* '+' stops at the first word that is no option, ':' tells a missing argument apart */
	letter = stpcpy(letter, "+:h");
	for (i = 0; i < OPTIONS_MAX && options[i].name; i++) {
		table->longs[i].name = options[i].name;
		table->longs[i].has_arg = !options[i].argument			? no_argument
					  : cli_option_is_complete(&options[i]) ? optional_argument
										: required_argument;
		table->longs[i].val = LONG_BASE + i;
		if (!options[i].letter)
			continue;
		*letter++ = options[i].letter;
		if (options[i].argument)
			*letter++ = ':';
		if (options[i].argument && cli_option_is_complete(&options[i]))
			*letter++ = ':';
	}
	table->longs[i].name = "help";
	table->longs[i].val = LONG_HELP;
}

/* The row for a return value of getopt_long(): a letter, or LONG_BASE and its index; NULL: none. */
static const struct cli_option *find_row(const struct cli_option *options, int value)
{
	if (value >= LONG_BASE && value < LONG_HELP)
		return &options[value - LONG_BASE];
	for (; options->name; options++) {
		if (value && options->letter == value)
			return options;
	}
	return NULL;
}

static int say_unknown(const struct cli_command *command, const char *word)
{
	const struct cli_option *row = find_row(command->options, optopt);

	if (row)
		say_usage(command->name, "--%s takes no argument", row->name);
	else if (optopt)
		say_usage(command->name, "unknown option -%c", optopt);
	else
		say_usage(command->name, "unknown or ambiguous option %s", word);
	return OPTIONS_WRONG;
}

/* Whether @word is one of the table's options, not abbreviated. */
static bool is_option(const struct cli_option *options, const char *word)
{
	for (; options->name; options++) {
		size_t length = strlen(options->name);

		if (!strncmp(word, "--", 2) && !strncmp(word + 2, options->name, length) &&
		    (!word[2 + length] || word[2 + length] == '='))
			return true;
		if (options->letter && word[0] == '-' && word[1] == options->letter && !word[2])
			return true;
	}
	return !strcmp(word, "--help");
}

static int check_rest(const struct cli_command *command, char **words)
{
	for (; *words; words++) {
		if (is_option(command->options, *words)) {
			say_usage(command->name,
				  "%s must come before the first word that "
				  "is no option",
				  *words);
			return OPTIONS_WRONG;
		}
	}
	return OPTIONS_FINE;
}

static int store(const struct cli_command *command, const struct cli_option *row, void *args)
{
	const char *expected = row->parse(optarg, (char *)args + row->offset);

	if (!expected)
		return OPTIONS_FINE;
	say_usage(command->name, "--%s%s%s: expected %s", row->name,
		  cli_option_is_complete(row) ? "=" : " ", optarg ? optarg : "", expected);
	return OPTIONS_WRONG;
}

int options_parse(const struct cli_command *command, void *args, int argc, char **argv, int *rest)
{
	struct getopt_table table;
	int value;

	make_table(command->options, &table);
	opterr = 0;
	optind = 0;
	while ((value = getopt_long(argc, argv, table.letters, table.longs, NULL)) != -1) {
		const struct cli_option *row = find_row(command->options, value);

		if (value == 'h' || value == LONG_HELP)
			return OPTIONS_HELP;
		if (value == ':') {
			say_usage(command->name, "%s needs an argument", argv[optind - 1]);
			return OPTIONS_WRONG;
		}
		if (!row)
			return say_unknown(command, argv[optind - 1]);
		if (store(command, row, args))
			return OPTIONS_WRONG;
	}
	*rest = optind;
	/* After "--" everything is a word, even if it looks like an option. */
	if (command->foreign_words || (optind > 1 && !strcmp(argv[optind - 1], "--")))
		return OPTIONS_FINE;
	return check_rest(command, argv + optind);
}
