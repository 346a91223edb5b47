/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The table of commands: complete rows, and a man page that names every option.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/cli.h"

/* The page's source; MAN_DIR comes from the build. */
static char *read_page(const char *command)
{
	char path[512];
	FILE *file;
	char *text;
	size_t length;

	snprintf(path, sizeof(path), "%s/nsring-%s.1.scd", MAN_DIR, command);
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s can't be opened", path);
	text = calloc(1, 1 << 17);
	assert_non_null(text);
	length = fread(text, 1, (1 << 17) - 1, file);
	assert_true(length > 0 && feof(file));
	fclose(file);
	return text;
}

/* "*--name*" as scdoc marks an option. */
static void assert_named(const char *page, const char *command, const struct cli_option *option)
{
	char marked[64];

	snprintf(marked, sizeof(marked), "--%s*", option->name);
	if (!strstr(page, marked))
		fail_msg("the page of %s does not have --%s", command, option->name);
	snprintf(marked, sizeof(marked), "*-%c*", option->letter);
	if (option->letter && !strstr(page, marked))
		fail_msg("the page of %s does not have -%c", command, option->letter);
}

static void every_option_is_in_its_commands_man_page(void **state)
{
	const struct cli_command *const *row;
	const struct cli_option *option;

	for (row = cli_commands; *row; row++) {
		char *page = read_page((*row)->name);

		for (option = (*row)->options; option->name; option++)
			assert_named(page, (*row)->name, option);
		free(page);
	}
}

static void every_row_is_complete(void **state)
{
	const struct cli_command *const *row;

	for (row = cli_commands; *row; row++) {
		assert_non_null((*row)->name);
		assert_non_null((*row)->summary);
		assert_non_null((*row)->usage);
		assert_non_null((*row)->run);
		assert_ptr_equal(cli_find((*row)->name), *row);
	}
}

static void options_lie_inside_their_struct(void **state)
{
	const struct cli_command *const *row;
	const struct cli_option *option;

	for (row = cli_commands; *row; row++) {
		for (option = (*row)->options; option->name; option++) {
			assert_non_null(option->parse);
			assert_non_null(option->help);
			assert_true(option->offset < (*row)->args_size);
		}
	}
}

static void no_command_has_a_letter_or_name_twice(void **state)
{
	const struct cli_command *const *row;
	const struct cli_option *a, *b;

	for (row = cli_commands; *row; row++) {
		for (a = (*row)->options; a->name; a++) {
			assert_int_not_equal(a->letter, 'h');
			for (b = a + 1; b->name; b++) {
				assert_string_not_equal(a->name, b->name);
				assert_true(!a->letter || a->letter != b->letter);
			}
		}
	}
}

static void unknown_commands_are_not_found(void **state)
{
	assert_null(cli_find("frobnicate"));
	assert_null(cli_find(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_option_is_in_its_commands_man_page),
		cmocka_unit_test(every_row_is_complete),
		cmocka_unit_test(options_lie_inside_their_struct),
		cmocka_unit_test(no_command_has_a_letter_or_name_twice),
		cmocka_unit_test(unknown_commands_are_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
