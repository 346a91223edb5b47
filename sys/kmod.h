/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The entry of nsring.ko, which makes sockets: nsring(4). */
#ifndef NSR_KMOD_H
#define NSR_KMOD_H

/**
 * nsr_kmod_open() - have nsring.ko make a socket in the calling thread's namespace
 * @abi: NSRING_ABI
 *
 * Return: its descriptor, close-on-exec, to be closed with close(2); -ENOENT the module is not loaded;
 * -EPERM CAP_NET_RAW is missing; -EACCES the namespace is a user namespace's, which the module does not
 * let in; -EPROTONOSUPPORT it has another ABI; -errno.
 */
int nsr_kmod_open(unsigned int abi);

/** nsr_kmod_ask() - the same by a socket of nsr_netlink_open(NETLINK_GENERIC), in that one's namespace */
int nsr_kmod_ask(int netlink, unsigned int abi);

#endif
