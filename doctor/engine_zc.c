/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The engine zc, tried in the sandbox: it attaches a program, which would change a device of the
 * host. Without a sandbox the doctor only makes a map and loads a program, which changes nothing.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/compat.h"
#include "doctor.h"
#include "sandbox.h"

#define LARGE_MTU 9000

/**
 * struct zc_trial - something to try
 * @subject: of its line
 * @set:     sets the options that ask for it
 * @what:    what it is, shown before the mode
 * @advice:  for a failure other than a missing capability
 * @newer:   not every kernel with XDP has it, so loading a program proves nothing
 */
struct zc_trial {
	const char *subject;
	void (*set)(struct nsr_options *opts);
	const char *what;
	const char *advice;
	bool newer;
};

static void set_native(struct nsr_options *opts)
{
	opts->xdp = NSR_XDP_NATIVE;
}

static void set_generic(struct nsr_options *opts)
{
	opts->xdp = NSR_XDP_GENERIC;
}

static void set_tap(struct nsr_options *opts)
{
	opts->take = NSR_TAKE_NONE;
}

static void set_fanout(struct nsr_options *opts)
{
	opts->fanout = NSR_FANOUT_FLOW;
}

static void set_busy_poll(struct nsr_options *opts)
{
	opts->busy_poll_us = 20;
}

static void set_stamp(struct nsr_options *opts)
{
	opts->stamp = NSR_STAMP_DEVICE;
}

static void set_filter(struct nsr_options *opts)
{
	opts->filter = "udp port 53";
}

static const struct zc_trial trials[] = {
	{ "zc.native", set_native, "", "Linux 5.15 or later", false },
	{ "zc.generic", set_generic, "", "Linux 5.15 or later", false },
	{ "zc.tap", set_tap, "copies, and lets packets pass, ",
	  "Linux 5.18 or later; --take works without", true },
	{ "zc.filter", set_filter, "", "Linux 5.18 or later, or CAP_PERFMON", false },
	{ "zc.fanout", set_fanout, "captures that share a device, ",
	  "Linux 6.4 or later; the engine packet has groups on any kernel", true },
	{ "zc.busy-poll", set_busy_poll, "", "Linux 5.15 or later", false },
	{ "zc.stamp", set_stamp, "the device's clock, of drivers that pass it on, ",
	  "Linux 6.3 or later, with BTF (CONFIG_DEBUG_INFO_BTF); --stamp kernel works without",
	  true },
};

#define TRIALS (sizeof(trials) / sizeof(trials[0]))

/* Without CAP_PERFMON the verifier allows programs less: see lib/filter/xdp.h. */
static void judge_filter(struct doctor *doctor)
{
	struct finding *finding;

	if (!nsr_caps_missing(&doctor->caps, NSR_CAP_BIT(PERFMON))) {
		report_add(&doctor->report, "zc.filter", VERDICT_USABLE, "filters in XDP");
		return;
	}
	finding = report_add(&doctor->report, "zc.filter", VERDICT_LIMITED,
			     "without CAP_PERFMON filters that read at offsets that vary, such as "
			     "ports, are slower");
	doctor_advise_caps(doctor, CAPS_ZC | NSR_CAP_BIT(PERFMON), finding);
}

/*
 * The engine goes on without busy polling where the kernel refuses it, so its success proves
 * nothing.
 */
static void judge_busy_poll(struct doctor *doctor, const struct trial *trial)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1, rc = -1;
	struct finding *finding;

	if (fd >= 0) {
		rc = setsockopt(fd, SOL_SOCKET, SO_PREFER_BUSY_POLL, &on, sizeof(on));
		close(fd);
	}
	if (rc == 0) {
		report_add(&doctor->report, "zc.busy-poll", VERDICT_USABLE,
			   "sockets that are polled, %s", trial->info.mode);
		return;
	}
	finding = report_add(&doctor->report, "zc.busy-poll", VERDICT_LIMITED,
			     "sockets that are polled, %s, but not the device by them",
			     trial->info.mode);
	report_advise(finding, "Linux 5.11 or later with CONFIG_NET_RX_BUSY_POLL");
}

static void try_one(struct doctor *doctor, const struct zc_trial *what)
{
	struct finding *finding;
	struct nsr_options opts;
	struct trial trial;

	nsr_options_init(&opts);
	opts.take = NSR_TAKE_REALLY; /* nobody's connection is in the sandbox */
	what->set(&opts);
	trial_open(&trial, "zc:" SANDBOX_DEVICE, &opts);
	if (trial.err.code < 0) {
		finding = doctor_refused(doctor, what->subject, CAPS_ZC, &trial.err);
		if (!finding->advice[0])
			report_advise(finding, "%s", what->advice);
		return;
	}
	if (what->set == set_filter)
		judge_filter(doctor);
	else if (what->set == set_busy_poll)
		judge_busy_poll(doctor, &trial);
	else
		report_add(&doctor->report, what->subject, VERDICT_USABLE, "%s%s", what->what,
			   trial.info.mode);
}

/* Tries an MTU whose frames need several buffers. */
static void try_large(struct doctor *doctor)
{
	struct finding *finding;
	struct nsr_options opts;
	struct trial trial;

	nsr_options_init(&opts);
	opts.take = NSR_TAKE_REALLY;
	if (sandbox_set_mtu(LARGE_MTU) < 0)
		return;
	trial_open(&trial, "zc:" SANDBOX_DEVICE, &opts);
	sandbox_set_mtu(1500);
	if (trial.err.code == 0) {
		report_add(&doctor->report, "zc.mtu", VERDICT_USABLE, "an MTU of %d, %s", LARGE_MTU,
			   trial.info.mode);
		return;
	}
	finding = doctor_refused(doctor, "zc.mtu", CAPS_ZC, &trial.err);
	if (!finding->advice[0])
		report_advise(finding, "Linux 5.18 or later, or an MTU of at most 3818");
}

/* Loads a program that lets all pass, and makes a map of sockets; attaches nothing. */
static int try_loading(void)
{
	const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int program =
		bpf_prog_load(BPF_PROG_TYPE_XDP, "nsring_doctor", "Dual BSD/GPL", pass, 2, NULL);
	int map, rc = program < 0 ? -errno : 0;

	if (rc < 0)
		return rc;
	map = bpf_map_create(BPF_MAP_TYPE_XSKMAP, "nsring_doctor", sizeof(uint32_t),
			     sizeof(uint32_t), 1, NULL);
	rc = map < 0 ? -errno : 0;
	close(program);
	if (map >= 0)
		close(map);
	return rc;
}

/* Reports on something untried, given that XDP programs can be loaded. */
static void believe(struct doctor *doctor, const struct zc_trial *what)
{
	if (what->set == set_filter)
		judge_filter(doctor);
	else if (what->newer)
		report_advise(
			report_add(&doctor->report, what->subject, VERDICT_LIMITED,
				   "not tried (see trials), but programs of XDP can be loaded"),
			"%s", what->advice);
	else
		report_add(&doctor->report, what->subject, VERDICT_USABLE,
			   "not tried (see trials), but programs of XDP can be loaded");
}

/* xdp_sockets.c tries sockets; here having CAP_NET_RAW is taken for being able to open them. */
static void go_without_sandbox(struct doctor *doctor)
{
	int rc = try_loading();
	struct nsr_error err;
	size_t i;

	if (rc == 0 && nsr_caps_missing(&doctor->caps, CAPS_ZC))
		rc = -EPERM;
	nsr_error_set(&err, rc, "loading a program: %s", strerror(-rc));
	for (i = 0; i < TRIALS; i++) {
		if (rc < 0)
			doctor_refused(doctor, trials[i].subject, CAPS_ZC, &err);
		else
			believe(doctor, &trials[i]);
	}
}

void doctor_zc(struct doctor *doctor)
{
	size_t i;

	if (!doctor->sandboxed) {
		go_without_sandbox(doctor);
		return;
	}
	for (i = 0; i < TRIALS; i++)
		try_one(doctor, &trials[i]);
	try_large(doctor);
}
