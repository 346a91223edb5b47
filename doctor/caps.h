/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The capabilities of this process, and advice on how to get the missing ones.
 */
#ifndef NSRING_DOCTOR_CAPS_H
#define NSRING_DOCTOR_CAPS_H

#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>

#include "report.h"

#define CAP_BIT(name) (UINT64_C(1) << CAP_##name)

/** What the engine zc needs. */
#define CAPS_ZC (CAP_BIT(NET_RAW) | CAP_BIT(NET_ADMIN) | CAP_BIT(BPF))

/** What the engine live needs. */
#define CAPS_LIVE (CAP_BIT(NET_ADMIN) | CAP_BIT(BPF) | CAP_BIT(PERFMON))

/** All that any part of nsring can use; CAP_IPC_LOCK is for AF_XDP's memory. */
#define CAPS_ALL                                                                                   \
	(CAPS_ZC | CAPS_LIVE | CAP_BIT(SYS_ADMIN) | CAP_BIT(SYS_PTRACE) | CAP_BIT(IPC_LOCK))

#define CAPS_TEXT 160

/**
 * struct caps - this process's capabilities
 * @effective, @permitted, @bounding: sets, bit N is capability N
 * @no_new_privs: file capabilities are ignored by execve(2)
 * @root:         the effective user is 0
 * @initial:      in the initial user namespace, the only one in which CAP_BPF and CAP_PERFMON count
 * @program:      path of the running program, for setcap lines
 */
struct caps {
	uint64_t effective, permitted, bounding;
	bool no_new_privs;
	bool root;
	bool initial;
	char program[256];
};

/** caps_read() - fill in @caps for this process */
void caps_read(struct caps *caps);

/** caps_missing() - which of @wanted this process lacks; CAP_SYS_ADMIN includes BPF and PERFMON */
uint64_t caps_missing(const struct caps *caps, uint64_t wanted);

/** caps_names() - write @set as "CAP_NET_RAW and CAP_BPF" into @text; returns @text */
const char *caps_names(uint64_t set, char text[CAPS_TEXT]);

/**
 * caps_advise() - advise how to get the missing capabilities
 * @caps:    this process's
 * @wanted:  capabilities that it should have
 * @finding: its advice is set: bounding set first, then no_new_privs, then root or setcap(8)
 */
void caps_advise(const struct caps *caps, uint64_t wanted, struct finding *finding);

#endif
