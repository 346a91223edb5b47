/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A receiver is a way in which matching frames get from the device into memory of this process.
 * There are three, and zc.c chooses one for each capture that receives:
 *
 *	own.c     AF_XDP sockets of the capture's own, one a queue
 *	copy.c    the program copies frames into a ring of ours (lanes.c)
 *	group.c   AF_XDP sockets that captures share a device by
 *
 * A receiver keeps its state in zc.receiving, which only it looks at. All of its functions are called
 * once for a batch of packets at most, never for each packet.
 */
#ifndef NSR_ENGINES_ZC_RECEIVER_H
#define NSR_ENGINES_ZC_RECEIVER_H

#include "zc.h"

/**
 * struct zc_receiver_ops - a receiver
 * @check_options: what it can't do, before anything is opened; only for one that the options demand
 * @open:   have zc_attach() attach the program, set its zc_program.take, get ready, and zc_watch()
 *          the descriptors that tell of packets
 * @set_filter: what the old filter let in meets the new one when it is handed out
 * @start:  take frames from now on: 0 or -errno
 * @recv:   see nsr_engine_ops.recv
 * @idle:   see nsr_engine_ops.idle: @us, how long the descriptors may be left alone, is 0 without
 *          coalescing
 * @stop:   take no further frames
 * @gone:   the device is gone, and the program off it
 * @stats:  fill in what was lost in rings and by consumers, and what was filtered
 * @info:   fill in mode (how packets come; the queues are added to it), ring_bytes, diverts and
 *          fanout_group
 * @close:  free everything; also after a failed open
 *
 * @check_options, @start and @gone may be NULL.
 */
struct zc_receiver_ops {
	int (*check_options)(const struct nsr_engine_args *args, struct nsr_error *err);
	int (*open)(struct zc *zc, const struct nsr_options *opts, struct nsr_error *err);
	int (*set_filter)(struct zc *zc, const struct nsr_filter *filter, struct nsr_error *err);
	int (*start)(struct zc *zc);
	int (*recv)(struct zc *zc, struct nsr_packet *packets, uint32_t max);
	int (*idle)(struct zc *zc, uint32_t us, int *fd);
	int (*stop)(struct zc *zc, struct nsr_error *err);
	void (*gone)(struct zc *zc);
	void (*stats)(struct zc *zc, struct nsr_stats *stats);
	void (*info)(const struct zc *zc, struct nsr_info *info);
	void (*close)(struct zc *zc);
};

extern const struct zc_receiver_ops zc_receiver_own;
extern const struct zc_receiver_ops zc_receiver_copy;
extern const struct zc_receiver_ops zc_receiver_group;

#endif
