/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Where the other ends of links are. */
#ifndef NSRING_HOST_PEERS_H
#define NSRING_HOST_PEERS_H

#include "host.h"

/**
 * peers_find() - find the namespace of each peer
 * @view: with all links; what is found of their peers is filled in
 *
 * Return: 0; -ENOMEM; -EAGAIN no thread can start.
 */
int peers_find(struct host_view *view);

#endif
