/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* IP addresses of interfaces, as RTM_GETADDR tells of them. */
#ifndef NSR_ADDRESS_H
#define NSR_ADDRESS_H

#include <stdint.h>

/**
 * struct nsr_address - an interface's own address
 * @ifindex: of the interface
 * @family:  AF_INET or AF_INET6
 * @prefix:  bits of its network
 * @bytes:   4 or 16, then 0; of a point-to-point interface this end's
 */
struct nsr_address {
	uint32_t ifindex;
	uint8_t family;
	uint8_t prefix;
	uint8_t bytes[16];
};

/**
 * nsr_address_list() - all addresses
 * @fd:    of nsr_link_open()
 * @found: called for each; its return value other than 0 ends it
 * @arg:   for @found
 *
 * Return: 0; -EINTR some came or went meanwhile, so that one may be missing; what @found returned;
 * -errno.
 */
int nsr_address_list(int fd, int (*found)(const struct nsr_address *address, void *arg), void *arg);

/**
 * nsr_address_netmask() - the netmask of an interface's first IPv4 address
 * @fd:      of nsr_link_open()
 * @ifindex: the interface
 *
 * Return: in host byte order; 0: it has no such address, or one without a network.
 */
uint32_t nsr_address_netmask(int fd, uint32_t ifindex);

#endif
