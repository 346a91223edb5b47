/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * nsring run: a program of libpcap, which gets the drop-in instead. compat/pcap is the drop-in.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/program.h"
#include "capture_args.h"
#include "cli.h"

/* As env(1) has it. */
#define STATUS_NOT_EXECUTABLE 126
#define STATUS_NOT_FOUND      127

#define DROP_IN "libpcap.so.0.8"

struct run_args {
	uint32_t take;
	bool keep, no_keep;
	char *list; /* targets, with a space between them */
};

/* Where it was built, or installed. */
static const char *const places[] = {
	"../compat/pcap/" DROP_IN,
	"../" PCAP_LIBDIR "/nsring/pcap/" DROP_IN,
	PCAP_DIR "/" DROP_IN,
};

static int say_barred(const char *path, int bar)
{
	switch (bar) {
	case NSR_PROGRAM_SETUID:
		return cli_error(
			"run: %s: runs as another user or group (set-user-ID), so the "
			"linker gives it no other library: run it as root, or a copy of it",
			path);
	case NSR_PROGRAM_CAPS:
		return cli_error(
			"run: %s: has capabilities of its own, so the linker gives it no "
			"other library: run it as root, or a copy of it with \"nsring run\" "
			"as a user that has them",
			path);
	case NSR_PROGRAM_STATIC:
		return cli_error("run: %s: is linked statically, libpcap and all: no other library "
				 "can be given to it",
				 path);
	case NSR_PROGRAM_OTHER:
		return cli_error("run: %s: is a program of another architecture than nsring's "
				 "library",
				 path);
	default:
		return cli_error("run: %s: %s", path, strerror(-bar));
	}
}

/* In front of what the user has there: its own libpcap may be among it. */
static int set_environment(const char *dir, const struct run_args *args)
{
	const char *before = getenv("LD_LIBRARY_PATH");
	char *value;
	int rc;

	if (asprintf(&value, "%s%s%s", dir, before && *before ? ":" : "", before ? before : "") < 0)
		return -ENOMEM;
	rc = setenv("LD_LIBRARY_PATH", value, 1);
	free(value);
	if (rc == 0 && args->take != NSR_TAKE_NONE)
		rc = setenv("NSRING_TAKE", args->take == NSR_TAKE_REALLY ? "really" : "1", 1);
	if (rc == 0 && args->list)
		rc = setenv("NSRING_LIST", args->list, 1);
	if (rc == 0)
		rc = setenv("NSRING_KEEP", args->no_keep ? "0" : args->keep ? "1" : "auto", 1);
	return rc < 0 ? -ENOMEM : 0;
}

static const char *parse_list(const char *value, void *field)
{
	char **list = field, *longer;

	if (strpbrk(value, " \n"))
		return "a target without a space";
	if (asprintf(&longer, "%s%s%s", *list ? *list : "", *list ? " " : "", value) < 0)
		return "less: memory is short";
	free(*list);
	*list = longer;
	return NULL;
}

static void cleanup(void *args)
{
	free(((struct run_args *)args)->list);
}

static int run(void *args, char **words)
{
	const struct run_args *run_args = args;
	char path[PATH_MAX], dir[PATH_MAX];
	int rc;

	if (!words[0])
		return cli_usage_error("run", "no program given");
	if (run_args->keep && run_args->no_keep)
		return cli_usage_error("run", "either --keep or --no-keep");
	if (nsr_program_beside(places, sizeof(places) / sizeof(places[0]), R_OK, dir) < 0)
		return cli_error("run: %s is missing in %s: install nsring anew", DROP_IN,
				 PCAP_DIR);
	*strrchr(dir, '/') = '\0';
	if (strpbrk(dir, ":;$"))
		return cli_error("run: %s: the linker finds no library in a folder of such a name: "
				 "move nsring",
				 dir);
	rc = nsr_program_find(words[0], path, sizeof(path));
	if (rc < 0) {
		say_error("run: %s: %s", words[0],
			  rc == -ENOENT ? "there is no such program" : strerror(-rc));
		return rc == -ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;
	}
	rc = nsr_program_bar(path);
	if (rc)
		return say_barred(path, rc);
	if (set_environment(dir, run_args) < 0)
		return cli_error("run: out of memory");
	execv(path, words);
	say_error("run: %s: %s", path, strerror(errno));
	return STATUS_NOT_EXECUTABLE;
}

/* clang-format off */
static const struct cli_option options[] = {
	{ "take", 0, "[=really]", "have zc: targets take packets away from the network stack",
	  capture_parse_take, offsetof(struct run_args, take) },
	{ "list", 0, "TARGET", "have it among the devices that the program lists; 0: only such",
	  parse_list, offsetof(struct run_args, list) },
	{ "keep", 0, NULL, "keep capabilities for opening, even if no word of the program's names a target",
	  units_parse_flag, offsetof(struct run_args, keep) },
	{ "no-keep", 0, NULL, "keep no capabilities for opening that the program gives up before",
	  units_parse_flag, offsetof(struct run_args, no_keep) },
	{ 0 },
};
/* clang-format on */

const struct cli_command run_command = {
	.name = "run",
	.summary = "run a program of libpcap, such as tcpdump, on targets",
	.usage = "[options] PROGRAM [its options and words...]",
	.options = options,
	.args_size = sizeof(struct run_args),
	.run = run,
	.cleanup = cleanup,
	.foreign_words = true,
};
