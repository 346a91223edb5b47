/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Doing the same for many things at once. Opening or closing a capture mostly waits for the kernel,
 * for some 10 ms: a thousand in a row would take 10 s.
 */
#ifndef NSRING_WORKERS_H
#define NSRING_WORKERS_H

#include <stdint.h>

/**
 * workers_run() - call a function for 0 to @count - 1
 * @count:   how often
 * @threads: how many calls may run at once; 1: in order, in the calling thread
 * @work:    called once for each index, by the caller and by worker threads
 * @arg:     passed to @work
 *
 * Returns when all calls have returned. Signals go to the calling thread.
 */
void workers_run(uint32_t count, uint32_t threads, void (*work)(void *arg, uint32_t index),
		 void *arg);

#endif
