/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Questions to drivers by ioctl(2), all of them without a capability. By ioctl, as ethtool's netlink
 * family has no driver names.
 *
 * Any socket will do: it stands for the namespace that it was opened in.
 */
#ifndef NSR_ETHTOOL_H
#define NSR_ETHTOOL_H

#include <stdint.h>

#define NSR_ETHTOOL_DRIVER_BYTES 32 /* with the final NUL */

/** nsr_ethtool_open() - a socket of the calling thread's namespace, for close(2); -errno */
int nsr_ethtool_open(void);

/**
 * nsr_ethtool_ask() - one command (SIOCETHTOOL)
 * @fd:      a socket
 * @device:  its name
 * @command: a struct of linux/ethtool.h, which begins with ETHTOOL_…; the answer takes its place
 *
 * Return: 0; -ENODEV; -EOPNOTSUPP the driver doesn't tell; -errno.
 */
int nsr_ethtool_ask(int fd, const char *device, void *command);

/** nsr_ethtool_driver() - the driver's name; "" where there is none */
void nsr_ethtool_driver(int fd, const char *device, char driver[NSR_ETHTOOL_DRIVER_BYTES]);

/** nsr_ethtool_speed_mbit() - the link's speed in Mbit/s, 0 where it has none */
uint32_t nsr_ethtool_speed_mbit(int fd, const char *device);

/** nsr_ethtool_rx_stamps() - which packets are stamped (HWTSTAMP_FILTER_…); -errno */
int nsr_ethtool_rx_stamps(int fd, const char *device);

#endif
