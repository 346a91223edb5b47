/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Packets of the ring, as the core hands them out. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdatomic.h>
#include <string.h>

#include "sys/clock.h"
#include "sys/link.h"
#include "ring.h"

/* Looks at a ring whose packets the filter all refuses, before the core gets its turn. */
#define ROUNDS 16

/* How long names of interfaces in other namespaces are believed. */
#define NAMES_MS 1000

static uint32_t flags_of(const struct nsr_ring_packet *raw)
{
	static const uint32_t by_type[] = {
		[PACKET_HOST] = 0,
		[PACKET_BROADCAST] = NSR_PKT_BROADCAST,
		[PACKET_MULTICAST] = NSR_PKT_MULTICAST,
		[PACKET_OTHERHOST] = NSR_PKT_OTHERHOST,
	};
	uint32_t flags = 0;

	if (raw->flags & NSRING_OUT)
		flags |= NSR_PKT_OUT;
	else if (raw->pkt_type < sizeof(by_type) / sizeof(by_type[0]))
		flags |= by_type[raw->pkt_type];
	if (raw->flags & NSRING_STAMP_HW)
		flags |= NSR_PKT_STAMP_HW;
	if (raw->flags & NSRING_VLAN)
		flags |= NSR_PKT_VLAN;
	if (raw->flags & NSRING_CSUM_PARTIAL)
		flags |= NSR_PKT_CSUM_PARTIAL;
	return flags;
}

/* A packet that the kernel's filter lets in whole: see nsr_filter_for_socket(). */
static bool is_cooked_with_tag(const struct ring *r, const struct nsr_ring_packet *raw)
{
	uint16_t protocol;

	if (r->view != NSR_SKB_COOKED || raw->caplen < sizeof(protocol))
		return false;
	memcpy(&protocol, raw->data, sizeof(protocol));
	return protocol == htons(ETH_P_8021Q) || protocol == htons(ETH_P_8021AD);
}

/* Whether the filter must judge the packet again: see filter.c. */
static bool is_doubtful(const struct ring *r, const struct nsr_ring_packet *raw)
{
	/* A filter cut it, and the length tells which one. */
	bool was_cut = raw->caplen < raw->len && raw->caplen < r->ring_snaplen;

	if (r->judge_all)
		return true;
	if (raw->old && (r->ambiguous || !was_cut || raw->caplen != r->kept))
		return true;
	return !was_cut && is_cooked_with_tag(r, raw);
}

/* Describes a packet of the ring. 1: @packet is filled in; 0: the filter refuses it; -ENOMEM. */
static inline int describe(struct ring *r, const struct nsr_ring_packet *raw,
			   struct nsr_packet *packet)
{
	int id = 0;

	if (r->filter && is_doubtful(r, raw) &&
	    !nsr_filter_match(r->filter, raw->data, raw->len, raw->caplen)) {
		atomic_store_explicit(&r->refused, r->refused + 1, memory_order_relaxed);
		return 0;
	}
	if (r->any_iface) {
		id = nsr_ifaces_id(&r->ifaces, raw->netns, raw->ifindex);
		if (id < 0)
			return id;
	}
	packet->data = raw->data;
	packet->stamp_ns = raw->stamp_ns;
	packet->caplen = raw->caplen < r->snaplen ? raw->caplen : r->snaplen;
	packet->len = raw->len;
	packet->iface = (uint32_t)id;
	packet->flags = flags_of(raw);
	packet->hash = raw->hash;
	packet->vlan_tci = raw->vlan_tci;
	packet->vlan_tpid = raw->vlan_tpid;
	packet->options_at = 0;
	packet->options_bytes = 0;
	return 1;
}

static int say(const struct ring *r, int code, struct nsr_error *err)
{
	if (code == -ENOMEM)
		return nsr_error_set(err, code, "out of memory");
	return nsr_error_set(err, code, "the ring of \"%s\" is broken: %s", r->device,
			     nsr_ring_broken(r->reader));
}

/* The socket tells of changes in one namespace only. */
static bool names_may_have_changed(struct ring *r)
{
	int64_t now;

	if (nsr_link_changed(r->watch_fd))
		return true;
	if (!(r->setup.flags & NSRING_ALL_NETNS))
		return false;
	now = nsr_clock_coarse_ms();
	if (now < r->names_at_ms)
		return false;
	r->names_at_ms = now + NAMES_MS;
	return true;
}

int ring_recv(void *priv, struct nsr_packet *packets, uint32_t max, struct nsr_error *err)
{
	struct nsr_ring_packet raw;
	struct ring *r = priv;
	uint32_t n = 0, round;
	int rc = 0;

	for (round = 0; n == 0 && rc >= 0 && round < ROUNDS; round++) {
		rc = nsr_ring_begin(r->reader);
		if (rc == 0)
			return 0;
		if (r->any_iface && names_may_have_changed(r))
			nsr_ifaces_doubt(&r->ifaces);
		while (rc > 0 && n < max) {
			rc = nsr_ring_next(r->reader, &raw);
			if (rc <= 0)
				break;
			rc = describe(r, &raw, &packets[n]);
			if (rc < 0)
				break;
			n += (uint32_t)rc;
			rc = 1;
		}
	}
	return n || rc >= 0 ? (int)n : say(r, rc, err);
}
