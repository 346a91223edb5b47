/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The ledgers that nsring's own captures publish, in whatever process: see lib/publish.h. */
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
 * @published: added to
 * @pid:       the process
 * @dir:       its /proc/PID/fd
 * @fd:        name of a descriptor there
 *
 * Skips files that are no ledger or can't be read, and ledgers that another process (a child) has
 * shown already.
 *
 * Return: 0 or -ENOMEM.
 */
int published_add(struct published *published, pid_t pid, int dir, const char *fd);

/** published_share() - copy each ledger to its namespace in the view; 0 or -ENOMEM */
int published_share(const struct published *published, struct host_view *view);

/** published_free() - free it */
void published_free(struct published *published);

#endif
