/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Captures on this host: by the command nsring, which has all it takes. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "sys/program.h"
#include "child.h"
#include "complain.h"
#include "repeat.h"

/* Where it was built, or installed. */
static const char *const places[] = { "../../cli/nsring", "../../bin/nsring",
				      NSRING_BINDIR "/nsring" };

int local_capture(const struct capture_form *form, const char *target, const char *filter, int fifo)
{
	char path[PATH_MAX];
	struct child child = { .path = path, .input = -1 };

	if (nsr_program_beside(places, sizeof(places) / sizeof(places[0]), X_OK, path) < 0)
		return complain("the command nsring is missing in " NSRING_BINDIR
				": install nsring anew");
	child_add(&child, "nsring");
	child_add(&child, "dump");
	child_add(&child, "-w");
	child_add(&child, "-");
	child_add(&child, "-i");
	child_add(&child, target);
	if (form->snaplen) {
		child_add(&child, "-s");
		child_add(&child, form->snaplen);
	}
	child_add(&child, "--");
	child_add(&child, filter);
	if (child_run(&child, fifo) != EXTCAP_DONE)
		return EXTCAP_FAILED;
	if (child.stopped || child.status == 0) {
		repeat_notes(child.said);
		return EXTCAP_DONE;
	}
	repeat(child.said);
	return EXTCAP_FAILED;
}
