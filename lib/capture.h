/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A capture: an open target.
 *
 * Engines only say what is there now; waiting, waking, filtering for engines that can't, watching
 * over the place, totals and the order "packets first, then the error" are here, once: opening in
 * capture_open.c, receiving in capture_recv.c, the rest in capture.c.
 */
#ifndef NSR_CAPTURE_H
#define NSR_CAPTURE_H

#include <stdatomic.h>

#include <nsring/target.h>

#include "lib/filter/filter.h"
#include "lib/filter/set.h"
#include "sys/place.h"
#include "options.h"
#include "publish.h"
#include "wait.h"

/* How often to look whether a place still exists. */
#define PLACE_CHECK_MS 1000

struct nsr_capture {
	const struct nsr_engine_ops *ops;
	void *priv;
	struct nsr_wait wait;
	struct nsr_packet *packets; /* opts.batch_packets of them */
	struct nsr_options opts;
	struct nsr_filter *filter; /* engines that filter: what they use */
	struct nsr_filter_set *soft_filter; /* engines that don't */
	bool suspect; /* the engine asked to be checked again soon */
	bool lively; /* packets have come since the reader waited for the engine's descriptor */
	int end; /* why it is over, 0 while it is not */
	int64_t check_at_ms; /* engines that never wait: when to look after it and its place again */
	int64_t quiet_until_ms; /* with @end: when the engine counts as drained */
	struct nsr_error last;
	/* Written by the reader (or sender) only; others may read them at any time. */
	_Atomic uint64_t n_packets, n_bytes, n_filtered, n_unasked, n_sent, n_sent_bytes;
	struct nsr_target target;
	struct nsr_place place;
	uint64_t netns_cookie;
	struct nsr_publisher publisher;
};

/** nsr_capture_count() - raise one of its counters, of which the calling thread is the only writer */
static inline void nsr_capture_count(_Atomic uint64_t *counter, uint64_t more)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more,
			      memory_order_relaxed);
}

/** nsr_capture_failed() - see to it that nsr_last_error() is about @rc, an error; returns @rc */
int nsr_capture_failed(struct nsr_capture *cap, int rc);

#endif
