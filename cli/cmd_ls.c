/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * nsring ls: the host's namespaces, their interfaces, and who captures there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cli.h"
#include "ls.h"
#include "output.h"
#include "units.h"
#include "wrap.h"

/* Of each namespace and kind; all of them where one namespace was asked for. */
#define HOLDERS_SHOWN 3
#define HOLDERS_ALL   1000000

struct ls_args {
	bool json;
};

/* Each namespace takes a descriptor while it is looked at; 1024 is the usual soft limit. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* What is to be printed, as text to be freed. */
static int format(const struct ls_args *args, const struct host_view *view,
		  const struct ls_choice *choice, char **text, size_t *length)
{
	const struct ls_style style = {
		.width = wrap_width(stdout),
		.colour = output_colour(stdout),
	};
	FILE *out = open_memstream(text, length);
	int rc = 0;

	if (!out)
		return -ENOMEM;
	if (args->json)
		rc = ls_json(view, choice, out);
	else
		ls_text(view, choice, out, &style);
	if (fclose(out) == EOF)
		rc = -ENOMEM;
	return rc;
}

/* All at once: nobody finds half of a view, and stdio would forget why a part of it failed. */
static int print(const struct ls_args *args, const struct host_view *view,
		 const struct ls_choice *choice)
{
	char *text = NULL;
	size_t length = 0;
	int status = CLI_DONE;

	if (format(args, view, choice, &text, &length) < 0)
		status = cli_error("ls: out of memory");
	else if (output_write(text, length) < 0)
		status = CLI_FAILED;
	free(text);
	return status;
}

static int look_and_print(const struct ls_args *args, const char *target)
{
	struct host_view view;
	struct ls_choice choice;
	int rc = host_look(&view, target || args->json ? HOLDERS_ALL : HOLDERS_SHOWN);
	int status = rc < 0 ? cli_error("ls: looking at the host: %s", strerror(-rc))
			    : ls_choose(&view, target, &choice);

	if (!status)
		status = print(args, &view, &choice);
	host_forget(&view);
	return status;
}

static int run(void *args, char **words)
{
	if (words[0] && words[1])
		return cli_usage_error("ls", "one target at most, not also '%s'", words[1]);
	raise_limit();
	return look_and_print(args, words[0]);
}

static const struct cli_option options[] = {
	{ "json", 0, NULL, "one JSON object a line: one for each namespace, then a summary",
	  units_parse_flag, offsetof(struct ls_args, json) },
	{ 0 },
};

const struct cli_command ls_command = {
	.name = "ls",
	.summary = "show every network namespace, its interfaces and open captures",
	.usage = "[options] [PLACE | PLACE/DEVICE | DEVICE]",
	.options = options,
	.args_size = sizeof(struct ls_args),
	.run = run,
};
