/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Whether a capture filter is one. */
#ifndef NSRING_EXTCAP_FILTER_CHECK_H
#define NSRING_EXTCAP_FILTER_CHECK_H

#include <stdbool.h>

#include <nsring/nsring.h>

/**
 * filter_is_sound() - whether a filter can be asked of some link type
 * @text: as typed
 * @err:  the reason in words, of Ethernet
 *
 * Before a capture nobody knows the link types that it will have.
 */
bool filter_is_sound(const char *text, struct nsr_error *err);

#endif
