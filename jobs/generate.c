/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A source of generated UDP flows.
 */
#include "generate.h"

#include <stdlib.h>
#include <string.h>

/*
 * Flow n has source address n % FLOW_ADDRESSES and source port n % FLOW_PORTS. The two have no
 * common factor, so FLOW_ADDRESSES * FLOW_PORTS flows are all distinct. Both address and port vary
 * so that hashes over either of them spread the flows.
 */
#define FLOW_ADDRESSES 199u
#define FLOW_PORTS     50000u

_Static_assert(GENERATE_FLOWS_MOST <= FLOW_ADDRESSES * FLOW_PORTS, "flows would repeat");

/* Memory for frames. When all flows fit, each frame is written only once. */
#define POOL_BYTES (4u << 20)

/**
 * struct generator - hands out a list of frames, over and over
 * @left:    how many more frames to hand out
 * @flow:    the next frame's flow, unless @fixed
 * @fixed:   @pool has a frame for every flow; otherwise a frame gets its flow when it is handed out
 * @list:    frames in the order of their flows; several entries may share one frame of @pool
 * @entries: length of @list
 * @next:    index in @list of the next frame
 * @batch:   most entries to hand out at once
 * @pool:    memory of the frames that @list points to
 */
struct generator {
	struct frame_layout layout;
	uint32_t flows;
	uint32_t flow;
	uint64_t left;
	bool fixed;
	struct nsr_frame *list;
	uint32_t entries;
	uint32_t next;
	uint32_t batch;
	uint8_t *pool;
};

/* Adds @more to the low 32 bits of an address. */
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

/* Sets @fixed, @batch and @entries; returns the number of frames in the pool. */
static uint32_t choose_sizes(struct generator *gen, uint32_t batch)
{
	uint32_t most = POOL_BYTES / gen->layout.size;

	gen->fixed = gen->flows <= most;
	if (gen->fixed) {
		gen->batch = batch;
		gen->entries = gen->flows < batch ? batch / gen->flows * gen->flows : gen->flows;
		return gen->flows;
	}
	gen->batch = gen->entries = batch < most ? batch : most;
	return gen->entries;
}

static void fill(struct generator *gen, uint32_t pool_frames)
{
	uint32_t size = gen->layout.size, i;

	for (i = 0; i < pool_frames; i++) {
		frame_build(&gen->layout, gen->pool + (size_t)i * size);
		if (gen->fixed)
			set_flow(gen, i, gen->pool + (size_t)i * size);
	}
	for (i = 0; i < gen->entries; i++)
		gen->list[i] =
			(struct nsr_frame){ .data = gen->pool + (size_t)(i % pool_frames) * size,
					    .len = size };
}

struct generator *generator_open(const struct frame_layout *layout, uint32_t flows, uint64_t count,
				 uint32_t batch)
{
	struct generator *gen = calloc(1, sizeof(*gen));
	uint32_t pool_frames;

	if (!gen)
		return NULL;
	gen->layout = *layout;
	gen->flows = flows;
	gen->left = count ? count : UINT64_MAX;
	pool_frames = choose_sizes(gen, batch);
	gen->pool = malloc((size_t)layout->size * pool_frames);
	gen->list = malloc(gen->entries * sizeof(*gen->list));
	if (!gen->pool || !gen->list) {
		generator_close(gen);
		return NULL;
	}
	fill(gen, pool_frames);
	return gen;
}

static void write_flows(struct generator *gen, const struct transmit_batch *batch)
{
	uint32_t i;

	for (i = 0; i < batch->count; i++) {
		set_flow(gen, gen->flow, (uint8_t *)batch->frames[i].data);
		gen->flow = gen->flow + 1 < gen->flows ? gen->flow + 1 : 0;
	}
}

int generator_next(void *arg, struct transmit_batch *batch)
{
	struct generator *gen = arg;

	if (!gen->left)
		return 1;
	batch->frames = gen->list + gen->next;
	batch->times_ns = NULL;
	batch->count = gen->entries - gen->next;
	if (batch->count > gen->batch)
		batch->count = gen->batch;
	if (batch->count > gen->left)
		batch->count = (uint32_t)gen->left;
	if (!gen->fixed)
		write_flows(gen, batch);
	gen->left -= batch->count;
	gen->next = gen->next + batch->count < gen->entries ? gen->next + batch->count : 0;
	return 0;
}

void generator_close(struct generator *gen)
{
	if (!gen)
		return;
	free(gen->pool);
	free(gen->list);
	free(gen);
}
