/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * nsring send: replays a file or generates UDP flows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/generate.h"
#include "jobs/replay.h"
#include "jobs/stop.h"
#include "text/escape.h"
#include "text/failure.h"
#include "text/linktype.h"
#include "text/object.h"
#include "text/output.h"
#include "text/words.h"
#include "cli.h"
#include "send_args.h"

#define LINKTYPE_ETHERNET 1
#define MAX_GAP_NS	  (60 * NSEC_PER_SEC)

static double seconds_of(const struct transmit *tx)
{
	return (double)(tx->end_ns - tx->begin_ns) / 1e9;
}

static double rate(double amount, double seconds)
{
	return seconds > 0 ? amount / seconds : 0;
}

static void print_totals(const struct transmit *tx, const struct replay *replay)
{
	double seconds = seconds_of(tx);

	printf("%s: %s frames, %s bytes sent in %.1f s: %s, %s\n", tx->shown,
	       units_number(tx->frames).text, units_number(tx->bytes).text, seconds,
	       units_packets(rate((double)tx->frames, seconds)).text,
	       units_bits(rate((double)tx->bytes * 8, seconds)).text);
	if (tx->dropped && tx->dropped != NSR_UNKNOWN)
		printf("%s frames not sent: %s\n", units_number(tx->dropped).text,
		       tx->state == DEVICE_NO_CARRIER ? "the device has no carrier"
		       : tx->state == DEVICE_DOWN     ? "the device is down"
						      : "the device or its queue dropped them");
	if (tx->too_long)
		printf("%s frames not sent: longer than the device takes\n",
		       units_number(tx->too_long).text);
	if (tx->refused)
		printf("%s frames not sent: too short or malformed\n",
		       units_number(tx->refused).text);
	if (replay->other_linktype)
		printf("%s frames not sent: of another link type than the device's\n",
		       units_number(replay->other_linktype).text);
	if (replay->cut_short)
		printf("%s frames were cut short in the file, and sent so\n",
		       units_number(replay->cut_short).text);
}

static json_t *skipped_json(const struct transmit *tx, const struct replay *replay)
{
	json_t *object = json_object();

	object_set_number(&object, "too_long", tx->too_long);
	object_set_number(&object, "malformed", tx->refused);
	object_set_number(&object, "other_linktype", replay->other_linktype);
	return object;
}

static json_t *totals_json(const struct transmit *tx, const struct replay *replay)
{
	double seconds = seconds_of(tx);
	json_t *object = json_object();

	object_set_flag(&object, "final", true);
	object_set(&object, "target", output_text(tx->target));
	object_set_number(&object, "packets", tx->frames);
	object_set_number(&object, "bytes", tx->bytes);
	object_set(&object, "seconds", json_real(seconds));
	object_set(&object, "packets_per_second", json_real(rate((double)tx->frames, seconds)));
	object_set(&object, "bits_per_second", json_real(rate((double)tx->bytes * 8, seconds)));
	object_set(&object, "cpu_seconds", json_real((double)tx->cpu_ns / 1e9));
	if (tx->dropped == NSR_UNKNOWN)
		object_set(&object, "dropped", json_null());
	else
		object_set_number(&object, "dropped", tx->dropped);
	object_set(&object, "skipped", skipped_json(tx, replay));
	object_set_number(&object, "cut_short", replay->cut_short);
	return object;
}

/* Finds usage errors that show in the options alone. */
static int check_args(const struct send_args *args, char *const *words)
{
	const char *option = send_generator_option(args);

	if (!args->target)
		return cli_usage_error("send", "no target given: -i TARGET");
	if (words[0] && option)
		return cli_usage_error("send", "--%s is for generated frames, not for a file",
				       option);
	if (words[0] && !strcmp(words[0], "-") && args->loop > 1)
		return cli_usage_error("send", "--loop needs a file, standard input comes once");
	if (!words[0] && args->max_gap_ns)
		return cli_usage_error("send", "--max-gap needs a file to replay");
	if (!words[0] && args->loop)
		return cli_usage_error("send", "--loop needs a file to replay");
	if (!words[0] && !args->count && !args->duration_ns)
		return cli_usage_error("send", "give a file to replay, or --count or --duration");
	return CLI_DONE;
}

static int open_device(const struct send_args *args, struct transmit *tx, uint32_t *linktype)
{
	struct device_wait wait = device_wait_for(args->wait_ns);
	struct nsr_info info = NSR_INFO_INIT;
	struct nsr_options opts;
	struct nsr_error err;
	int rc = stop_catch();

	if (rc)
		return cli_error("signals: %s", strerror(-rc));
	nsr_options_init(&opts);
	opts.mode = NSR_SEND;
	opts.qdisc_bypass = args->qdisc_bypass;
	opts.inject = args->inject;
	do
		rc = nsr_open(tx->target, &opts, &tx->cap, &err);
	while (rc < 0 && device_wait(&wait, tx->target, rc));
	if (rc < 0 && stop_signalled())
		return cli_error("stopped by a signal before %s was open", tx->target);
	if (rc < 0)
		return failure_say(NULL, &err), CLI_FAILED;
	nsr_info_get(tx->cap, &info);
	*linktype = info.linktype;
	tx->batch = info.batch_packets;
	tx->queued = info.queued;
	return CLI_DONE;
}

static int run_replay(const struct send_args *args, char **words, uint32_t linktype,
		      struct transmit *tx, struct replay *replay)
{
	const struct transmit_source source = { .next = replay_next, .arg = replay };
	char *filter = words_join(words + 1);
	int status;

	if (!filter)
		return cli_error("send: out of memory");
	tx->skip = true;
	status = cli_status(
		replay_open(replay, words[0], filter, linktype, args->loop ? args->loop : 1,
			    args->max_gap_ns ? args->max_gap_ns : MAX_GAP_NS, tx->batch));
	replay->paced = tx->rate.kind == UNITS_RATE_NONE;
	if (!status) {
		stop_after(args->duration_ns);
		status = cli_status(transmit_run(tx, &source));
	}
	replay_close(replay);
	free(filter);
	return status;
}

static int run_generator(const struct send_args *args, const struct frame_layout *layout,
			 uint32_t linktype, struct transmit *tx)
{
	struct transmit_source source = { .next = generator_next };
	struct generator *gen;
	int status;

	if (linktype != LINKTYPE_ETHERNET)
		return cli_error("%s: generated frames are Ethernet but the device takes %s",
				 tx->target, linktype_text(linktype).text);
	gen = generator_open(layout, args->flows ? args->flows : 1, args->count, tx->batch);
	if (!gen)
		return cli_error("send: out of memory");
	source.arg = gen;
	/* Generated frames have no time stamps, so without a rate they go at full speed. */
	if (tx->rate.kind == UNITS_RATE_NONE)
		tx->rate.kind = UNITS_RATE_MAX;
	stop_after(args->duration_ns);
	status = cli_status(transmit_run(tx, &source));
	generator_close(gen);
	return status;
}

/* Opens the device, sends, and prints the totals. */
static int send_frames(const struct send_args *args, const struct frame_layout *layout,
		       char **words, const char *target, const char *shown)
{
	struct transmit tx = { .target = target, .shown = shown, .rate = args->rate };
	struct replay replay = { 0 };
	uint32_t linktype = 0;
	int status = open_device(args, &tx, &linktype);

	if (status)
		return status;
	status = words[0] ? run_replay(args, words, linktype, &tx, &replay)
			  : run_generator(args, layout, linktype, &tx);
	/* A failed run has totals, too, unless it never began. */
	if (tx.begin_ns && args->json)
		output_json(stdout, totals_json(&tx, &replay));
	else if (tx.begin_ns)
		print_totals(&tx, &replay);
	nsr_close(tx.cap);
	return output_flush() ? CLI_FAILED : status;
}

static int run(void *args, char **words)
{
	const struct send_args *send = args;
	struct frame_layout layout;
	const char *wrong;
	char *target, *shown;
	int status = check_args(send, words);

	if (status)
		return status;
	wrong = send_layout(send, &layout);
	if (!wrong)
		wrong = send_target(send, &target);
	if (wrong)
		return cli_usage_error("send", "%s", wrong);
	shown = target ? escape_copy(target) : NULL;
	if (shown)
		status = send_frames(send, &layout, words, target, shown);
	else
		status = cli_error("send: out of memory");
	free(shown);
	free(target);
	return status;
}

const struct cli_command send_command = {
	.name = "send",
	.summary = "replay a capture file, or generate UDP flows",
	.usage = "[options] -i TARGET [FILE [filter words...]]",
	.options = send_options,
	.args_size = sizeof(struct send_args),
	.run = run,
};
