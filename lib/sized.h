/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Sized structs: the public structs that begin with a size_t, which says how many bytes of them the
 * program was compiled with. Programs older and newer than the library both work.
 */
#ifndef NSR_SIZED_H
#define NSR_SIZED_H

#include <stddef.h>

/**
 * nsr_struct_take() - copy a caller's struct
 * @to:   ours, of @size bytes
 * @from: the caller's
 *
 * What an older caller does not have becomes zero, which must be every field's default; what a
 * newer one has more must be zero.
 *
 * Return: 0; -EINVAL a size that was never set; -E2BIG something is set that we don't know.
 */
int nsr_struct_take(void *to, const void *from, size_t size);

/**
 * nsr_struct_give() - fill in a caller's struct
 * @to:   the caller's; its size stays
 * @from: ours, of @size bytes
 *
 * What the caller has room for and we don't know becomes zero.
 *
 * Return: 0; -EINVAL a size that was never set, or room for nothing.
 */
int nsr_struct_give(void *to, const void *from, size_t size);

#endif
