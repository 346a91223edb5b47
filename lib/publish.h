/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What a capture lets others know of it: a memfd of the capturing process, which whoever may look
 * at its descriptors (/proc/PID/fd) finds by its name and reads. It goes with the process.
 */
#ifndef NSR_LIB_PUBLISH_H
#define NSR_LIB_PUBLISH_H

#include <stdbool.h>

#include <nsring/nsring.h>

/** Of the memfd; /proc shows it as "/memfd:nsring-capture (deleted)". */
#define NSR_PUBLISHED_NAME "nsring-capture"

/** First bytes, and of which layout the rest is. */
#define NSR_PUBLISHED_MAGIC "nsrcap 1"

/**
 * struct nsr_published - what is in it, in the host's byte order
 * @magic:       NSR_PUBLISHED_MAGIC, without the final 0
 * @at_ns:       when the figures were true, CLOCK_BOOTTIME; a reader brings them up to date about
 *               once a second, unless it doesn't call nsr_recv()
 * @netns_inode: of the namespace that is captured
 * @packets, …:  as in struct nsr_stats
 * @target:      as nsr_open() got it
 * @engine, @filter: what is used; cut off at their size
 */
struct nsr_published {
	char magic[8];
	uint64_t at_ns;
	uint64_t netns_inode;
	uint64_t packets, bytes, filtered;
	uint64_t lost_nic, lost_kernel, lost_ring, lost_consumer;
	char target[256];
	char engine[16];
	char filter[512];
};

/** struct nsr_publisher - the capture's side; all 0 before it is opened */
struct nsr_publisher {
	struct nsr_published *page; /* NULL: nobody gets to know */
	int fd;
	int64_t next_ms; /* when to bring it up to date */
};

/**
 * nsr_publish_open() - make the memfd
 * @publisher: zeroed; stays without a page where there are no descriptors or memory left
 * @target:    as nsr_open() got it
 * @engine:    its name
 * @netns_inode: of the namespace that is captured
 */
void nsr_publish_open(struct nsr_publisher *publisher, const char *target, const char *engine,
		      uint64_t netns_inode);

/** nsr_publish_filter() - the filter's words; NULL: none */
void nsr_publish_filter(struct nsr_publisher *publisher, const char *filter);

/** nsr_publish_due() - whether the figures are old; cheap enough for each batch */
bool nsr_publish_due(struct nsr_publisher *publisher);

/** nsr_publish_stats() - the figures; any thread */
void nsr_publish_stats(struct nsr_publisher *publisher, const struct nsr_stats *stats);

/** nsr_publish_close() - also one that was never opened */
void nsr_publish_close(struct nsr_publisher *publisher);

#endif
