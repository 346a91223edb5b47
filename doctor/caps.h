/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The capabilities of this process, and how it would get those that it lacks.
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

/** All that some part of nsring has a use for; CAP_IPC_LOCK is for AF_XDP's memory. */
#define CAPS_ALL                                                                                   \
	(CAPS_ZC | CAPS_LIVE | CAP_BIT(SYS_ADMIN) | CAP_BIT(SYS_PTRACE) | CAP_BIT(IPC_LOCK))

#define CAPS_TEXT 160

/**
 * struct caps - this process's
 * @effective, @permitted, @bounding: sets, bit N is capability N
 * @no_new_privs: programs get no capabilities by their files
 * @root:         user 0
 * @initial:      in the initial user namespace, where BPF asks for capabilities
 * @program:      the command's file
 */
struct caps {
	uint64_t effective, permitted, bounding;
	bool no_new_privs;
	bool root;
	bool initial;
	char program[256];
};

/** caps_read() - look */
void caps_read(struct caps *caps);

/** caps_missing() - those of @wanted that this process lacks; CAP_SYS_ADMIN stands for some others */
uint64_t caps_missing(const struct caps *caps, uint64_t wanted);

/** caps_names() - "CAP_NET_RAW and CAP_BPF" in @text, which is returned */
const char *caps_names(uint64_t set, char text[CAPS_TEXT]);

/**
 * caps_advise() - say how to get what is missing
 * @caps:    this process's
 * @wanted:  what it should have, beside what it has
 * @finding: whose advice to set
 */
void caps_advise(const struct caps *caps, uint64_t wanted, struct finding *finding);

#endif
