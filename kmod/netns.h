/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the module keeps for each network namespace: a few lists, and the files in /proc. Nothing
 * more is made before somebody captures.
 */
#ifndef NSR_NETNS_H
#define NSR_NETNS_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/xarray.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

/**
 * struct nsr_captures - what a namespace needs once somebody captures in it
 * @hooks:   by ifindex, of devices that are captured from
 * @sources: that take all devices of the namespace
 * @shared:  rings with several readers
 * @clusters: by number
 * @opened:  how many sockets have been bound
 * @open:    how many are
 * @past_written, @past_filtered, @past_full: totals of those that are closed
 *
 * Written under RTNL, but for the totals.
 */
struct nsr_captures {
	struct xarray hooks;
	struct list_head sources;
	struct list_head shared;
	struct list_head clusters;
	u32 opened;
	u32 open;
	atomic64_t past_written;
	atomic64_t past_filtered;
	atomic64_t past_full;
};

/**
 * struct nsr_net - a namespace; hosts have thousands that nobody captures in
 * @net:      it
 * @node:     in nsr_nets
 * @proc:     /proc/net/nsring, or NULL
 * @captures: NULL until somebody captures, then there until the namespace goes
 */
struct nsr_net {
	struct net *net;
	struct list_head node;
	struct proc_dir_entry *proc;
	struct nsr_captures *captures;
};

extern unsigned int nsr_net_id;
/* All namespaces. The lock is taken within RTNL. */
extern struct list_head nsr_nets;
extern struct mutex nsr_nets_lock;
/* Sources that take all devices of all namespaces; under RTNL. */
extern struct list_head nsr_sources_everywhere;

static inline struct nsr_net *nsr_net(const struct net *net)
{
	return net_generic(net, nsr_net_id);
}

/** nsr_captures() - what a namespace has once somebody captures in it; NULL: nobody has yet */
static inline struct nsr_captures *nsr_captures(const struct net *net)
{
	return smp_load_acquire(&nsr_net(net)->captures);
}

struct nsr_captures *nsr_captures_make(struct net *net);
int nsr_netns_register(void);
void nsr_netns_unregister(void);

#endif
