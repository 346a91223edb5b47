/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Doing the same for many things at once.
 */
#include "workers.h"

#include <stdatomic.h>
#include <stddef.h>

#include "sys/thread.h"

struct workers {
	_Atomic uint32_t next;
	uint32_t count;
	void (*work)(void *arg, uint32_t index);
	void *arg;
};

static void *member(void *arg)
{
	struct workers *workers = arg;
	uint32_t index;

	while ((index = atomic_fetch_add(&workers->next, 1)) < workers->count)
		workers->work(workers->arg, index);
	return NULL;
}

void workers_run(uint32_t count, uint32_t threads, void (*work)(void *arg, uint32_t index),
		 void *arg)
{
	struct workers workers = { .count = count, .work = work, .arg = arg };

	/* The caller works, too, so the work gets done even when no thread can start. */
	nsr_thread_team(threads < count ? threads : count, true, member, &workers);
}
