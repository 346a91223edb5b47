/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Doing the same for many things at once. Opening and closing a capture mostly waits for the
 * kernel, some 10 ms each: a thousand in a row would take long.
 */
#ifndef NSRING_WORKERS_H
#define NSRING_WORKERS_H

#include <stdint.h>

/**
 * workers_run() - call a function for 0 to @count - 1
 * @count:   how often
 * @threads: at most so many at a time; 1: in order, by the calling thread
 * @work:    called once for each index
 * @arg:     handed to @work
 *
 * Returns when all is done. Signals go to the calling thread.
 */
void workers_run(uint32_t count, uint32_t threads, void (*work)(void *arg, uint32_t index),
		 void *arg);

#endif
