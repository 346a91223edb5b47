/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Sized structs: the public structs that begin with a size_t. It tells how many bytes the struct
 * had when the program was compiled, so that programs older and newer than the library both work.
 */
#ifndef NSR_SIZED_H
#define NSR_SIZED_H

#include <stddef.h>

/**
 * nsr_struct_take() - copy a caller's struct
 * @to:   ours, of @size bytes
 * @from: the caller's
 *
 * Fields that an older caller lacks become zero, which must be every field's default. Bytes that a
 * newer caller has beyond ours must be zero.
 *
 * Return: 0; -EINVAL a size that was never set; -E2BIG the caller has set a field beyond ours.
 */
int nsr_struct_take(void *to, const void *from, size_t size);

/**
 * nsr_struct_give() - fill in a caller's struct
 * @to:   the caller's; its size stays
 * @from: ours, of @size bytes
 *
 * Bytes that a newer caller has beyond ours become zero.
 *
 * Return: 0; -EINVAL a size that was never set, or room for nothing.
 */
int nsr_struct_give(void *to, const void *from, size_t size);

#endif
