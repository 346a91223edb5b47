/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * nsring doctor: what works here, and how to make the rest work. The examination is in doctor/.
 */
#include <stdlib.h>

#include "doctor/doctor.h"
#include "text/output.h"
#include "text/units.h"
#include "cli.h"

struct doctor_args {
	const char *target;
	bool json;
};

static const char *parse_target(const char *value, void *field)
{
	return *(const char **)field ? "one target at a time" : units_parse_string(value, field);
}

static int examine(struct doctor *doctor, const char *target)
{
	doctor_begin(doctor);
	if (!target)
		doctor_host(doctor);
	else if (doctor_target(doctor, target) < 0)
		return CLI_FAILED;
	return CLI_DONE;
}

static void print_json(const struct report *report, const char *target)
{
	uint32_t i;

	for (i = 0; i < report->count; i++)
		output_json(stdout, report_json(&report->list[i], target));
}

static int run(void *args, char **words)
{
	struct doctor_args *doctor_args = args;
	const char *target = doctor_args->target ? doctor_args->target : words[0];
	struct doctor *doctor;
	int status;

	if (words[0] && (words[1] || doctor_args->target))
		return cli_usage_error("doctor", "one target at a time");
	doctor = calloc(1, sizeof(*doctor));
	if (!doctor)
		return cli_error("doctor: out of memory");
	status = examine(doctor, target);
	if (!status && doctor_args->json)
		print_json(&doctor->report, target);
	else if (!status)
		report_show(&doctor->report);
	free(doctor);
	return output_flush() ? CLI_FAILED : status;
}

/* clang-format off */
static const struct cli_option options[] = {
	{ "interface", 'i', "TARGET", "the same as TARGET by itself",
	  parse_target, offsetof(struct doctor_args, target) },
	{ "json", 0, NULL, "one JSON object a line",
	  units_parse_flag, offsetof(struct doctor_args, json) },
	{ 0 },
};
/* clang-format on */

const struct cli_command doctor_command = {
	.name = "doctor",
	.summary = "tell what works here, and how to make the rest work",
	.usage = "[options] [TARGET]",
	.options = options,
	.args_size = sizeof(struct doctor_args),
	.run = run,
};
