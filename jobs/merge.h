/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Packets of several captures in the order of their time stamps.
 *
 * Nothing is copied: a batch is a view into its capture's memory, valid until that capture is asked
 * again. So of each capture one batch is held at most, and the packet with the smallest stamp is
 * handed out once no other capture can come up with an earlier one: each either has a batch of its
 * own, or had nothing when it was asked later than the stamp and the time that a packet may wait in
 * the kernel. A packet whose stamp is of another clock, such as a device's, waits that long at most.
 */
#ifndef NSRING_MERGE_H
#define NSRING_MERGE_H

#include "captures.h"

struct merge;

/**
 * merge_new() - have a set's captures read by merge_next() from now on
 * @set:     open, of several captures, none of which has been read
 * @hold_ns: how long a packet may wait in the kernel before its capture hands it out
 *
 * Return: to be freed by merge_free(); NULL when memory is short.
 */
struct merge *merge_new(struct captures *set, uint64_t hold_ns);

/**
 * merge_next() - the next packets in order, all of one capture
 * @merge:   of @set
 * @set:     what it was made for
 * @run:     filled in; valid until the next call
 * @wait_ms: longest wait
 *
 * Return: as captures_next().
 */
struct captures_one *merge_next(struct merge *merge, struct captures *set, struct nsr_batch *run,
				int wait_ms);

/** merge_free() - free it; NULL is fine */
void merge_free(struct merge *merge);

#endif
