/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A source: the devices whose packets one ring or one cluster gets. One device, all of a namespace,
 * or all of all namespaces; a tap for each. Taps come and go with the devices.
 *
 * All of it is under RTNL, but that taps are walked under RCU.
 */
#ifndef NSR_SOURCE_H
#define NSR_SOURCE_H

#include <linux/list.h>
#include <linux/netdevice.h>

#include "nsring_uapi.h"

/* Flags of a setup that matter to a source. */
#define NSR_SOURCE_FLAGS (NSRING_PROMISCUOUS | NSRING_ALL_NETNS)

struct nsr_cluster;
struct nsr_hook;
struct nsr_ring;
struct nsr_source;

/**
 * struct nsr_tap - that a source takes packets from a device
 * @in_hook:   in the device's hook
 * @in_source: in the source
 * @wants:     [0] what comes in, [1] what goes out
 * @hook:      of the device
 * @rcu:       frees it
 */
struct nsr_tap {
	struct list_head in_hook;
	struct nsr_source *source;
	bool wants[2];
	struct nsr_hook *hook;
	struct list_head in_source;
	struct rcu_head rcu;
};

/**
 * struct nsr_source - where packets come from, and who gets them
 * @ring:     gets the packets, or NULL
 * @cluster:  gets them otherwise
 * @net:      the namespace; not held, its sockets hold it
 * @ifindex:  the device, 0: all
 * @flags:    NSRING_PROMISCUOUS, NSRING_ALL_NETNS
 * @direction: NSRING_DIRECTION_…
 * @attached: takes packets
 * @taps:     where
 * @node:     in the list of sources that take new devices, too
 */
struct nsr_source {
	struct nsr_ring *ring;
	struct nsr_cluster *cluster;
	struct net *net;
	u32 ifindex;
	u32 flags;
	u32 direction;
	bool attached;
	struct list_head taps;
	struct list_head node;
};

void nsr_source_init(struct nsr_source *source, struct nsr_ring *ring, struct nsr_cluster *cluster);
int nsr_source_attach(struct nsr_source *source, struct net *net, u32 ifindex,
		      const struct nsring_setup *setup);
void nsr_source_detach(struct nsr_source *source);
void nsr_source_add_device(struct nsr_source *source, struct net_device *dev);
void nsr_source_lose_device(struct nsr_tap *tap);

#endif
