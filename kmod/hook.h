/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hook: where packets of one device reach the module. There is one only while somebody captures
 * from the device, however many do, so that nobody else pays.
 */
#ifndef NSR_HOOK_H
#define NSR_HOOK_H

#include <linux/netdevice.h>

#include "source.h"

struct sock;

/**
 * struct nsr_hook - a device that is captured from
 * @taps:  who captures, at least one; written under RTNL
 * @netns: cookie of the device's namespace
 * @type:  what the kernel calls
 * @rcu:   frees it
 */
struct nsr_hook {
	struct list_head taps;
	u64 netns;
	struct packet_type type;
	struct rcu_head rcu;
};

int nsr_deliver(struct sk_buff *skb, struct net_device *dev, struct packet_type *type,
		struct net_device *orig_dev);
bool nsr_deliver_is_own(struct packet_type *type, struct sock *sk);
int nsr_hook_add(struct net_device *dev, struct nsr_tap *tap);
void nsr_hook_remove(struct nsr_tap *tap);
struct net_device *nsr_hook_device(const struct nsr_hook *hook);
void nsr_hook_lose_device(struct net_device *dev);
unsigned int nsr_hook_taps(struct net *net, int ifindex);

#endif
