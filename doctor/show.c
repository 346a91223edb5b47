/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The report, for people and as JSON. */
#include <stdio.h>
#include <string.h>

#include "text/builder.h"
#include "text/object.h"
#include "text/output.h"
#include "report.h"

#define COLUMNS	     100
#define LEAST_COLUMN 8

#define COLOUR_OFF "\033[0m"

struct verdict_look {
	const char *name;
	const char *colour;
};

static const struct verdict_look looks[] = {
	[VERDICT_USABLE] = { "usable", "\033[32m" },
	[VERDICT_LIMITED] = { "limited", "\033[33m" },
	[VERDICT_NO] = { "no", "\033[31m" },
};

#define VERDICT_WIDTH 7

/* Prints @text from column @at on, and its further lines below it. Words are never cut. */
static void print_wrapped(const char *text, int at)
{
	char safe[REPORT_TEXT];
	struct text line = text_in(safe, sizeof(safe));
	int column = at;
	char *word, *rest;

	text_add_safe(&line, text, strlen(text));
	for (word = strtok_r(safe, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		int width = (int)strlen(word);

		if (column > at && column + 1 + width > COLUMNS) {
			printf("\n%*s", at, "");
			column = at;
		}
		column += printf("%s%s", column > at ? " " : "", word);
	}
	putchar('\n');
}

/* @more: the next line has the same advice, so only that one shows it. */
static void print_finding(const struct finding *finding, int width, bool more, bool colour)
{
	const struct verdict_look *look = &looks[finding->verdict];
	int at = width + 2 + VERDICT_WIDTH + 2;

	printf("%-*s  %s%-*s%s  ", width, finding->subject, colour ? look->colour : "",
	       VERDICT_WIDTH, look->name, colour ? COLOUR_OFF : "");
	print_wrapped(finding->reason, at);
	if (!finding->advice[0] || more)
		return;
	printf("%*s", at, "-> ");
	print_wrapped(finding->advice, at);
}

void report_show(const struct report *report)
{
	bool colour = output_colour(stdout);
	int width = LEAST_COLUMN;
	uint32_t i;

	for (i = 0; i < report->count; i++) {
		int length = (int)strlen(report->list[i].subject);

		width = length > width ? length : width;
	}
	for (i = 0; i < report->count; i++) {
		const struct finding *finding = &report->list[i];
		bool more =
			i + 1 < report->count && strcmp(finding->advice, finding[1].advice) == 0;

		print_finding(finding, width, more, colour);
	}
}

json_t *report_json(const struct finding *finding, const char *target)
{
	json_t *object = json_object();

	object_set(&object, "subject", json_string(finding->subject));
	object_set(&object, "verdict", json_string(looks[finding->verdict].name));
	object_set(&object, "reason", output_text(finding->reason));
	object_set(&object, "advice", output_text(finding->advice));
	if (target)
		object_set(&object, "target", output_text(target));
	return object;
}
