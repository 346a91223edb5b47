/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The memory of a receive ring: how much of it, in which blocks, and mapping it. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "packet.h"

/*
 * 8 MiB hold 1.3 million packets/s of 60 bytes for 40 ms, longer than a reader is kept from its
 * CPU on a busy host, yet 200 captures still fit into 2 GiB of memory that can't be swapped.
 */
#define DEFAULT_RING_BYTES (8u << 20)

/* In immediate mode every packet takes a frame of full length. */
#define DEFAULT_IMMEDIATE_BYTES (32u << 20)

/*
 * A block goes to the reader as a whole, when its time is up also half empty: small blocks make
 * the ring last longer for a reader that stalls, large ones mean fewer wake-ups.
 */
#define LEAST_BLOCK_BYTES (128u << 10)
#define MOST_BLOCK_BYTES  (1u << 20)

/* More than the headers that the ring keeps with a packet. */
#define OVERHEAD 256

static uint32_t power_of_two(uint32_t least)
{
	uint32_t size = 4096;

	while (size < least)
		size *= 2;
	return size;
}

static void size_ring(struct packet *p, const struct nsr_options *opts, uint32_t max_frame,
		      struct tpacket_req3 *req)
{
	uint32_t longest = p->snaplen < max_frame ? p->snaplen : max_frame;
	uint64_t bytes = opts->ring_bytes;
	uint64_t spare = nsr_spare_memory() / 4;
	uint32_t frame = 2048; /* V3 packs packets of any length into a block */
	uint64_t blocks;

	if (!bytes)
		bytes = opts->immediate ? DEFAULT_IMMEDIATE_BYTES : DEFAULT_RING_BYTES;
	if (spare && bytes > spare)
		bytes = spare;
	req->tp_block_size = power_of_two(longest + PACKET_GENERATIONS + OVERHEAD);
	if (req->tp_block_size < LEAST_BLOCK_BYTES)
		req->tp_block_size = LEAST_BLOCK_BYTES;
	if (req->tp_block_size > MOST_BLOCK_BYTES || opts->immediate)
		req->tp_block_size = MOST_BLOCK_BYTES;
	if (opts->immediate) /* many to a block, so that little is left over at its end */
		frame = TPACKET_ALIGN(longest + PACKET_GENERATIONS + OVERHEAD);
	blocks = bytes / req->tp_block_size;
	if (blocks < 2)
		blocks = 2;
	req->tp_frame_size = frame;
	req->tp_block_nr = (uint32_t)blocks;
	req->tp_retire_blk_tov = opts->batch_ms;
}

/* Makes the ring, or one half as large, and so on, while the kernel lacks memory for it. */
static int make_ring(struct packet *p, struct tpacket_req3 *req, struct nsr_error *err)
{
	socklen_t size = p->ring.version == TPACKET_V3 ? sizeof(struct tpacket_req3)
						       : sizeof(struct tpacket_req);

	for (;; req->tp_block_nr /= 2) {
		if (req->tp_block_nr < 2)
			return nsr_error_set(err, -ENOMEM,
					     "no memory for a ring, not even of two blocks of %u "
					     "bytes",
					     req->tp_block_size);
		req->tp_frame_nr = req->tp_block_size / req->tp_frame_size * req->tp_block_nr;
		if (setsockopt(p->fd, SOL_PACKET, PACKET_RX_RING, req, size) == 0)
			return 0;
		if (errno != ENOMEM)
			return nsr_error_set(err, -errno, "receive ring of %u blocks: %s",
					     req->tp_block_nr, strerror(errno));
	}
}

int packet_ring_open(struct packet *p, const struct nsr_options *opts, uint32_t max_frame,
		     struct nsr_error *err)
{
	struct packet_ring *ring = &p->ring;
	struct tpacket_req3 req = { 0 };
	int rc;

	ring->version = opts->immediate ? TPACKET_V2 : TPACKET_V3;
	if (setsockopt(p->fd, SOL_PACKET, PACKET_VERSION, &ring->version, sizeof(int)) < 0)
		return nsr_error_set(err, -errno, "ring version: %s", strerror(errno));
	size_ring(p, opts, max_frame, &req);
	rc = make_ring(p, &req, err);
	if (rc < 0)
		return rc;
	ring->block_bytes = req.tp_block_size;
	ring->block_count = req.tp_block_nr;
	ring->frame_bytes = req.tp_frame_size;
	ring->frame_count = req.tp_frame_nr;
	ring->bytes = (size_t)req.tp_block_size * req.tp_block_nr;
	ring->map = mmap(NULL, ring->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, p->fd, 0);
	if (ring->map == MAP_FAILED) {
		ring->map = NULL;
		return nsr_error_set(err, -errno, "mapping the ring: %s", strerror(errno));
	}
	return 0;
}

void packet_ring_close(struct packet_ring *ring)
{
	if (ring->map)
		munmap(ring->map, ring->bytes);
	ring->map = NULL;
}
