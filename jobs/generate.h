/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A source of generated UDP flows.
 */
#ifndef NSRING_GENERATE_H
#define NSRING_GENERATE_H

#include "frame.h"
#include "transmit.h"

#define GENERATE_FLOWS_MOST 1000000

struct generator;

/**
 * generator_open() - prepare the frames
 * @layout: of the first flow; the other flows' source addresses and ports count up from there
 * @flows:  number of distinct flows, 1 to GENERATE_FLOWS_MOST; frames take them in turn
 * @count:  total number of frames, 0: no limit
 * @batch:  most frames to hand out at once
 *
 * Return: the generator, NULL when memory is short.
 */
struct generator *generator_open(const struct frame_layout *layout, uint32_t flows, uint64_t count,
				 uint32_t batch);

/** generator_next() - see struct transmit_source; @arg is the generator */
int generator_next(void *arg, struct transmit_batch *batch);

/** generator_close() - free @gen, which may be NULL */
void generator_close(struct generator *gen);

#endif
