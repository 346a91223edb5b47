/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hook: where packets of one device reach the module. A device has one while somebody captures
 * from it, however many do, and none otherwise, so that nobody else pays.
 *
 * Lifetime: the first tap makes the hook, the last one takes it along, both under RTNL. Packets on
 * their way still walk its taps under RCU, so both are freed a grace period later; nothing waits
 * for that. A hook does not hold its device: when the device unregisters, nsr_hook_lose_device()
 * takes off all taps before the device may be freed.
 */
#ifndef NSR_HOOK_H
#define NSR_HOOK_H

#include <linux/netdevice.h>

#include "source.h"

struct sock;

/**
 * struct nsr_hook - a device that is captured from
 * @taps:  those who capture, at least one; written under RTNL
 * @outgoing: how many of them want sent packets; under RTNL
 * @own:   how many of them are of the device's namespace; the others are of all namespaces; under RTNL
 * @net:   the device's namespace
 * @netns: its cookie
 * @type:  the kernel's handle for the hook
 * @rcu:   frees it
 */
struct nsr_hook {
	struct list_head taps;
	unsigned int outgoing;
	unsigned int own;
	struct net *net;
	u64 netns;
	struct packet_type type;
	struct rcu_head rcu;
};

int nsr_deliver(struct sk_buff *skb, struct net_device *dev, struct packet_type *type,
		struct net_device *orig_dev);
bool nsr_deliver_is_own(struct packet_type *type, struct sock *sk);
bool nsr_deliver_selftest(void);
int nsr_hook_add(struct net_device *dev, struct nsr_tap *tap);
void nsr_hook_remove(struct nsr_tap *tap);
struct net_device *nsr_hook_device(const struct nsr_hook *hook);
void nsr_hook_lose_device(struct net_device *dev);
unsigned int nsr_hook_own_taps(struct net *net, int ifindex);

#endif
