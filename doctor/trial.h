/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Opening a capture to see whether it can be, and what it becomes. */
#ifndef NSRING_DOCTOR_TRIAL_H
#define NSRING_DOCTOR_TRIAL_H

#include <nsring/nsring.h>

/**
 * struct trial - how opening a capture went
 * @err:  of nsr_open(), without the target in front
 * @info: of nsr_info_get(), when the code of @err is 0
 * @descriptors: how many the open capture had
 */
struct trial {
	struct nsr_error err;
	struct nsr_info info;
	unsigned int descriptors;
};

/**
 * trial_open() - open a capture and close it again
 * @trial:  filled in
 * @target: without a place it means the calling thread's namespace
 * @opts:   see nsr_open()
 */
void trial_open(struct trial *trial, const char *target, const struct nsr_options *opts);

#endif
