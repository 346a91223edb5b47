/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * nsring doctor: what works here, and how to make the rest work.
 *
 * host.c goes through what a host has: engines (engine_packet.c, engine_ring.c, engine_zc.c,
 * engine_live.c, xdp_sockets.c), places.c, limits.c. What they say comes from trying it (trial.c) in a throwaway
 * network namespace (sandbox.c). target.c goes through what is known of one device: device.h looks,
 * judge_*.c judge. report.h keeps what was found.
 */
#ifndef NSRING_DOCTOR_H
#define NSRING_DOCTOR_H

#include "caps.h"
#include "report.h"
#include "trial.h"

/**
 * struct zero_copy - which devices of a namespace have it, by what their drivers tell
 * @rc:    0; -EOPNOTSUPP: this kernel does not tell
 * @count: how many
 * @names: of the first of them
 */
struct zero_copy {
	int rc;
	unsigned int count;
	char names[160];
};

/**
 * struct doctor - an examination
 * @report: what was found
 * @caps:   this process's
 * @sandboxed: things are tried in a throwaway namespace, else in the caller's
 * @zero_copy: of the caller's namespace
 * @descriptors: that a capture of the engine packet takes, 0: not known
 */
struct doctor {
	struct report report;
	struct caps caps;
	bool sandboxed;
	struct zero_copy zero_copy;
	unsigned int descriptors;
};

/** doctor_host() - examine the host, without any target */
void doctor_host(struct doctor *doctor);

/**
 * doctor_target() - examine one target
 * @doctor: where to put it
 * @target: as typed
 *
 * Return: 0; -errno when there is no such target, which was said.
 */
int doctor_target(struct doctor *doctor, const char *target);

/**
 * doctor_refused() - a line about what was tried and failed
 * @doctor:  where to put it
 * @subject: of the line
 * @wanted:  capabilities that it needs
 * @trial:   that failed
 *
 * Return: the line.
 */
struct finding *doctor_refused(struct doctor *doctor, const char *subject, uint64_t wanted,
			       const struct trial *trial);

/** doctor_advise_error() - say what the library advises, where nothing else has been advised */
void doctor_advise_error(const struct trial *trial, struct finding *finding);

/** doctor_advise_refused() - say where to look when the capabilities are there and it is refused */
void doctor_advise_refused(const struct doctor *doctor, struct finding *finding);

/** The parts of doctor_host(), which run in the sandbox's namespace if there is one. */
void doctor_packet(struct doctor *doctor);
void doctor_ring(struct doctor *doctor);
void doctor_zc(struct doctor *doctor);
void doctor_zero_copy(struct doctor *doctor);
void doctor_sockets(struct doctor *doctor);
void doctor_live(struct doctor *doctor);
void doctor_places(struct doctor *doctor);

/** zero_copy_look() - ask the drivers of the calling thread's namespace */
void zero_copy_look(struct zero_copy *zero_copy);

/** And those parts that run in the caller's. */
void doctor_processes(struct doctor *doctor);
void doctor_limits(struct doctor *doctor);

#endif
