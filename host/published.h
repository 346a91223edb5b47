/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What nsring's own captures, of any process, let others know: see lib/publish.h. */
#ifndef NSRING_HOST_PUBLISHED_H
#define NSRING_HOST_PUBLISHED_H

#include "host.h"

/**
 * struct published - ledgers that were found
 * @list: @count of them
 */
struct published {
	struct host_ledger *list;
	uint32_t count;
};

/** published_is() - whether a descriptor's link in /proc/PID/fd is that of a ledger */
bool published_is(const char *link);

/**
 * published_add() - read what a process publishes
 * @dir: its /proc/PID/fd
 * @fd:  a descriptor there
 *
 * What is none, or can't be read, is left out; and one that a child has, too, the second time.
 *
 * Return: 0 or -ENOMEM.
 */
int published_add(struct published *published, pid_t pid, int dir, const char *fd);

/** published_share() - give each namespace of a view its own; 0 or -ENOMEM */
int published_share(const struct published *published, struct host_view *view);

/** published_free() - free it */
void published_free(struct published *published);

#endif
