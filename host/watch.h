/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Being told that a view of the host is out of date. Holds no namespace.
 */
#ifndef NSRING_HOST_WATCH_H
#define NSRING_HOST_WATCH_H

#include <stdbool.h>

/**
 * struct host_watch - what is listened to
 * @events: rtnetlink's, of interfaces, addresses and namespace numbers
 * @mounts: changes of this process's mount namespace
 */
struct host_watch {
	int events;
	int mounts;
};

/**
 * host_watch_open() - begin to listen; what happens from then on ends a wait
 * @watch: filled in; to be closed with host_watch_close(), also after a failure
 *
 * Events of other namespaces come from those that have a number (nsid) in the caller's, and if the
 * caller has CAP_NET_BROADCAST.
 *
 * Return: 0 or -errno.
 */
int host_watch_open(struct host_watch *watch);

/**
 * host_watch_wait() - wait until something has changed
 * @watch:   open
 * @stop:    a descriptor that ends the wait when it polls readable
 * @most_ms: longest wait
 *
 * Return: true when something has changed.
 */
bool host_watch_wait(struct host_watch *watch, int stop, int most_ms);

/** host_watch_close() - listen no longer */
void host_watch_close(struct host_watch *watch);

#endif
