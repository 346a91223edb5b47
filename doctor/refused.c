/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Words for trials that failed: what is missing, and how to get it. */
#include <errno.h>
#include <string.h>

#include "doctor.h"

void doctor_advise_refused(const struct doctor *doctor, struct finding *finding)
{
	if (doctor->caps.initial)
		report_advise(finding,
			      "the capabilities are there: look for a seccomp profile (docker run "
			      "--security-opt seccomp=), an LSM, or kernel lockdown");
	else
		report_advise(finding, "run it outside of this container's user namespace");
}

void doctor_advise_error(const struct nsr_error *err, struct finding *finding)
{
	if (!finding->advice[0])
		report_advise(finding, "%s", err->advice);
}

struct finding *doctor_refused(struct doctor *doctor, const char *subject, uint64_t wanted,
			       const struct nsr_error *err)
{
	bool forbidden = err->code == -EPERM || err->code == -EACCES;
	uint64_t missing = caps_missing(&doctor->caps, wanted);
	char text[CAPS_TEXT];
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
		finding = report_add(&doctor->report, subject, VERDICT_NO, "%s", err->text);
	}
	if (forbidden)
		doctor_advise_refused(doctor, finding);
	return finding;
}
