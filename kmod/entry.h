/* SPDX-License-Identifier: GPL-2.0-only */
/* How user space comes by a socket: see entry.c. */
#ifndef NSR_ENTRY_H
#define NSR_ENTRY_H

struct genl_family;

extern struct genl_family nsr_genl_family;

int nsr_entry_register(void);
void nsr_entry_unregister(void);

#endif
