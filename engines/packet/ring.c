/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Reading the receive rings of AF_PACKET: packets are handed out as views into them.
 *
 * The kernel keeps a VLAN tag, and what makes up the header of LINKTYPE_LINUX_SLL2, beside the
 * packet. The engine writes them in front of the packet, in the ring itself, where the kernel
 * leaves at least 14 bytes free before an Ethernet header and 28 before the network header of a
 * cooked packet (tpacket_rcv() in net/packet/af_packet.c).
 *
 * A block (V3) or frame (V2) that was handed out is held, and goes back to the kernel at the next
 * call. @next is the one after those held.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <stdatomic.h>
#include <string.h>

#include "lib/filter/code.h"
#include "lib/filter/run.h"
#include "sys/clock.h"
#include "sys/compat.h"
#include "sys/link.h"
#include "packet.h"

#define MACS_BYTES 12
#define TAG_BYTES  4

static void put_tag(uint8_t *at, uint16_t tpid, uint16_t tci)
{
	uint16_t tag[2] = { htons(tpid), htons(tci) };

	memcpy(at, tag, sizeof(tag));
}

/* The tag goes between the addresses and the EtherType. */
static void restore_ethernet_tag(struct nsr_packet *packet)
{
	uint8_t *data = (uint8_t *)packet->data;

	packet->len += TAG_BYTES;
	if (packet->caplen < MACS_BYTES)
		return;
	memmove(data - TAG_BYTES, data, MACS_BYTES);
	packet->data = data - TAG_BYTES;
	packet->caplen += TAG_BYTES;
	put_tag(data + MACS_BYTES - TAG_BYTES, packet->vlan_tpid, packet->vlan_tci);
}

static uint32_t flags_of(uint32_t status, uint8_t type)
{
	static const uint32_t by_type[] = {
		[PACKET_HOST] = 0,
		[PACKET_BROADCAST] = NSR_PKT_BROADCAST,
		[PACKET_MULTICAST] = NSR_PKT_MULTICAST,
		[PACKET_OTHERHOST] = NSR_PKT_OTHERHOST,
		[PACKET_OUTGOING] = NSR_PKT_OUT,
	};
	uint32_t flags = type < sizeof(by_type) / sizeof(by_type[0]) ? by_type[type] : 0;

	if (status & TP_STATUS_TS_RAW_HARDWARE)
		flags |= NSR_PKT_STAMP_HW;
	if (status & TP_STATUS_CSUMNOTREADY)
		flags |= NSR_PKT_CSUM_PARTIAL;
	if (status & TP_STATUS_VLAN_VALID)
		flags |= NSR_PKT_VLAN;
	return flags;
}

/* The fields that lie elsewhere in each version of the ring's packet headers. */
struct raw {
	uint8_t *data;
	uint32_t caplen, len;
	uint32_t sec, nsec;
	uint32_t status;
	uint16_t tci, tpid;
};

static uint16_t tpid_of(const struct raw *raw)
{
	return raw->status & TP_STATUS_VLAN_TPID_VALID ? raw->tpid : ETH_P_8021Q;
}

/* Whether the filter must judge the packet again: see filter.c. */
static bool is_doubtful(const struct packet *p, const struct nsr_packet *packet,
			const struct raw *raw, const struct sockaddr_ll *from)
{
	if (!p->filter)
		return false;
	if (p->judge_all)
		return true;
	/* Let in by an older filter? What the new one cut short met the new one. */
	if (p->recheck.units &&
	    (p->recheck.ambiguous || raw->caplen == raw->len || raw->caplen != p->recheck.kept))
		return true;
	/* See nsr_filter_for_socket(). A filter has judged what it cut short; a frame cuts later. */
	return p->view == NSR_SKB_COOKED &&
	       (raw->caplen == raw->len || raw->caplen >= p->snaplen + PACKET_GENERATIONS) &&
	       (packet->flags & NSR_PKT_VLAN || from->sll_protocol == htons(ETH_P_8021Q) ||
		from->sll_protocol == htons(ETH_P_8021AD));
}

/*
 * A filter given as a program judges frames as the socket does, before a tag is put back: one that is sent
 * in the packet stays there.
 */
static bool program_matches(const struct packet *p, const struct raw *raw,
			    const struct sockaddr_ll *from)
{
	bool tagged = raw->status & TP_STATUS_VLAN_VALID;
	const struct nsr_ancillary told = {
		.protocol = ntohs(from->sll_protocol),
		.pkttype = from->sll_pkttype,
		.ifindex = (uint32_t)from->sll_ifindex,
		.hatype = from->sll_hatype,
		.vlan_tci = tagged ? raw->tci : 0,
		.vlan_tpid = tagged ? tpid_of(raw) : 0,
	};
	uint32_t count;

	return nsr_filter_run((const void *)nsr_filter_socket_code(p->filter, &count), &told,
			      raw->data, raw->len, raw->caplen);
}

static bool is_program_for_frames(const struct packet *p)
{
	uint32_t count;

	return p->view != NSR_SKB_COOKED && nsr_filter_socket_code(p->filter, &count);
}

static int refuse(struct packet *p)
{
	atomic_store_explicit(&p->refused, p->refused + 1, memory_order_relaxed);
	return 0;
}

/* Describes a packet of the ring. 1: @packet is filled in; 0: the filter refuses it; -ENOMEM. */
static inline int describe(struct packet *p, const struct raw *raw, const struct sockaddr_ll *from,
			   struct nsr_packet *packet)
{
	bool doubtful;
	int id = 0;

	if (p->any_iface) {
		id = nsr_ifaces_id(&p->ifaces, 0, (uint32_t)from->sll_ifindex);
		if (id < 0)
			return id;
	}
	packet->data = raw->data;
	packet->stamp_ns = (uint64_t)raw->sec * 1000000000 + raw->nsec;
	packet->caplen = raw->caplen;
	packet->len = raw->len;
	packet->iface = (uint32_t)id;
	packet->flags = flags_of(raw->status, from->sll_pkttype);
	packet->hash = 0;
	packet->vlan_tci = packet->vlan_tpid = 0;
	packet->options_at = 0;
	packet->options_bytes = 0;
	doubtful = is_doubtful(p, packet, raw, from);
	if (doubtful && is_program_for_frames(p)) {
		if (!program_matches(p, raw, from))
			return refuse(p);
		doubtful = false;
	}
	if (packet->flags & NSR_PKT_VLAN) {
		packet->vlan_tci = raw->tci;
		packet->vlan_tpid = tpid_of(raw);
		if (p->view == NSR_SKB_ETHERNET)
			restore_ethernet_tag(packet);
	}
	if (p->view == NSR_SKB_COOKED)
		packet_cook(packet, from);
	if (doubtful && !nsr_filter_match(p->filter, packet->data, packet->len, packet->caplen))
		return refuse(p);
	if (packet->caplen > p->snaplen)
		packet->caplen = p->snaplen;
	return 1;
}

static struct tpacket_block_desc *block_at(const struct packet_ring *ring, uint32_t index)
{
	return (void *)(ring->map + (size_t)index * ring->block_bytes);
}

/* Once for each block, or for each batch of frames: their packets have come by now. */
static void look_at_names(struct packet *p)
{
	if (p->any_iface && nsr_link_changed(p->watch_fd))
		nsr_ifaces_doubt(&p->ifaces);
}

/* Gives the held block, the one before @next, back to the kernel. */
static void release_block(struct packet_ring *ring)
{
	uint32_t index = (ring->next ? ring->next : ring->block_count) - 1;

	if (!ring->held)
		return;
	__atomic_store_n(&block_at(ring, index)->hdr.bh1.block_status, TP_STATUS_KERNEL,
			 __ATOMIC_RELEASE);
	ring->held = 0;
}

/* Makes the next block the held one. False: the kernel is not done with it. */
static bool hold_block(struct packet *p)
{
	struct packet_ring *ring = &p->ring;
	struct tpacket_block_desc *block = block_at(ring, ring->next);
	uint32_t status = __atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE);

	if (!(status & TP_STATUS_USER))
		return false;
	ring->packet = (uint8_t *)block + block->hdr.bh1.offset_to_first_pkt;
	ring->left = block->hdr.bh1.num_pkts;
	ring->taken += ring->left;
	ring->filled = status & TP_STATUS_BLK_TMO ? 0 : ring->filled + 1;
	ring->held = 1;
	ring->next = ring->next + 1 == ring->block_count ? 0 : ring->next + 1;
	if (p->recheck.units)
		p->recheck.units--;
	look_at_names(p);
	return true;
}

/* A batch stays within one block, which goes back to the kernel at the next call. */
static int recv_v3(struct packet *p, struct nsr_packet *packets, uint32_t max)
{
	struct packet_ring *ring = &p->ring;
	const struct tpacket3_hdr *hdr;
	uint32_t n = 0;
	struct raw raw;
	int rc;

	while (n == 0) {
		if (!ring->left) {
			release_block(ring);
			if (!hold_block(p))
				return 0;
		}
		while (ring->left && n < max) {
			hdr = (const void *)ring->packet;
			raw = (struct raw){
				.data = ring->packet + hdr->tp_mac,
				.caplen = hdr->tp_snaplen,
				.len = hdr->tp_len,
				.sec = hdr->tp_sec,
				.nsec = hdr->tp_nsec,
				.status = hdr->tp_status,
				.tci = (uint16_t)hdr->hv1.tp_vlan_tci,
				.tpid = hdr->hv1.tp_vlan_tpid,
			};
			rc = describe(p, &raw,
				      (const void *)(ring->packet + TPACKET_ALIGN(sizeof(*hdr))),
				      &packets[n]);
			if (rc < 0)
				return n ? (int)n : rc;
			n += (uint32_t)rc;
			ring->packet += hdr->tp_next_offset;
			ring->left--;
		}
	}
	return (int)n;
}

static struct tpacket2_hdr *frame_at(const struct packet_ring *ring, uint32_t index)
{
	uint32_t in_block = ring->block_bytes / ring->frame_bytes;

	return (void *)(ring->map + (size_t)(index / in_block) * ring->block_bytes +
			(size_t)(index % in_block) * ring->frame_bytes);
}

/* Gives the held frames, those before @next, back to the kernel. */
static void release_frames(struct packet_ring *ring)
{
	uint32_t index = (ring->next + ring->frame_count - ring->held) % ring->frame_count;

	for (; ring->held; ring->held--) {
		__atomic_store_n(&frame_at(ring, index)->tp_status, TP_STATUS_KERNEL,
				 __ATOMIC_RELEASE);
		index = index + 1 == ring->frame_count ? 0 : index + 1;
	}
}

/* A batch may be as long as the ring; all of it goes back at the next call. */
static int recv_v2(struct packet *p, struct nsr_packet *packets, uint32_t max)
{
	struct packet_ring *ring = &p->ring;
	struct tpacket2_hdr *hdr;
	uint32_t n = 0, status;
	struct raw raw;
	int rc;

	release_frames(ring);
	while (n < max && ring->held < ring->frame_count) {
		hdr = frame_at(ring, ring->next);
		status = __atomic_load_n(&hdr->tp_status, __ATOMIC_ACQUIRE);
		if (!(status & TP_STATUS_USER))
			break;
		if (!ring->held)
			look_at_names(p);
		raw = (struct raw){
			.data = (uint8_t *)hdr + hdr->tp_mac,
			.caplen = hdr->tp_snaplen,
			.len = hdr->tp_len,
			.sec = hdr->tp_sec,
			.nsec = hdr->tp_nsec,
			.status = status,
			.tci = hdr->tp_vlan_tci,
			.tpid = hdr->tp_vlan_tpid,
		};
		rc = describe(p, &raw, (const void *)((uint8_t *)hdr + TPACKET_ALIGN(sizeof(*hdr))),
			      &packets[n]);
		if (rc < 0)
			return n ? (int)n : rc;
		n += (uint32_t)rc;
		ring->held++;
		ring->taken++;
		ring->next = ring->next + 1 == ring->frame_count ? 0 : ring->next + 1;
		if (p->recheck.units)
			p->recheck.units--;
	}
	return (int)n;
}

int packet_ring_recv(struct packet *p, struct nsr_packet *packets, uint32_t max)
{
	return p->ring.version == TPACKET_V3 ? recv_v3(p, packets, max) : recv_v2(p, packets, max);
}

/* The latest rate tells nothing of the next one: after a quiet moment many more may come than before it. */
#define LONGEST_PAUSE_NS (10 * NSEC_PER_MSEC)

static uint64_t shorter(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint32_t packet_ring_pause_us(struct packet_ring *ring, uint32_t batch_ms)
{
	uint64_t batch_ns = batch_ms * NSEC_PER_MSEC, now = nsr_clock_ns(), block_ns, pause_ns = 0;

	if (ring->filled) {
		block_ns = (now - ring->idle_ns) / ring->filled;
		pause_ns = shorter(block_ns * ring->block_count / 8,
				   shorter(batch_ns / 2, LONGEST_PAUSE_NS));
		if (pause_ns + block_ns > batch_ns)
			pause_ns = block_ns < batch_ns ? batch_ns - block_ns : 0;
	}
	ring->filled = 0;
	ring->idle_ns = now;
	return (uint32_t)(pause_ns / 1000);
}
