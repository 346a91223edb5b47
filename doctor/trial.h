/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Opening a capture to see whether it can be, and what it becomes. */
#ifndef NSRING_DOCTOR_TRIAL_H
#define NSRING_DOCTOR_TRIAL_H

#include <nsring/nsring.h>

/**
 * struct trial - how opening a capture went
 * @rc:   of nsr_open()
 * @info: of nsr_info(), when @rc is 0
 * @text: why it failed, without the target's name
 * @advice: what to do about it, "" where the library has none
 * @descriptors: how many the open capture had
 */
struct trial {
	int rc;
	struct nsr_info info;
	char text[512];
	char advice[512];
	unsigned int descriptors;
};

/**
 * trial_open() - open a capture and close it again
 * @trial:  filled in
 * @target: without a place it means the calling thread's namespace
 * @opts:   see nsr_open()
 */
void trial_open(struct trial *trial, const char *target, const struct nsr_options *opts);

/**
 * trial_say() - say on stderr why a trial failed
 * @trial:  a failed one
 * @target: the subject of the message
 */
void trial_say(const struct trial *trial, const char *target);

#endif
