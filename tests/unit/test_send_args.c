/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Where the option --engine goes in a target.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cli/send_args.h"

static void assert_target(const char *engine, const char *target, const char *expected)
{
	const struct send_args args = { .target = target, .engine = engine };
	char *made;

	assert_null(send_target(&args, &made));
	assert_string_equal(made, expected);
	free(made);
}

static void assert_refused(const char *engine, const char *target)
{
	const struct send_args args = { .target = target, .engine = engine };
	char *made;

	assert_non_null(send_target(&args, &made));
	assert_null(made);
}

static void a_target_stays_as_it_is_without_the_option(void **state)
{
	assert_target(NULL, "eth0", "eth0");
	assert_target(NULL, "netns:a/packet:eth0", "netns:a/packet:eth0");
}

static void the_engine_is_put_before_the_device(void **state)
{
	assert_target("live", "eth0", "live:eth0");
	assert_target("live", "netns:a/eth0", "netns:a/live:eth0");
	assert_target("live", "netns:/proc/1/ns/net/eth0@2", "netns:/proc/1/ns/net/live:eth0@2");
}

static void the_engine_may_be_named_twice(void **state)
{
	assert_target("live", "live:eth0", "live:eth0");
	assert_target("live", "pid:7/live:eth0", "pid:7/live:eth0");
}

static void a_malformed_target_stays_as_it_is_to_be_refused(void **state)
{
	assert_target("live", "netns:a", "netns:a");
	assert_target("live", "a b", "a b");
}

static void an_engine_without_a_name_is_refused(void **state)
{
	assert_refused("", "eth0");
	assert_refused("an_engine_with_a_long_name", "eth0");
}

static void another_engine_is_refused(void **state)
{
	assert_refused("live", "packet:eth0");
	assert_refused("liv", "live:eth0");
	assert_refused("lives", "netns:a/live:eth0");
	assert_refused("live", "file:/a/b");
	assert_refused("live", "netns:a/file:b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_target_stays_as_it_is_without_the_option),
		cmocka_unit_test(the_engine_is_put_before_the_device),
		cmocka_unit_test(the_engine_may_be_named_twice),
		cmocka_unit_test(a_malformed_target_stays_as_it_is_to_be_refused),
		cmocka_unit_test(an_engine_without_a_name_is_refused),
		cmocka_unit_test(another_engine_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
