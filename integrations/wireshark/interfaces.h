/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Which interfaces Wireshark gets: nsring, nsring-ssh, and one for each namespace that has a name. */
#ifndef NSRING_EXTCAP_INTERFACES_H
#define NSRING_EXTCAP_INTERFACES_H

#include "extcap.h"

/** Most namespaces that are shown: Wireshark runs this program for each whenever it starts. */
#define INTERFACES_NETNS_MOST 32

/**
 * interfaces_print() - print the sentences that tell which interfaces there are
 *
 * Of the namespaces in /run/netns those come first whose names do by their bytes. Names that extcap's
 * sentences or Wireshark can't carry are left out; their users type them as a target.
 */
void interfaces_print(void);

/** interfaces_print_dlts() - print the sentence about an interface's link type */
void interfaces_print_dlts(void);

/** interfaces_kind() - what kind of interface a name is, EXTCAP_NONE when it is none of ours */
enum extcap_kind interfaces_kind(const char *name);

#endif
