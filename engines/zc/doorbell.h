/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The doorbell that the program rings when an idle reader must look: see doorbell.c. */
#ifndef NSR_ENGINES_ZC_DOORBELL_H
#define NSR_ENGINES_ZC_DOORBELL_H

#include "zc.h"

/**
 * struct zc_doorbell - the reader's side
 * @consumer, @producer: positions of the BPF ring buffer, mapped
 * @lanes: @count lanes of struct zc_state, whose frames ring
 * @step:  after how many frames, or bytes, it rings
 * @idle:  zc_doorbell_ask() was called, so the program may ring
 */
struct zc_doorbell {
	uint64_t *consumer;
	const uint64_t *producer;
	struct zc_lane *lanes;
	uint32_t count;
	uint32_t step;
	bool idle;
};

/**
 * zc_doorbell_open() - have the program ring
 * @first, @count: lanes of @zc->state
 * @ring:  how many frames, or bytes, the ring of each lane holds
 *
 * Return: 0 or -errno. zc_doorbell_close() undoes also a part.
 */
int zc_doorbell_open(struct zc *zc, struct zc_doorbell *bell, uint32_t first, uint32_t count,
		     uint32_t ring, struct nsr_error *err);
void zc_doorbell_close(struct zc *zc, struct zc_doorbell *bell);

/** zc_doorbell_arm() - the reader becomes idle; then zc_doorbell_ask() for each lane */
void zc_doorbell_arm(struct zc_doorbell *bell);

/**
 * zc_doorbell_ask() - have the program ring when a step has come to a lane
 * @waiting: frames, or bytes, that the reader has not taken yet; they count
 *
 * Return: false when @waiting is a step already: the reader should look instead.
 */
bool zc_doorbell_ask(struct zc_doorbell *bell, uint32_t lane, uint64_t waiting);

/** zc_doorbell_arm_now() - ring for the next record: the reader has read each lane up to @next */
void zc_doorbell_arm_now(struct zc_doorbell *bell, const uint64_t *next);

/** zc_doorbell_silence() - the reader is no longer idle: do not ring */
void zc_doorbell_silence(struct zc_doorbell *bell);

#endif
