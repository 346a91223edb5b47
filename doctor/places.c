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

/*
 * In the sandbox /proc/self names the command's own namespace: another one, as good as any to
 * enter.
 */
void doctor_places(struct doctor *doctor)
{
	const struct nsr_error refused = { .code = -EPERM };

	judge_place(doctor, "place.host", "host", CAP_BIT(SYS_ADMIN) | CAP_BIT(SYS_PTRACE),
		    "the namespace of process 1");
	if (doctor->sandboxed)
		judge_place(doctor, "place.netns", "netns:/proc/self/ns/net", CAP_BIT(SYS_ADMIN),
			    "named namespaces can be entered");
	else if (caps_missing(&doctor->caps, CAP_BIT(SYS_ADMIN)))
		doctor_refused(doctor, "place.netns", CAP_BIT(SYS_ADMIN), &refused);
	else
		report_add(&doctor->report, "place.netns", VERDICT_LIMITED,
			   "not tried (see trials)");
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
	uint64_t wanted = CAP_BIT(SYS_ADMIN) | CAP_BIT(SYS_PTRACE);
	struct processes processes = { 0 };
	const struct nsr_error refused = { .code = -EPERM };
	struct finding *finding;

	count_processes(&processes);
	if (caps_missing(&doctor->caps, CAP_BIT(SYS_ADMIN))) {
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
	if (caps_missing(&doctor->caps, wanted))
		caps_advise(&doctor->caps, wanted, finding);
	else
		doctor_advise_refused(doctor, finding);
}
