/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NSR_WORKQUEUE_H
#define NSR_WORKQUEUE_H

#include <linux/workqueue.h>

/* Frees objects whose grace period has passed. */
extern struct workqueue_struct *nsr_workqueue;

#endif
