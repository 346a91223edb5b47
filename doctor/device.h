/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A device as the kernel describes it: device.c asks rtnetlink and netdev-netlink through sys/,
 * ethtool.c asks the driver. Asking changes nothing.
 */
#ifndef NSRING_DOCTOR_DEVICE_H
#define NSRING_DOCTOR_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "sys/link.h"
#include "sys/netdev.h"

/** Offloads that change what a capture sees. */
enum offload {
	OFFLOAD_GRO = 0,
	OFFLOAD_GRO_HW,
	OFFLOAD_LRO,
	OFFLOAD_TSO,
	OFFLOAD_USO,
	OFFLOAD_GSO,
	OFFLOAD_RX_VLAN,
	OFFLOAD_RX_FCS,
	OFFLOAD_RX_ALL,
	OFFLOAD_TC,
	OFFLOADS
};

/** struct offload_state - @known: the kernel reports it; @fixed: it can't be changed */
struct offload_state {
	bool known;
	bool on;
	bool fixed;
};

/**
 * struct ethtool - what the driver tells
 * @driver:   its name, "" when not told
 * @queues, @queues_most: receive queues in use, and possible; 0: not told
 * @combined: the queues also send; ethtool -L has a keyword of its own for these
 * @ring, @ring_most: entries of each queue's receive ring, in use and possible; 0: not told
 * @clock:    the device can stamp packets that it receives
 * @stamps:   and stamping is on
 */
struct ethtool {
	char driver[32];
	uint32_t queues, queues_most;
	bool combined;
	uint32_t ring, ring_most;
	bool clock;
	bool stamps;
	struct offload_state offloads[OFFLOADS];
};

/**
 * struct device - all that is known of a device
 * @name:     set by the caller
 * @features: XDP features of the driver, when @features_rc is 0
 * @features_rc: 0; -errno: the kernel does not tell
 * @master, @below: the device that it belongs to, and its peer or the device beneath; index 0: none
 *            in this namespace
 * @peer_offloads: offloads of @below
 * @xdp_name: name of the XDP program on it, "" when it can't be read
 */
struct device {
	char name[16];
	struct nsr_link_info link;
	struct ethtool ethtool;
	struct nsr_netdev_xdp features;
	int features_rc;
	struct nsr_link_info master, below;
	struct offload_state peer_offloads[OFFLOADS];
	char xdp_name[16];
};

/** device_look() - look @device->name up in the calling thread's namespace; 0, -ENODEV, -errno */
int device_look(struct device *device);

/** ethtool_look() - ask the driver; fields that it does not tell stay zero */
void ethtool_look(const char *name, struct ethtool *ethtool);

#endif
