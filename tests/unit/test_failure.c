/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Errors of the library as one line. */
#include <stdlib.h>

#include "text/failure.h"
#include "check.h"

static void assert_words(const char *subject, const struct nsr_error *err, const char *expected)
{
	char *words = failure_words(subject, err);

	assert_non_null(words);
	assert_string_equal(words, expected);
	free(words);
}

static void advice_follows_what_failed(void **state)
{
	struct nsr_error err;

	nsr_error_advise(&err, nsr_error_set(&err, -EPERM, "it may not"), "run as root");
	assert_words(NULL, &err, "it may not: run as root");
	assert_words("eth0", &err, "eth0: it may not: run as root");
	nsr_error_set(&err, -EPERM, "it may not");
	assert_words("", &err, "it may not");
}

static void subject_is_not_said_twice(void **state)
{
	struct nsr_error err;

	nsr_error_set(&err, -EPERM, "eth0: it may not");
	assert_words("eth0", &err, "eth0: it may not");
	assert_words("eth", &err, "eth: eth0: it may not");
}

static void error_without_words_is_said_by_its_code(void **state)
{
	struct nsr_error err = { .code = -ENODEV };

	assert_words("eth0", &err, "eth0: No such device");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(advice_follows_what_failed),
		cmocka_unit_test(subject_is_not_said_twice),
		cmocka_unit_test(error_without_words_is_said_by_its_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
