/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The headers in this folder stand in for the kernel's of the same name, so that sources of kmod/
 * are compiled as they are into programs. They have only what those need.
 */
#ifndef NSR_TESTS_KERNEL_TYPES_H
#define NSR_TESTS_KERNEL_TYPES_H

#include_next <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

#define __force
#define likely(fact)		__builtin_expect(!!(fact), 1)
#define READ_ONCE(what)		(*(const volatile typeof(what) *)&(what))
#define WRITE_ONCE(what, value) (*(volatile typeof(what) *)&(what) = (value))

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#endif
