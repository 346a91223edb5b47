/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The common part of the tests of nsring.ko. They speak to the module by system calls of their own
 * and ask the kernel's own counters: nothing of the library is in them, so that neither hides a
 * fault of the other. They need root and the module, and fail without: they are run in guests (see tests/vm).
 */
#ifndef NSR_TESTS_KMOD_CHECK_H
#define NSR_TESTS_KMOD_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "../../uapi/nsring_uapi.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/** TEST() - a test in a namespace of its own, after which nobody uses the module */
#define TEST(function) cmocka_unit_test_setup_teardown(function, net_enter, net_leave)

/** check() - a system call that must succeed, or the test fails with what it was */
#define check(call)                                                                                \
	({                                                                                         \
		long check_result = (long)(call);                                                  \
		if (check_result < 0)                                                              \
			fail_msg("%s: %s", #call, strerror(errno));                                \
		check_result;                                                                      \
	})

/** assert_errno() - a system call that must fail, and how */
#define assert_errno(call, number)                                                                 \
	do {                                                                                       \
		errno = 0;                                                                         \
		if ((long)(call) >= 0)                                                             \
			fail_msg("%s has succeeded", #call);                                       \
		if (errno != (number))                                                             \
			fail_msg("%s: %s, not %s", #call, strerrorname_np(errno),                  \
				 strerrorname_np(number));                                         \
	} while (0)

#endif
