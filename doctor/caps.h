/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Which capabilities parts of nsring need. */
#ifndef NSRING_DOCTOR_CAPS_H
#define NSRING_DOCTOR_CAPS_H

#include "sys/caps.h"

/** The capabilities that the engine zc needs. */
#define CAPS_ZC (NSR_CAP_BIT(NET_RAW) | NSR_CAP_BIT(NET_ADMIN) | NSR_CAP_BIT(BPF))

/** The capabilities that the engine live needs. */
#define CAPS_LIVE (NSR_CAP_BIT(NET_ADMIN) | NSR_CAP_BIT(BPF) | NSR_CAP_BIT(PERFMON))

/** All that any part of nsring can use; CAP_IPC_LOCK is for AF_XDP's memory. */
#define CAPS_ALL                                                                                   \
	(CAPS_ZC | CAPS_LIVE | NSR_CAP_BIT(SYS_ADMIN) | NSR_CAP_BIT(SYS_PTRACE) |                  \
	 NSR_CAP_BIT(IPC_LOCK))

#endif
