/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Capabilities for opening, which some programs give up before they open.
 *
 * dumpcap has only CAP_NET_RAW and CAP_NET_ADMIN left when it opens a device: too little to enter another
 * network namespace. Capabilities are a thread's. So in programs that `nsring run` starts a thread keeps those
 * that the program began with, opens targets, and ends when the program reads its first packets.
 *
 * Only where a word of the program's command line names a target: once a program has had a second thread,
 * glibc locks its files for each write, which costs tcpdump a tenth of its time for a packet.
 */
#ifndef NSR_COMPAT_KEEPER_H
#define NSR_COMPAT_KEEPER_H

/** keeper_run() - call @fn with @arg, in that thread if there is one; returns what @fn does */
int keeper_run(int (*fn)(void *arg), void *arg);

/** keeper_end() - from now on there is none */
void keeper_end(void);

#endif
