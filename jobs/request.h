/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A request for a set of captures: which targets, how they are opened, when the run ends.
 */
#ifndef NSRING_REQUEST_H
#define NSRING_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#define CAPTURE_TARGETS_MAX 4096

/** The targets of all -i, as typed. */
struct capture_targets {
	const char **list;
	uint32_t count;
};

/** How to share a device: --fanout. */
struct capture_fanout {
	uint32_t how; /* enum nsr_fanout */
	uint32_t group;
};

/**
 * struct capture_request - the values
 * @targets:        at least one
 * @snaplen:        0: not given
 * @ring_bytes:     0: not given
 * @batch_ms:       0: not given
 * @direction:      enum nsr_direction
 * @fanout:         how to share the device
 * @no_promiscuous: -p
 * @immediate:      --immediate
 * @take:           enum nsr_take
 * @xdp:            enum nsr_xdp
 * @busy_poll_us:   0: not given
 * @share:          number of a shared ring, 0: not given
 * @sample:         0: not given
 * @stamp:          enum nsr_stamp
 * @wait_ns:        how long to wait for targets that are not there yet; UINT64_MAX: for ever
 * @duration_ns:    0: for ever
 * @packets:        0: no limit
 * @json:           --json
 */
struct capture_request {
	struct capture_targets targets;
	uint32_t snaplen;
	uint64_t ring_bytes;
	uint32_t batch_ms;
	uint32_t direction;
	struct capture_fanout fanout;
	bool no_promiscuous;
	bool immediate;
	uint32_t take;
	uint32_t xdp;
	uint32_t busy_poll_us;
	uint32_t share;
	uint32_t sample;
	uint32_t stamp;
	uint64_t wait_ns;
	uint64_t duration_ns;
	uint64_t packets;
	bool json;
};

#endif
