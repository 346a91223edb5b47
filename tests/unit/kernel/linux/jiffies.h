/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#ifndef NSR_TESTS_KERNEL_JIFFIES_H
#define NSR_TESTS_KERNEL_JIFFIES_H

#define HZ 250

extern unsigned long jiffies; /* the program's own clock */

#endif
