/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#ifndef NSR_LIB_LINK_XDP_H
#define NSR_LIB_LINK_XDP_H

#include <stdint.h>

/** What a driver has: enum netdev_xdp_act of linux/netdev.h since 6.3. */
#define NSR_LINK_XDP_NDO_XMIT (1u << 2) /* it sends XDP frames */
#define NSR_LINK_XDP_ZEROCOPY (1u << 3) /* AF_XDP sockets need no copy */

/**
 * struct nsr_link_xdp - asks about the devices of a namespace
 * @fd:     a generic netlink socket there; -1: none
 * @family: of "netdev", 0: the kernel doesn't have it
 */
struct nsr_link_xdp {
	int fd;
	uint16_t family;
};

/** nsr_link_xdp_open() - of the calling thread's namespace; without the family nothing is known */
void nsr_link_xdp_open(struct nsr_link_xdp *netdev);

/**
 * nsr_link_xdp_features() - what a device's driver has
 * @netdev:   open
 * @ifindex:  the device
 * @features: set to NSR_LINK_XDP_… bits, and others of that enum
 *
 * Return: 0; -EOPNOTSUPP this kernel doesn't tell; -errno.
 */
int nsr_link_xdp_features(const struct nsr_link_xdp *netdev, uint32_t ifindex, uint64_t *features);

/** nsr_link_xdp_close() - also one that was never opened, with @netdev->fd of -1 */
void nsr_link_xdp_close(struct nsr_link_xdp *netdev);

#endif
