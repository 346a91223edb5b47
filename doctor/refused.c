/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What was tried and failed. */
#include <errno.h>
#include <string.h>

#include "doctor.h"

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
