// SPDX-License-Identifier: GPL-2.0-only
/*
 * The flow of a packet is that of the packet itself, or, in a hasher with @inner, that of its
 * innermost sound layer.
 *
 * Only the first fragment of a packet has the ports, and only the first fragment of a tunnel's
 * packet has the packet inside. So the first one stores its hash for those that follow, under a key
 * of addresses and id. Each layer does this: a first fragment of the tunnel's packet stores the
 * hash of the flow inside. Later fragments that come before the first, or whose first is missing,
 * are hashed by addresses and protocol.
 */
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/jiffies.h>
#include <linux/skbuff.h>
#include <linux/socket.h>
#include <linux/string.h>

#include "flow.h"
#include "layer.h"

#define LAYERS_MAX 4 /* the packet and three tunnels */

/* Fragments follow each other closely; ids come round again. */
#define FRAGMENT_LIFE_S 5

#ifndef __uninitialized /* recent kernels have it, and late 6.1 ones */
#define __uninitialized
#endif

/* Of IPv4. @from, @to and their ports are as in struct nsr_tuple. */
static __always_inline u32 hash_ipv4(const struct nsr_flow_hasher *hasher, u32 from, u32 to,
				     u16 from_port, u16 to_port, u32 protocol)
{
	if (hasher->key == NSR_FLOW_2_TUPLE)
		from_port = to_port = protocol = 0;
	/* Any order will do, if both directions have the same. */
	if (from > to || (from == to && from_port > to_port)) {
		swap(from, to);
		swap(from_port, to_port);
	}
	return hsiphash_4u32(from, to, (u32)from_port << 16 | to_port, protocol,
			     &hasher->seed.flow);
}

/* As hash_ipv4(). */
static bool is_backward(const struct nsr_tuple *tuple)
{
	if (tuple->from[0] != tuple->to[0])
		return tuple->from[0] > tuple->to[0];
	if (tuple->from[1] != tuple->to[1])
		return tuple->from[1] > tuple->to[1];
	return tuple->from_port > tuple->to_port;
}

static u32 hash_tuple(const struct nsr_flow_hasher *hasher, struct nsr_tuple tuple)
{
	if (tuple.family == AF_UNSPEC)
		return 0;
	if (tuple.family == AF_INET)
		return hash_ipv4(hasher, tuple.from[0], tuple.to[0], tuple.from_port, tuple.to_port,
				 tuple.protocol);
	if (hasher->key == NSR_FLOW_2_TUPLE) {
		tuple.from_port = 0;
		tuple.to_port = 0;
		tuple.protocol = 0;
	}
	if (is_backward(&tuple)) {
		swap(tuple.from[0], tuple.to[0]);
		swap(tuple.from[1], tuple.to[1]);
		swap(tuple.from_port, tuple.to_port);
	}
	return hsiphash(&tuple, sizeof(tuple), &hasher->seed.flow);
}

/*
 * Senders count ids for each direction, and in IPv4 for each protocol. In IPv6 the fragments of a
 * packet may have different protocols in front.
 */
static u64 fragment_key(const struct nsr_flow_hasher *hasher, const struct nsr_layer *layer)
{
	struct nsr_tuple key = layer->tuple;

	key.from_port = layer->fragment_id >> 16;
	key.to_port = layer->fragment_id & 0xffff;
	if (key.family == AF_INET6)
		key.protocol = 0;
	return siphash(&key, sizeof(key), &hasher->seed.fragment);
}

static u64 hash_hosts(const struct nsr_flow_hasher *hasher, const struct nsr_layer *layer)
{
	struct nsr_tuple hosts = layer->tuple;

	hosts.from_port = 0;
	hosts.to_port = 0;
	hosts.protocol = 0;
	return siphash(&hosts, sizeof(hosts), &hasher->seed.fragment);
}

static u32 set_of(const struct nsr_flow_hasher *hasher, const struct nsr_layer *layer, u64 key)
{
	return (hash_hosts(hasher, layer) + key % NSR_FLOW_REACH) % NSR_FLOW_SETS;
}

/* A slot: the hash, a part of the key that doesn't choose the set, and the second of storing. */
static u64 slot_of(u64 key, u32 hash, u16 second)
{
	return (u64)hash << 32 | (u64)(key >> 48) << 16 | second;
}

static bool is_slot_of(u64 slot, u64 key)
{
	return (u16)(slot >> 16) == key >> 48;
}

static u16 second_now(void)
{
	return jiffies / HZ;
}

static void teach(struct nsr_flow_hasher *hasher, const struct nsr_layer *layer, u32 hash)
{
	u64 key, *set;
	u32 i = 0;

	if (layer->fragment != NSR_FRAGMENT_FIRST)
		return;
	key = fragment_key(hasher, layer);
	set = hasher->fragments.sets[set_of(hasher, layer, key)];
	/* Up to the packet of this id, or to the oldest: who looks from the front misses none. */
	while (i < NSR_FLOW_WAYS - 1 && !is_slot_of(READ_ONCE(set[i]), key))
		i++;
	for (; i > 0; i--)
		WRITE_ONCE(set[i], READ_ONCE(set[i - 1]));
	WRITE_ONCE(set[0], slot_of(key, hash, second_now()));
}

static bool look_up(const struct nsr_flow_hasher *hasher, const struct nsr_layer *layer, u32 *hash)
{
	u64 slot, key = fragment_key(hasher, layer);
	const u64 *set = hasher->fragments.sets[set_of(hasher, layer, key)];
	u32 i;

	for (i = 0; i < NSR_FLOW_WAYS; i++) {
		slot = READ_ONCE(set[i]);
		if (!is_slot_of(slot, key))
			continue;
		*hash = slot >> 32;
		return (u16)(second_now() - (u16)slot) <= FRAGMENT_LIFE_S;
	}
	return false;
}

static u32 hash_layer(const struct nsr_flow_hasher *hasher, const struct nsr_layer *layer)
{
	u32 hash;

	if (layer->fragment == NSR_FRAGMENT_LATER && look_up(hasher, layer, &hash))
		return hash;
	return hash_tuple(hasher, layer->tuple);
}

/* The headers of a packet of TCP or UDP over IPv4 without options. */
struct plain {
	struct iphdr ip;
	u16 ports[2];
};

/*
 * Most packets are plain, and their hash takes a fraction of what the walk through any packet takes. It is the
 * same. False: this packet is not plain, or has parts elsewhere.
 */
static bool hash_plain(const struct nsr_flow_hasher *hasher, const struct sk_buff *skb, int offset,
		       __be16 protocol, u32 *hash)
{
	bool ethernet = protocol == htons(ETH_P_TEB);
	struct plain plain;

	offset += ethernet ? ETH_HLEN : 0;
	if ((int)skb_headlen(skb) - offset < (int)sizeof(plain))
		return false;
	if (ethernet)
		memcpy(&protocol, skb->data + offset - sizeof(protocol), sizeof(protocol));
	if (protocol != htons(ETH_P_IP))
		return false;
	memcpy(&plain, skb->data + offset, sizeof(plain));
	if (plain.ip.version != 4 || plain.ip.ihl != 5 ||
	    plain.ip.frag_off & htons(IP_FRAGMENT_OFFSET | IP_MORE_FRAGMENTS))
		return false;
	/* In UDP may be a tunnel. */
	if (plain.ip.protocol != IPPROTO_TCP && (plain.ip.protocol != IPPROTO_UDP || hasher->inner))
		return false;
	*hash = hash_ipv4(hasher, (__force u32)plain.ip.saddr, (__force u32)plain.ip.daddr,
			  plain.ports[0], plain.ports[1], plain.ip.protocol);
	return true;
}

/**
 * nsr_flow_hash() - the hash of the flow that a packet belongs to
 * @hasher:   the cluster's
 * @skb:      left as it is
 * @offset:   where the packet begins, relative to skb->data; within the headroom if negative
 * @protocol: of what begins there: htons(ETH_P_TEB) an Ethernet header; on devices without one the
 *            EtherType, or 0 for IP of either version
 *
 * On any CPU, in any context. It must see all fragments, even those that a filter or sampling leave
 * out, or later ones don't find their flow.
 *
 * Return: the hash, all 32 bits of which vary; 0 if nothing in the packet is understood.
 */
u32 nsr_flow_hash(struct nsr_flow_hasher *hasher, const struct sk_buff *skb, int offset,
		  __be16 protocol)
{
	struct nsr_place at = { .skb = skb, .offset = offset, .protocol = protocol };
	struct nsr_layer layers[LAYERS_MAX] __uninitialized; /* nsr_layer_enter() fills them in */
	struct nsr_layer *layer = layers, *taught;
	u32 hash;

	if (likely(hash_plain(hasher, skb, offset, protocol, &hash)))
		return hash;
	nsr_layer_enter(&at, layer);
	while (hasher->inner && layer + 1 < layers + LAYERS_MAX &&
	       layer->fragment != NSR_FRAGMENT_LATER &&
	       nsr_layer_enter_tunnel(&at, &layer->tuple) && nsr_layer_enter(&at, layer + 1))
		layer++;
	hash = hash_layer(hasher, layer);
	for (taught = layers; taught <= layer; taught++)
		teach(hasher, taught, hash);
	return hash;
}

/**
 * nsr_flow_vlan() - the id of the VLAN that a packet belongs to, the outermost if there are several
 * @skb:      left as it is
 * @offset:   as for nsr_flow_hash()
 * @protocol: as for nsr_flow_hash()
 *
 * Return: the id, 0 if there is no tag.
 */
u16 nsr_flow_vlan(const struct sk_buff *skb, int offset, __be16 protocol)
{
	struct nsr_place at = { .skb = skb, .offset = offset, .protocol = protocol };
	u16 vlan;

	if (skb_vlan_tag_present(skb))
		return skb_vlan_tag_get_id(skb);
	return nsr_layer_read_tag(&at, &vlan) ? vlan : 0;
}
