/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The host: its capabilities, what each engine can do, places, limits. */
#include <errno.h>
#include <string.h>

#include "doctor.h"
#include "stage.h"

static void judge_caps(struct doctor *doctor)
{
	uint64_t missing = caps_missing(&doctor->caps, CAPS_ALL & ~CAP_BIT(IPC_LOCK));
	char text[CAPS_TEXT];
	struct finding *finding;

	if (!missing && !doctor->caps.initial) {
		report_add(&doctor->report, "capabilities", VERDICT_LIMITED,
			   "all that nsring has a use for, but in a user namespace: CAP_BPF and "
			   "CAP_PERFMON count in the initial one only");
		return;
	}
	if (!missing) {
		report_add(&doctor->report, "capabilities", VERDICT_USABLE,
			   "all that nsring has a use for");
		return;
	}
	finding = report_add(&doctor->report, "capabilities",
			     missing & CAP_BIT(NET_RAW) ? VERDICT_NO : VERDICT_LIMITED,
			     "without %s", caps_names(missing, text));
	caps_advise(&doctor->caps, CAPS_ALL & ~CAP_BIT(IPC_LOCK), finding);
}

/*
 * A sentence of the library's may go on to name another engine, on a device nobody has asked about, or
 * a capability, which is told apart here.
 */
static void cut_advice(char *text)
{
	static const char *const tails[] = { ": use packet:", ", or use packet:",
					     ": that needs CAP_" };
	size_t i;

	for (i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		char *at = strstr(text, tails[i]);

		if (at)
			*at = '\0';
	}
}

void doctor_advise_refused(const struct doctor *doctor, struct finding *finding)
{
	if (doctor->caps.initial)
		report_advise(finding,
			      "the capabilities are there: look for a seccomp profile (docker run "
			      "--security-opt seccomp=), an LSM, or kernel lockdown");
	else
		report_advise(finding, "run it outside of this container's user namespace");
}

struct finding *doctor_refused(struct doctor *doctor, const char *subject, uint64_t wanted,
			       const struct trial *trial)
{
	bool forbidden = trial->rc == -EPERM || trial->rc == -EACCES;
	uint64_t missing = caps_missing(&doctor->caps, wanted);
	char text[sizeof(trial->text)];
	struct finding *finding;

	if (forbidden && missing) {
		finding = report_add(&doctor->report, subject, VERDICT_NO, "needs %s",
				     caps_names(missing, text));
		caps_advise(&doctor->caps, wanted, finding);
		return finding;
	}
	if (forbidden && !doctor->caps.initial) {
		finding = report_add(&doctor->report, subject, VERDICT_NO,
				     "the capabilities are those of a user namespace, and do not "
				     "count here");
	} else {
		strcpy(text, trial->text);
		cut_advice(text);
		finding = report_add(&doctor->report, subject, VERDICT_NO, "%s", text);
	}
	if (forbidden)
		doctor_advise_refused(doctor, finding);
	return finding;
}

/* Here, wherever that is. */
static void try_engines(void *arg)
{
	struct doctor *doctor = arg;

	doctor_packet(doctor);
	doctor_zc(doctor);
	doctor_zero_copy(doctor);
	doctor_sockets(doctor);
	doctor_live(doctor);
	doctor_places(doctor);
}

static void try_on_stage(void *arg)
{
	struct doctor *doctor = arg;

	doctor->staged = true;
	try_engines(doctor);
}

static void judge_stage(struct doctor *doctor, const struct nsr_error *err)
{
	struct trial trial = { .rc = err->code };
	struct finding *finding;

	if (doctor->staged) {
		report_add(&doctor->report, "trials", VERDICT_USABLE,
			   "in a throwaway network namespace, on a veth pair");
		return;
	}
	strcpy(trial.text, err->text);
	finding = doctor_refused(doctor, "trials", CAP_BIT(SYS_ADMIN), &trial);
	if (err->code == -ENOSPC)
		report_advise(finding, "sysctl -w user.max_net_namespaces=1024");
	else if (err->code == -EOPNOTSUPP)
		report_advise(finding, "modprobe veth (CONFIG_VETH)");
}

void doctor_host(struct doctor *doctor)
{
	struct nsr_error err = { 0 };

	judge_caps(doctor);
	zero_copy_look(&doctor->zero_copy);
	stage_run(try_on_stage, doctor, &err);
	if (!doctor->staged)
		try_engines(doctor);
	doctor_processes(doctor);
	doctor_limits(doctor);
	judge_stage(doctor, &err);
}
