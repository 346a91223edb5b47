/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Looking around in a place. */
#ifndef NSRING_DOCTOR_VISIT_H
#define NSRING_DOCTOR_VISIT_H

#include <nsring/nsring.h>

/**
 * visit() - run a function in a place's network namespace
 * @place: as in a target, "" for the calling thread's own
 * @fn:    called with @arg, in a thread of its own when the place is another one
 * @arg:   for @fn
 * @err:   why it could not be called
 *
 * One at a time in a process.
 *
 * Return: what @fn returned, 0 or -errno; what nsr_open() says of the place.
 */
int visit(const char *place, int (*fn)(void *arg), void *arg, struct nsr_error *err);

#endif
