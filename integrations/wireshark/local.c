/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Captures on this host: by the command nsring, which has all it takes. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "child.h"
#include "complain.h"
#include "repeat.h"

/* Beside this program where it was built or installed; else where it should be. */
static const char *const places[] = { "../../cli/nsring", "../../bin/nsring",
				      NSRING_BINDIR "/nsring" };

static int find_nsring(char path[PATH_MAX])
{
	char self[PATH_MAX], name[2 * PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	size_t i;

	self[len > 0 ? len : 0] = '\0';
	*(strrchr(self, '/') ? strrchr(self, '/') : self) = '\0';
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (places[i][0] == '/')
			snprintf(name, sizeof(name), "%s", places[i]);
		else
			snprintf(name, sizeof(name), "%s/%s", self, places[i]);
		if (realpath(name, path) && access(path, X_OK) == 0)
			return 0;
	}
	return -1;
}

int local_capture(const struct capture_form *form, const char *target, const char *filter, int fifo)
{
	char path[PATH_MAX];
	struct child child = { .path = path, .input = -1 };

	if (find_nsring(path) < 0)
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
