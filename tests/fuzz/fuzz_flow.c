/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Fuzz target for the flow hash of kmod/: any packets, one after the other, for fragments are taught
 * by others. Where a packet lies must not matter, nor, for a hash of addresses, who of the two sent
 * it; and a packet is read so often at most.
 *
 *	what is asked for, where packets are cut, { length (2), packet }…
 */
#include <linux/if_ether.h>
#include <linux/jiffies.h>
#include <linux/skbuff.h>
#include <stdint.h>
#include <stdio.h>

#include "../unit/skb.h"
#include "flow.h"

#define HEAD 2

/* For each of 4 layers: link-layer and IP headers 13, ports, GTP-U with 8 extensions 18. */
#define READS_MAX 128

#define BY_2_TUPLE 0x01
#define INNER	   0x02
#define TAGGED	   0x10

unsigned long jiffies = 1000UL * HZ; /* an empty slot is out of date */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fact, const char *what)
{
	if (fact)
		return;
	fprintf(stderr, "fuzz_flow: %s\n", what);
	abort();
}

static u16 protocol_of(uint8_t asked)
{
	static const u16 protocols[] = { ETH_P_TEB, ETH_P_IP, ETH_P_IPV6, 0 };

	return protocols[asked >> 2 & 3];
}

static u32 hash_of(struct nsr_flow_hasher *hasher, const uint8_t *bytes, int len, int headlen,
		   uint8_t asked)
{
	int offset = headlen < ETH_HLEN ? 0 : -ETH_HLEN;
	unsigned int reads = 0;
	struct sk_buff *skb = skb_of(bytes, len, offset, headlen, &reads);
	u32 hash;

	skb->vlan_present = asked & TAGGED;
	skb->vlan_tci = 0xf123;
	hash = nsr_flow_hash(hasher, skb, offset, htons(protocol_of(asked)));
	require(reads <= READS_MAX, "too many reads");
	require(nsr_flow_vlan(skb, offset, htons(protocol_of(asked))) <= 0xfff, "no id of a VLAN");
	free_skb(skb);
	return hash;
}

/* The other direction's addresses in an IP header at the beginning. */
static void turn(uint8_t *bytes, int len, int at, int address_bytes)
{
	int i;

	if (len < at + 2 * address_bytes)
		return;
	for (i = at; i < at + address_bytes; i++)
		swap(bytes[i], bytes[i + address_bytes]);
}

/* With no fragments known, of which one may be mistaken for another. */
static void check_directions(const uint8_t *bytes, int len, uint8_t asked)
{
	static struct nsr_flow_hasher hasher;
	uint8_t *turned = malloc(len + 1);
	u32 hash;

	memset(&hasher, 0, sizeof(hasher));
	hasher.key = NSR_FLOW_2_TUPLE;
	hash = hash_of(&hasher, bytes, len, len, asked);
	require(turned, "out of memory");
	memcpy(turned, bytes, len);
	if (protocol_of(asked) == ETH_P_IP)
		turn(turned, len, 12, 4);
	if (protocol_of(asked) == ETH_P_IPV6)
		turn(turned, len, 8, 16);
	require(hash_of(&hasher, turned, len, len, asked) == hash, "directions differ");
	free(turned);
}

static void check(struct nsr_flow_hasher hashers[2], const uint8_t *bytes, int len, int headlen,
		  uint8_t asked)
{
	require(hash_of(&hashers[0], bytes, len, len, asked) ==
			hash_of(&hashers[1], bytes, len, headlen, asked),
		"it matters where a packet lies");
	if ((asked & (BY_2_TUPLE | INNER)) == BY_2_TUPLE)
		check_directions(bytes, len, asked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct nsr_flow_hasher hashers[2];
	const uint8_t *end = data + size;
	uint8_t asked, cut;
	int len;

	if (size < HEAD)
		return 0;
	asked = data[0];
	cut = data[1];
	memset(hashers, 0, sizeof(hashers));
	hashers[0].key = hashers[1].key = asked & BY_2_TUPLE ? NSR_FLOW_2_TUPLE : NSR_FLOW_5_TUPLE;
	hashers[0].inner = hashers[1].inner = asked & INNER;
	for (data += HEAD; end - data >= 2; data += len) {
		len = data[0] << 8 | data[1];
		data += 2;
		if (len > end - data)
			len = (int)(end - data);
		check(hashers, data, len, cut % (len + 1), asked);
	}
	return 0;
}
