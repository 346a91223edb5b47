/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Names and counters that others make up, as the command line prints them. */
#include <stdio.h>
#include <unistd.h>

#include "cli/cli.h"
#include "text/ledger.h"
#include "text/output.h"
#include "check.h"

/* The bytes that cli_error() writes to stderr for @text. */
static void error_line(const char *text, char *line, size_t room)
{
	int saved = dup(STDERR_FILENO), ends[2];
	ssize_t bytes;

	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	say_error("%s", text);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	bytes = read(ends[0], line, room - 1);
	line[bytes > 0 ? bytes : 0] = '\0';
	close(saved);
	close(ends[0]);
	close(ends[1]);
}

static void error_with_control_characters_stays_one_harmless_line(void **state)
{
	char line[128];

	error_line("a\033[2J\nnsring: b\302\233c\177", line, sizeof(line));
	assert_string_equal(line, "nsring: a?[2J?nsring: b??c?\n");
}

static void error_keeps_letters_of_other_alphabets(void **state)
{
	char line[128];

	error_line("\303\244\302\265", line, sizeof(line));
	assert_string_equal(line, "nsring: \303\244\302\265\n");
}

static void json_text_that_is_no_utf8_has_question_marks(void **state)
{
	json_t *text = output_text("v\377\3760");

	assert_string_equal(json_string_value(text), "v??0");
	json_decref(text);
}

static void ledger_row_that_went_down_has_lost_nothing(void **state)
{
	const struct nsr_stats since = { .lost_nic = 5, .lost_ring = 1 };
	const struct nsr_stats now = { .lost_nic = 2, .lost_ring = 4 };
	struct nsr_stats lost;

	ledger_subtract(&now, &since, &lost);
	assert_int_equal(lost.lost_nic, 0);
	assert_int_equal(lost.lost_ring, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_with_control_characters_stays_one_harmless_line),
		cmocka_unit_test(error_keeps_letters_of_other_alphabets),
		cmocka_unit_test(json_text_that_is_no_utf8_has_question_marks),
		cmocka_unit_test(ledger_row_that_went_down_has_lost_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
