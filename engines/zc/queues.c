/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The queues of a capture of its own: each has its socket and its UMEM. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "sockets.h"

void zc_fill(struct zc_queue *queue, const struct zc_memory *memory)
{
	uint32_t i;

	for (i = 0; i < memory->rx_frames; i++)
		*zc_ring_address(&queue->fill, i) = (uint64_t)i * memory->chunk_bytes;
	zc_ring_produce(&queue->fill, memory->rx_frames);
}

static int open_socket(const struct zc *zc, struct zc_sockets *sockets, struct zc_queue *queue,
		       uint32_t wanted, bool again)
{
	struct zc_socket_spec spec = {
		.ifindex = zc->device.ifindex,
		.queue = queue->id,
		.memory = &sockets->memory,
		.receive = sockets->mode & NSR_RECV,
		.rings = queue,
	};

	queue->memory = zc_memory_map(&sockets->memory);
	if (!queue->memory)
		return -ENOMEM;
	spec.base = queue->memory;
	queue->fd = zc_bind(zc, sockets, &spec, wanted, again);
	return queue->fd < 0 ? queue->fd : 0;
}

static void close_queue(const struct zc_sockets *sockets, struct zc_queue *queue)
{
	zc_socket_unmap(queue);
	if (queue->fd >= 0)
		close(queue->fd);
	if (queue->memory)
		zc_memory_unmap(&sockets->memory, queue->memory);
	free(queue->held);
	free(queue->held_count);
}

static int open_queue(const struct zc *zc, struct zc_sockets *sockets, struct zc_queue *queue,
		      uint32_t wanted, bool again)
{
	int rc = open_socket(zc, sockets, queue, wanted, again);

	if (rc < 0)
		return rc;
	queue->held_room = sockets->memory.rx_frames;
	queue->held = calloc(queue->held_room + 1, sizeof(*queue->held));
	queue->held_count = calloc(1, sizeof(*queue->held_count));
	if (!queue->held || !queue->held_count)
		return -ENOMEM;
	if (sockets->mode & NSR_RECV)
		zc_fill(queue, &sockets->memory);
	return 0;
}

static void close_all(struct zc_sockets *sockets)
{
	uint32_t i;

	for (i = 0; i < sockets->count; i++)
		close_queue(sockets, &sockets->queues[i]);
	sockets->count = 0;
}

/* @first: number of the first queue; @again: as for zc_bind() */
static int open_all(const struct zc *zc, struct zc_sockets *sockets, uint32_t first, uint32_t count,
		    uint32_t wanted, bool again)
{
	uint32_t i;
	int rc = 0;

	sockets->zero_copy = false;
	for (i = 0; i < count && rc == 0; i++) {
		sockets->queues[i] = (struct zc_queue){ .id = first + i, .fd = -1 };
		sockets->count = i + 1;
		rc = open_queue(zc, sockets, &sockets->queues[i], wanted, again);
		/* All queues are bound as the first could be. */
		wanted = sockets->zero_copy ? NSR_XDP_ZEROCOPY : zc->xdp;
	}
	return rc;
}

int zc_queues_open(struct zc *zc, struct zc_sockets *sockets, uint32_t wanted,
		   const struct nsr_options *opts, struct nsr_error *err)
{
	struct zc_memory *memory = &sockets->memory;
	/* Sending needs one queue. */
	bool one = zc->program.queue >= 0 || !(sockets->mode & NSR_RECV);
	uint32_t first = zc->program.queue >= 0 ? (uint32_t)zc->program.queue : 0;
	uint32_t count = one ? 1 : zc->device.queues;
	bool again = false;
	int rc = sockets->mode & NSR_RECV ? zc_device_takes_sockets(&zc->device, err) : 0;

	if (rc < 0)
		return rc;
	zc_memory_plan(memory, &zc->device, count, sockets->mode, opts);
	sockets->queues = calloc(count, sizeof(*sockets->queues));
	if (!sockets->queues)
		return nsr_error_set(err, -ENOMEM, "out of memory");
	for (;;) {
		rc = open_all(zc, sockets, first, count, wanted, again);
		/* The limit on locked memory, or the machine, may have room for half as much. */
		if ((rc != -ENOBUFS && rc != -ENOMEM) || memory->rx_frames < 2 * ZC_LEAST_FRAMES)
			break;
		again = sockets->count > 1;
		close_all(sockets);
		memory->rx_frames /= 2;
		memory->ring_frames = memory->rx_frames;
	}
	return rc < 0 ? zc_bind_say(zc, rc, sockets->queues[sockets->count - 1].id, err) : 0;
}

void zc_queues_close(struct zc_sockets *sockets)
{
	close_all(sockets);
	free(sockets->queues);
	sockets->queues = NULL;
	free(sockets->bounce);
	sockets->bounce = NULL;
}
