/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Acting inside each namespace of a view. */
#ifndef NSRING_HOST_VISIT_H
#define NSRING_HOST_VISIT_H

#include "host.h"

/**
 * visit_all() - call a function inside each namespace of a view
 * @view: visit_all() skips namespaces without a descriptor or with an error
 * @fn:   called in a thread that has entered @ns. Several calls run at once, each for another @ns;
 *        a call may change its own @ns and nothing else in the view. Its -errno becomes @ns->error
 * @arg:  for @fn; shared by all threads
 *
 * All threads have ended when it returns; the calling thread enters no namespace.
 *
 * Return: 0; -EAGAIN no thread can start; -ENOMEM.
 */
int visit_all(struct host_view *view, int (*fn)(struct host_ns *ns, void *arg), void *arg);

#endif
