/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hash by which a cluster distributes packets over its members. All packets of a flow have the
 * same hash, in both directions, fragments too. The code is also compiled and tested in user space:
 * see tests/unit/kernel.
 */
#ifndef NSR_FLOW_H
#define NSR_FLOW_H

#include <linux/cache.h>
#include <linux/siphash.h>
#include <linux/types.h>

struct sk_buff;

#define NSR_FLOW_SETS  128U /* a power of two */
#define NSR_FLOW_WAYS  8U /* a cache line */
#define NSR_FLOW_REACH 16U /* sets that packets between two hosts may be in */

/**
 * enum nsr_flow_key - what packets of the same flow have in common
 * @NSR_FLOW_5_TUPLE: IP addresses, protocol, ports of TCP, UDP, UDP-Lite, SCTP and DCCP
 * @NSR_FLOW_2_TUPLE: IP addresses
 *
 * Packets that aren't IP have MAC addresses in common.
 */
enum nsr_flow_key {
	NSR_FLOW_5_TUPLE,
	NSR_FLOW_2_TUPLE,
};

/**
 * struct nsr_flow_seed - random bytes, so that no sender can choose who gets its packets
 */
struct nsr_flow_seed {
	siphash_key_t fragment;
	hsiphash_key_t flow;
};

/**
 * struct nsr_flow_fragments - the hashes of fragmented packets, as the first fragments told them
 * @sets: each in the order of storing, the newest first; the oldest falls out
 *
 * The hosts that a packet goes between decide in which sets it may be, its id in which of these it
 * is. So a flood between two hosts reaches an eighth of the sets, and whoever makes up addresses
 * must send eight packets to each set before another's is gone.
 *
 * Any CPU reads and writes any slot without a lock: a slot is one word, and at worst fragments go
 * to another member than their flow.
 */
struct nsr_flow_fragments {
	u64 sets[NSR_FLOW_SETS][NSR_FLOW_WAYS];
};

/**
 * struct nsr_flow_hasher - how a cluster hashes
 * @seed:      from get_random_bytes(), before the first packet
 * @key:       NSR_FLOW_…
 * @inner:     where there is a tunnel, the flow is that of the packet inside: VXLAN, GTP-U, GRE
 *             (NVGRE too), IP in IP
 * @fragments: zeros at first
 *
 * Owned by the cluster; constant except for @fragments.
 */
struct nsr_flow_hasher {
	struct nsr_flow_seed seed;
	enum nsr_flow_key key;
	bool inner;
	struct nsr_flow_fragments fragments ____cacheline_aligned_in_smp;
};

u32 nsr_flow_hash(struct nsr_flow_hasher *hasher, const struct sk_buff *skb, int offset,
		  __be16 protocol);
u16 nsr_flow_vlan(const struct sk_buff *skb, int offset, __be16 protocol);

#endif
