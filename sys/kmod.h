/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The entry of nsring.ko, which makes sockets and tells of them: nsring(4). */
#ifndef NSR_KMOD_H
#define NSR_KMOD_H

#include <stdbool.h>
#include <stdint.h>

/**
 * nsr_kmod_open() - have nsring.ko make a socket in the calling thread's namespace
 * @abi: NSRING_ABI
 *
 * Return: its descriptor, close-on-exec, to be closed with close(2); -ENOENT the module is not loaded;
 * -EPERM CAP_NET_RAW is missing, or a policy keeps this process from packet sockets; -EACCES the namespace is a user namespace's, which the module does not
 * let in; -EPROTONOSUPPORT it has another ABI; -errno.
 */
int nsr_kmod_open(unsigned int abi);

/**
 * nsr_kmod_ask() - the same by sockets of the caller's, in their namespace
 * @netlink: of nsr_netlink_open(NETLINK_GENERIC)
 * @packet:  a packet socket, as socket(2) makes it
 * @abi:     NSRING_ABI
 *
 * Return: as of nsr_kmod_open(); -EBADF @packet is no socket.
 */
int nsr_kmod_ask(int netlink, int packet, unsigned int abi);

/**
 * struct nsr_kmod_capture - an open capture of the module
 * @inode:      of its socket
 * @uid:        user who made it
 * @ifindex:    its device, 0: any
 * @share:      number of the shared ring, 0: it has its own
 * @captures:   takes packets: has not stopped, does not only send, and its device is there
 * @everywhere: of any device in all namespaces
 * @filtered:   it has a filter
 * @ring_bytes: memory of its ring, 0: it has none
 * @full:       packets that found no room
 */
struct nsr_kmod_capture {
	uint64_t inode;
	uint32_t uid;
	uint32_t ifindex;
	uint32_t share;
	bool captures;
	bool everywhere;
	bool filtered;
	uint64_t ring_bytes;
	uint64_t full;
};

/**
 * nsr_kmod_captures() - the captures of a namespace
 * @netlink: of nsr_netlink_open(NETLINK_GENERIC), in that namespace
 * @found:   called for each; its return value other than 0 ends it
 * @arg:     for @found
 *
 * Return: 0; -ENOENT the module is not loaded; -EPERM CAP_NET_ADMIN is missing; what @found returned; -errno.
 */
int nsr_kmod_captures(int netlink, int (*found)(const struct nsr_kmod_capture *capture, void *arg),
		      void *arg);

#endif
