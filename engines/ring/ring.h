/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The ring engine's parts: ring.c (the socket and the ops), setup.c (how to capture, and the ring's
 * memory), recv.c, filter.c.
 */
#ifndef NSR_ENGINES_RING_RING_H
#define NSR_ENGINES_RING_RING_H

#include <pthread.h>

#include <nsring/engine.h>

#include "lib/ifaces.h"
#include "lib/ring_reader.h"
#include "lib/socket_send.h"
#include "uapi/nsring_uapi.h"

/** Generations of a capture's filter that the number of bytes kept can tell apart: see filter.c. */
#define RING_GENERATIONS 16

/** struct ring - a capture of the ring engine */
struct ring {
	int fd; /* socket of nsring.ko */
	int link_fd; /* netlink, for the ledger's row "nic" */
	int watch_fd; /* netlink, tells that names may have changed; -1: of one device */
	int64_t names_at_ms; /* of all namespaces: when to doubt names, which nothing tells of */
	struct nsring_setup setup;
	struct nsr_ring_map map; /* since start */
	uint64_t memory_bytes; /* of the ring when it was made; the map has places for more lanes */
	struct nsr_ring_reader *reader; /* since start, when receiving */
	enum nsr_skb_view view;
	uint32_t snaplen; /* as the caller wants it */
	uint32_t ring_snaplen; /* as the ring has room for it */
	uint32_t fanout_group;
	bool any_iface; /* ids are looked up; else all packets are of interface 0 */
	struct nsr_ifaces ifaces;
	const struct nsr_filter *filter; /* the core's, NULL for none */
	bool judge_all; /* the kernel can't run the filter: packets meet it when handed out */
	uint32_t generation; /* of the filter */
	uint32_t kept; /* how many bytes it has the kernel keep, to tell the generations apart */
	bool ambiguous; /* so many changes at once that the numbers repeat, or a shared ring */
	/* Set up once: */
	uint32_t mode; /* enum nsr_mode */
	uint32_t ifindex; /* 0 for "any" */
	uint32_t linktype;
	bool new_group;
	char device[16];
	uint64_t missed_before; /* by the device, when the capture was opened */
	_Atomic uint64_t missed; /* since then, as last seen */
	pthread_mutex_t link_lock; /* one question at a time: two threads may ask for stats */
	_Atomic uint64_t refused; /* by the filter when they were handed out */
	struct nsr_socket_sender sender;
};

/** ring_setup() - have the socket made and told how to capture; 0 or -errno */
int ring_setup(struct ring *r, const struct nsr_engine_args *args, struct nsr_error *err);

/**
 * ring_bind() - begin to capture or send: makes the ring and maps it
 * @r:   set up
 * @err: the reason in words
 *
 * Return: 0; -ENOMEM; -ENODEV; -errno of bind(2) and mmap(2).
 */
int ring_bind(struct ring *r, struct nsr_error *err);

/** ring_unmap() - let go of the ring's memory; the kernel's part goes with the socket */
void ring_unmap(struct ring *r);

/** ring_set_filter() - see nsr_engine_ops.set_filter */
int ring_set_filter(void *priv, const struct nsr_filter *filter, struct nsr_error *err);

/** ring_recv() - see nsr_engine_ops.recv */
int ring_recv(void *priv, struct nsr_packet *packets, uint32_t max, struct nsr_error *err);

#endif
