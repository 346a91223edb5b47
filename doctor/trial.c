/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Opening captures. */
#include "trial.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "text/failure.h"

static unsigned int count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int count = 0;

	if (!dir)
		return 0;
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* Keeps the error without the target in front, which may be one that the user didn't name. */
static void keep_text(struct trial *trial, const char *target, const struct nsr_error *err)
{
	size_t length = strlen(target);
	const char *text = err->text;

	if (strncmp(text, target, length) == 0 && strncmp(text + length, ": ", 2) == 0)
		text += length + 2;
	snprintf(trial->text, sizeof(trial->text), "%s", text);
	snprintf(trial->advice, sizeof(trial->advice), "%s", err->advice);
}

void trial_open(struct trial *trial, const char *target, const struct nsr_options *opts)
{
	unsigned int before = count_descriptors();
	struct nsr_capture *cap;
	struct nsr_error err;

	*trial = (struct trial){ .info.size = sizeof(trial->info) };
	trial->rc = nsr_open(target, opts, &cap, &err);
	if (trial->rc < 0) {
		keep_text(trial, target, &err);
		return;
	}
	nsr_info(cap, &trial->info);
	trial->descriptors = count_descriptors() - before;
	nsr_close(cap);
}

void trial_say(const struct trial *trial, const char *target)
{
	struct nsr_error err;

	nsr_error_set(&err, trial->rc, "%s", trial->text);
	nsr_error_advise(&err, trial->rc, "%s", trial->advice);
	failure_say(target, &err);
}
