/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The common part of the C tests of the library: cmocka, and a look at errors. */
#ifndef NSR_TESTS_CHECK_H
#define NSR_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <nsring/nsring.h>

/* Whether @part is in what failed or in what to do about it. */
static inline bool says(const struct nsr_error *err, const char *part)
{
	return strstr(err->text, part) || strstr(err->advice, part);
}

static inline void assert_says(const struct nsr_error *err, const char *part)
{
	if (!says(err, part))
		fail_msg("\"%s: %s\" does not say \"%s\"", err->text, err->advice, part);
}

/* @count, or less of it where programs are slow and another run has it in full: by NSR_TEST_LESS. */
static inline uint32_t fewer(uint32_t count)
{
	const char *divisor = getenv("NSR_TEST_LESS");

	return divisor ? count / (uint32_t)strtoul(divisor, NULL, 10) : count;
}

#endif
