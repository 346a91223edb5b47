/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* One target: parses it, looks at its device from within its place, and judges. */
#include "target.h"

#include <errno.h>
#include <nsring/target.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/place.h"
#include "text/failure.h"
#include "text/say.h"

/* A small ring: the trial is closed at once. */
#define TRIAL_RING (256u << 10)

/* The command prefix with which advice runs in the target's place. */
static void set_run(struct target *target)
{
	char quoted[1024];
	const char *which;

	switch (nsr_place_kind(target->place, &which)) {
	case NSR_PLACE_PATH:
		quote(quoted, sizeof(quoted), which);
		snprintf(target->run, sizeof(target->run), "nsenter --net=%s ", quoted);
		break;
	case NSR_PLACE_NAME:
		quote(quoted, sizeof(quoted), which);
		snprintf(target->run, sizeof(target->run), "ip netns exec %s ", quoted);
		break;
	case NSR_PLACE_PID:
		quote(quoted, sizeof(quoted), which);
		snprintf(target->run, sizeof(target->run), "nsenter -t %s -n ", quoted);
		break;
	case NSR_PLACE_HOST:
		snprintf(target->run, sizeof(target->run), "nsenter -t 1 -n ");
		break;
	default:
		break;
	}
}

/* Opens @parsed with the engine packet, which finds and says what is wrong with a target. */
static int try_packet(struct target *target, const struct nsr_target *parsed)
{
	struct nsr_target by_packet = *parsed;
	struct nsr_options opts;
	char text[600];

	strcpy(by_packet.engine, "packet");
	by_packet.queue = -1;
	nsr_target_format(&by_packet, text, sizeof(text));
	nsr_options_init(&opts);
	opts.ring_bytes = TRIAL_RING;
	trial_open(&target->packet, text, &opts);
	switch (target->packet.err.code) {
	case -EINVAL:
	case -ENOENT:
	case -ENODEV:
		failure_say(text, &target->packet.err);
		return target->packet.err.code;
	}
	return 0;
}

/* What a target names, looked up inside its place. */
static int resolve(void *arg)
{
	struct nsr_target *parsed = arg;
	struct nsr_link_info link;
	int fd = nsr_link_open(), rc;

	if (fd < 0)
		return fd;
	rc = nsr_link_resolve(fd, parsed->device, &parsed->queue, &link);
	close(fd);
	if (rc == 0)
		memcpy(parsed->device, link.name, sizeof(link.name));
	return rc;
}

static int look(void *arg)
{
	return device_look(arg);
}

static void judge_packet(const struct target *target)
{
	struct doctor *doctor = target->doctor;

	if (target->packet.err.code < 0)
		doctor_advise_error(&target->packet.err,
				    doctor_refused(doctor, "packet", NSR_CAP_BIT(NET_RAW),
						   &target->packet.err));
	else
		report_add(&doctor->report, "packet", VERDICT_USABLE, "%s",
			   target->packet.info.mode);
}

static void judge_any(const struct target *target)
{
	struct report *report = &target->doctor->report;

	report_add(report, "link", VERDICT_LIMITED,
		   "all devices of the place: packets get a header of 20 bytes made up "
		   "(LINUX_SLL2), never promiscuously, with the kernel's stamps");
	judge_packet(target);
	report_advise(report_add(report, "zc.native", VERDICT_NO, "any is no device"),
		      "name a device");
}

/* Whether entering @place involves no other process (which would take CAP_SYS_PTRACE). */
static bool named(const char *place)
{
	enum nsr_place_kind kind = nsr_place_kind(place, NULL);

	return kind == NSR_PLACE_NAME || kind == NSR_PLACE_PATH;
}

/*
 * Reports why the place can't be entered; a missing capability is a finding, anything else fails.
 */
static int say_place(struct target *target, const char *text, const struct nsr_error *err)
{
	int code = err->code;
	uint64_t wanted = NSR_CAP_BIT(SYS_ADMIN);

	if (code != -EPERM && code != -EACCES) {
		failure_say(text, err);
		return code;
	}
	if (code == -EACCES || !named(target->place))
		wanted |= NSR_CAP_BIT(SYS_PTRACE);
	doctor_advise_error(err, doctor_refused(target->doctor, "place", wanted, err));
	return 0;
}

static int examine(struct target *target, const char *text, const struct nsr_target *parsed)
{
	struct nsr_error err = { 0 };
	int rc;

	if (parsed->any) {
		judge_any(target);
		return 0;
	}
	snprintf(target->device.name, sizeof(target->device.name), "%.*s",
		 (int)sizeof(target->device.name) - 1, parsed->device);
	rc = nsr_place_visit(target->place, look, &target->device, &err);
	if (rc < 0 && !*err.text)
		nsr_error_set(&err, rc, "%s", strerror(-rc));
	if (rc < 0)
		return say_place(target, text, &err);
	judge_link(target);
	judge_packet(target);
	judge_hardware(target);
	judge_offloads(target);
	judge_xdp(target);
	return 0;
}

int doctor_target(struct doctor *doctor, const char *text)
{
	struct nsr_target parsed = NSR_TARGET_INIT;
	struct target *target;
	struct nsr_error err;
	int rc = nsr_target_parse(text, &parsed, &err);

	if (rc < 0) {
		failure_say(text, &err);
		return rc;
	}
	if (parsed.offline) {
		say_error("%s: a file needs nothing of the host", text);
		return -EINVAL;
	}
	target = calloc(1, sizeof(*target));
	if (!target) {
		say_error("doctor: out of memory");
		return -ENOMEM;
	}
	target->doctor = doctor;
	strcpy(target->place, parsed.place);
	/* If this fails, the trial says why. */
	if (!parsed.any)
		(void)nsr_place_visit(parsed.place, resolve, &parsed, NULL);
	rc = try_packet(target, &parsed);
	if (rc == 0) {
		set_run(target);
		quote(target->name, sizeof(target->name), parsed.device);
		rc = examine(target, text, &parsed);
	}
	free(target);
	return rc;
}
