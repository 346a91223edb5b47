/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A device, as the kernel tells of it: device.c gathers what sys has asked rtnetlink and
 * the driver, ethtool.c adds offloads. Nothing is changed by asking.
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

/** struct offload_state - @known: the kernel tells of it; @fixed: it can't be changed */
struct offload_state {
	bool known;
	bool on;
	bool fixed;
};

/**
 * struct ethtool - what the driver tells
 * @driver:   its name, "" when it does not tell
 * @queues, @queues_most: receive queues; 0: it does not tell
 * @combined: these send, too, which ethtool -L counts apart
 * @ring, @ring_most: entries of each queue's ring; 0: it has none
 * @clock:    it can stamp what it receives
 * @stamps:   and does so
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
 * struct device - all that is known
 * @name:     set by the caller
 * @features: when @features_rc is 0
 * @features_rc: -errno: the kernel does not tell
 * @master, @below: names and kinds; index 0 when there is none here
 * @peer_offloads: of @below
 * @xdp_name: of the program there, "" when it can't be told
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

/** device_look() - fill it in, in the calling thread's namespace; 0, -ENODEV, -errno */
int device_look(struct device *device);

/** ethtool_look() - ask the driver; what it does not tell stays zero */
void ethtool_look(const char *name, struct ethtool *ethtool);

#endif
