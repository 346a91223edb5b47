/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Errors of nsring-extcap itself, which Wireshark shows to its user. */
#ifndef NSRING_EXTCAP_COMPLAIN_H
#define NSRING_EXTCAP_COMPLAIN_H

#include "extcap.h"

/**
 * complain() - say what failed and what to do: "nsring-extcap: SENTENCE"
 * @fmt: printf format without a newline; control characters in the sentence are replaced
 *
 * Return: EXTCAP_FAILED, so that `return complain(...)` reads well.
 */
__attribute__((format(printf, 1, 2))) int complain(const char *fmt, ...);

/** complain_usage() - complain() of wrong arguments; returns EXTCAP_USAGE */
__attribute__((format(printf, 1, 2))) int complain_usage(const char *fmt, ...);

#endif
