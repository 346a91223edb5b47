/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Looking up the device that a target names. */
#ifndef NSR_LINK_FIND_H
#define NSR_LINK_FIND_H

#include <nsring/engine.h>

/**
 * nsr_link_find() - nsr_link_get() by name, with the reason in words
 * @fd:   of nsr_link_open()
 * @name: its name
 * @link: filled in
 * @err:  the reason in words
 *
 * Return: 0; -ENODEV there is none; -errno of the socket.
 */
int nsr_link_find(int fd, const char *name, struct nsr_link *link, struct nsr_error *err);

#endif
