/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* struct nsr_options: taking it from callers of any version, and structs of any size back. */
#ifndef NSR_OPTIONS_H
#define NSR_OPTIONS_H

#include <nsring/nsring.h>

#define NSR_SNAPLEN_MAX 262144

/**
 * nsr_options_take() - copy a caller's options, check them, put in the defaults
 * @from: the caller's, of any version, or NULL
 * @to:   filled in
 * @err:  names the option that is wrong; may be NULL
 *
 * Return: 0, -EINVAL, or -E2BIG for options that this library does not know.
 */
int nsr_options_take(const struct nsr_options *from, struct nsr_options *to, struct nsr_error *err);

/**
 * nsr_struct_give() - fill in a sized struct of a caller
 * @to:   begins with a size_t that the caller set
 * @from: ours, of @size bytes
 *
 * What the caller has room for and we don't know becomes zero; its size field stays.
 *
 * Return: 0, or -EINVAL when @to has room for nothing.
 */
int nsr_struct_give(void *to, const void *from, size_t size);

#endif
