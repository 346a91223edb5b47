/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The engine packet, tried on a device without traffic. */
#include <errno.h>

#include "text/units.h"
#include "doctor.h"
#include "sandbox.h"

/* The default ring that documentation and manual promise. */
#define DEFAULT_RING (8u << 20)

static const char *device(const struct doctor *doctor)
{
	return doctor->sandboxed ? "packet:" SANDBOX_DEVICE : "packet:lo";
}

static void judge_ring(struct doctor *doctor, const struct trial *trial)
{
	struct finding *finding;

	doctor->descriptors = trial->descriptors;
	if (trial->info.ring_bytes >= DEFAULT_RING) {
		report_add(&doctor->report, "packet", VERDICT_USABLE, "%s, ring %s",
			   trial->info.mode, units_bytes(trial->info.ring_bytes).text);
		return;
	}
	finding = report_add(&doctor->report, "packet", VERDICT_LIMITED,
			     "%s, but the kernel has only %s for a ring that should have %s",
			     trial->info.mode, units_bytes(trial->info.ring_bytes).text,
			     units_bytes(DEFAULT_RING).text);
	report_advise(finding, "free some memory, or raise the limit of the memory cgroup");
}

static void refuse(struct doctor *doctor, const char *subject, const struct nsr_error *err)
{
	struct finding *finding = doctor_refused(doctor, subject, NSR_CAP_BIT(NET_RAW), err);

	if (err->code == -EAFNOSUPPORT)
		report_advise(finding, "modprobe af_packet (CONFIG_PACKET)");
}

static void try_ring(struct doctor *doctor)
{
	struct nsr_options opts;
	struct trial trial, any;

	nsr_options_init(&opts);
	trial_open(&trial, device(doctor), &opts);
	if (trial.err.code < 0) {
		refuse(doctor, "packet", &trial.err);
		return;
	}
	judge_ring(doctor, &trial);
	trial_open(&any, "packet:any", &opts);
	doctor->descriptors_any = any.descriptors;
}

static void try_as(struct doctor *doctor, const char *subject, const struct nsr_options *opts,
		   const char *what)
{
	bool sends = opts->mode & NSR_SEND; /* a sender has no mode to show */
	struct trial trial;

	trial_open(&trial, device(doctor), opts);
	if (trial.err.code == 0)
		report_add(&doctor->report, subject, VERDICT_USABLE, "%s%s", what,
			   sends ? "" : trial.info.mode);
	else if ((trial.err.code == -ENETDOWN || trial.err.code == -EINVAL) && !doctor->sandboxed)
		report_add(&doctor->report, subject, VERDICT_LIMITED,
			   "not tried: the loopback device is down");
	else
		refuse(doctor, subject, &trial.err);
}

void doctor_packet(struct doctor *doctor)
{
	struct nsr_options opts;

	try_ring(doctor);
	nsr_options_init(&opts);
	opts.immediate = true;
	try_as(doctor, "packet.immediate", &opts, "");
	nsr_options_init(&opts);
	opts.fanout = NSR_FANOUT_FLOW;
	try_as(doctor, "packet.fanout", &opts, "captures that share a device, ");
	nsr_options_init(&opts);
	opts.mode = NSR_SEND;
	opts.qdisc_bypass = true;
	try_as(doctor, "packet.send", &opts, "sends, also past the queueing discipline");
}
