/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A throwaway network namespace with a veth pair, for trials that must not touch the host.
 */
#ifndef NSRING_DOCTOR_SANDBOX_H
#define NSRING_DOCTOR_SANDBOX_H

#include <nsring/nsring.h>

/** The pair's ends; both are up, as is lo. */
#define SANDBOX_DEVICE "v0"
#define SANDBOX_PEER   "v1"

/**
 * sandbox_run() - run a function in such a namespace
 * @fn:  called with @arg in a thread of its own, for which the caller waits
 * @arg: for @fn
 * @err: filled in when there is no such namespace
 *
 * The namespace has no name and belongs to that thread alone: it ends with the thread, also when
 * the process is killed.
 *
 * Return: 0 once @fn has run; -EPERM without CAP_SYS_ADMIN; -errno.
 */
int sandbox_run(void (*fn)(void *arg), void *arg, struct nsr_error *err);

/** sandbox_set_mtu() - set the MTU of both ends, from within @fn; 0 or -errno */
int sandbox_set_mtu(int mtu);

#endif
