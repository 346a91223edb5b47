/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module's state for each network namespace: a place in a list, and the files in /proc. Hosts
 * have thousands of namespaces, so the rest (struct nsr_captures) is made for the first capture.
 *
 * Lifetime: nsr_captures stays until its namespace goes, and each socket holds its namespace. So
 * code that has a bound socket uses nsr_captures() without a lock or a check.
 *
 * Locks: nsr_captures has two sides. What sockets of the namespace share with each other is under
 * its own lock, so that a namespace waits for itself only. What belongs to devices is under RTNL,
 * since devices come, go and move under RTNL: a capture of all namespaces has taps in every
 * namespace, but its ring, readers and members are those of its own.
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
 * struct nsr_captures - the state of a namespace in which somebody captures, or has captured
 * @hooks:   by ifindex, of devices that are captured from; RTNL
 * @sources: that take all devices of the namespace; RTNL
 * @lock:    protects the following, and the lists of readers of the namespace's rings and of members
 *           of its clusters; taken before RTNL
 * @shared:  rings with several readers
 * @clusters: found by their number
 * @socks:   those that were bound, and are open; also walked under RCU
 * @opened:  how many sockets have ever been bound
 * @open:    how many of them are open
 * @past_written, @past_filtered, @past_full: totals of those that are closed, without a lock
 */
struct nsr_captures {
	struct xarray hooks;
	struct list_head sources;
	struct mutex lock;
	struct list_head shared;
	struct list_head clusters;
	struct list_head socks;
	u64 opened;
	u32 open;
	atomic64_t past_written;
	atomic64_t past_filtered;
	atomic64_t past_full;
};

/**
 * struct nsr_net - a namespace; hosts have thousands that nobody captures in
 * @net:      the kernel's side of it
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
/* All namespaces, under nsr_nets_lock, which is taken within RTNL. */
extern struct list_head nsr_nets;
extern struct mutex nsr_nets_lock;
/* Sources that take all devices of all namespaces; under RTNL. */
extern struct list_head nsr_sources_everywhere;

static inline struct nsr_net *nsr_net(const struct net *net)
{
	return net_generic(net, nsr_net_id);
}

/** nsr_captures() - the captures of a namespace; NULL: nobody has captured in it yet */
static inline struct nsr_captures *nsr_captures(const struct net *net)
{
	return smp_load_acquire(&nsr_net(net)->captures);
}

struct nsr_captures *nsr_captures_make(struct net *net, gfp_t gfp);
int nsr_netns_register(void);
void nsr_netns_unregister(void);

#endif
