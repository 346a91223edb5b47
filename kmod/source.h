/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A source: the devices whose packets one ring or one cluster gets, which are one device, all of a
 * namespace, or all of all namespaces. It has a tap for each.
 *
 *	device ── hook ──┬── tap ── source ── ring
 *	                 └── tap ──┐
 *	device ── hook ───── tap ──┴ source ── cluster
 *
 * Lifetime: a source is part of its ring or cluster, and lives as long. A tap belongs to its source
 * and lies in two lists: the source's, and the hook's. It is made when the source is attached or a
 * device appears, and goes with the source or the device, whichever goes first; RCU frees it. A
 * source of one device that loses it is no longer attached, and its readers get ENODEV; one of all
 * devices just has a tap less.
 *
 * A tap that is made when the capture begins is charged to who captures, whose memory cgroup may
 * make it wait; so it is made before RTNL is taken (struct nsr_taps). One that is made when a device
 * appears is charged to nobody: the process that makes or moves the device is a stranger, whose
 * memory limit must not keep it from the capture. If the kernel itself has no memory, the source is
 * marked as @incomplete, and a work item tries again until it has all its devices.
 *
 * Attached and detached under the lock of the namespace's captures, and within that under RTNL,
 * which protects taps, hooks and lists of sources, and under which devices come and go. Taps may
 * also be walked under RCU.
 */
#ifndef NSR_SOURCE_H
#define NSR_SOURCE_H

#include <linux/list.h>
#include <linux/netdevice.h>

#include "nsring_uapi.h"

/* Flags of a setup that matter to a source. */
#define NSR_SOURCE_FLAGS (NSRING_PROMISCUOUS | NSRING_ALL_NETNS)

struct mem_cgroup;
struct nsr_cluster;
struct nsr_hook;
struct nsr_ring;
struct nsr_source;

/**
 * struct nsr_tap - a source takes packets from a device
 * @in_hook:   link in the hook's list
 * @source:    gets the packets
 * @wants:     [0] packets that come in, [1] packets that go out
 * @hook:      of the device
 * @in_source: link in the source's list
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
 * @ring:     gets the packets; NULL: @cluster does
 * @cluster:  gets the packets, if there is no @ring
 * @net:      the namespace; not held here, as the sockets hold it
 * @memcg:    memory cgroup of who attached it, which its taps are charged to; a reference; NULL: none
 * @ifindex:  the device, 0: all
 * @flags:    NSRING_PROMISCUOUS, NSRING_ALL_NETNS
 * @direction: NSRING_DIRECTION_…
 * @attached: takes packets; written under RTNL
 * @incomplete: it lacks a device for want of memory
 * @taps:     on its devices
 * @node:     in the list of sources that also take devices to come
 */
struct nsr_source {
	struct nsr_ring *ring;
	struct nsr_cluster *cluster;
	struct net *net;
	struct mem_cgroup *memcg;
	u32 ifindex;
	u32 flags;
	u32 direction;
	bool attached;
	bool incomplete;
	struct list_head taps;
	struct list_head node;
};

/**
 * struct nsr_taps - taps that are made and not used yet
 * @list:   by their in_source
 * @count:  of them
 * @wanted: so many are needed, as far as known
 */
struct nsr_taps {
	struct list_head list;
	u32 count;
	u32 wanted;
};

void nsr_taps_init(struct nsr_taps *taps);
int nsr_taps_fill(struct nsr_taps *taps);
void nsr_taps_free(struct nsr_taps *taps);
void nsr_source_init(struct nsr_source *source, struct nsr_ring *ring, struct nsr_cluster *cluster);
int nsr_source_attach(struct nsr_source *source, struct net *net, u32 ifindex,
		      const struct nsring_setup *setup, struct nsr_taps *taps);
void nsr_source_detach(struct nsr_source *source);
void nsr_source_add_device(struct nsr_source *source, struct net_device *dev);
void nsr_source_lose_device(struct nsr_tap *tap);
void nsr_sources_stop_retrying(void);

#endif
