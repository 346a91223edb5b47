/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Numbers with units.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sys/clock.h"
#include "text/units.h"

static uint64_t parsed(const char *(*parse)(const char *, void *), const char *value)
{
	uint64_t number = 0;

	assert_null(parse(value, &number));
	return number;
}

static void assert_refused(const char *(*parse)(const char *, void *), const char *const *values)
{
	struct units_rate untouched = { .kind = 77 };

	for (; *values; values++) {
		if (!parse(*values, &untouched))
			fail_msg("'%s' was accepted", *values);
	}
	assert_int_equal(untouched.kind, 77);
}

static void count_takes_powers_of_1000(void **state)
{
	assert_int_equal(parsed(units_parse_count, "1"), 1);
	assert_int_equal(parsed(units_parse_count, "20k"), 20000);
	assert_int_equal(parsed(units_parse_count, "3M"), 3000000);
}

static void count_refuses_what_is_no_number_from_1(void **state)
{
	const char *const values[] = { "",
				       "0",
				       "-1",
				       "k",
				       "1x",
				       "1.5k",
				       "0x10",
				       " 1",
				       "1 ",
				       "1kk",
				       "18446744073709551616",
				       NULL };

	assert_refused(units_parse_count, values);
}

static void count_refuses_a_power_that_overflows(void **state)
{
	const char *const values[] = { "18446744073709552k", "99999999999G", NULL };

	assert_refused(units_parse_count, values);
	assert_int_equal(parsed(units_parse_count, "18446744073709551k"), 18446744073709551000u);
}

static void size_takes_powers_of_1024(void **state)
{
	assert_int_equal(parsed(units_parse_size, "512"), 512);
	assert_int_equal(parsed(units_parse_size, "8M"), 8u << 20);
	assert_int_equal(parsed(units_parse_size, "64KiB"), 64u << 10);
	assert_int_equal(parsed(units_parse_size, "1GB"), 1u << 30);
}

static void size_refuses_nonsense(void **state)
{
	const char *const values[] = {
		"", "0", "0M", "M", "8Q", "8Mx", "-8M", "17179869184G", NULL
	};

	assert_refused(units_parse_size, values);
}

static void duration_takes_seconds_fractions_and_units(void **state)
{
	assert_int_equal(parsed(units_parse_duration, "10"), 10 * NSEC_PER_SEC);
	assert_int_equal(parsed(units_parse_duration, "0.5"), NSEC_PER_SEC / 2);
	assert_int_equal(parsed(units_parse_duration, "500ms"), NSEC_PER_SEC / 2);
	assert_int_equal(parsed(units_parse_duration, "1m"), 60 * NSEC_PER_SEC);
	assert_int_equal(parsed(units_parse_duration, "2h"), 7200 * NSEC_PER_SEC);
}

static void duration_refuses_nonsense(void **state)
{
	const char *const values[] = { "",
				       "0",
				       "-1",
				       "1e3",
				       "0x1",
				       "inf",
				       "nan",
				       "1.2.3",
				       "1 s",
				       ".",
				       "1y",
				       "99999999d",
				       "111111111111111111111111111111",
				       NULL };

	assert_refused(units_parse_duration, values);
}

static void assert_rate(const char *value, enum units_rate_kind kind, double per_second)
{
	struct units_rate rate = { 0 };

	assert_null(units_parse_rate(value, &rate));
	assert_int_equal(rate.kind, kind);
	assert_true(rate.per_second == per_second);
}

static void rate_takes_packets_and_bits(void **state)
{
	assert_rate("1000", UNITS_RATE_PACKETS, 1000);
	assert_rate("10kpps", UNITS_RATE_PACKETS, 10000);
	assert_rate("1Mpps", UNITS_RATE_PACKETS, 1e6);
	assert_rate("100Mbit", UNITS_RATE_BITS, 1e8);
	assert_rate("1.5Gbit", UNITS_RATE_BITS, 1.5e9);
	assert_rate("1.5Gbit/s", UNITS_RATE_BITS, 1.5e9);
	assert_rate("max", UNITS_RATE_MAX, 0);
}

static void rate_refuses_nonsense(void **state)
{
	const char *const values[] = { "", "0", "-1", "fast", "10furlongs", "pps", "1e9", NULL };

	assert_refused(units_parse_rate, values);
}

static void range_refuses_what_lies_outside(void **state)
{
	uint64_t number = 5;

	assert_false(units_parse_range("0", 1, 10, &number));
	assert_false(units_parse_range("11", 1, 10, &number));
	assert_false(units_parse_range("1k", 1, 10, &number));
	assert_int_equal(number, 5);
	assert_true(units_parse_range("10", 1, 10, &number));
	assert_int_equal(number, 10);
}

static void numbers_have_thousands_separators(void **state)
{
	assert_string_equal(units_number(0).text, "0");
	assert_string_equal(units_number(999).text, "999");
	assert_string_equal(units_number(1000).text, "1,000");
	assert_string_equal(units_number(1234567).text, "1,234,567");
	assert_string_equal(units_number(UINT64_MAX).text, "18,446,744,073,709,551,615");
}

static void bytes_have_binary_units(void **state)
{
	assert_string_equal(units_bytes(1023).text, "1023 bytes");
	assert_string_equal(units_bytes(1024).text, "1.00 KiB");
	assert_string_equal(units_bytes(8u << 20).text, "8.00 MiB");
	assert_string_equal(units_bytes(UINT64_MAX).text, "16384 PiB");
}

static void bits_have_decimal_units(void **state)
{
	assert_string_equal(units_bits(0).text, "0 bit/s");
	assert_string_equal(units_bits(1.5e9).text, "1.50 Gbit/s");
	assert_string_equal(units_bits(48e6).text, "48.0 Mbit/s");
	assert_string_equal(units_bits(999.7e3).text, "1.00 Mbit/s");
}

static void packet_rates_are_whole_from_100_on(void **state)
{
	assert_string_equal(units_packets(0).text, "0 pps");
	assert_string_equal(units_packets(0.25).text, "0.2 pps");
	assert_string_equal(units_packets(1234567.8).text, "1,234,568 pps");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(count_takes_powers_of_1000),
		cmocka_unit_test(count_refuses_what_is_no_number_from_1),
		cmocka_unit_test(count_refuses_a_power_that_overflows),
		cmocka_unit_test(size_takes_powers_of_1024),
		cmocka_unit_test(size_refuses_nonsense),
		cmocka_unit_test(duration_takes_seconds_fractions_and_units),
		cmocka_unit_test(duration_refuses_nonsense),
		cmocka_unit_test(rate_takes_packets_and_bits),
		cmocka_unit_test(rate_refuses_nonsense),
		cmocka_unit_test(range_refuses_what_lies_outside),
		cmocka_unit_test(numbers_have_thousands_separators),
		cmocka_unit_test(bytes_have_binary_units),
		cmocka_unit_test(bits_have_decimal_units),
		cmocka_unit_test(packet_rates_are_whole_from_100_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
