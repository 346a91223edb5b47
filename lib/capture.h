/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A capture: an open target.
 *
 * An engine only says what is there now. The core does the rest, once for all engines: waiting,
 * waking, filtering for engines that can't, watching the place, totals, and the order "packets
 * first, then the error". capture_open.c opens, capture_recv.c receives, capture.c does the rest.
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

/* How often the core looks whether a place still exists. */
#define PLACE_CHECK_MS 1000

struct nsr_capture {
	const struct nsr_engine_ops *ops;
	void *priv;
	struct nsr_wait wait;
	struct nsr_packet *packets; /* opts.batch_packets of them */
	struct nsr_options opts;
	struct nsr_filter *filter; /* of an engine that filters: in use there */
	struct nsr_filter_set *soft_filter; /* of an engine that doesn't: the core applies it */
	uint32_t only; /* enum nsr_direction: what of that which the engine lets in is handed out */
	bool suspect; /* the engine asked to be checked again soon */
	bool lively; /* packets have come since the core last let them gather */
	_Atomic int end; /* why the capture is over, 0 while it is not; nsr_send() reads it, too */
	int64_t check_at_ms; /* by the coarse clock: when to look again whether the place is there */
	int64_t quiet_until_ms; /* with @end: when the engine counts as drained */
	struct nsr_error last; /* of nsr_recv() and nsr_stop() */
	struct nsr_error send_last; /* of nsr_send(), which may run in another thread */
	/* Written by the reader (or sender) only; others may read them at any time. */
	_Atomic uint64_t n_packets, n_bytes, n_filtered, n_unasked, n_sent, n_sent_bytes;
	struct nsr_target target;
	struct nsr_place place;
	uint64_t netns_cookie;
	struct nsr_publisher publisher;
};

/** nsr_capture_count() - raise a counter of a capture that only the calling thread writes */
static inline void nsr_capture_count(_Atomic uint64_t *counter, uint64_t more)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more,
			      memory_order_relaxed);
}

/** nsr_capture_failed() - make nsr_last_error() tell about the error @rc of nsr_recv() or nsr_stop(), and return @rc */
int nsr_capture_failed(struct nsr_capture *cap, int rc);

/**
 * nsr_capture_look_after() - about once a second, look whether the place still exists
 * @cap: by its thread
 *
 * Call it once per batch: it reads a coarse clock, so a capture that is never idle comes to its end
 * as an idle one does. A place that is gone sets @end and has the engine take no further packets.
 */
void nsr_capture_look_after(struct nsr_capture *cap);

#endif
