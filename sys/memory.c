/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* How much memory the host can spare: see meminfo in proc(5). */
#include <stdio.h>

#include <nsring/engine.h>

uint64_t nsr_spare_memory(void)
{
	unsigned long long kib = 0;
	char line[128];
	FILE *meminfo;

	meminfo = fopen("/proc/meminfo", "re");
	if (!meminfo)
		return 0;
	while (!kib && fgets(line, sizeof(line), meminfo))
		if (sscanf(line, "MemAvailable: %llu kB", &kib) != 1)
			kib = 0;
	fclose(meminfo);
	return kib * 1024;
}
