/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The findings: one line for each subject, with a verdict, the reason, and advice.
 */
#ifndef NSRING_DOCTOR_REPORT_H
#define NSRING_DOCTOR_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#define REPORT_MOST 64
#define REPORT_TEXT 512

enum verdict {
	VERDICT_USABLE = 0,
	VERDICT_LIMITED, /* usable with limits */
	VERDICT_NO,
};

/**
 * struct finding - a line
 * @subject: a name that scripts look for, see nsring-doctor(1); a static string
 * @verdict: enum verdict
 * @reason:  why, or in which mode; may hold foreign text, so escape it before printing
 * @advice:  what to do about it, "" when there is nothing to do
 */
struct finding {
	const char *subject;
	uint32_t verdict;
	char reason[REPORT_TEXT];
	char advice[REPORT_TEXT];
};

/** struct report - all findings, in the order in which they are shown; starts zeroed */
struct report {
	struct finding list[REPORT_MOST];
	uint32_t count;
};

/**
 * report_add() - append a line
 * @report:  appended to
 * @subject: a static string
 * @verdict: enum verdict
 * @fmt:     printf format of the reason: a sentence without a capital or a full stop
 *
 * Return: the line, for report_advise(); never NULL.
 */
__attribute__((format(printf, 4, 5))) struct finding *
report_add(struct report *report, const char *subject, uint32_t verdict, const char *fmt, ...);

/** report_advise() - set a line's advice; a later call replaces an earlier one */
__attribute__((format(printf, 2, 3))) void report_advise(struct finding *finding, const char *fmt,
							 ...);

/** report_show() - print aligned lines of at most 100 columns on standard output */
void report_show(const struct report *report);

/**
 * report_json() - a line as JSON
 * @finding: the line
 * @target:  as typed, the object's field "target"; NULL: it has none
 *
 * Return: a new object, NULL when memory is short.
 */
json_t *report_json(const struct finding *finding, const char *target);

#endif
