/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Gathering what was found. */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>

struct finding *report_add(struct report *report, const char *subject, uint32_t verdict,
			   const char *fmt, ...)
{
	/* A full report overwrites its last line; there are fewer subjects than lines. */
	struct finding *finding =
		&report->list[report->count < REPORT_MOST ? report->count++ : REPORT_MOST - 1];
	va_list args;

	finding->subject = subject;
	finding->verdict = verdict;
	finding->advice[0] = '\0';
	va_start(args, fmt);
	vsnprintf(finding->reason, sizeof(finding->reason), fmt, args);
	va_end(args);
	return finding;
}

void report_advise(struct finding *finding, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(finding->advice, sizeof(finding->advice), fmt, args);
	va_end(args);
}
