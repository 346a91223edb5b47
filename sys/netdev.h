/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* XDP as drivers describe theirs: the generic netlink family "netdev", since Linux 6.3. */
#ifndef NSR_NETDEV_H
#define NSR_NETDEV_H

#include <stdint.h>

#include "compat.h"

/**
 * struct nsr_netdev - asks about the devices of a namespace
 * @fd:     a generic netlink socket there; -1: none
 * @family: of "netdev", 0: the kernel doesn't have it
 */
struct nsr_netdev {
	int fd;
	uint16_t family;
};

/**
 * struct nsr_netdev_xdp - of one device
 * @ifindex:     its index
 * @acts:        NSR_NETDEV_XDP_ACT_ bits: what it can do
 * @zc_max_segs: buffers that a frame may take in zero-copy mode
 * @rx_metadata: NSR_NETDEV_XDP_RX_METADATA_ bits: what programs can ask the device for
 */
struct nsr_netdev_xdp {
	uint32_t ifindex;
	uint64_t acts;
	uint32_t zc_max_segs;
	uint64_t rx_metadata;
};

/** nsr_netdev_open() - of the calling thread's namespace; without the family nothing is known */
void nsr_netdev_open(struct nsr_netdev *netdev);

/**
 * nsr_netdev_get() - what a device's driver has
 * @netdev:  open
 * @ifindex: the device
 * @xdp:     filled in
 *
 * Return: 0; -EOPNOTSUPP this kernel doesn't tell; -ENODEV; -errno.
 */
int nsr_netdev_get(const struct nsr_netdev *netdev, uint32_t ifindex, struct nsr_netdev_xdp *xdp);

/**
 * nsr_netdev_list() - nsr_netdev_get() for all devices
 * @netdev: open
 * @found:  called for each
 * @arg:    for @found
 *
 * Return: 0; -EOPNOTSUPP this kernel doesn't tell; -errno.
 */
int nsr_netdev_list(const struct nsr_netdev *netdev,
		    void (*found)(const struct nsr_netdev_xdp *xdp, void *arg), void *arg);

/** nsr_netdev_close() - also one that was never opened, with @netdev->fd of -1 */
void nsr_netdev_close(struct nsr_netdev *netdev);

#endif
