/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Places: which namespaces can be entered, and whether those of processes can be seen. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "sys/place.h"
#include "doctor.h"

static int look_around(void *arg)
{
	return 0;
}

static void judge_place(struct doctor *doctor, const char *subject, const char *place,
			uint64_t wanted, const char *what)
{
	struct nsr_error err = { 0 };

	if (nsr_place_visit(place, look_around, NULL, &err) == 0)
		report_add(&doctor->report, subject, VERDICT_USABLE, "%s", what);
	else
		doctor_advise_error(&err, doctor_refused(doctor, subject, wanted, &err));
}

/**
 * struct names - what came of entering each namespace that has a name
 * @all:     how many there are
 * @entered: how many of them could be entered
 * @err:     why the last of the others could not
 */
struct names {
	unsigned int all;
	unsigned int entered;
	struct nsr_error err;
};

static void try_name(struct names *names, const char *name)
{
	char place[300];
	struct nsr_error err;
	int rc;

	snprintf(place, sizeof(place), "netns:%s", name);
	rc = nsr_place_visit(place, look_around, NULL, &err);
	if (rc < 0 && rc != -EPERM && rc != -EACCES)
		return; /* no namespace, or gone */
	names->all++;
	if (rc == 0)
		names->entered++;
	else
		names->err = err;
}

static void try_names(struct names *names)
{
	DIR *dir = opendir("/run/netns");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			try_name(names, entry->d_name);
	}
	if (dir)
		closedir(dir);
}

/*
 * No namespace has a name. In the sandbox /proc/self names the command's own one, which is another;
 * but the same user namespace owns both.
 */
static void judge_no_name(struct doctor *doctor)
{
	static const char place[] = "netns:/proc/self/ns/net";
	struct nsr_error err = { .code = -EPERM };
	struct finding *finding;

	if (!doctor->sandboxed && nsr_caps_missing(&doctor->caps, NSR_CAP_BIT(SYS_ADMIN))) {
		doctor_refused(doctor, "place.netns", NSR_CAP_BIT(SYS_ADMIN), &err);
	} else if (!doctor->sandboxed) {
		report_add(&doctor->report, "place.netns", VERDICT_LIMITED,
			   "not tried: there are no named namespaces (see trials)");
	} else if (doctor->caps.initial || nsr_place_visit(place, look_around, NULL, NULL) < 0) {
		judge_place(doctor, "place.netns", place, NSR_CAP_BIT(SYS_ADMIN),
			    "named namespaces can be entered");
	} else {
		finding =
			report_add(&doctor->report, "place.netns", VERDICT_LIMITED,
				   "only namespaces that this user namespace owns can be entered");
		doctor_advise_caps(doctor, NSR_CAP_BIT(SYS_ADMIN), finding);
	}
}

/* Enters each namespace that has a name, since another user namespace may own it. */
static void judge_names(struct doctor *doctor)
{
	struct names names = { 0 };
	struct finding *finding;

	try_names(&names);
	if (!names.all) {
		judge_no_name(doctor);
	} else if (names.entered == names.all) {
		report_add(&doctor->report, "place.netns", VERDICT_USABLE,
			   "named namespaces can be entered");
	} else if (names.entered) {
		finding = report_add(&doctor->report, "place.netns", VERDICT_LIMITED,
				     "%u of the %u named namespaces can be entered", names.entered,
				     names.all);
		doctor_advise_caps(doctor, NSR_CAP_BIT(SYS_ADMIN), finding);
	} else {
		doctor_advise_error(&names.err, doctor_refused(doctor, "place.netns",
							       NSR_CAP_BIT(SYS_ADMIN), &names.err));
	}
}

void doctor_places(struct doctor *doctor)
{
	judge_place(doctor, "place.host", "host", NSR_CAP_BIT(SYS_ADMIN) | NSR_CAP_BIT(SYS_PTRACE),
		    "the namespace of process 1");
	judge_names(doctor);
}

/** struct processes - how many there are, and how many of them show their namespace */
struct processes {
	unsigned int all;
	unsigned int visible;
};

static void count_processes(struct processes *processes)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char path[300];
	struct stat st;

	while (proc && (entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/ns/net", entry->d_name);
		if (stat(path, &st) == 0)
			processes->visible++;
		else if (errno == ENOENT)
			continue; /* it has ended */
		processes->all++;
	}
	if (proc)
		closedir(proc);
}

void doctor_processes(struct doctor *doctor)
{
	uint64_t wanted = NSR_CAP_BIT(SYS_ADMIN) | NSR_CAP_BIT(SYS_PTRACE);
	struct processes processes = { 0 };
	const struct nsr_error refused = { .code = -EPERM };
	struct finding *finding;

	count_processes(&processes);
	if (nsr_caps_missing(&doctor->caps, NSR_CAP_BIT(SYS_ADMIN))) {
		doctor_refused(doctor, "place.pid", wanted, &refused);
		return;
	}
	if (!processes.all) {
		report_advise(report_add(&doctor->report, "place.pid", VERDICT_NO,
					 "/proc shows no processes"),
			      "mount -t proc proc /proc");
		return;
	}
	if (processes.visible == processes.all) {
		report_add(&doctor->report, "place.pid", VERDICT_USABLE,
			   "of each of the %u processes here", processes.all);
		return;
	}
	finding = report_add(&doctor->report, "place.pid", VERDICT_LIMITED,
			     "of %u of the %u processes here", processes.visible, processes.all);
	doctor_advise_caps(doctor, wanted, finding);
}
