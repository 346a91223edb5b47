/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The capabilities of this process, and how to get those that are missing. */
#ifndef NSR_CAPS_H
#define NSR_CAPS_H

#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>

#include <nsring/nsring.h>

#define NSR_CAP_BIT(name) (UINT64_C(1) << CAP_##name)

#define NSR_CAPS_TEXT 160

/**
 * struct nsr_caps - this process's capabilities
 * @effective, @permitted, @bounding: sets, bit N is capability N
 * @no_new_privs: file capabilities are ignored by execve(2)
 * @nosuid:       so they are on the file system that the program is on
 * @root:         the effective user is 0
 * @initial:      in the initial user namespace, the only one in which CAP_BPF and CAP_PERFMON count
 */
struct nsr_caps {
	uint64_t effective, permitted, bounding;
	bool no_new_privs;
	bool nosuid;
	bool root;
	bool initial;
};

/** nsr_caps_read() - fill in @caps for the calling thread */
void nsr_caps_read(struct nsr_caps *caps);

/** nsr_caps_missing() - which of @wanted it lacks; CAP_SYS_ADMIN includes BPF and PERFMON */
uint64_t nsr_caps_missing(const struct nsr_caps *caps, uint64_t wanted);

/** nsr_caps_names() - write @set as "CAP_NET_RAW and CAP_BPF" into @text; returns @text */
const char *nsr_caps_names(uint64_t set, char text[NSR_CAPS_TEXT]);

/**
 * nsr_caps_advise() - add to an error that was a refusal how to get the capabilities
 * @err:     its advice is set; may be NULL
 * @code:    of @err
 * @caps:    this process's; NULL: read now
 * @wanted:  capabilities that it should have
 * @program: path to give them to, NULL: not known
 *
 * What the bounding set lacks can't be got by setcap(8), nor anything where file capabilities are
 * ignored. If none is missing, something else refuses: a seccomp profile, or the user namespace.
 *
 * Return: @code.
 */
int nsr_caps_advise(struct nsr_error *err, int code, const struct nsr_caps *caps, uint64_t wanted,
		    const char *program);

#endif
