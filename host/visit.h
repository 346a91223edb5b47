/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Acting inside each namespace of a view. */
#ifndef NSRING_HOST_VISIT_H
#define NSRING_HOST_VISIT_H

#include "host.h"

/**
 * visit_all() - call a function inside each namespace of a view
 * @view: namespaces without a descriptor or with an error are left out
 * @fn:   called in a thread that has entered @ns; several at a time, each for another @ns, of which
 *        alone it may change anything. Its -errno becomes @ns->error
 * @arg:  for @fn
 *
 * The threads end before it returns; the calling one stays where it is.
 *
 * Return: 0; -EAGAIN no thread can start; -ENOMEM.
 */
int visit_all(struct host_view *view, int (*fn)(struct host_ns *ns, void *arg), void *arg);

#endif
