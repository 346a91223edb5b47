/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * nsring doctor: what works here, and how to make the rest work.
 *
 * host.c examines the host: engines (engine_packet.c, engine_ring.c, engine_zc.c, engine_live.c,
 * xdp_sockets.c, zero_copy.c), places.c, limits.c. Wherever possible they find out by trying
 * (trial.c) in a throwaway network namespace (sandbox.c). target.c examines one device, on which
 * only a plain capture is tried: device.h looks, judge_*.c judge. refused.c words failed trials;
 * report.h keeps the findings.
 */
#ifndef NSRING_DOCTOR_H
#define NSRING_DOCTOR_H

#include "caps.h"
#include "report.h"
#include "trial.h"

/**
 * struct zero_copy - which devices of a namespace have zero-copy, as their drivers tell
 * @rc:    0; -EOPNOTSUPP: this kernel does not tell
 * @count: how many devices
 * @names: names of the first of them
 */
struct zero_copy {
	int rc;
	unsigned int count;
	char names[160];
};

/**
 * struct doctor - an examination
 * @report: what was found
 * @caps:   this process's capabilities
 * @program: path of the running program, for setcap lines
 * @sandboxed: trials run in a throwaway namespace; false: in the caller's
 * @zero_copy: devices of the caller's namespace
 * @descriptors, @descriptors_any: how many a capture of the engine packet opens, of one device and of
 *         any; 0: not known
 */
struct doctor {
	struct report report;
	struct nsr_caps caps;
	char program[256];
	bool sandboxed;
	struct zero_copy zero_copy;
	unsigned int descriptors, descriptors_any;
};

/** doctor_begin() - what all examinations need: who this is; @doctor starts zeroed */
void doctor_begin(struct doctor *doctor);

/** doctor_host() - examine the host, without any target */
void doctor_host(struct doctor *doctor);

/**
 * doctor_target() - examine one target
 * @doctor: its report is added to
 * @target: as typed
 *
 * Return: 0; -errno when there is no such target, after a message on stderr.
 */
int doctor_target(struct doctor *doctor, const char *target);

/**
 * doctor_refused() - add a line about a trial that failed
 * @doctor:  its report is added to
 * @subject: of the line
 * @wanted:  capabilities that the trial needs; those missing explain -EPERM and -EACCES
 * @err:     how the trial failed
 *
 * Return: the line.
 */
struct finding *doctor_refused(struct doctor *doctor, const char *subject, uint64_t wanted,
			       const struct nsr_error *err);

/** doctor_advise_error() - pass on the library's advice, unless @finding already has some */
void doctor_advise_error(const struct nsr_error *err, struct finding *finding);

/**
 * doctor_advise_caps() - advise how to get the missing capabilities, see nsr_caps_advise()
 * @doctor:  whose process it is
 * @wanted:  capabilities that it should have
 * @finding: its advice is set
 */
void doctor_advise_caps(const struct doctor *doctor, uint64_t wanted, struct finding *finding);

/** Parts of doctor_host(), each adding its lines; they run in the sandbox if there is one. */
void doctor_packet(struct doctor *doctor);
void doctor_ring(struct doctor *doctor);
void doctor_zc(struct doctor *doctor);
void doctor_zero_copy(struct doctor *doctor);
void doctor_sockets(struct doctor *doctor);
void doctor_live(struct doctor *doctor);
void doctor_places(struct doctor *doctor);

/** zero_copy_look() - ask the drivers of all devices in the calling thread's namespace */
void zero_copy_look(struct zero_copy *zero_copy);

/** Parts of doctor_host() that always run in the caller's namespace. */
void doctor_processes(struct doctor *doctor);
void doctor_limits(struct doctor *doctor);

#endif
