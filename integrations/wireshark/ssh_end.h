/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* How a capture on another host has ended, in words. */
#ifndef NSRING_EXTCAP_SSH_END_H
#define NSRING_EXTCAP_SSH_END_H

#include "child.h"
#include "extcap.h"

/**
 * ssh_end() - tell why ssh has ended, in a sentence where the reason is clear, then in its own words
 * @child: ssh, which has ended
 * @form:  what it was asked
 *
 * Return: enum extcap_status.
 */
int ssh_end(const struct child *child, const struct capture_form *form);

#endif
