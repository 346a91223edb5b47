/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The receiver that has AF_XDP sockets of its own, one a queue (queues.c).
 *
 * Frames go round: the kernel takes one from the queue's fill ring, writes a packet into it, and
 * puts it into the socket's receive ring; recv.c hands out a view of it and notes its address
 * (zc_queue.held); the next call puts it into the fill ring again. Only the reader writes a fill
 * ring.
 *
 * A new filter's program replaces the old one at once. Packets that the old one let in lie in the
 * receive ring, or are on their way there: at most as many as the queue has frames. So that many
 * packets of each queue (zc_queue.recheck) must meet the new filter when they are handed out.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "doorbell.h"
#include "emit.h"
#include "receiver.h"
#include "sockets.h"

/** struct own - what it keeps; a reader in immediate mode or that polls has no doorbell */
struct own {
	struct zc_sockets sockets;
	struct zc_doorbell doorbell;
};

static struct own *own_of(const struct zc *zc)
{
	return zc->receiving;
}

static int open_doorbell(struct zc *zc, struct own *own, struct nsr_error *err)
{
	const struct zc_sockets *sockets = &own->sockets;

	if (zc->immediate || zc->busy_poll_us)
		return 0;
	return zc_doorbell_open(
		zc, &own->doorbell, sockets->queues[0].id % ZC_QUEUES_MAX, sockets->count,
		sockets->memory.rx_frames / zc_memory_frame_buffers(zc, sockets), err);
}

static struct own *new_own(struct zc *zc)
{
	struct own *own = calloc(1, sizeof(*own));

	if (!own)
		return NULL;
	own->sockets.mode = zc->mode;
	own->sockets.joins = zc_sockets_may_join(zc);
	if (zc->mode & NSR_SEND)
		zc->sender = &own->sockets;
	zc->receiving = own;
	zc->program.take = zc_emit_redirect;
	return own;
}

static int own_open(struct zc *zc, const struct nsr_options *opts, struct nsr_error *err)
{
	struct own *own;
	int rc = zc_attach(zc, opts->stamp, err);

	if (rc < 0)
		return rc;
	own = new_own(zc);
	if (!own)
		return nsr_error_set(err, -ENOMEM, "out of memory");
	rc = zc_sockets_make_map(zc, 1, err);
	if (rc == 0)
		rc = zc_queues_open(zc, &own->sockets,
				    zc->xdp == NSR_XDP_GENERIC ? NSR_XDP_GENERIC : opts->xdp, opts,
				    err);
	if (rc == 0)
		rc = open_doorbell(zc, own, err);
	return rc < 0 ? rc : zc_sockets_prepare(zc, &own->sockets, err);
}

static int own_set_filter(struct zc *zc, const struct nsr_filter *filter, struct nsr_error *err)
{
	struct zc_sockets *sockets = &own_of(zc)->sockets;
	int rc = zc_attach_replace(zc, filter, false, err);
	uint32_t i;

	if (rc < 0)
		return rc;
	zc->filter = filter;
	for (i = 0; i < sockets->count; i++)
		sockets->queues[i].recheck = sockets->memory.rx_frames;
	return 0;
}

static int own_start(struct zc *zc)
{
	struct zc_sockets *sockets = &own_of(zc)->sockets;
	struct zc_queue *queue;
	uint32_t i;

	for (i = 0; i < sockets->count; i++) {
		queue = &sockets->queues[i];
		/* Nothing has come so far that an older filter let in. */
		queue->recheck = 0;
		if (bpf_map_update_elem(zc->program.sockets, &queue->id, &queue->fd, 0) < 0)
			return -errno;
	}
	return 0;
}

static int own_recv(struct zc *zc, struct nsr_packet *packets, uint32_t max)
{
	struct own *own = own_of(zc);
	struct zc_sockets *sockets = &own->sockets;
	uint32_t i;

	zc_doorbell_silence(&own->doorbell);
	for (i = 0; i < sockets->count; i++)
		if (*sockets->queues[i].held_count)
			zc_sockets_give_back(&sockets->queues[i]);
	return zc_sockets_recv(zc, sockets, packets, max);
}

static bool doze(struct own *own)
{
	uint32_t i;

	zc_doorbell_arm(&own->doorbell);
	for (i = 0; i < own->sockets.count; i++)
		if (!zc_doorbell_ask(&own->doorbell, i,
				     zc_ring_waiting(&own->sockets.queues[i].rx)))
			return false;
	return true;
}

static int own_idle(struct zc *zc, uint32_t us, int *fd)
{
	struct own *own = own_of(zc);

	if (!us)
		return 0;
	if (zc->program.doorbell < 0)
		return zc_sockets_idle_us(&own->sockets, us);
	*fd = zc->program.doorbell;
	return doze(own) ? (int)us : -EAGAIN;
}

static int own_stop(struct zc *zc, struct nsr_error *err)
{
	struct zc_sockets *sockets = &own_of(zc)->sockets;
	uint32_t i;

	for (i = 0; i < sockets->count; i++)
		bpf_map_delete_elem(zc->program.sockets, &sockets->queues[i].id);
	return 0;
}

static void own_stats(struct zc *zc, struct nsr_stats *stats)
{
	const struct zc_sockets *sockets = &own_of(zc)->sockets;
	uint32_t i;

	stats->filtered += zc_state_filtered(zc);
	for (i = 0; i < sockets->count; i++)
		stats->lost_ring += zc_socket_lost(sockets->queues[i].fd);
}

static void own_info(const struct zc *zc, struct nsr_info *info)
{
	zc_sockets_info(zc, &own_of(zc)->sockets, info);
	info->diverts = true;
}

static void own_close(struct zc *zc)
{
	struct own *own = own_of(zc);

	if (!own)
		return;
	zc->sender = NULL;
	zc_queues_close(&own->sockets);
	zc_doorbell_close(zc, &own->doorbell);
	if (zc->program.sockets >= 0)
		close(zc->program.sockets);
	zc->program.sockets = -1;
	free(own);
	zc->receiving = NULL;
}

const struct zc_receiver_ops zc_receiver_own = {
	.open = own_open,
	.set_filter = own_set_filter,
	.start = own_start,
	.recv = own_recv,
	.idle = own_idle,
	.stop = own_stop,
	.stats = own_stats,
	.info = own_info,
	.close = own_close,
};
