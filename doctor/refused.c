/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Words for trials that failed: what is missing, and how to get it. */
#include <errno.h>
#include <string.h>

#include "doctor.h"

void doctor_advise_caps(const struct doctor *doctor, uint64_t wanted, struct finding *finding)
{
	struct nsr_error err;

	nsr_caps_advise(&err, 0, &doctor->caps, wanted, doctor->program);
	report_advise(finding, "%s", err.advice);
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
	uint64_t missing = nsr_caps_missing(&doctor->caps, wanted);
	char text[NSR_CAPS_TEXT];
	struct finding *finding;

	if (forbidden && missing) {
		finding = report_add(&doctor->report, subject, VERDICT_NO, "needs %s",
				     nsr_caps_names(missing, text));
		doctor_advise_caps(doctor, wanted, finding);
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
		doctor_advise_caps(doctor, wanted, finding);
	return finding;
}
