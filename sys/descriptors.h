/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* How many descriptors this process may have. */
#ifndef NSR_DESCRIPTORS_H
#define NSR_DESCRIPTORS_H

/**
 * nsr_descriptors_raise() - raise the soft limit, 1024 in most places, to the hard one
 *
 * For programs that use no select(2): its sets end at 1024.
 */
void nsr_descriptors_raise(void);

#endif
