// SPDX-License-Identifier: GPL-2.0-only
#include <linux/memcontrol.h>
#include <linux/rtnetlink.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "cluster.h"
#include "hook.h"
#include "netns.h"
#include "reader.h"
#include "ring.h"
#include "source.h"
#include "workqueue.h"

#define RETRY_DELAY (HZ / 10)
#define MORE_TAPS   8 /* for devices that appear while taps are made */

/** nsr_taps_init() - no taps yet, and one wanted */
void nsr_taps_init(struct nsr_taps *taps)
{
	INIT_LIST_HEAD(&taps->list);
	taps->count = 0;
	taps->wanted = 1;
}

/**
 * nsr_taps_fill() - make as many taps as are wanted
 * @taps: keeps those that it has
 *
 * Without a lock, because it may wait for the memory cgroup of who captures, which they are charged
 * to. Return: 0; -ENOMEM, and what there is is to be freed.
 */
int nsr_taps_fill(struct nsr_taps *taps)
{
	struct nsr_tap *tap;

	for (; taps->count < taps->wanted; taps->count++) {
		tap = kzalloc(sizeof(*tap), GFP_KERNEL_ACCOUNT);
		if (!tap)
			return -ENOMEM;
		list_add(&tap->in_source, &taps->list);
	}
	return 0;
}

/** nsr_taps_free() - free those that were not used */
void nsr_taps_free(struct nsr_taps *taps)
{
	struct nsr_tap *tap, *next;

	list_for_each_entry_safe(tap, next, &taps->list, in_source)
		kfree(tap);
	nsr_taps_init(taps);
}

static struct nsr_tap *take(struct nsr_taps *taps)
{
	struct nsr_tap *tap = list_first_entry(&taps->list, struct nsr_tap, in_source);

	list_del(&tap->in_source);
	taps->count--;
	return tap;
}

/* Are there so many? If not, a few more than those are wanted next time. */
static bool has_taps(struct nsr_taps *taps, u32 count)
{
	if (taps->count >= count)
		return true;
	taps->wanted = count + count / 8 + MORE_TAPS;
	return false;
}

/** nsr_source_init() - make a source that takes nothing yet, for a ring or for a cluster */
void nsr_source_init(struct nsr_source *source, struct nsr_ring *ring, struct nsr_cluster *cluster)
{
	source->ring = ring;
	source->cluster = cluster;
	INIT_LIST_HEAD(&source->taps);
	INIT_LIST_HEAD(&source->node);
}

/* Each packet that a loopback device sends comes in again, so by default it is taken only then. */
static void choose_packets(struct nsr_tap *tap, const struct net_device *dev, u32 direction)
{
	tap->wants[0] = direction != NSRING_DIRECTION_OUT;
	tap->wants[1] = direction != NSRING_DIRECTION_IN;
	if (direction == NSRING_DIRECTION_BOTH && (dev->flags & IFF_LOOPBACK))
		tap->wants[1] = false;
}

/* @tap: all zeros; it is the source's from now on, or freed. */
static int add_tap(struct nsr_source *source, struct net_device *dev, struct nsr_tap *tap)
{
	int rc;

	tap->source = source;
	choose_packets(tap, dev, source->direction);
	if (source->flags & NSRING_PROMISCUOUS) {
		rc = dev_set_promiscuity(dev, 1);
		if (rc < 0)
			goto free_tap;
	}
	rc = nsr_hook_add(dev, tap);
	if (rc < 0)
		goto unset;
	list_add_tail(&tap->in_source, &source->taps);
	return 0;

unset:
	if (source->flags & NSRING_PROMISCUOUS)
		dev_set_promiscuity(dev, -1);
free_tap:
	kfree(tap);
	return rc;
}

/*
 * For a device that has appeared, under RTNL: so a memory cgroup must not make us wait. An atomic allocation
 * takes it beyond its limit instead, which its own processes make up for.
 */
static int make_tap(struct nsr_source *source, struct net_device *dev)
{
	struct mem_cgroup *old = set_active_memcg(source->memcg);
	struct nsr_tap *tap = kzalloc(sizeof(*tap), GFP_ATOMIC | __GFP_ACCOUNT);

	set_active_memcg(old);
	return tap ? add_tap(source, dev, tap) : -ENOMEM;
}

static void remove_tap(struct nsr_tap *tap)
{
	if (tap->source->flags & NSRING_PROMISCUOUS)
		dev_set_promiscuity(nsr_hook_device(tap->hook), -1);
	nsr_hook_remove(tap);
	list_del(&tap->in_source);
	kfree_rcu(tap, rcu);
}

/* Tell the readers that the source lacks a device, by a positive errno value. */
static void tell(const struct nsr_source *source, int error)
{
	if (source->cluster)
		nsr_cluster_fail(source->cluster, error);
	else
		nsr_readers_fail(source->ring, error);
}

static u32 count_devices(struct net *net)
{
	struct net_device *dev;
	u32 count = 0;

	for_each_netdev(net, dev)
		count++;
	return count;
}

/* How many devices the source is to have; under RTNL. A namespace that comes now has none yet. */
static u32 count_all(const struct nsr_source *source)
{
	struct nsr_net *ns;
	u32 count = 0;

	if (source->ifindex)
		return 1;
	if (!(source->flags & NSRING_ALL_NETNS))
		return count_devices(source->net);
	mutex_lock(&nsr_nets_lock);
	list_for_each_entry(ns, &nsr_nets, node)
		count += count_devices(ns->net);
	mutex_unlock(&nsr_nets_lock);
	return count;
}

static int add_devices(struct nsr_source *source, struct net *net, struct nsr_taps *taps)
{
	struct net_device *dev;
	int rc;

	for_each_netdev(net, dev) {
		rc = add_tap(source, dev, take(taps));
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int attach_everywhere(struct nsr_source *source, struct nsr_taps *taps)
{
	struct nsr_net *ns;
	int rc = 0;

	mutex_lock(&nsr_nets_lock);
	list_for_each_entry(ns, &nsr_nets, node) {
		rc = add_devices(source, ns->net, taps);
		if (rc < 0)
			break;
	}
	mutex_unlock(&nsr_nets_lock);
	list_add_tail(&source->node, &nsr_sources_everywhere);
	return rc;
}

/* Each device that comes costs each of these memory which no limit refuses: see make_tap(). */
static bool has_room(const struct nsr_captures *captures)
{
	const struct list_head *pos;
	unsigned int count = 0;

	list_for_each(pos, &captures->sources) count++;
	return count < NSRING_ANY_MAX || capable(CAP_SYS_RESOURCE);
}

static int attach_namespace(struct nsr_source *source, struct nsr_taps *taps)
{
	if (!has_room(nsr_captures(source->net)))
		return -EUSERS;
	list_add_tail(&source->node, &nsr_captures(source->net)->sources);
	return add_devices(source, source->net, taps);
}

static int attach_device(struct nsr_source *source, struct nsr_taps *taps)
{
	struct net_device *dev = __dev_get_by_index(source->net, source->ifindex);

	return dev ? add_tap(source, dev, take(taps)) : -ENODEV;
}

/* It takes no more packets. */
static void let_go(struct nsr_source *source)
{
	WRITE_ONCE(source->attached, false);
	mem_cgroup_put(source->memcg);
	source->memcg = NULL;
}

static void detach(struct nsr_source *source)
{
	struct nsr_tap *tap, *next;

	ASSERT_RTNL();
	if (!source->attached)
		return;
	let_go(source);
	list_del_init(&source->node);
	list_for_each_entry_safe(tap, next, &source->taps, in_source)
		remove_tap(tap);
}

static int attach(struct nsr_source *source, struct nsr_taps *taps)
{
	int rc;

	ASSERT_RTNL();
	if (!has_taps(taps, count_all(source)))
		return -EAGAIN;
	source->memcg = get_mem_cgroup_from_mm(current->mm);
	if (source->flags & NSRING_ALL_NETNS)
		rc = attach_everywhere(source, taps);
	else if (!source->ifindex)
		rc = attach_namespace(source, taps);
	else
		rc = attach_device(source, taps);
	WRITE_ONCE(source->attached, true);
	if (rc < 0)
		detach(source);
	return rc;
}

/**
 * nsr_source_attach() - begin to take packets
 * @source:  not attached, except that its device may be going right now
 * @net:     of the socket, in whose captures' lock this is
 * @ifindex: 0: any
 * @setup:   its flags and direction
 * @taps:    for its devices
 *
 * Return: 0; -EAGAIN there were too few taps, and nothing has happened; -ENODEV; -ENOMEM; -EUSERS too many
 * take all devices of the namespace.
 */
int nsr_source_attach(struct nsr_source *source, struct net *net, u32 ifindex,
		      const struct nsring_setup *setup, struct nsr_taps *taps)
{
	int rc;

	lockdep_assert_held(&nsr_captures(net)->lock);
	rtnl_lock();
	source->net = net;
	source->ifindex = ifindex;
	source->flags = setup->flags & NSR_SOURCE_FLAGS;
	source->direction = setup->direction;
	rc = attach(source, taps);
	rtnl_unlock();
	return rc;
}

/**
 * nsr_source_detach() - take no more packets
 * @source: nothing happens if it is not attached
 *
 * Under the lock that it was attached under. It takes RTNL even if the source has lost its device:
 * nsr_source_lose_device() may not be done with the source yet. Packets on their way may still
 * arrive until a grace period has passed.
 */
void nsr_source_detach(struct nsr_source *source)
{
	rtnl_lock();
	detach(source);
	rtnl_unlock();
}

static bool has_tap(const struct nsr_source *source, const struct net_device *dev)
{
	const struct nsr_tap *tap;

	list_for_each_entry(tap, &source->taps, in_source)
		if (nsr_hook_device(tap->hook) == dev)
			return true;
	return false;
}

/* Adds the devices of @net that the source lacks; false: it still lacks one. */
static bool add_missing(struct nsr_source *source, struct net *net)
{
	struct net_device *dev;
	bool all = true;

	for_each_netdev(net, dev)
		if (!has_tap(source, dev) && make_tap(source, dev) < 0)
			all = false;
	return all;
}

/* Under nsr_nets_lock. Returns whether a source of the namespace is still incomplete. */
static bool retry_namespace(struct nsr_net *ns)
{
	struct nsr_captures *captures = nsr_captures(ns->net);
	struct nsr_source *source;
	bool incomplete = false;

	if (!captures)
		return false;
	list_for_each_entry(source, &captures->sources, node) {
		if (source->incomplete)
			source->incomplete = !add_missing(source, ns->net);
		incomplete |= source->incomplete;
	}
	return incomplete;
}

/* Under nsr_nets_lock. Returns whether the source, of all namespaces, is still incomplete. */
static bool retry_everywhere(struct nsr_source *source)
{
	struct nsr_net *ns;

	if (!source->incomplete)
		return false;
	source->incomplete = false;
	list_for_each_entry(ns, &nsr_nets, node)
		if (!add_missing(source, ns->net))
			source->incomplete = true;
	return source->incomplete;
}

static void retry(struct work_struct *work);
static DECLARE_DELAYED_WORK(retry_work, retry);

static void retry_later(void)
{
	queue_delayed_work(nsr_workqueue, &retry_work, RETRY_DELAY);
}

static void retry(struct work_struct *work)
{
	struct nsr_source *source;
	bool again = false;
	struct nsr_net *ns;

	rtnl_lock();
	mutex_lock(&nsr_nets_lock);
	list_for_each_entry(ns, &nsr_nets, node)
		again |= retry_namespace(ns);
	list_for_each_entry(source, &nsr_sources_everywhere, node)
		again |= retry_everywhere(source);
	mutex_unlock(&nsr_nets_lock);
	rtnl_unlock();
	if (again)
		retry_later();
}

/** nsr_sources_stop_retrying() - when no source is left */
void nsr_sources_stop_retrying(void)
{
	cancel_delayed_work_sync(&retry_work);
}

/** nsr_source_add_device() - a device has appeared where the source takes all; under RTNL */
void nsr_source_add_device(struct nsr_source *source, struct net_device *dev)
{
	ASSERT_RTNL();
	if (make_tap(source, dev) == 0)
		return;
	source->incomplete = true;
	retry_later();
}

/**
 * nsr_source_lose_device() - the device of a tap goes away; under RTNL
 * @tap: freed here
 *
 * The readers are told, as far as they have joined. A reader that joins at the same time is not
 * waited for, as it may hold the lock of its namespace and wait for RTNL; it looks itself, after it
 * has joined, whether the source is still attached: see look_again() in bind.c.
 */
void nsr_source_lose_device(struct nsr_tap *tap)
{
	struct nsr_source *source = tap->source;

	remove_tap(tap);
	if (!source->ifindex)
		return;
	let_go(source);
	/* Who joins after the walk finds it detached. Pairs with look_again(). */
	smp_mb();
	tell(source, ENODEV);
}
