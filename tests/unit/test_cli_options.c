/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Parsing options by a command's table, and the options of captures.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/capture_args.h"
#include "cli/options.h"

struct args {
	struct capture_request capture;
};

static const struct cli_option rows[] = {
	CAPTURE_OPTIONS(struct args, capture),
	{ 0 },
};

static const struct cli_command command = { .name = "try", .options = rows };

static struct args args;
static int rest;
static char said[512];

static int clear(void **state)
{
	capture_args_free(&args.capture);
	memset(&args, 0, sizeof(args));
	rest = -1;
	return 0;
}

/* Parses a line of words, with what goes to stderr in @said. */
static int parse(const char *line)
{
	static char words[256]; /* targets point into it */
	FILE *into = tmpfile();
	int saved = dup(STDERR_FILENO);
	char *argv[16] = { words };
	char *word, *next = words;
	int argc = 0, rc;

	assert_non_null(into);
	snprintf(words, sizeof(words), "%s", line);
	while ((word = strsep(&next, " ")))
		argv[argc++] = word;
	fflush(stderr);
	dup2(fileno(into), STDERR_FILENO);
	rc = options_parse(&command, &args, argc, argv, &rest);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(into);
	said[fread(said, 1, sizeof(said) - 1, into)] = '\0';
	fclose(into);
	return rc;
}

static void assert_wrong(const char *line, const char *sentence)
{
	assert_int_equal(parse(line), OPTIONS_WRONG);
	if (!strstr(said, sentence))
		fail_msg("'%s' is not in: %s", sentence, said);
}

static void options_end_at_the_first_other_word(void **state)
{
	assert_int_equal(parse("try -s 96 --json udp port 53"), OPTIONS_FINE);
	assert_int_equal(rest, 4);
	assert_int_equal(args.capture.snaplen, 96);
	assert_true(args.capture.json);
}

static void an_option_behind_the_words_is_refused(void **state)
{
	assert_wrong("try udp --json", "--json must come before");
	assert_wrong("try udp -p", "-p must come before");
	assert_wrong("try udp --snaplen=5", "--snaplen=5 must come before");
}

static void words_after_two_dashes_may_look_like_options(void **state)
{
	assert_int_equal(parse("try -- --json"), OPTIONS_FINE);
	assert_int_equal(rest, 2);
}

static void a_minus_sign_is_a_filter_word(void **state)
{
	assert_int_equal(parse("try ip[0] - 1 = 68"), OPTIONS_FINE);
	assert_int_equal(rest, 1);
}

static void unknown_options_are_named(void **state)
{
	assert_wrong("try --frobnicate", "--frobnicate");
	assert_wrong("try -Q", "-Q");
	assert_wrong("try -pQ", "-Q");
}

static void a_usage_error_is_one_line_with_a_hint_to_help(void **state)
{
	assert_wrong("try --frobnicate", "nsring try --help\n");
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
}

static void a_missing_argument_is_said(void **state)
{
	assert_wrong("try --ring", "--ring needs an argument");
	assert_wrong("try -s", "-s needs an argument");
}

static void an_argument_too_many_is_said(void **state)
{
	assert_wrong("try --json=yes", "--json takes no argument");
}

static void an_argument_may_be_left_out_and_else_follows_an_equals_sign(void **state)
{
	assert_int_equal(parse("try --take udp"), OPTIONS_FINE);
	assert_int_equal(args.capture.take, NSR_TAKE);
	assert_int_equal(rest, 2);
	assert_int_equal(parse("try --take=really udp"), OPTIONS_FINE);
	assert_int_equal(args.capture.take, NSR_TAKE_REALLY);
	/* a word of the filter */
	assert_int_equal(parse("try --take really"), OPTIONS_FINE);
	assert_int_equal(args.capture.take, NSR_TAKE);
	assert_int_equal(rest, 2);
}

static void a_bad_value_of_an_argument_that_may_be_left_out_is_shown(void **state)
{
	assert_wrong("try --take=maybe", "--take=maybe: expected really, or nothing");
	assert_wrong("try --take=", "--take=: expected really, or nothing");
}

static void a_bad_value_is_shown_with_what_was_expected(void **state)
{
	assert_wrong("try --ring 8Q", "--ring 8Q: expected a size such as 8M");
}

static void help_is_found_anywhere_among_options(void **state)
{
	assert_int_equal(parse("try -s 96 --help"), OPTIONS_HELP);
	assert_int_equal(parse("try -h"), OPTIONS_HELP);
}

static void targets_are_kept_in_order(void **state)
{
	assert_int_equal(parse("try -i a --interface b -ic"), OPTIONS_FINE);
	assert_int_equal(args.capture.targets.count, 3);
	assert_string_equal(args.capture.targets.list[0], "a");
	assert_string_equal(args.capture.targets.list[1], "b");
	assert_string_equal(args.capture.targets.list[2], "c");
}

static void targets_end_at_4096(void **state)
{
	int i;

	for (i = 0; i < CAPTURE_TARGETS_MAX; i++)
		assert_null(capture_parse_target("x", &args.capture.targets));
	assert_non_null(capture_parse_target("x", &args.capture.targets));
	assert_int_equal(args.capture.targets.count, CAPTURE_TARGETS_MAX);
}

static void snaplen_zero_means_whole_packets(void **state)
{
	assert_int_equal(parse("try -s 0"), OPTIONS_FINE);
	assert_int_equal(args.capture.snaplen, 262144);
	assert_wrong("try -s 262145", "expected");
}

static void fanout_takes_a_group(void **state)
{
	assert_int_equal(parse("try --fanout rr:65535"), OPTIONS_FINE);
	assert_int_equal(args.capture.fanout.how, NSR_FANOUT_ROUND_ROBIN);
	assert_int_equal(args.capture.fanout.group, 65535);
	assert_int_equal(parse("try --fanout flow"), OPTIONS_FINE);
	assert_int_equal(args.capture.fanout.how, NSR_FANOUT_FLOW);
	assert_int_equal(args.capture.fanout.group, 0);
}

static void fanout_refuses_nonsense(void **state)
{
	assert_wrong("try --fanout hash", "expected");
	assert_wrong("try --fanout flow:", "expected");
	assert_wrong("try --fanout flow:0", "expected");
	assert_wrong("try --fanout flow:65537", "expected");
	assert_wrong("try --fanout flowers", "expected");
}

static void direction_takes_three_words(void **state)
{
	assert_int_equal(parse("try --direction out"), OPTIONS_FINE);
	assert_int_equal(args.capture.direction, NSR_OUT);
	assert_wrong("try --direction up", "expected in, out or both");
}

#define CLEARED(test) cmocka_unit_test_setup_teardown(test, clear, clear)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLEARED(options_end_at_the_first_other_word),
		CLEARED(an_option_behind_the_words_is_refused),
		CLEARED(words_after_two_dashes_may_look_like_options),
		CLEARED(a_minus_sign_is_a_filter_word),
		CLEARED(unknown_options_are_named),
		CLEARED(a_usage_error_is_one_line_with_a_hint_to_help),
		CLEARED(a_missing_argument_is_said),
		CLEARED(an_argument_too_many_is_said),
		CLEARED(an_argument_may_be_left_out_and_else_follows_an_equals_sign),
		CLEARED(a_bad_value_of_an_argument_that_may_be_left_out_is_shown),
		CLEARED(a_bad_value_is_shown_with_what_was_expected),
		CLEARED(help_is_found_anywhere_among_options),
		CLEARED(targets_are_kept_in_order),
		CLEARED(targets_end_at_4096),
		CLEARED(snaplen_zero_means_whole_packets),
		CLEARED(fanout_takes_a_group),
		CLEARED(fanout_refuses_nonsense),
		CLEARED(direction_takes_three_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
