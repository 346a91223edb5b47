// SPDX-License-Identifier: GPL-2.0-only
/*
 * What there is in a namespace, as answers to generic netlink: a message for each capture, or device. A walk goes on
 * where the answer before was full: behind a capture's number, which only grow, or at the nth device.
 */
#include <linux/cred.h>
#include <linux/netdevice.h>
#include <net/genetlink.h>

#include "dump.h"
#include "entry.h"
#include "hook.h"
#include "netns.h"
#include "ring.h"
#include "sock.h"

static u32 state_of(const struct nsr_sock *sock)
{
	if (READ_ONCE(sock->stopped))
		return NSRING_STATE_STOPPED;
	if (!sock->ring)
		return NSRING_STATE_SENDS;
	return nsr_is_attached(sock) ? NSRING_STATE_CAPTURES : NSRING_STATE_DEVICE_GONE;
}

static int put_ring(struct sk_buff *skb, const struct nsr_sock *sock)
{
	struct nsring_stats stats = { .sent = atomic64_read(&sock->sent) };
	const struct nsr_ring *ring = sock->ring;

	if (!ring)
		return 0;
	nsr_ring_stats(ring, sock->index, &stats);
	return (ring->share && nla_put_u32(skb, NSRING_A_SHARE, ring->share)) ||
	       nla_put_u64_64bit(skb, NSRING_A_RING_BYTES,
				 (u64)READ_ONCE(ring->charge.pages) << PAGE_SHIFT, NSRING_A_PAD) ||
	       nla_put(skb, NSRING_A_STATS, sizeof(stats), &stats);
}

static int put_capture(struct sk_buff *skb, const struct nsr_sock *sock)
{
	const struct nsring_setup *setup = &sock->setup;
	const struct sock *sk = &sock->sk;

	return nla_put_u64_64bit(skb, NSRING_A_NUMBER, sock->id, NSRING_A_PAD) ||
	       nla_put_u32(skb, NSRING_A_PID, pid_vnr(sock->pid)) ||
	       nla_put_string(skb, NSRING_A_PROCESS, sock->comm) ||
	       nla_put_u32(skb, NSRING_A_UID, from_kuid_munged(current_user_ns(), sk->sk_uid)) ||
	       nla_put_u64_64bit(skb, NSRING_A_INODE, sock->inode, NSRING_A_PAD) ||
	       nla_put_u32(skb, NSRING_A_IFINDEX, READ_ONCE(sock->ifindex)) ||
	       nla_put_u32(skb, NSRING_A_STATE, state_of(sock)) ||
	       nla_put_u32(skb, NSRING_A_FLAGS, setup->flags) ||
	       (rcu_access_pointer(sk->sk_filter) && nla_put_flag(skb, NSRING_A_FILTERED)) ||
	       (setup->cluster && nla_put_u32(skb, NSRING_A_CLUSTER, setup->cluster)) ||
	       put_ring(skb, sock);
}

static int put_hooked(struct sk_buff *skb, struct net_device *dev)
{
	return nla_put_u32(skb, NSRING_A_IFINDEX, dev->ifindex) ||
	       nla_put_u32(skb, NSRING_A_CAPTURES, nsr_hook_own_taps(dev_net(dev), dev->ifindex));
}

static void *begin(struct sk_buff *skb, struct netlink_callback *cb, u8 command)
{
	return genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &nsr_genl_family,
			   NLM_F_MULTI, command);
}

/* Return: whether the message has all of it; if not, it is taken back. */
static bool end(struct sk_buff *skb, void *message, int failed)
{
	if (failed)
		genlmsg_cancel(skb, message);
	else
		genlmsg_end(skb, message);
	return !failed;
}

/** nsr_dump_captures() - the next messages of NSRING_CMD_CAPTURES; how many bytes, 0 at the end */
int nsr_dump_captures(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct nsr_captures *captures = nsr_captures(sock_net(cb->skb->sk));
	u64 *last = (u64 *)cb->ctx;
	struct nsr_sock *sock;
	void *message;

	if (!captures)
		return 0;
	rcu_read_lock();
	list_for_each_entry_rcu(sock, &captures->socks, in_captures) {
		if (sock->id <= *last)
			continue;
		message = begin(skb, cb, NSRING_CMD_CAPTURES);
		if (!message || !end(skb, message, put_capture(skb, sock)))
			break;
		*last = sock->id;
	}
	rcu_read_unlock();
	return skb->len;
}

/** nsr_dump_devices() - the same of NSRING_CMD_DEVICES */
int nsr_dump_devices(struct sk_buff *skb, struct netlink_callback *cb)
{
	unsigned long *told = (unsigned long *)cb->ctx, nth = 0;
	struct net_device *dev;
	void *message;

	rcu_read_lock();
	for_each_netdev_rcu(sock_net(cb->skb->sk), dev) {
		if (nth++ < *told)
			continue;
		message = begin(skb, cb, NSRING_CMD_DEVICES);
		if (!message || !end(skb, message, put_hooked(skb, dev)))
			break;
		*told = nth;
	}
	rcu_read_unlock();
	return skb->len;
}
