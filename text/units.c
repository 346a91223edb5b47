/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Numbers with units.
 */
#include "units.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DURATION_MAX_S 315360000.0 /* ten years */
#define RATE_MAX       1e12

struct unit {
	const char *name;
	double factor;
};

const char *units_parse_flag(const char *value, void *field)
{
	bool *flag = field;

	*flag = true;
	return NULL;
}

const char *units_parse_string(const char *value, void *field)
{
	const char **string = field;

	*string = value;
	return NULL;
}

/* Reads the digits at *@p and moves *@p behind them; false without a digit or beyond 64 bits. */
static bool read_digits(const char **p, uint64_t *number)
{
	const char *at = *p;

	*number = 0;
	while (*at >= '0' && *at <= '9') {
		if (__builtin_mul_overflow(*number, 10u, number) ||
		    __builtin_add_overflow(*number, (uint64_t)(*at - '0'), number))
			return false;
		at++;
	}
	if (at == *p)
		return false;
	*p = at;
	return true;
}

bool units_parse_range(const char *value, uint64_t lowest, uint64_t most, uint64_t *number)
{
	uint64_t read;

	if (!read_digits(&value, &read) || *value || read < lowest || read > most)
		return false;
	*number = read;
	return true;
}

/* The power that a unit letter stands for; -1 for none. */
static int power_of(char letter)
{
	switch (letter) {
	case 'k':
	case 'K':
		return 1;
	case 'm':
	case 'M':
		return 2;
	case 'g':
	case 'G':
		return 3;
	case 't':
	case 'T':
		return 4;
	default:
		return -1;
	}
}

static bool parse_scaled(const char *value, uint64_t base, const char *tail, uint64_t *number)
{
	int power;

	if (!read_digits(&value, number))
		return false;
	power = power_of(*value);
	if (power > 0)
		value++;
	while (power-- > 0) {
		if (__builtin_mul_overflow(*number, base, number))
			return false;
	}
	return *number && (!*value || !strcasecmp(value, tail));
}

const char *units_parse_count(const char *value, void *field)
{
	uint64_t number;

	if (!parse_scaled(value, 1000, "", &number))
		return "a number from 1, such as 1000, 20k or 3M";
	*(uint64_t *)field = number;
	return NULL;
}

const char *units_parse_size(const char *value, void *field)
{
	uint64_t bytes;

	if (!parse_scaled(value, 1024, "iB", &bytes) && !parse_scaled(value, 1024, "B", &bytes))
		return "a size such as 8M";
	*(uint64_t *)field = bytes;
	return NULL;
}

/* Reads a decimal fraction without sign or exponent. Return: what follows it; NULL without one. */
static const char *read_decimal(const char *value, double *number)
{
	size_t length = strspn(value, "0123456789.");
	char *end;

	if (!length || length > 20)
		return NULL;
	*number = strtod(value, &end);
	/* strtod() would also take hex and exponents, hence @length; it stops at a second point. */
	return end == value + length ? end : NULL;
}

/* The factor of the unit called @name; 0 for none. */
static double find_unit(const struct unit *units, const char *name)
{
	for (; units->name; units++) {
		if (!strcasecmp(units->name, name))
			return units->factor;
	}
	return 0;
}

const char *units_parse_duration(const char *value, void *field)
{
	static const struct unit units[] = { { "", 1 },	     { "s", 1 },     { "ms", 1e-3 },
					     { "us", 1e-6 }, { "min", 60 },  { "m", 60 },
					     { "h", 3600 },  { "d", 86400 }, { NULL, 0 } };
	double number = 0, seconds = 0;
	const char *unit = read_decimal(value, &number);

	if (unit)
		seconds = number * find_unit(units, unit);
	if (!(seconds >= 1e-6 && seconds <= DURATION_MAX_S))
		return "a time such as 10, 0.5, 500ms, 2m or 1h";
	*(uint64_t *)field = (uint64_t)(seconds * 1e9 + 0.5);
	return NULL;
}

const char *units_parse_rate(const char *value, void *field)
{
	static const struct unit packets[] = { { "", 1 },	{ "pps", 1 },	 { "k", 1e3 },
					       { "kpps", 1e3 }, { "m", 1e6 },	 { "mpps", 1e6 },
					       { "g", 1e9 },	{ "gpps", 1e9 }, { NULL, 0 } };
	static const struct unit bits[] = { { "bit", 1 },    { "bit/s", 1 },	{ "bps", 1 },
					    { "kbit", 1e3 }, { "kbit/s", 1e3 }, { "kbps", 1e3 },
					    { "mbit", 1e6 }, { "mbit/s", 1e6 }, { "mbps", 1e6 },
					    { "gbit", 1e9 }, { "gbit/s", 1e9 }, { "gbps", 1e9 },
					    { NULL, 0 } };
	struct units_rate rate = { .kind = UNITS_RATE_MAX };
	double number = 0, factor = 0;
	const char *unit;

	if (!strcmp(value, "max")) {
		*(struct units_rate *)field = rate;
		return NULL;
	}
	unit = read_decimal(value, &number);
	if (unit) {
		factor = find_unit(packets, unit);
		rate.kind = factor > 0 ? UNITS_RATE_PACKETS : UNITS_RATE_BITS;
		if (!(factor > 0))
			factor = find_unit(bits, unit);
	}
	rate.per_second = number * factor;
	if (!(rate.per_second >= 1e-3 && rate.per_second <= RATE_MAX))
		return "a rate such as 10kpps, 1.5Gbit or max";
	*(struct units_rate *)field = rate;
	return NULL;
}

struct units_text units_number(uint64_t number)
{
	struct units_text out;
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, number);
	char *to = out.text;
	int i;

	for (i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return out;
}

/* Prints @value with three significant digits, in the first unit that keeps it below @base. */
static struct units_text scaled(double value, double base, const char *const *names)
{
	struct units_text out;
	int decimals = value > 0 ? 2 : 0;

	/* 999.5 would round to 1000 */
	while (value >= base - 0.5 && names[1]) {
		value /= base;
		names++;
	}
	if (value >= 9.995)
		decimals = value >= 99.95 ? 0 : 1;
	snprintf(out.text, sizeof(out.text), "%.*f %s", decimals, value, *names);
	return out;
}

struct units_text units_bytes(uint64_t bytes)
{
	static const char *const names[] = { "KiB", "MiB", "GiB", "TiB", "PiB", NULL };
	struct units_text out;

	if (bytes >= 1024)
		return scaled((double)bytes / 1024, 1024, names);
	snprintf(out.text, sizeof(out.text), "%" PRIu64 " bytes", bytes);
	return out;
}

struct units_text units_bits(double per_second)
{
	static const char *const names[] = {
		"bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s", NULL
	};

	return scaled(per_second > 0 ? per_second : 0, 1000, names);
}

struct units_text units_packets(double per_second)
{
	struct units_text out = { { 0 } };

	if (per_second > 0 && per_second < 99.95) {
		snprintf(out.text, sizeof(out.text), "%.1f pps", per_second);
		return out;
	}
	if (!(per_second > 0 && per_second < 1e18))
		per_second = 0;
	out = units_number((uint64_t)(per_second + 0.5));
	strcat(out.text, " pps");
	return out;
}
