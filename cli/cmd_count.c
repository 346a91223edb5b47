/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * nsring count: prints rates and losses every second, and totals at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/captures.h"
#include "sys/clock.h"
#include "text/ledger.h"
#include "text/object.h"
#include "text/output.h"
#include "text/units.h"
#include "text/words.h"
#include "capture_args.h"
#include "cli.h"
#include "describe.h"

/* Counting needs no packet bytes, so as few as possible are copied. */
#define COUNT_SNAPLEN 1

struct count_args {
	struct capture_request capture;
};

/* A capture's counters as of its last row. */
struct count_row {
	uint64_t packets;
	uint64_t bytes;
	struct nsr_stats stats;
};

/* Packets, bytes and losses over some time. */
struct count_sum {
	const char *target;
	const char *shown;
	const char *error;
	uint64_t packets;
	uint64_t bytes;
	double seconds;
	struct nsr_stats lost;
};

struct count {
	struct captures set;
	struct count_row *rows;
	uint64_t row_ns;
	int name_width;
	bool json;
	bool colour;
};

static double rate(double amount, double seconds)
{
	return seconds > 0 ? amount / seconds : 0;
}

static void add(struct count_sum *sum, const struct count_sum *more)
{
	sum->packets += more->packets;
	sum->bytes += more->bytes;
	ledger_add(&sum->lost, &more->lost);
}

/* The fields that interval and final objects share. */
static json_t *sum_json(const struct count_sum *sum)
{
	json_t *object = json_object();

	object_set_number(&object, "packets", sum->packets);
	object_set_number(&object, "bytes", sum->bytes);
	object_set(&object, "seconds", json_real(sum->seconds));
	object_set(&object, "packets_per_second",
		   json_real(rate((double)sum->packets, sum->seconds)));
	object_set(&object, "bits_per_second",
		   json_real(rate((double)sum->bytes * 8, sum->seconds)));
	object_set(&object, "lost", ledger_json(&sum->lost));
	object_set(&object, "filtered", ledger_filtered_json(&sum->lost));
	object_set_number(&object, "sampled", sum->lost.sampled);
	object_set_number(&object, "unasked", sum->lost.unasked);
	if (sum->target)
		object_set(&object, "target", output_text(sum->target));
	if (sum->error)
		object_set(&object, "error", output_text(sum->error));
	return object;
}

static void print_row(const struct count *count, const struct count_sum *sum)
{
	char lost[LEDGER_TEXT];

	if (count->set.count > 1)
		printf("%-*s ", count->name_width, sum->shown);
	printf("%16s %13s   %s\n", units_packets(rate((double)sum->packets, sum->seconds)).text,
	       units_bits(rate((double)sum->bytes * 8, sum->seconds)).text,
	       ledger_text(&sum->lost, false, count->colour, lost));
}

/* Sets @sum to what @one has counted since its last row, and begins the next row. */
static void since_row(struct count *count, const struct captures_one *one, double seconds,
		      struct count_sum *sum)
{
	struct count_row *row = &count->rows[one - count->set.list];
	struct nsr_stats stats;

	captures_stats(one, &stats);
	*sum = (struct count_sum){ .target = one->target,
				   .shown = one->shown,
				   .packets = one->packets - row->packets,
				   .bytes = one->bytes - row->bytes,
				   .seconds = seconds };
	ledger_subtract(&stats, &row->stats, &sum->lost);
	*row = (struct count_row){ .packets = one->packets, .bytes = one->bytes, .stats = stats };
}

static int on_tick(void *arg)
{
	struct count *count = arg;
	uint64_t now = nsr_clock_ns();
	double seconds = (double)(now - count->row_ns) / 1e9;
	uint32_t i;

	count->row_ns = now;
	for (i = 0; i < count->set.count; i++) {
		struct count_sum sum;

		since_row(count, &count->set.list[i], seconds, &sum);
		if (count->json)
			output_json(stdout, sum_json(&sum));
		else
			print_row(count, &sum);
	}
	return output_flush();
}

static void total_of(const struct count *count, const struct captures_one *one,
		     struct count_sum *sum)
{
	*sum = (struct count_sum){ .target = one->target,
				   .shown = one->shown,
				   .error = one->error,
				   .packets = one->packets,
				   .bytes = one->bytes,
				   .seconds = captures_seconds(&count->set) };
	captures_stats(one, &sum->lost);
}

static void print_total(const struct count *count, const struct count_sum *sum)
{
	char lost[LEDGER_TEXT], filtered[LEDGER_TEXT];

	printf("%s: %s packets, %s bytes in %.1f s: %s, %s\n", sum->shown,
	       units_number(sum->packets).text, units_number(sum->bytes).text, sum->seconds,
	       units_packets(rate((double)sum->packets, sum->seconds)).text,
	       units_bits(rate((double)sum->bytes * 8, sum->seconds)).text);
	printf("%*s  %s%s\n", (int)strlen(sum->shown), "",
	       ledger_text(&sum->lost, true, count->colour, lost),
	       ledger_filtered_text(&sum->lost, filtered));
}

static struct count_sum sum_up(const struct count *count)
{
	struct count_sum all = { .shown = "total", .seconds = captures_seconds(&count->set) };
	struct count_sum sum;
	uint32_t i;

	for (i = 0; i < count->set.count; i++) {
		total_of(count, &count->set.list[i], &sum);
		add(&all, &sum);
	}
	return all;
}

static void print_final(const struct count *count)
{
	struct count_sum sum;
	uint32_t i;

	puts("");
	for (i = 0; i < count->set.count; i++) {
		total_of(count, &count->set.list[i], &sum);
		print_total(count, &sum);
	}
	if (count->set.count < 2)
		return;
	sum = sum_up(count);
	print_total(count, &sum);
}

static json_t *final_json(const struct count *count)
{
	struct count_sum sum = sum_up(count);
	json_t *targets = json_array();
	json_t *object;
	uint32_t i;

	object = sum_json(&sum);
	object_set_flag(&object, "final", true);
	for (i = 0; i < count->set.count; i++) {
		total_of(count, &count->set.list[i], &sum);
		object_append(&targets, sum_json(&sum));
	}
	object_set(&object, "targets", targets);
	return object;
}

static int begin(struct count *count)
{
	uint32_t i;

	count->rows = calloc(count->set.count, sizeof(*count->rows));
	if (!count->rows)
		return cli_error("count: out of memory");
	for (i = 0; i < count->set.count; i++) {
		int width = (int)strlen(count->set.list[i].shown);

		if (width > count->name_width && width <= 48)
			count->name_width = width;
	}
	count->colour = output_colour(stdout);
	count->row_ns = nsr_clock_ns();
	if (count->json)
		describe_captures_json(&count->set, stdout);
	else
		describe_captures(&count->set, stdout);
	return output_flush() ? CLI_FAILED : CLI_DONE;
}

/* Counts until the end, with the captures open. */
static int run_open(struct count *count, const struct capture_request *args)
{
	const struct captures_events events = { .tick = on_tick, .arg = count };
	int status = begin(count);

	if (status)
		return status;
	status = cli_status(captures_run(&count->set, args, &events));
	if (count->json)
		output_json(stdout, final_json(count));
	else
		print_final(count);
	return output_flush() ? CLI_FAILED : status;
}

static int run(void *args, char **words)
{
	struct count_args *count_args = args;
	struct count count = { .json = count_args->capture.json };
	char *filter;
	int status;

	if (!count_args->capture.targets.count)
		return cli_usage_error("count", CAPTURE_NO_TARGET);
	filter = words_join(words);
	if (!filter)
		return cli_error("count: out of memory");
	status = cli_status(captures_open(&count.set, &count_args->capture, filter, COUNT_SNAPLEN));
	if (!status)
		status = run_open(&count, &count_args->capture);
	captures_close(&count.set);
	free(count.rows);
	free(filter);
	return status;
}

static void cleanup(void *args)
{
	capture_args_free(&((struct count_args *)args)->capture);
}

static const struct cli_option options[] = {
	CAPTURE_OPTIONS(struct count_args, capture),
	{ 0 },
};

const struct cli_command count_command = {
	.name = "count",
	.summary = "count packets, bytes and losses, a line a second",
	.usage = "[options] -i TARGET [filter words...]",
	.options = options,
	.args_size = sizeof(struct count_args),
	.run = run,
	.cleanup = cleanup,
};
