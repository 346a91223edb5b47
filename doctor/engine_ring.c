/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The engine ring, tried only where nsring.ko is loaded. */
#include <errno.h>
#include <unistd.h>

#include "text/units.h"
#include "doctor.h"
#include "sandbox.h"

#define LOADED "/sys/module/nsring"

static void refuse(struct doctor *doctor, const struct nsr_error *err)
{
	struct finding *finding = doctor_refused(doctor, "ring", NSR_CAP_BIT(NET_RAW), err);

	/* The library would also advise another engine for the device, which is not the user's. */
	if (err->code == -EPROTONOSUPPORT)
		report_advise(finding, "take nsring.ko and libnsring from one release");
	doctor_advise_error(err, finding);
}

void doctor_ring(struct doctor *doctor)
{
	struct nsr_options opts;
	struct finding *finding;
	struct trial trial;

	if (access(LOADED, F_OK) < 0) {
		finding = report_add(&doctor->report, "ring", VERDICT_LIMITED,
				     "nsring.ko is not loaded: the engine packet takes its place");
		report_advise(finding, "modprobe nsring; nsring(4) tells how it gets there");
		return;
	}
	nsr_options_init(&opts);
	trial_open(&trial, doctor->sandboxed ? "ring:" SANDBOX_DEVICE : "ring:lo", &opts);
	if (trial.err.code < 0)
		refuse(doctor, &trial.err);
	else
		report_add(&doctor->report, "ring", VERDICT_USABLE, "%s, ring %s", trial.info.mode,
			   units_bytes(trial.info.ring_bytes).text);
}
