/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The packet engine's parts: packet.c (the socket and the ops), memory.c (the ring's size),
 * ring.c (reading it), cooked.c (the header of `any`), filter.c.
 */
#ifndef NSR_ENGINES_PACKET_PACKET_H
#define NSR_ENGINES_PACKET_PACKET_H

#include <linux/if_packet.h>
#include <pthread.h>

#include <nsring/engine.h>

#include "lib/ifaces.h"
#include "lib/socket_send.h"

/** Generations of a capture's filter that the number of bytes kept can tell apart: see filter.c. */
#define PACKET_GENERATIONS 16

/**
 * struct packet_ring - a receive ring of the kernel's, see packet_mmap in the kernel's
 * documentation
 * @map, @bytes:   the mapping
 * @version:       TPACKET_V3 (blocks of packets), or TPACKET_V2 (frames, for immediate mode)
 * @block_bytes, @block_count: its blocks
 * @frame_bytes, @frame_count: its frames (V2)
 * @next:          block (V3) or frame (V2) to look at next
 * @held:          blocks (V3, at most 1) or frames (V2) before @next that were handed out
 * @packet, @left: in the held block: the next packet, and how many there are (V3)
 * @taken:         packets in all blocks or frames so far up to @next
 * @filled, @idle_ns: blocks read since @idle_ns, when the reader last had nothing to read; 0 if the
 *                 time of one was up before it was full (V3)
 */
struct packet_ring {
	uint8_t *map;
	size_t bytes;
	int version;
	uint32_t block_bytes, block_count;
	uint32_t frame_bytes, frame_count;
	uint32_t next;
	uint32_t held;
	uint8_t *packet;
	uint32_t left;
	uint64_t taken;
	uint32_t filled;
	uint64_t idle_ns;
};

/**
 * struct packet_recheck - a filter was changed while packets were waiting
 * @units:      blocks (V3) or frames (V2) to come that may hold packets that an old filter let in
 * @kept:       how many bytes the new filter has the kernel keep: each generation keeps another
 *              number, so that a packet that was cut tells which filter it met
 * @ambiguous:  so many changes within one turn of the ring that the numbers repeat
 */
struct packet_recheck {
	uint32_t units;
	uint32_t kept;
	bool ambiguous;
};

/** struct packet - a capture of the packet engine */
struct packet {
	int fd; /* AF_PACKET socket */
	int link_fd; /* netlink, for the ledger's row "nic" */
	int watch_fd; /* netlink, tells that names may have changed; -1: of one device */
	struct packet_ring ring;
	enum nsr_skb_view view;
	uint32_t snaplen;
	uint32_t any_iface; /* "any": ids are looked up; else all packets are interface 0 */
	struct nsr_ifaces ifaces;
	const struct nsr_filter *filter; /* the core's, NULL for none */
	struct packet_recheck recheck;
	bool judge_all; /* the kernel can't run the filter: packets meet it when handed out */
	uint32_t generation; /* of the filter */
	/* Set up once: */
	uint32_t ifindex; /* 0 for "any" */
	uint32_t linktype;
	uint32_t batch_ms;
	uint32_t mode;
	uint32_t direction;
	uint32_t fanout, fanout_group;
	bool promiscuous, started, stopped;
	char device[16];
	uint64_t missed_before;
	_Atomic uint64_t missed; /* since then, as last seen */
	pthread_mutex_t link_lock; /* one question at a time: two threads run check and stats */
	pthread_mutex_t
		count_lock; /* holds reading the socket's counters and adding them together */
	uint64_t over_ns; /* when it was stopped, or its device found gone */
	_Atomic uint64_t lost_ring;
	_Atomic uint64_t accepted; /* by the kernel's filter, also those that were lost */
	_Atomic uint64_t refused; /* by the filter when they were handed out */
	_Atomic bool filtered; /* a filter was there at some time */
	uint64_t carried_before; /* by the device, when the capture started */
	_Atomic uint64_t carried; /* since then, as last seen */
	struct nsr_socket_sender sender;
};

/**
 * packet_ring_open() - have the kernel make the ring, and map it
 * @p:         with its socket open
 * @opts:      as given to the engine
 * @max_frame: longest packet of the device, bytes
 * @err:       the reason in words
 *
 * Return: 0; -ENOMEM; -errno of setsockopt(2) and mmap(2).
 */
int packet_ring_open(struct packet *p, const struct nsr_options *opts, uint32_t max_frame,
		     struct nsr_error *err);

/** packet_ring_close() - unmap it; the kernel's part goes with the socket */
void packet_ring_close(struct packet_ring *ring);

/** packet_filter_set() - see nsr_engine_ops.set_filter */
int packet_filter_set(void *priv, const struct nsr_filter *filter, struct nsr_error *err);

/** packet_filter_refuse() - have the socket refuse every packet; 0 or -errno */
int packet_filter_refuse(struct packet *p, struct nsr_error *err);

/** packet_filter_attach() - after packet_filter_refuse(): have it take packets again; 0 or -errno */
int packet_filter_attach(struct packet *p, struct nsr_error *err);

/**
 * packet_ring_recv() - see nsr_engine_ops.recv
 *
 * Return: packets, or -ENOMEM.
 */
int packet_ring_recv(struct packet *p, struct nsr_packet *packets, uint32_t max);

/**
 * packet_ring_pause_us() - how long to leave the ring alone, now that all in it is read
 * @ring:     its reader has nothing to read
 * @batch_ms: how long a packet may wait
 *
 * While packets fill blocks, being woken for each costs more than reading it: a reader that looks
 * again after a pause is woken less, and by its own CPU. A pause is over before an eighth of the
 * ring has filled at its latest rate, after half of @batch_ms, before a packet has waited @batch_ms, and
 * after 10 ms, since a burst may come at any rate.
 *
 * Return: microseconds, 0: wait for the descriptor.
 */
uint32_t packet_ring_pause_us(struct packet_ring *ring, uint32_t batch_ms);

/**
 * packet_cook() - put a LINKTYPE_LINUX_SLL2 header in front of a packet, and its tag behind that
 * @packet: filled in, with its bytes from the network header on and 24 bytes to write before them
 * @from:   what the kernel tells of it
 */
void packet_cook(struct nsr_packet *packet, const struct sockaddr_ll *from);

#endif
