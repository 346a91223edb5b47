/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Numbers with units: reading them from options, printing them for people.
 *
 * The units_parse_… functions fit option tables: they return NULL when @value is fine, else what
 * was expected instead.
 */
#ifndef NSRING_UNITS_H
#define NSRING_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A rate: packets or bits a second, or as fast as possible. */
enum units_rate_kind {
	UNITS_RATE_NONE = 0,
	UNITS_RATE_PACKETS,
	UNITS_RATE_BITS,
	UNITS_RATE_MAX,
};

struct units_rate {
	uint32_t kind; /* enum units_rate_kind */
	double per_second;
};

/** units_parse_flag() - set the bool at @field; ignores @value */
const char *units_parse_flag(const char *value, void *field);

/** units_parse_string() - store @value itself in the const char * at @field */
const char *units_parse_string(const char *value, void *field);

/** units_parse_count() - a number from 1, with k, M or G for powers of 1000; uint64_t */
const char *units_parse_count(const char *value, void *field);

/** units_parse_size() - bytes from 1, with k, M or G for powers of 1024; uint64_t */
const char *units_parse_size(const char *value, void *field);

/** units_parse_duration() - "10", "0.5", "500ms", "90s", "1m", "2h" above 0; uint64_t ns */
const char *units_parse_duration(const char *value, void *field);

/** units_parse_rate() - "10kpps", "1.5Gbit", "max"; struct units_rate */
const char *units_parse_rate(const char *value, void *field);

/**
 * units_parse_range() - a plain decimal number
 * @value:  all of it must be the number
 * @lowest: smallest number that is accepted
 * @most:   largest
 * @number: set when the number is accepted
 *
 * Return: whether the number is accepted.
 */
bool units_parse_range(const char *value, uint64_t lowest, uint64_t most, uint64_t *number);

#define UNITS_TEXT 48

/** A number as text, returned by value so that one printf can have several. */
struct units_text {
	char text[UNITS_TEXT];
};

/** units_number() - 1234567 -> "1,234,567" */
struct units_text units_number(uint64_t number);

/** units_bytes() - powers of 1024: 8388608 -> "8.0 MiB" */
struct units_text units_bytes(uint64_t bytes);

/** units_bits() - bits a second, powers of 1000: 1.5e9 -> "1.50 Gbit/s" */
struct units_text units_bits(double per_second);

/** units_packets() - packets a second: 1234567.8 -> "1,234,568 pps" */
struct units_text units_packets(double per_second);

#endif
