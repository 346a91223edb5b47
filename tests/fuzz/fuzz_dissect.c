/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Fuzz target for the walk through a packet's headers: the first two bytes choose the link type,
 * the next is what the wire had beyond what was captured, the rest is the packet. Nothing may be
 * read outside of it (AddressSanitizer), and no offset may lead out of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dissect/dissect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fact, const char *what)
{
	if (fact)
		return;
	fprintf(stderr, "fuzz_dissect: %s\n", what);
	abort();
}

static bool lies_within(uint32_t at, uint32_t bytes, uint32_t caplen)
{
	return at <= caplen && bytes <= caplen - at;
}

static void check_ip(const struct dissect_ip *ip, uint32_t caplen)
{
	uint32_t address = ip->version == 4 ? 4 : 16;

	require(lies_within(ip->header, 0, caplen), "an IP header lies beyond the packet");
	require(!ip->src == !ip->dst, "one address without the other");
	if (!ip->src) {
		require(ip->status != DISSECT_WHOLE, "a whole header has no addresses");
		return;
	}
	require(ip->version == 4 || ip->version == 6, "addresses of a version that has none");
	require(lies_within(ip->src, address, caplen), "a source lies beyond the packet");
	require(lies_within(ip->dst, address, caplen), "a destination lies beyond the packet");
	require(lies_within(ip->payload, ip->captured, caplen), "a payload lies beyond the packet");
	require(ip->captured <= ip->len, "more was captured than the IP packet has");
}

static void check_transport(const struct dissect *d, uint32_t caplen)
{
	const struct dissect_transport *t = &d->transport;

	if (!t->known)
		return;
	require(d->ips > 0 && t->protocol == d->ip[d->ips - 1].protocol,
		"a transport of another protocol than its IP header's");
	require(lies_within(t->header, t->captured, caplen), "a transport lies beyond the packet");
	require(!t->ports || lies_within(t->ports, 4, caplen), "ports lie beyond the packet");
	require(lies_within(t->payload, t->payload_captured, caplen),
		"a transport's payload lies beyond the packet");
	require(t->payload_captured <= t->payload_len, "more payload was captured than there is");
}

static void check(const struct dissect *d, uint32_t caplen)
{
	uint32_t i;

	require(lies_within(d->vlan, 0, caplen), "a tag lies beyond the packet");
	require(d->vlans <= (caplen - d->vlan) / 4, "tags lie beyond the packet");
	require(lies_within(d->network, d->network_captured, caplen),
		"the network layer lies beyond the packet");
	require(d->ips <= DISSECT_IP_MOST, "more IP headers than there is room for");
	for (i = 0; i < d->ips; i++)
		check_ip(&d->ip[i], caplen);
	check_transport(d, caplen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t linktype, caplen, more;
	struct dissect d;
	uint8_t *copy;

	if (size < 3)
		return 0;
	linktype = (uint32_t)(data[0] << 8 | data[1]);
	more = data[2] * 64u;
	caplen = (uint32_t)size - 3;
	/* A copy of its exact size, so that a read beyond it is seen. */
	copy = malloc(caplen);
	require(copy || !caplen, "out of memory");
	if (copy)
		memcpy(copy, data + 3, caplen);
	dissect(&d, copy, caplen, caplen + more, linktype);
	check(&d, caplen);
	free(copy);
	return 0;
}
