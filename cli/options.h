/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Parsing a command's options by its table.
 */
#ifndef NSRING_OPTIONS_H
#define NSRING_OPTIONS_H

#include "cli.h"

/** The result of options_parse(). */
enum options_result {
	OPTIONS_FINE = 0,
	OPTIONS_HELP, /* --help was asked for */
	OPTIONS_WRONG, /* after a usage error on stderr */
};

/**
 * options_parse() - fill in a command's struct
 * @command: whose table
 * @args:    its struct, with the defaults set
 * @argc:    number of words in @argv
 * @argv:    argv[0] is the command's name; not reordered: the first word that is no option ends the
 *           options
 * @rest:    set to the index of that word
 *
 * An option behind that word is an error, too: it would be taken for a part of the filter.
 *
 * Return: enum options_result
 */
int options_parse(const struct cli_command *command, void *args, int argc, char **argv, int *rest);

#endif
