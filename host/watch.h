/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Noticing that a view of the host is out of date, without holding any namespace.
 */
#ifndef NSRING_HOST_WATCH_H
#define NSRING_HOST_WATCH_H

#include <stdbool.h>

/**
 * struct host_watch - where changes are reported
 * @events: rtnetlink socket: interfaces, addresses and namespace numbers
 * @mounts: changes of this process's mount namespace
 */
struct host_watch {
	int events;
	int mounts;
};

/**
 * host_watch_open() - begin to listen; any later change ends a wait
 * @watch: filled in; close it with host_watch_close(), also after a failure
 *
 * With CAP_NET_BROADCAST it also hears of changes in the namespaces that have a number (nsid) in
 * the caller's; without, only of changes in the caller's own.
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
 * Return: true when something has changed; false when @stop ended the wait, or @most_ms passed.
 */
bool host_watch_wait(struct host_watch *watch, int stop, int most_ms);

/** host_watch_close() - stop listening */
void host_watch_close(struct host_watch *watch);

#endif
