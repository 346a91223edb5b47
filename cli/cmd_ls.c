/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * nsring ls: shows the host's namespaces, their interfaces, and the captures on them.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/show.h"
#include "host/watch.h"
#include "jobs/stop.h"
#include "sys/clock.h"
#include "sys/descriptors.h"
#include "text/output.h"
#include "text/units.h"
#include "text/wrap.h"
#include "cli.h"

/* Holders shown of each kind, when every namespace is shown; one namespace alone shows all. */
#define HOLDERS_SHOWN 3
#define HOLDERS_ALL   1000000

/*
 * --watch looks again once changes have settled, but seldom enough to leave most of a CPU idle, and
 * now and then without an event, because not every change causes one.
 */
#define SETTLE_MS     200
#define IDLE_SHARE    9
#define LOOK_AGAIN_MS 10000

static const char clear[] = "\033[H\033[2J";

struct ls_args {
	bool json;
	bool watch;
};

static int print_json(const struct host_view *view, const struct host_choice *choice, FILE *out)
{
	uint32_t i;
	int rc = 0;

	for (i = 0; i < view->count && !rc; i++) {
		if (host_chosen(choice, &view->list[i]))
			rc = output_json(out, host_ns_json(view, &view->list[i], choice));
	}
	return rc ? rc : output_json(out, host_summary_json(view));
}

/* Formats the view into @text, which the caller frees. */
static int format(const struct ls_args *args, const struct host_view *view,
		  const struct host_choice *choice, char **text, size_t *length)
{
	const struct host_style style = {
		.width = wrap_width(stdout),
		.colour = output_colour(stdout),
	};
	FILE *out = open_memstream(text, length);
	int rc = 0;

	if (!out)
		return -ENOMEM;
	if (args->json)
		rc = print_json(view, choice, out);
	else
		host_show_text(view, choice, out, &style);
	if (fclose(out) == EOF)
		rc = -ENOMEM;
	return rc;
}

/*
 * Prints the view in one write: a reader never finds half of it, and stdio would forget why a part
 * of it failed. @last is the text printed before (NULL at first): the same text is not printed
 * again. It is replaced by the new text.
 */
static int print(const struct ls_args *args, const struct host_view *view,
		 const struct host_choice *choice, char **last)
{
	const char *before = args->watch && !args->json && isatty(STDOUT_FILENO) ? clear : "";
	char *text = NULL;
	size_t length = 0;
	int status = CLI_DONE;

	if (format(args, view, choice, &text, &length) < 0) {
		free(text);
		return cli_error("ls: out of memory");
	}
	if (!*last || strcmp(*last, text)) {
		if (output_write(before, strlen(before)) < 0 || output_write(text, length) < 0)
			status = CLI_FAILED;
	}
	free(*last);
	*last = text;
	return status;
}

static int look_and_print(const struct ls_args *args, const char *target, char **last)
{
	struct host_view view;
	struct host_choice choice;
	int rc = host_look(&view, target || args->json ? HOLDERS_ALL : HOLDERS_SHOWN);
	int status;

	if (rc == -ENOSYS)
		status = cli_error("ls: namespaces are found by /proc, which is not mounted here: "
				   "mount -t proc proc /proc");
	else if (rc < 0)
		status = cli_error("ls: looking at the host: %s", strerror(-rc));
	else
		status = cli_status(host_choose(&view, target, &choice));

	if (!status)
		status = print(args, &view, &choice, last);
	host_forget(&view);
	return status;
}

/* Waits until it is time to look again, after a look that took @took_ms. */
static void wait_for_change(struct host_watch *watch, uint64_t took_ms)
{
	uint64_t pause_ms = took_ms * IDLE_SHARE;

	if (!host_watch_wait(watch, stop_fd(), LOOK_AGAIN_MS))
		return;
	/* Changes come in bursts; wait for the rest. */
	pause_ms = pause_ms < SETTLE_MS ? SETTLE_MS : pause_ms;
	if (pause_ms > LOOK_AGAIN_MS)
		pause_ms = LOOK_AGAIN_MS;
	poll(&(struct pollfd){ .fd = stop_fd(), .events = POLLIN }, 1, (int)pause_ms);
}

static int watch(const struct ls_args *args, const char *target, char **last)
{
	struct host_watch changes;
	int rc = stop_catch(), status = CLI_DONE;

	if (rc < 0)
		return cli_error("ls: signals: %s", strerror(-rc));
	stop_restarts();
	rc = host_watch_open(&changes);
	if (rc < 0)
		status = cli_error("ls: watching: %s", strerror(-rc));
	while (!status && !stop_now()) {
		uint64_t began = nsr_clock_ns();

		status = look_and_print(args, target, last);
		if (!status)
			wait_for_change(&changes, (nsr_clock_ns() - began) / NSEC_PER_MSEC);
	}
	host_watch_close(&changes);
	return status;
}

static int run(void *args, char **words)
{
	const struct ls_args *ls_args = args;
	char *last = NULL;
	int status;

	if (words[0] && words[1])
		return cli_usage_error("ls", "one target at most, not also '%s'", words[1]);
	/* The view keeps a descriptor of each namespace. */
	nsr_descriptors_raise();
	status = ls_args->watch ? watch(ls_args, words[0], &last)
				: look_and_print(ls_args, words[0], &last);
	free(last);
	return status;
}

static const struct cli_option options[] = {
	{ "json", 0, NULL, "one JSON object a line: one for each namespace, then a summary",
	  units_parse_flag, offsetof(struct ls_args, json) },
	{ "watch", 'w', NULL, "go on, and print again what has changed", units_parse_flag,
	  offsetof(struct ls_args, watch) },
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
