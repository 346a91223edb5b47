/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Zero-copy can't be tried on the stage, since no virtual device has it, nor on a device of the host,
 * whose queues it would reset. So this is what drivers tell.
 */
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "doctor.h"
#include "xdp_features.h"

#define NAMES_SHOWN 8

struct having {
	char names[256];
	unsigned int count;
};

static void note(const struct features *features, void *arg)
{
	struct having *having = arg;
	char name[IF_NAMESIZE];
	size_t length = strlen(having->names);

	if (!(features->xdp & FEATURE_ZERO_COPY) || !if_indextoname(features->ifindex, name))
		return;
	if (having->count++ < NAMES_SHOWN)
		snprintf(having->names + length, sizeof(having->names) - length, "%s%s",
			 length ? ", " : "", name);
}

void doctor_zero_copy(struct doctor *doctor)
{
	struct having having = { 0 };
	struct finding *finding;

	if (features_list(note, &having) < 0) {
		finding =
			report_add(&doctor->report, "zc.zero-copy", VERDICT_LIMITED,
				   "not tried: it would reset a device's queues; which driver has "
				   "it is told from Linux 6.3 on");
		report_advise(finding, "see the table of drivers in nsring-zc(7)");
		return;
	}
	if (having.count) {
		finding = report_add(&doctor->report, "zc.zero-copy", VERDICT_LIMITED,
				     "not tried, but the driver of %s%s tells that it has it",
				     having.names, having.count > NAMES_SHOWN ? " and others" : "");
		report_advise(finding, "nsring doctor DEVICE tells more");
		return;
	}
	finding = report_add(&doctor->report, "zc.zero-copy", VERDICT_NO,
			     "no device of this namespace has a driver that tells that it has it");
	report_advise(finding, "native mode copies instead; nsring-zc(7) has a table of drivers");
}
