/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What queues.c and group.c have in common: memory, and binding. */
#ifndef NSR_ENGINES_ZC_QUEUES_H
#define NSR_ENGINES_ZC_QUEUES_H

#include "zc.h"

/** Frames of a queue at least. */
#define ZC_LEAST_FRAMES 256

/**
 * zc_memory_plan() - choose the size of frames and how many
 * @memory: filled in
 * @device: its MTU decides
 * @queues: that share @opts->ring_bytes
 * @mode:   NSR_RECV, NSR_SEND
 * @opts:   as given to the engine
 */
void zc_memory_plan(struct zc_memory *memory, const struct zc_device *device, uint32_t queues,
		    uint32_t mode, const struct nsr_options *opts);

/** zc_memory_holds() - whether each frame of the device's MTU fits into one chunk */
bool zc_memory_holds(const struct zc_memory *memory, const struct zc_device *device);

/**
 * zc_may_join() - whether frames of several buffers may come, which are put into one piece
 *
 * Those of a large MTU, and in generic mode what the stack has joined (GRO).
 */
bool zc_may_join(const struct zc *zc);

/** zc_frame_buffers() - how many buffers a frame takes at most */
uint32_t zc_frame_buffers(const struct zc *zc);

/** zc_fill() - give the kernel all frames */
void zc_fill(struct zc_queue *queue, const struct zc_memory *memory);

/**
 * zc_bind() - open a queue's first socket, in the best way that the device has
 * @zc:     for what its frames need
 * @spec:   the queue and its memory
 * @wanted: enum nsr_xdp
 * @became: set to NSR_XDP_ZEROCOPY when it is that
 * @again:  sockets were closed just now, and the kernel counts their memory a little longer
 *
 * Return: the descriptor or -errno, for zc_bind_say().
 */
int zc_bind(const struct zc *zc, const struct zc_socket_spec *spec, uint32_t wanted,
	    uint32_t *became, bool again);

/** zc_bind_say() - @code in words */
int zc_bind_say(const struct zc *zc, int code, uint32_t queue, struct nsr_error *err);

#endif
