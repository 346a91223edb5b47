/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "visit.h"

#include <errno.h>
#include <stdlib.h>

#include "sys/place.h"

struct round {
	struct host_view *view;
	int (*fn)(struct host_ns *ns, void *arg);
	void *arg;
};

static void visit(uint32_t index, int rc, void *arg)
{
	const struct round *round = arg;
	struct host_ns *ns = &round->view->list[index];

	ns->error = rc < 0 ? rc : round->fn(ns, round->arg);
}

int visit_all(struct host_view *view, int (*fn)(struct host_ns *ns, void *arg), void *arg)
{
	struct round round = { .view = view, .fn = fn, .arg = arg };
	int *fds = calloc(view->count ? view->count : 1, sizeof(*fds));
	uint32_t i;
	int rc;

	if (!fds)
		return -ENOMEM;
	for (i = 0; i < view->count; i++)
		fds[i] = view->list[i].error ? -1 : view->list[i].fd;
	rc = nsr_place_run_each(fds, view->count, visit, &round);
	free(fds);
	return rc;
}
