/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The engine live: opened in the sandbox; without one, a test run of a program that sends nothing.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sys/compat.h"
#include "doctor.h"
#include "sandbox.h"

/* Without CAP_SYS_ADMIN the engine can't make a namespace, and is slower: see live_hold() there. */
static void judge_speed(struct doctor *doctor, const char *mode, bool tried)
{
	struct finding *finding;

	if (!nsr_caps_missing(&doctor->caps, NSR_CAP_BIT(SYS_ADMIN))) {
		report_add(&doctor->report, "live", VERDICT_USABLE, "%s", mode);
		return;
	}
	finding = report_add(&doctor->report, "live", VERDICT_LIMITED,
			     "%s; without CAP_SYS_ADMIN each run waits 20 ms and more%s", mode,
			     tried ? "" : " (tried without a device)");
	doctor_advise_caps(doctor, CAPS_LIVE | NSR_CAP_BIT(SYS_ADMIN), finding);
}

static void refuse(struct doctor *doctor, const struct nsr_error *err)
{
	struct finding *finding = doctor_refused(doctor, "live", CAPS_LIVE, err);

	if (!finding->advice[0])
		report_advise(finding,
			      "Linux 5.18 or later; the engine packet sends on any kernel");
}

/* Has the kernel make one live frame, which the program drops. */
static int run_dropping(void)
{
	const struct bpf_insn drop[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_DROP },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	const uint8_t frame[64] = { 0 };
	int rc, program = bpf_prog_load(BPF_PROG_TYPE_XDP, "nsring_doctor", "Dual BSD/GPL", drop, 2,
					NULL);

	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = 1, .flags = BPF_F_TEST_XDP_LIVE_FRAMES);

	if (program < 0)
		return -errno;
	rc = bpf_prog_test_run_opts(program, &opts) < 0 ? -errno : 0;
	close(program);
	return rc;
}

static void go_without_sandbox(struct doctor *doctor)
{
	struct nsr_error err;
	int rc = run_dropping();

	if (rc == 0 && nsr_caps_missing(&doctor->caps, CAPS_LIVE))
		rc = -EPERM;
	if (rc == 0) {
		judge_speed(doctor, "XDP live frames", false);
		return;
	}
	nsr_error_set(&err, rc, "running a program: %s", strerror(-rc));
	refuse(doctor, &err);
}

void doctor_live(struct doctor *doctor)
{
	struct nsr_options opts;
	struct trial trial;

	if (!doctor->sandboxed) {
		go_without_sandbox(doctor);
		return;
	}
	nsr_options_init(&opts);
	opts.mode = NSR_SEND;
	trial_open(&trial, "live:" SANDBOX_DEVICE, &opts);
	if (trial.err.code < 0)
		refuse(doctor, &trial.err);
	else
		judge_speed(doctor, trial.info.mode, true);
}
