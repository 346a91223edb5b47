/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * kernel_hold KIND [OPTION...]: holds captures open while bench/kernel sends them packets.
 *
 * Says "ready" once they are open. SIGTERM ends it; it then tells how many packets the kernel put
 * into them, how many it had no room for, and how many were read. The kind `none` opens nothing.
 */
#include "kernel_kind.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_CAPTURES 1024

static const struct option options[] = {
	{ "device", required_argument, NULL, 'd' }, /* where to capture (cap0) */
	{ "count", required_argument, NULL, 'c' }, /* captures (1) */
	{ "ring", required_argument, NULL, 'r' }, /* KiB of a ring (8192) */
	{ "snaplen", required_argument, NULL, 's' }, /* bytes of a packet (96) */
	{ "wait", required_argument, NULL, 'w' }, /* ms that packets wait for others */
	{ "read", no_argument, NULL, 'R' }, /* a thread each reads */
	{ "share", required_argument, NULL, 'S' }, /* "packets" or "ring" */
	{ "each-own-namespace", no_argument, NULL, 'n' }, /* a new namespace for each, on its lo */
	{ 0 },
};

struct hold {
	const struct kernel_kind *kind; /* NULL: none */
	struct kernel_options capture;
	int count, read, namespaces;
};

static struct kernel_capture captures[MAX_CAPTURES];
static uint64_t packets_read;

static int fail(const char *what, int error)
{
	fprintf(stderr, "kernel_hold: %s: %s\n", what, strerror(error));
	return 1;
}

static int parse(int argc, char **argv, struct hold *hold)
{
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'd':
			hold->capture.device = optarg;
			break;
		case 'c':
			hold->count = atoi(optarg);
			break;
		case 'r':
			hold->capture.ring_bytes = strtoul(optarg, NULL, 10) << 10;
			break;
		case 's':
			hold->capture.snaplen = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'w':
			hold->capture.wait_us = (uint32_t)strtoul(optarg, NULL, 10) * 1000;
			break;
		case 'R':
			hold->read = 1;
			break;
		case 'S':
			hold->capture.share = !strcmp(optarg, "ring") ? SHARE_RING : SHARE_PACKETS;
			break;
		case 'n':
			hold->namespaces = 1;
			hold->capture.device = "lo";
			break;
		default:
			return -EINVAL;
		}
	}
	if (optind != argc - 1 || hold->count < 1 || hold->count > MAX_CAPTURES)
		return -EINVAL;
	hold->kind = kernel_kind_find(argv[optind]);
	return hold->kind || !strcmp(argv[optind], "none") ? 0 : -EINVAL;
}

/* Go to a new namespace whose lo is up; returns a descriptor that keeps it. */
static int enter_new_namespace(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int sock, rc;

	if (unshare(CLONE_NEWNET))
		return -errno;
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return -errno;
	rc = ioctl(sock, SIOCSIFFLAGS, &ifr) ? -errno : 0;
	close(sock);
	if (rc)
		return rc;
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

static int open_captures(const struct hold *hold)
{
	for (int i = 0; i < hold->count; i++) {
		int rc = hold->namespaces ? enter_new_namespace() : 0;

		if (rc >= 0 && hold->kind) {
			captures[i].kind = hold->kind;
			rc = hold->kind->open(&captures[i], &hold->capture);
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}

static void *read_for_ever(void *capture)
{
	for (;;) {
		int packets = kernel_capture_read(capture, -1);

		if (packets < 0 && packets != -EINTR)
			_exit(fail("reading", -packets));
		if (packets > 0)
			__atomic_fetch_add(&packets_read, (uint64_t)packets, __ATOMIC_RELAXED);
	}
	return NULL;
}

static int start_readers(const struct hold *hold)
{
	pthread_t thread;
	int rc = 0;

	for (int i = 0; hold->read && !rc && i < hold->count; i++)
		rc = -pthread_create(&thread, NULL, read_for_ever, &captures[i]);
	return rc;
}

static int tell_totals(const struct hold *hold)
{
	struct kernel_totals sum = { 0 };

	for (int i = 0; hold->kind && i < hold->count; i++) {
		struct kernel_totals totals;
		int rc = hold->kind->totals(&captures[i], &totals);

		if (rc)
			return rc;
		sum.captured += totals.captured;
		sum.lost += totals.lost;
	}
	printf("captured %" PRIu64 " lost %" PRIu64 " read %" PRIu64 "\n", sum.captured, sum.lost,
	       __atomic_load_n(&packets_read, __ATOMIC_RELAXED));
	fflush(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	struct hold hold = {
		.capture = { .device = "cap0", .ring_bytes = 8 << 20, .snaplen = 96 },
		.count = 1,
	};
	sigset_t signals;
	int rc, signal;

	rc = parse(argc, argv, &hold);
	if (rc)
		return fail("what it was told", -rc);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	rc = open_captures(&hold);
	if (rc)
		return fail("opening the captures", -rc);
	rc = start_readers(&hold);
	if (rc)
		return fail("starting the readers", -rc);
	puts("ready");
	fflush(stdout);
	sigwait(&signals, &signal);
	rc = tell_totals(&hold);
	/* the readers are not joined */
	_exit(rc ? fail("their totals", -rc) : 0);
}
