/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * One target, and the parts of its judgement: judge_link.c, judge_hardware.c, judge_offloads.c,
 * judge_xdp.c.
 */
#ifndef NSRING_DOCTOR_TARGET_H
#define NSRING_DOCTOR_TARGET_H

#include "text/quote.h"
#include "device.h"
#include "doctor.h"

/**
 * struct target - what is examined
 * @doctor: where findings go
 * @place:  as typed, "" for the caller's own namespace
 * @run:    prefix that makes a command run in the place; "", or ends with a blank
 * @name:   of the device, quoted for a shell
 * @packet: the trial with the engine packet
 * @device: what is known of the device
 */
struct target {
	struct doctor *doctor;
	char place[256];
	char run[1100];
	char name[QUOTE_NAME];
	struct trial packet;
	struct device device;
};

/** Each adds its lines to the report. */
void judge_link(const struct target *target);
void judge_hardware(const struct target *target);
void judge_offloads(const struct target *target);
void judge_xdp(const struct target *target);

#endif
