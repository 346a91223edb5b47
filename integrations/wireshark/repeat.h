/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Repeating on stderr what a command has said there. Control characters are replaced. */
#ifndef NSRING_EXTCAP_REPEAT_H
#define NSRING_EXTCAP_REPEAT_H

/** repeat() - all of it, after a failure */
void repeat(const char *said);

/**
 * repeat_notes() - after a capture that went well, only the lines that begin with nsring's name
 *
 * Without the totals: whatever is on stderr, Wireshark shows it as an error.
 */
void repeat_notes(const char *said);

#endif
