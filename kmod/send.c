// SPDX-License-Identifier: GPL-2.0-only
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>

#include "netns.h"
#include "packet.h"
#include "sock.h"

/* A device without link-layer header: the packet's first byte tells. */
static __be16 guess_protocol(const struct sk_buff *skb)
{
	switch (skb->data[0] >> 4) {
	case 4:
		return htons(ETH_P_IP);
	case 6:
		return htons(ETH_P_IPV6);
	}
	return 0;
}

static int check(const struct net_device *dev, size_t len)
{
	if (!(dev->flags & IFF_UP))
		return -ENETDOWN;
	if (len < max_t(size_t, dev->hard_header_len, nsr_is_ethernet(dev) ? ETH_HLEN : 1))
		return -EINVAL;
	if (len > (size_t)dev->mtu + dev->hard_header_len + VLAN_HLEN)
		return -EMSGSIZE;
	return 0;
}

/* A VLAN tag may come on top of the MTU. */
static bool is_too_long(const struct sk_buff *skb, const struct net_device *dev)
{
	return skb->len > dev->mtu + dev->hard_header_len &&
	       !(nsr_is_ethernet(dev) && eth_hdr(skb)->h_proto == htons(ETH_P_8021Q));
}

static int fill(struct sk_buff *skb, struct net_device *dev, struct msghdr *msg, size_t len)
{
	int rc, depth;

	skb_put(skb, len);
	rc = memcpy_from_msg(skb->data, msg, len);
	if (rc < 0)
		return rc;
	if (!dev_validate_header(dev, skb->data, len))
		return -EINVAL;
	skb->dev = dev;
	skb_reset_mac_header(skb);
	if (is_too_long(skb, dev))
		return -EMSGSIZE;
	if (nsr_is_ethernet(dev))
		skb->protocol = eth_hdr(skb)->h_proto;
	else
		skb->protocol = guess_protocol(skb);
	skb_set_network_header(skb, min_t(int, dev->hard_header_len, len));
	/* Qdiscs look for IP behind the tags, and mark congestion there. */
	if (eth_type_vlan(skb->protocol) && __vlan_get_protocol(skb, skb->protocol, &depth))
		skb_set_network_header(skb, depth);
	return 0;
}

/*
 * Hand a frame to the stack as if the device had received it. Once a device is down and a grace
 * period has passed, nothing may come from it, or routes and neighbours would hold it for ever. Under RCU.
 */
static int inject(struct sk_buff *skb, struct net_device *dev)
{
	int rc;

	skb_orphan(skb);
	if (nsr_is_ethernet(dev))
		skb->protocol = eth_type_trans(skb, dev);
	else
		skb_reset_network_header(skb);
	local_bh_disable();
	if (dev->flags & IFF_UP) {
		rc = netif_receive_skb(skb);
	} else {
		kfree_skb(skb);
		rc = -ENETDOWN;
	}
	local_bh_enable();
	/* The frame is sent, even if the stack then drops it. */
	return rc == NET_RX_DROP ? 0 : rc;
}

/*
 * The caller may have slept since it found the device, in a page fault for as long as another process likes, and
 * the device may be in another namespace by now, and up there. Between its loss being noted in the socket and its
 * being up again there is a grace period (dev_change_net_namespace()), so this order, under RCU, tells.
 */
static int transmit(struct nsr_sock *sock, struct sk_buff *skb, struct net_device *dev)
{
	int rc;

	rcu_read_lock();
	if (READ_ONCE(sock->dev) != dev) {
		kfree_skb(skb);
		rc = -ENODEV;
	} else if (sock->setup.flags & NSRING_INJECT) {
		rc = inject(skb, dev);
	} else {
		rc = dev_queue_xmit(skb);
		rc = rc > 0 ? net_xmit_errno(rc) : rc;
	}
	rcu_read_unlock();
	return rc;
}

static int send_to(struct nsr_sock *sock, struct net_device *dev, struct msghdr *msg, size_t len)
{
	/* Read once: a tunnel may ask for more at any time, even while we wait for memory. */
	int hlen = LL_RESERVED_SPACE(dev), tlen = READ_ONCE(dev->needed_tailroom);
	struct sk_buff *skb;
	int rc;

	rc = check(dev, len);
	if (rc < 0)
		return rc;
	skb = sock_alloc_send_skb(&sock->sk, hlen + len + tlen, msg->msg_flags & MSG_DONTWAIT, &rc);
	/* The device has gone meanwhile: nsr_send_lose_device(). */
	if (!skb)
		return rc == -EPIPE ? -ENODEV : rc;
	skb_reserve(skb, hlen);
	skb->priority = READ_ONCE(sock->sk.sk_priority);
	skb->mark = READ_ONCE(sock->sk.sk_mark);
	nsr_sock_mark(sock, skb);
	rc = fill(skb, dev, msg, len);
	if (rc < 0) {
		kfree_skb(skb);
		return rc;
	}
	rc = transmit(sock, skb, dev);
	if (rc == 0)
		atomic64_inc(&sock->sent);
	return rc;
}

/**
 * nsr_send_through() - note the device to send through
 * @sock:    in the list of its namespace's captures
 * @ifindex: 0: none
 *
 * A device that goes is first taken off the list that it is found in; then comes a grace period, and
 * then nsr_send_lose_device(), which so finds each socket that has found the device.
 */
void nsr_send_through(struct nsr_sock *sock, u32 ifindex)
{
	bool again = sock->bound;

	/* Who tells of the old device's end has done so, or finds the new one. */
	if (again)
		rtnl_lock();
	WRITE_ONCE(sock->sk.sk_shutdown, 0);
	rcu_read_lock();
	WRITE_ONCE(sock->dev, ifindex ? dev_get_by_index_rcu(sock_net(&sock->sk), ifindex) : NULL);
	rcu_read_unlock();
	if (again)
		rtnl_unlock();
}

/**
 * nsr_send_lose_device() - a device goes away: nobody who is bound to it sends any more
 * @dev: compared; a later one may lie at the same address and have the same index
 */
void nsr_send_lose_device(struct net_device *dev)
{
	struct nsr_captures *captures = nsr_captures(dev_net(dev));
	struct nsr_sock *sock;

	ASSERT_RTNL();
	if (!captures)
		return;
	rcu_read_lock();
	/* A socket that is bound again has noted another one, or will. */
	list_for_each_entry_rcu(sock, &captures->socks, in_captures) {
		if (cmpxchg(&sock->dev, dev, NULL) != dev)
			continue;
		/* Threads that wait for room in the send buffer hold the device: all of them must go. */
		WRITE_ONCE(sock->sk.sk_shutdown, SEND_SHUTDOWN);
		sock->sk.sk_state_change(&sock->sk);
	}
	rcu_read_unlock();
}

/**
 * nsr_sendmsg() - send one frame through the device that the socket is bound to
 * @socket: a socket of the family
 * @msg:    without an address
 * @len:    bytes of the frame with its link-layer header
 *
 * The socket's SO_PRIORITY and SO_MARK go with the frame.
 *
 * Return: @len; -EISCONN there is an address; -ENOTCONN not bound to a device; -ENODEV it is gone;
 * -ENETDOWN; -EMSGSIZE; -EINVAL shorter than a link-layer header; -ENOBUFS dropped by the device's
 * queue; -EAGAIN.
 */
int nsr_sendmsg(struct socket *socket, struct msghdr *msg, size_t len)
{
	struct nsr_sock *sock = nsr_sock(socket->sk);
	u32 ifindex = smp_load_acquire(&sock->ifindex);
	struct net_device *dev;
	int rc;

	if (msg->msg_namelen)
		return -EISCONN;
	if (!ifindex)
		return -ENOTCONN;
	dev = dev_get_by_index(sock_net(&sock->sk), ifindex);
	if (!dev)
		return -ENODEV;
	/* Another device may have the index of one that is gone; that one is not noted any more. */
	rc = dev == READ_ONCE(sock->dev) ? send_to(sock, dev, msg, len) : -ENODEV;
	dev_put(dev);
	return rc < 0 ? rc : len;
}
