/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What was sent on a veth pair is not received yet when the call returns. */
#ifndef SOFTIRQ_H
#define SOFTIRQ_H

#include <stdint.h>

/**
 * softirq_let_arrive() - wait until devices have received what was sent to them
 * @frames: how many, at most, they may have to receive
 *
 * A frame for a veth waits in a queue of the CPU that sent it, and a busy CPU leaves that queue to
 * a thread, ksoftirqd, which may run any time later. No counter that all kernels and engines have
 * tells that the queue is empty. So this waits in the same queue: see softirq.c.
 */
void softirq_let_arrive(uint32_t frames);

#endif
