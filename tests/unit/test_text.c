/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The parts of texts for people: strings built piece by piece, foreign names, lists that wrap.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text/builder.h"
#include "text/escape.h"
#include "text/wrap.h"

static void printable_text_is_left_as_it_is(void **state)
{
	char out[32];

	assert_string_equal(escape("eth0 ~!", out, sizeof(out)), "eth0 ~!");
	assert_string_equal(escape("", out, sizeof(out)), "");
}

static void control_characters_bytes_beyond_ascii_and_backslashes_are_escaped(void **state)
{
	char out[64];

	assert_string_equal(escape("\033[2J\n\x7f\xc3\xa4\\", out, sizeof(out)),
			    "\\x1b[2J\\x0a\\x7f\\xc3\\xa4\\\\");
}

static void names_that_differ_never_look_alike(void **state)
{
	char one[32], other[32];

	assert_string_not_equal(escape("a\\x0a", one, sizeof(one)),
				escape("a\n", other, sizeof(other)));
}

static void is_made(const char *text, const char *expected)
{
	char *copy = escape_copy(text);

	assert_non_null(copy);
	assert_string_equal(copy, expected);
	free(copy);
}

static void c1_control_characters_are_replaced_in_utf_8_and_as_bytes(void **state)
{
	is_made("a\033[1m\x7f\n", "a?[1m??");
	is_made("a\302\23331m", "a??31m");
	is_made("a\23331m", "a?31m");
	is_made("\344\23331m", "\344?31m");
	is_made("\xc2", "\xc2");
}

static void text_in_other_alphabets_stays_as_it_is(void **state)
{
	/* Each has a byte from 0x80 to 0x9f. */
	is_made("\xc3\x80 \xd0\x9f \xe6\x97\xa5 \xf0\x9f\x98\x80",
		"\xc3\x80 \xd0\x9f \xe6\x97\xa5 \xf0\x9f\x98\x80");
	is_made("caf\xe9", "caf\xe9");
}

static void escaped_byte_that_does_not_fit_is_left_out_as_a_whole(void **state)
{
	char out[6];

	assert_string_equal(escape("ab\n", out, sizeof(out)), "ab");
	assert_string_equal(escape("a\n", out, sizeof(out)), "a\\x0a");
	assert_string_equal(escape("abcdefgh", out, sizeof(out)), "abcde");
	assert_string_equal(escape("abc", out, 1), "");
}

static void text_is_built_piece_by_piece(void **state)
{
	char buffer[32];
	struct text text = text_in(buffer, sizeof(buffer));

	assert_string_equal(buffer, "");
	text_add(&text, "%d of ", 3);
	text_add_safe(&text, "e\0t\033\303", 5);
	assert_string_equal(buffer, "3 of e?t??");
	assert_ptr_equal(text.at, buffer + strlen(buffer));
}

static void text_that_does_not_fit_is_dropped_and_the_rest_ends_with_nul(void **state)
{
	char buffer[8];
	struct text text = text_in(buffer, 6);

	memcpy(buffer + 6, "##", 2);
	text_add(&text, "%s", "abcd");
	text_add(&text, "%s", "efgh");
	text_add_safe(&text, "ijkl", 4);
	assert_string_equal(buffer, "abcde");
	assert_memory_equal(buffer + 6, "##", 2);
	assert_int_equal(text.left, 1);
}

static char *wrapped(int items, int width)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	struct wrap wrap = { .out = out, .indent = 4, .width = width };
	int i;

	assert_non_null(out);
	for (i = 0; i < items; i++)
		wrap_item(&wrap, "item %d", i);
	fclose(out);
	return text;
}

static void list_goes_on_in_the_next_line_when_one_is_full(void **state)
{
	char *text = wrapped(4, 20);

	assert_string_equal(text, "item 0, item 1,\n    item 2, item 3");
	free(text);
	text = wrapped(2, 80);
	assert_string_equal(text, "item 0, item 1");
	free(text);
}

static void no_line_is_longer_than_its_width(void **state)
{
	int width;

	for (width = 16; width < 60; width++) {
		char *text = wrapped(30, width), *line = text;

		while (line) {
			assert_true((int)strcspn(line, "\n") <= width);
			line = strchr(line, '\n');
			line = line ? line + 1 : NULL;
		}
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(printable_text_is_left_as_it_is),
		cmocka_unit_test(control_characters_bytes_beyond_ascii_and_backslashes_are_escaped),
		cmocka_unit_test(names_that_differ_never_look_alike),
		cmocka_unit_test(c1_control_characters_are_replaced_in_utf_8_and_as_bytes),
		cmocka_unit_test(text_in_other_alphabets_stays_as_it_is),
		cmocka_unit_test(escaped_byte_that_does_not_fit_is_left_out_as_a_whole),
		cmocka_unit_test(text_is_built_piece_by_piece),
		cmocka_unit_test(text_that_does_not_fit_is_dropped_and_the_rest_ends_with_nul),
		cmocka_unit_test(list_goes_on_in_the_next_line_when_one_is_full),
		cmocka_unit_test(no_line_is_longer_than_its_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
