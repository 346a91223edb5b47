/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * nsring dump: writes packets to a capture file (jobs/save.c), or prints a line for each (show.c).
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jobs/captures.h"
#include "jobs/save.h"
#include "text/escape.h"
#include "text/ledger.h"
#include "text/object.h"
#include "text/output.h"
#include "text/say.h"
#include "text/units.h"
#include "text/words.h"
#include "capture_args.h"
#include "cli.h"
#include "describe.h"
#include "show.h"

struct dump_args {
	struct capture_request capture;
	const char *path;
	bool pcap;
	struct rotate_rules rotate;
	bool link;
	bool hex;
};

/**
 * struct dump - a run
 * @args:     the options
 * @filter:   as typed
 * @set:      where packets come from
 * @save:     where they go, with -w
 * @show:     where they go, without -w
 * @progress: show progress on stderr
 */
struct dump {
	const struct dump_args *args;
	char *filter;
	struct captures set;
	struct save save;
	struct show show;
	bool progress;
};

/** struct totals - the totals of a run */
struct totals {
	struct nsr_stats lost;
	uint64_t packets;
	uint64_t bytes;
	uint64_t disk;
};

static bool to_stdout(const struct dump_args *args)
{
	return args->path && strcmp(args->path, "-") == 0;
}

/* With -w, packets that captures handed out can still be lost: those that didn't reach the disk. */
static struct totals sum_up(const struct dump *dump)
{
	struct totals totals = { .packets = dump->set.packets };
	struct nsr_stats stats;
	uint32_t i;

	for (i = 0; i < dump->set.count; i++) {
		captures_stats(&dump->set.list[i], &stats);
		ledger_add(&totals.lost, &stats);
		totals.bytes += dump->set.list[i].bytes;
	}
	if (dump->args->path)
		totals.disk = totals.packets - rotate_stored(&dump->save.files);
	return totals;
}

static int on_packets(void *arg, struct captures_one *from, const struct nsr_packet *packets,
		      uint32_t count)
{
	struct dump *dump = arg;

	if (dump->args->path)
		return save_packets(&dump->save, from, packets, count);
	return show_packets(&dump->show, from, packets, count);
}

static int on_idle(void *arg)
{
	struct dump *dump = arg;

	return dump->args->path ? save_idle(&dump->save) : output_flush();
}

static void show_progress(const struct dump *dump)
{
	const struct totals totals = sum_up(dump);
	char lost[LEDGER_TEXT], line[LEDGER_TEXT + 3 * UNITS_TEXT];

	snprintf(line, sizeof(line), "%s packets, %s, %s", units_number(totals.packets).text,
		 units_bytes(rotate_bytes(&dump->save.files)).text,
		 ledger_text(&totals.lost, false, false, lost));
	say_progress(line);
}

/* Whether standard output has lost its reader. Without packets no write would notice. */
static bool reader_gone(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	return poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}

static int on_tick(void *arg)
{
	struct dump *dump = arg;

	if (!dump->args->path)
		return reader_gone() ? output_failed(EPIPE) : 0;
	if (to_stdout(dump->args) && reader_gone())
		return save_abort(&dump->save, -EPIPE);
	if (dump->progress)
		show_progress(dump);
	return save_tick(&dump->save);
}

/* The output at the end: its last name and how much there is of it. */
static void print_files(const struct rotate *files)
{
	char *shown = escape_copy(files->name);

	fprintf(stderr, "%s: %s in %s file%s\n", shown ? shown : "",
		units_bytes(rotate_bytes(files)).text, units_number(files->files).text,
		files->files == 1 ? "" : "s");
	free(shown);
}

static void print_totals(const struct dump *dump, const struct totals *totals)
{
	const struct rotate *files = &dump->save.files;
	char lost[LEDGER_TEXT], filtered[LEDGER_TEXT];

	fprintf(stderr, "%s packets, %s bytes in %.1f s: %s", units_number(totals->packets).text,
		units_number(totals->bytes).text, captures_seconds(&dump->set),
		ledger_text(&totals->lost, true, false, lost));
	if (dump->args->path)
		fprintf(stderr, ", disk %s", units_number(totals->disk).text);
	fprintf(stderr, "%s\n", ledger_filtered_text(&totals->lost, filtered));
	if (!dump->args->path)
		return;
	if (!to_stdout(dump->args) && files->files > 0)
		print_files(files);
}

static json_t *totals_json(const struct dump *dump, const struct totals *totals)
{
	const struct rotate *files = &dump->save.files;
	json_t *lost = ledger_json(&totals->lost);
	json_t *object = json_object();

	if (dump->args->path)
		object_set_number(&lost, "disk", totals->disk);
	object_set_flag(&object, "final", true);
	object_set_number(&object, "packets", totals->packets);
	object_set_number(&object, "bytes", totals->bytes);
	object_set(&object, "seconds", json_real(captures_seconds(&dump->set)));
	object_set(&object, "lost", lost);
	object_set(&object, "filtered", ledger_filtered_json(&totals->lost));
	object_set_number(&object, "sampled", totals->lost.sampled);
	object_set_number(&object, "unasked", totals->lost.unasked);
	if (!dump->args->path)
		return object;
	object_set_number(&object, "files", files->files);
	object_set_number(&object, "file_bytes", rotate_bytes(files));
	object_set(&object, "last_file", output_text(files->name));
	return object;
}

/* Fails when -w names a file that is also being read. */
static int refuse_own_input(const struct dump *dump)
{
	const char *path = dump->args->path;
	struct stat in, out;
	uint32_t i;

	if ((to_stdout(dump->args) ? fstat(STDOUT_FILENO, &out) : stat(path, &out)) < 0 ||
	    !S_ISREG(out.st_mode))
		return CLI_DONE;
	for (i = 0; i < dump->set.count; i++) {
		const struct nsr_info *info = &dump->set.list[i].info;

		if (!info->offline)
			continue;
		if ((strcmp(info->device, "-") ? stat(info->device, &in) : fstat(0, &in)) < 0)
			continue;
		if (in.st_dev == out.st_dev && in.st_ino == out.st_ino)
			return cli_error("%s: is read and can't be written at the same time",
					 to_stdout(dump->args) ? info->device : path);
	}
	return CLI_DONE;
}

static int begin(struct dump *dump)
{
	const struct dump_args *args = dump->args;

	if (!args->path) {
		dump->show = (struct show){
			.set = &dump->set,
			.json = args->capture.json,
			.link = args->link,
			.hex = args->hex,
		};
		return CLI_DONE;
	}
	if (refuse_own_input(dump))
		return CLI_FAILED;
	if (save_begin(&dump->save, &dump->set, dump->filter, args->path,
		       args->pcap ? NSR_WRITER_PCAP : NSR_WRITER_PCAPNG, &args->rotate) < 0)
		return CLI_FAILED;
	dump->progress = isatty(STDERR_FILENO) && !(to_stdout(args) && isatty(STDOUT_FILENO));
	return CLI_DONE;
}

/* Describes the open captures: as JSON wherever packets don't go, for people on stderr. */
static void say_open(const struct dump *dump)
{
	const struct capture_request *capture = &dump->args->capture;

	if (capture->json) {
		describe_captures_json(&dump->set, to_stdout(dump->args) ? stderr : stdout);
		/* At once: scripts wait for it. An error is told again at the end. */
		if (!to_stdout(dump->args))
			output_flush();
	} else if (capture->fanout.how || isatty(STDERR_FILENO)) {
		describe_captures(&dump->set, stderr);
	}
}

/* Dumps until the end, with the captures open. */
static int run_open(struct dump *dump)
{
	const struct captures_events events = {
		.packets = on_packets,
		.idle = on_idle,
		.tick = on_tick,
		.arg = dump,
		.ordered = true,
	};
	struct totals totals;
	int status = begin(dump);

	if (status)
		return status;
	say_open(dump);
	status = cli_status(captures_run(&dump->set, &dump->args->capture, &events));
	if (dump->args->path && save_end(&dump->save) < 0)
		status = CLI_FAILED;
	if (dump->progress)
		say_progress("");
	totals = sum_up(dump);
	if (dump->args->capture.json)
		output_json(to_stdout(dump->args) ? stderr : stdout, totals_json(dump, &totals));
	else
		print_totals(dump, &totals);
	return !to_stdout(dump->args) && output_flush() ? CLI_FAILED : status;
}

/* Refuses contradictory options, before anything is opened. */
static int check(const struct dump_args *args)
{
	const struct rotate_rules *rules = &args->rotate;
	bool rotates = rules->bytes || rules->time_ns || rules->packets;

	if (!args->capture.targets.count)
		return cli_usage_error("dump", CAPTURE_NO_TARGET);
	if (args->path && !*args->path)
		return cli_usage_error("dump", "-w needs the name of a file");
	if (!args->path && (rotates || rules->keep || args->pcap))
		return cli_usage_error("dump", "--pcap, --rotate-* and --keep need -w FILE");
	if (args->path && (args->link || args->hex))
		return cli_usage_error("dump", "-e and -x are for lines, not for -w");
	if (rules->keep && !rotates)
		return cli_usage_error("dump", "--keep needs one of --rotate-*");
	if (rules->keep > ROTATE_KEEP_MOST)
		return cli_usage_error("dump", "--keep: at most %d files", ROTATE_KEEP_MOST);
	if (to_stdout(args) && rotates)
		return cli_usage_error("dump", "standard output can't be rotated");
	if (to_stdout(args) && isatty(STDOUT_FILENO))
		return cli_usage_error("dump", "standard output is a terminal: pipe it, or name a "
					       "file");
	return CLI_DONE;
}

static int run(void *args, char **words)
{
	struct dump_args *dump_args = args;
	struct dump dump = { .args = dump_args };
	int status = check(dump_args);

	if (status)
		return status;
	dump.filter = words_join(words);
	if (!dump.filter)
		return cli_error("dump: out of memory");
	/*
	 * With SIGXFSZ ignored, a file beyond RLIMIT_FSIZE is an error of write(2), which gets
	 * reported.
	 */
	signal(SIGXFSZ, SIG_IGN);
	status = cli_status(captures_open(&dump.set, &dump_args->capture, dump.filter, 0));
	if (!status)
		status = run_open(&dump);
	save_free(&dump.save);
	captures_close(&dump.set);
	free(dump.filter);
	return status;
}

static void cleanup(void *args)
{
	capture_args_free(&((struct dump_args *)args)->capture);
}

/* clang-format off */
static const struct cli_option options[] = {
	CAPTURE_OPTIONS(struct dump_args, capture),
	{ "write", 'w', "FILE", "write a capture file, - for standard output",
	  units_parse_string, offsetof(struct dump_args, path) },
	{ "pcap", 0, NULL, "classic pcap with nanoseconds instead of pcapng",
	  units_parse_flag, offsetof(struct dump_args, pcap) },
	{ "rotate-size", 0, "SIZE", "another file before one grows beyond SIZE (100M)",
	  units_parse_size, offsetof(struct dump_args, rotate.bytes) },
	{ "rotate-time", 0, "TIME", "another file after TIME (60s, 10m), of files by their packets",
	  units_parse_duration, offsetof(struct dump_args, rotate.time_ns) },
	{ "rotate-packets", 0, "N", "another file after N packets",
	  units_parse_count, offsetof(struct dump_args, rotate.packets) },
	{ "keep", 0, "N", "keep the newest N files of this run, delete the older",
	  units_parse_count, offsetof(struct dump_args, rotate.keep) },
	{ "link", 'e', NULL, "also show link-level addresses",
	  units_parse_flag, offsetof(struct dump_args, link) },
	{ "hex", 'x', NULL, "also show the bytes, in hexadecimal and ASCII",
	  units_parse_flag, offsetof(struct dump_args, hex) },
	{ .name = NULL },
};
/* clang-format on */

const struct cli_command dump_command = {
	.name = "dump",
	.summary = "write packets to a file, or show a line for each",
	.usage = "[options] -i TARGET [-w FILE] [filter words...]",
	.options = options,
	.args_size = sizeof(struct dump_args),
	.run = run,
	.cleanup = cleanup,
};
