/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The host: its capabilities, what each engine can do, places, limits. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "sandbox.h"

static void judge_caps(struct doctor *doctor)
{
	uint64_t missing = nsr_caps_missing(&doctor->caps, CAPS_ALL & ~NSR_CAP_BIT(IPC_LOCK));
	char text[NSR_CAPS_TEXT];
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
			     missing & NSR_CAP_BIT(NET_RAW) ? VERDICT_NO : VERDICT_LIMITED,
			     "without %s", nsr_caps_names(missing, text));
	doctor_advise_caps(doctor, CAPS_ALL & ~NSR_CAP_BIT(IPC_LOCK), finding);
}

void doctor_begin(struct doctor *doctor)
{
	ssize_t length;

	nsr_caps_read(&doctor->caps);
	length = readlink("/proc/self/exe", doctor->program, sizeof(doctor->program) - 1);
	if (length > 0)
		doctor->program[length] = '\0';
	else
		strcpy(doctor->program, "nsring");
}

/* Runs in the sandbox, or in the caller's namespace when there is none. */
static void try_engines(void *arg)
{
	struct doctor *doctor = arg;

	doctor_packet(doctor);
	doctor_ring(doctor);
	doctor_zc(doctor);
	doctor_zero_copy(doctor);
	doctor_sockets(doctor);
	doctor_live(doctor);
	doctor_places(doctor);
}

static void try_on_sandbox(void *arg)
{
	struct doctor *doctor = arg;

	doctor->sandboxed = true;
	try_engines(doctor);
}

/* Says whether the trials ran in a sandbox, and if not, why: the other lines refer to it. */
static void judge_sandbox(struct doctor *doctor, const struct nsr_error *err)
{
	struct finding *finding;

	if (doctor->sandboxed) {
		report_add(&doctor->report, "trials", VERDICT_USABLE,
			   "in a throwaway network namespace, on a veth pair");
		return;
	}
	finding = doctor_refused(doctor, "trials", NSR_CAP_BIT(SYS_ADMIN), err);
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
	sandbox_run(try_on_sandbox, doctor, &err);
	if (!doctor->sandboxed)
		try_engines(doctor);
	doctor_processes(doctor);
	doctor_limits(doctor);
	judge_sandbox(doctor, &err);
}
