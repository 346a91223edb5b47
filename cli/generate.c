/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A source of generated UDP flows.
 */
#include "generate.h"

#include <stdlib.h>
#include <string.h>

/*
 * Flow n has address n modulo one and port n modulo the other. Without a common factor each pair
 * comes once in FLOW_ADDRESSES * FLOW_PORTS flows. Both vary so that hashes over either spread.
 */
#define FLOW_ADDRESSES 199u
#define FLOW_PORTS     50000u

_Static_assert(GENERATE_FLOWS_MOST <= FLOW_ADDRESSES * FLOW_PORTS, "flows would repeat");

/**
 * struct generator - a pool of frames, one a place of the batch
 * @left:   frames to go
 * @flow:   of the next frame
 * @frames: TRANSMIT_BATCH frames of @layout.size bytes
 */
struct generator {
	struct frame_layout layout;
	uint32_t flows;
	uint32_t flow;
	uint64_t left;
	uint8_t frames[];
};

struct generator *generator_open(const struct frame_layout *layout, uint32_t flows, uint64_t count)
{
	size_t bytes = sizeof(struct generator) + (size_t)layout->size * TRANSMIT_BATCH;
	struct generator *gen = malloc(bytes);
	uint32_t i;

	if (!gen)
		return NULL;
	gen->layout = *layout;
	gen->flows = flows;
	gen->flow = 0;
	gen->left = count ? count : UINT64_MAX;
	for (i = 0; i < TRANSMIT_BATCH; i++)
		frame_build(layout, gen->frames + (size_t)i * layout->size);
	return gen;
}

/* Adds to the low 32 bits of an address. */
static void add_address(struct frame_address *address, uint32_t more)
{
	uint8_t *low = address->family == AF_INET6 ? address->bytes + 12 : address->bytes;
	uint32_t value =
		(uint32_t)low[0] << 24 | (uint32_t)low[1] << 16 | (uint32_t)low[2] << 8 | low[3];

	value += more;
	low[0] = (uint8_t)(value >> 24);
	low[1] = (uint8_t)(value >> 16);
	low[2] = (uint8_t)(value >> 8);
	low[3] = (uint8_t)value;
}

static void set_flow(const struct generator *gen, uint32_t flow, uint8_t *frame)
{
	struct frame_layout layout = gen->layout;

	add_address(&layout.src, flow % FLOW_ADDRESSES);
	layout.src_port = (uint16_t)(layout.src_port + flow % FLOW_PORTS);
	frame_set_source(&layout, frame);
}

int generator_next(void *arg, struct transmit_batch *batch)
{
	struct generator *gen = arg;
	uint32_t i;

	if (!gen->left)
		return 1;
	batch->count = gen->left < TRANSMIT_BATCH ? (uint32_t)gen->left : TRANSMIT_BATCH;
	gen->left -= batch->count;
	for (i = 0; i < batch->count; i++) {
		uint8_t *frame = gen->frames + (size_t)i * gen->layout.size;

		batch->frames[i] = (struct nsr_frame){ .data = frame, .len = gen->layout.size };
		batch->stamps_ns[i] = 0;
		if (gen->flows == 1)
			continue;
		set_flow(gen, gen->flow, frame);
		gen->flow = gen->flow + 1 < gen->flows ? gen->flow + 1 : 0;
	}
	return 0;
}

void generator_close(struct generator *gen)
{
	free(gen);
}
