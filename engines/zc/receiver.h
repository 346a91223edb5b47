/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A receiver is a way in which matching frames get from the device into memory of this process.
 * There are three, and zc.c chooses one for each capture that receives:
 *
 *	own.c     AF_XDP sockets of the capture's own, one a queue
 *	copy.c    a ring of ours that the program copies frames into
 *	group.c   AF_XDP sockets of captures that share a device
 *
 * Each keeps its state in zc.receiving, at which no other part looks. A batch of packets calls one
 * of these functions once; no packet calls any.
 */
#ifndef NSR_ENGINES_ZC_RECEIVER_H
#define NSR_ENGINES_ZC_RECEIVER_H

#include "zc.h"

/**
 * struct zc_receiver_ops - a receiver
 * @check_options: refuse options that it can't serve, before anything is opened. zc.c asks the
 *          receiver that the options demand, if they demand one
 * @open:   attach the program by zc_attach(), set zc_program.take, get ready, and zc_watch() the
 *          descriptors that tell of packets
 * @set_filter: replace the program; packets that the old filter let in must meet the new one before
 *          they are handed out
 * @start:  take frames from now on; 0 or -errno
 * @recv:   see nsr_engine_ops.recv
 * @idle:   see nsr_engine_ops.idle; @us is how long the descriptors may be left alone, 0 if not at
 *          all
 * @stop:   take no further frames
 * @gone:   the device is gone, and the program will be taken off it; may be called again
 * @stats:  fill in what rings and consumers lost, and what was filtered; by another thread, too
 * @info:   fill in how packets come in mode (zc.c adds the queues), and the other fields except
 *          linktype and snaplen
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
