/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "descriptors.h"

#include <sys/resource.h>

void nsr_descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}
