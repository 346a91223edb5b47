/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Opening captures. */
#include "trial.h"

#include <dirent.h>
#include <string.h>

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

/* Cuts off the target in front, which may be one that the user didn't name. */
static void cut_target(struct nsr_error *err, const char *target)
{
	size_t length = strlen(target);

	if (strncmp(err->text, target, length) == 0 && strncmp(err->text + length, ": ", 2) == 0)
		memmove(err->text, err->text + length + 2, strlen(err->text + length + 2) + 1);
}

void trial_open(struct trial *trial, const char *target, const struct nsr_options *opts)
{
	unsigned int before = count_descriptors();
	struct nsr_capture *cap;

	*trial = (struct trial){ .info.size = sizeof(trial->info) };
	if (nsr_open(target, opts, &cap, &trial->err) < 0) {
		cut_target(&trial->err, target);
		return;
	}
	nsr_info_get(cap, &trial->info);
	trial->descriptors = count_descriptors() - before;
	nsr_close(cap);
}
