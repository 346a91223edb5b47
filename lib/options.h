/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Taking struct nsr_options from callers of any version. */
#ifndef NSR_OPTIONS_H
#define NSR_OPTIONS_H

#include <nsring/nsring.h>

/**
 * nsr_options_take() - copy a caller's options, check them, put in the defaults of all engines
 * @from: the caller's, of any version, or NULL
 * @to:   filled in, except that ring_bytes and batch_ms may stay 0: their defaults are the engine's
 * @err:  names the option that is wrong; may be NULL
 *
 * Return: 0, -EINVAL, or -E2BIG for options that this library does not know.
 */
int nsr_options_take(const struct nsr_options *from, struct nsr_options *to, struct nsr_error *err);

#endif
