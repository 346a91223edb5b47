/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#ifndef NSR_TESTS_KERNEL_CACHE_H
#define NSR_TESTS_KERNEL_CACHE_H

#define ____cacheline_aligned_in_smp __attribute__((aligned(64)))

#endif
