/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Opening a capture to see whether it can be, and what it becomes. */
#ifndef NSRING_DOCTOR_TRIAL_H
#define NSRING_DOCTOR_TRIAL_H

#include <nsring/nsring.h>

/**
 * struct trial - how it went
 * @rc:   of nsr_open()
 * @info: when @rc is 0
 * @text: else why not, in words, without the target's name
 * @advice: and what to do about it, "" where the library has none
 * @descriptors: that it had open
 */
struct trial {
	int rc;
	struct nsr_info info;
	char text[512];
	char advice[512];
	unsigned int descriptors;
};

/**
 * trial_open() - open and close again
 * @trial:  filled in
 * @target: of the calling thread's namespace, or with a place
 * @opts:   see nsr_open()
 */
void trial_open(struct trial *trial, const char *target, const struct nsr_options *opts);

/**
 * trial_say() - say on stderr why it failed
 * @trial:  that failed
 * @target: stands in front
 */
void trial_say(const struct trial *trial, const char *target);

#endif
