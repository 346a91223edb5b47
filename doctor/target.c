/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* One target: taken apart, looked at in its place, and judged. */
#include "target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/place.h"
#include "text/say.h"

/* Enough to be opened; it is closed at once. */
#define TRIAL_RING (256u << 10)

static void set_run(struct target *target)
{
	const char *place = target->place;
	char quoted[1024];

	if (strncmp(place, "netns:/", 7) == 0) {
		quote(quoted, sizeof(quoted), place + 6);
		snprintf(target->run, sizeof(target->run), "nsenter --net=%s ", quoted);
	} else if (strncmp(place, "netns:", 6) == 0) {
		quote(quoted, sizeof(quoted), place + 6);
		snprintf(target->run, sizeof(target->run), "ip netns exec %s ", quoted);
	} else if (strncmp(place, "pid:", 4) == 0) {
		quote(quoted, sizeof(quoted), place + 4);
		snprintf(target->run, sizeof(target->run), "nsenter -t %s -n ", quoted);
	} else if (strcmp(place, "host") == 0) {
		snprintf(target->run, sizeof(target->run), "nsenter -t 1 -n ");
	}
}

/* Whether @text begins with an engine that devices are captured or sent on by. */
static bool is_engine(const char *text, size_t length)
{
	static const char *const engines[] = { "packet", "zc", "live" };
	size_t i;

	for (i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		if (strlen(engines[i]) == length && strncmp(text, engines[i], length) == 0)
			return true;
	}
	return false;
}

/* "netns:a/zc:eth0@2" is the device eth0 in netns:a; 0, or -EINVAL, which was said. */
static int take_apart(struct target *target, const char *text, char device[256])
{
	const char *slash = strrchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : 0;
	const char *name = slash ? slash + 1 : text;
	const char *colon = strchr(name, ':');
	char *queue;

	if (colon && !is_engine(name, (size_t)(colon - name))) {
		say_error("%s: \"%.*s\" is no engine that doctor knows: packet, zc and live are (a "
			  "place ends in '/': netns:NAME/DEVICE)",
			  text, (int)(colon - name), name);
		return -EINVAL;
	}
	name = colon ? colon + 1 : name;
	if (length >= sizeof(target->place) || strlen(name) >= 256) {
		say_error("%s: too long for a target", text);
		return -EINVAL;
	}
	memcpy(target->place, text, length);
	strcpy(device, name);
	queue = strrchr(device, '@');
	if (queue)
		*queue = '\0';
	return 0;
}

/* The engine packet finds whatever is wrong with a target, and says so. */
static int try_packet(struct target *target, bool has_place, const char *device)
{
	struct nsr_options opts;
	char text[600];

	snprintf(text, sizeof(text), "%s%spacket:%s", target->place, has_place ? "/" : "", device);
	nsr_options_init(&opts);
	opts.ring_bytes = TRIAL_RING;
	trial_open(&target->packet, text, &opts);
	switch (target->packet.rc) {
	case -EINVAL:
	case -ENOENT:
	case -ENODEV:
		say_error("%s: %s", text, target->packet.text);
		return target->packet.rc;
	}
	return 0;
}

static int look(void *arg)
{
	return device_look(arg);
}

static void judge_packet(const struct target *target)
{
	struct doctor *doctor = target->doctor;

	if (target->packet.rc < 0)
		doctor_refused(doctor, "packet", CAP_BIT(NET_RAW), &target->packet);
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

/* The caller may not look there: that is all there is to say. */
static int say_place(struct target *target, const char *text, int code, const struct nsr_error *err)
{
	struct trial trial = { .rc = code };
	uint64_t wanted = CAP_BIT(SYS_ADMIN);

	if (code != -EPERM && code != -EACCES) {
		say_error("%s: %s", text, err->text[0] ? err->text : strerror(-code));
		return code;
	}
	if (code == -EACCES || strncmp(target->place, "netns:", 6) != 0)
		wanted |= CAP_BIT(SYS_PTRACE);
	snprintf(trial.text, sizeof(trial.text), "%s", err->text);
	doctor_refused(target->doctor, "place", wanted, &trial);
	return 0;
}

static int examine(struct target *target, const char *text, const char *device)
{
	struct nsr_error err = { 0 };
	int rc;

	if (strcmp(device, "any") == 0) {
		judge_any(target);
		return 0;
	}
	snprintf(target->device.name, sizeof(target->device.name), "%s", device);
	rc = nsr_place_visit(target->place, look, &target->device, &err);
	if (rc < 0)
		return say_place(target, text, rc, &err);
	judge_link(target);
	judge_packet(target);
	judge_hardware(target);
	judge_offloads(target);
	judge_xdp(target);
	return 0;
}

int doctor_target(struct doctor *doctor, const char *text)
{
	struct target *target;
	char device[256];
	int rc;

	if (strncmp(text, "file:", 5) == 0) {
		say_error("%s: a file needs nothing of the host", text);
		return -EINVAL;
	}
	target = calloc(1, sizeof(*target));
	if (!target) {
		say_error("doctor: out of memory");
		return -ENOMEM;
	}
	target->doctor = doctor;
	rc = take_apart(target, text, device);
	if (rc == 0)
		rc = try_packet(target, strchr(text, '/'), device);
	if (rc == 0) {
		set_run(target);
		quote(target->name, sizeof(target->name), device);
		rc = examine(target, text, device);
	}
	free(target);
	return rc;
}
