// SPDX-License-Identifier: GPL-2.0-only
#include <linux/if_ether.h>
#include <linux/rculist.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "hook.h"
#include "netns.h"

/* Some more taps, or fewer, want sent packets: the kernel clones each, unless told that nobody does. */
static void count_outgoing(struct nsr_hook *hook, int more)
{
	hook->outgoing += more;
	WRITE_ONCE(hook->type.ignore_outgoing, !hook->outgoing);
}

/*
 * Some more taps, or fewer, are of the device's namespace. /proc/net/ptype shows a packet_type of a device in the
 * namespace that is both the device's and @af_packet_net: captures of all namespaces are none of a container's
 * business. Nothing else looks at @af_packet_net where there is a device.
 */
static void count_own(struct nsr_hook *hook, int more)
{
	hook->own += more;
	WRITE_ONCE(hook->type.af_packet_net, hook->own ? hook->net : &init_net);
}

static bool is_own(const struct nsr_tap *tap)
{
	return !(tap->source->flags & NSRING_ALL_NETNS);
}

static struct nsr_hook *make(struct nsr_captures *captures, struct net_device *dev)
{
	struct nsr_hook *hook;
	int rc;

	hook = kzalloc(sizeof(*hook), GFP_KERNEL);
	if (!hook)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&hook->taps);
	hook->net = dev_net(dev);
	hook->netns = hook->net->net_cookie;
	hook->type.type = htons(ETH_P_ALL);
	hook->type.dev = dev;
	hook->type.func = nsr_deliver;
	hook->type.id_match = nsr_deliver_is_own;
	/* Without this the kernel doesn't call id_match. */
	hook->type.af_packet_priv = hook;
	rc = xa_err(xa_store(&captures->hooks, dev->ifindex, hook, GFP_KERNEL));
	if (rc < 0) {
		kfree(hook);
		return ERR_PTR(rc);
	}
	return hook;
}

/**
 * nsr_hook_add() - begin to take packets of a device
 * @dev: a registered device
 * @tap: says which packets its source wants; its hook is filled in
 *
 * Under RTNL. What it allocates is charged to nobody, since the limit of a memory cgroup would make
 * everybody wait who waits for RTNL; there is one hook for each device, and the device is charged.
 *
 * Return: 0; -ENOMEM.
 */
int nsr_hook_add(struct net_device *dev, struct nsr_tap *tap)
{
	struct nsr_captures *captures;
	struct nsr_hook *hook;
	bool first;

	ASSERT_RTNL();
	captures = nsr_captures_make(dev_net(dev), GFP_KERNEL);
	if (!captures)
		return -ENOMEM;
	hook = xa_load(&captures->hooks, dev->ifindex);
	first = !hook;
	if (first)
		hook = make(captures, dev);
	if (IS_ERR(hook))
		return PTR_ERR(hook);
	tap->hook = hook;
	list_add_tail_rcu(&tap->in_hook, &hook->taps);
	count_outgoing(hook, tap->wants[1]);
	count_own(hook, is_own(tap));
	if (first)
		dev_add_pack(&hook->type);
	return 0;
}

/** nsr_hook_remove() - undo nsr_hook_add(); under RTNL; free the tap a grace period later */
void nsr_hook_remove(struct nsr_tap *tap)
{
	struct nsr_hook *hook = tap->hook;
	struct net_device *dev = hook->type.dev;

	ASSERT_RTNL();
	list_del_rcu(&tap->in_hook);
	count_outgoing(hook, -(int)tap->wants[1]);
	count_own(hook, -(int)is_own(tap));
	if (!list_empty(&hook->taps))
		return;
	/* dev_remove_pack() would wait for the grace period. */
	__dev_remove_pack(&hook->type);
	xa_erase(&nsr_captures(hook->net)->hooks, dev->ifindex);
	kfree_rcu(hook, rcu);
}

/** nsr_hook_device() - the device of a hook; under RTNL */
struct net_device *nsr_hook_device(const struct nsr_hook *hook)
{
	return hook->type.dev;
}

/**
 * nsr_hook_lose_device() - a device goes away: tell all who capture from it; under RTNL
 * @dev: the device; the kernel may repeat this later, when another device has the index
 */
void nsr_hook_lose_device(struct net_device *dev)
{
	struct nsr_captures *captures = nsr_captures(dev_net(dev));
	struct nsr_hook *hook;

	ASSERT_RTNL();
	if (!captures)
		return;
	/* The last tap takes the hook along. */
	while ((hook = xa_load(&captures->hooks, dev->ifindex)) && hook->type.dev == dev)
		nsr_source_lose_device(list_first_entry(&hook->taps, struct nsr_tap, in_hook));
}

/**
 * nsr_hook_own_taps() - how many captures and clusters of its own namespace take a device's packets
 * @net:     the namespace
 * @ifindex: the device
 *
 * Those of all namespaces are the host's, and none of a container's business.
 */
unsigned int nsr_hook_own_taps(struct net *net, int ifindex)
{
	struct nsr_captures *captures = nsr_captures(net);
	const struct nsr_hook *hook;
	const struct nsr_tap *tap;
	unsigned int count = 0;

	if (!captures)
		return 0;
	rcu_read_lock();
	hook = xa_load(&captures->hooks, ifindex);
	if (hook)
		list_for_each_entry_rcu(tap, &hook->taps, in_hook)
			count += is_own(tap);
	rcu_read_unlock();
	return count;
}
