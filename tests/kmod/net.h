/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Network namespaces and devices. Each test has a namespace of its own, without IPv6 and addresses,
 * so without packets of its own:
 *
 *	v0 ──────── v1
 */
#ifndef NSR_TESTS_KMOD_NET_H
#define NSR_TESTS_KMOD_NET_H

#include "check.h"

/** net_enter() - move this process into a new namespace, and to CPU 0; a cmocka setup */
int net_enter(void **state);

/**
 * net_leave() - go back to the first namespace; a cmocka teardown
 *
 * Closes what ring_socket() and netns_new() have opened. Return: -1 when the module is still used
 * seconds later.
 */
int net_leave(void **state);

/** ip() - run `ip ARGUMENTS`, which must succeed */
__attribute__((format(printf, 1, 2))) void ip(const char *fmt, ...);

/** make_pair() - a veth pair in this namespace, both ends up and with carrier */
void make_pair(const char *one, const char *other);

/**
 * wait_for_carrier() - until the device, which is up as its peer is, sends what it gets
 *
 * The kernel begins to only in a work of its own.
 */
void wait_for_carrier(const char *device);

/** rename_device() - down meanwhile, as Linux 6.1 wants it */
void rename_device(const char *device, const char *name);

/** ifindex() - of a device of this namespace, that must be there */
uint32_t ifindex(const char *device);

/** netns_new() - another namespace like that of the test; this process stays where it is */
int netns_new(void);

/** netns_here() - a descriptor of the namespace that this process is in */
int netns_here(void);

/** netns_first() - a descriptor of the namespace in which the program was started */
int netns_first(void);

/** netns_enter() - move this process there */
void netns_enter(int netns);

/** netns_close() - let go of one, which may end it */
void netns_close(int netns);

/** netns_cookie() - of the namespace that this process is in */
uint64_t netns_cookie(void);

/** move_device() - into another namespace, where it is then up */
void move_device(const char *device, int netns);

/** is_promiscuous() - whether the device's flags of this namespace say so */
bool is_promiscuous(const char *device);

/** host_memory_kib() - what all rings of the host have, as the first namespace is told */
uint64_t host_memory_kib(void);

/** received(), transmitted() - packets, by /proc/net/dev */
uint64_t received(const char *device);
uint64_t transmitted(const char *device);

#endif
