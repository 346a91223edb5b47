/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A capture publishes its figures in a memfd. A process that may look at the descriptors of the
 * capturing process (/proc/PID/fd) finds the memfd by its name and reads it. The memfd dies with
 * the capturing process.
 */
#ifndef NSR_LIB_PUBLISH_H
#define NSR_LIB_PUBLISH_H

#include <stdbool.h>

#include <nsring/nsring.h>

/** The memfd's name; /proc shows it as "/memfd:nsring-capture (deleted)". */
#define NSR_PUBLISHED_NAME "nsring-capture"

/** The memfd's first bytes: they also tell the layout of the rest. */
#define NSR_PUBLISHED_MAGIC "nsrcap 1"

/**
 * struct nsr_published - contents of the memfd, in the host's byte order
 * @magic:       NSR_PUBLISHED_MAGIC, without the final 0
 * @at_ns:       when the figures were true, CLOCK_BOOTTIME; a capture that calls nsr_recv() brings
 *               them up to date about once a second
 * @netns_inode: of the namespace that is captured
 * @packets, …:  as in struct nsr_stats
 * @target:      as nsr_open() got it
 * @engine, @filter: in use now; cut off at their size
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
	struct nsr_published *page; /* NULL: nothing is published */
	int fd;
	int64_t next_ms; /* when to bring it up to date */
};

/**
 * nsr_publish_open() - make the memfd
 * @publisher: zeroed; its page stays NULL when descriptors or memory have run out
 * @target:    as nsr_open() got it
 * @engine:    its name
 * @netns_inode: of the namespace that is captured
 */
void nsr_publish_open(struct nsr_publisher *publisher, const char *target, const char *engine,
		      uint64_t netns_inode);

/** nsr_publish_filter() - publish the filter's text; NULL: none */
void nsr_publish_filter(struct nsr_publisher *publisher, const char *filter);

/** nsr_publish_due() - whether it is time for new figures; cheap enough for each batch */
bool nsr_publish_due(struct nsr_publisher *publisher);

/** nsr_publish_stats() - publish the figures; from any thread */
void nsr_publish_stats(struct nsr_publisher *publisher, const struct nsr_stats *stats);

/** nsr_publish_close() - free the memfd; @publisher may never have been opened */
void nsr_publish_close(struct nsr_publisher *publisher);

#endif
