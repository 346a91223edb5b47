/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Facts about every engine, through the library. The engine is the program's argument: packet,
 * ring, pcap; zc for a zc that takes packets, zc-busy for one that polls, or zc-tap for one that copies.
 *
 *	sends ─ v0 ──────── v1 ─ captures
 */
#include <linux/filter.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "topology.h"

#define OLD_PORT 1000
#define NEW_PORT 2000

static const char *engine = "packet";
static bool takes; /* of zc */
static bool busy; /* of zc: by way of an AF_XDP socket */

/* @target: of a place and a device, or a device. */
static int try_open(const char *target, struct nsr_options *opts, struct nsr_capture **cap,
		    struct nsr_error *err)
{
	const char *device = strrchr(target, '/');
	struct nsr_options own;
	char text[128];

	device = device ? device + 1 : target;
	snprintf(text, sizeof(text), "%.*s%s:%s", (int)(device - target), target, engine, device);
	nsr_options_init(&own);
	opts = opts ? opts : &own;
	opts->take = takes ? NSR_TAKE : NSR_TAKE_NONE;
	opts->busy_poll_us = busy ? 20 : 0;
	return nsr_open(text, opts, cap, err);
}

static struct nsr_capture *open_on(const char *target, struct nsr_options *opts)
{
	struct nsr_capture *cap;
	struct nsr_error err;

	if (try_open(target, opts, &cap, &err) < 0)
		fail_msg("%s", err.text);
	return cap;
}

/* Engine pcap does what the installed libpcap does. */
static void skip_if_libpcap(const char *why)
{
	if (strcmp(engine, "pcap") != 0)
		return;
	print_message("libpcap %s\n", why);
	skip();
}

static void two_hundred_cycles_leave_no_descriptor_and_no_mapping(void **state)
{
	struct nsr_options opts;
	uint32_t fds, i;

	topology_require();
	nsr_options_init(&opts);
	opts.ring_bytes = 512 << 10;
	opts.filter = "udp port 53";
	nsr_close(open_on("v1", &opts));
	fds = count_entries("/proc/self/fd");
	for (i = 0; i < 200; i++)
		nsr_close(open_on("v1", &opts));
	assert_int_equal(count_entries("/proc/self/fd"), fds);
	assert_int_equal(count_mappings("socket:"), 0);
}

static void opens_that_fail_leave_no_descriptor(void **state)
{
	static const char *const filters[] = { "no such filter", "ether host 1.2.3.4 and" };
	struct nsr_options opts;
	struct nsr_capture *cap;
	uint32_t fds, i;

	topology_require();
	nsr_options_init(&opts);
	fds = count_entries("/proc/self/fd");
	for (i = 0; i < 2; i++) {
		opts.filter = filters[i];
		assert_int_equal(try_open("v1", &opts, &cap, NULL), -EINVAL);
	}
	opts.filter = NULL;
	assert_int_equal(try_open("nosuch", &opts, &cap, NULL), -ENODEV);
	assert_int_equal(count_entries("/proc/self/fd"), fds);
}

static void check_port(const struct nsr_packet *packet, void *arg)
{
	if (packet->caplen >= 38)
		assert_int_equal(packet->data[36] << 8 | packet->data[37], *(uint16_t *)arg);
}

/* Packets of both kinds wait in the ring and may be cut before what the filters read. */
static void change_filter(uint32_t snaplen, bool immediate)
{
	uint16_t port = NEW_PORT;
	struct nsr_options opts;
	struct nsr_capture *cap;

	topology_require();
	if (immediate)
		skip_if_libpcap("has a ring of some tens of packets in immediate mode");
	nsr_options_init(&opts);
	opts.filter = "udp port 1000";
	opts.snaplen = snaplen;
	opts.immediate = immediate;
	cap = open_on("v1", &opts);
	send_udp(OLD_PORT, 150);
	assert_int_equal(nsr_set_filter(cap, "udp port 2000", NULL), 0);
	send_udp(OLD_PORT, 50);
	send_udp(NEW_PORT, 200);
	assert_int_equal(collect(cap, check_port, &port), 200);
	nsr_close(cap);
}

static void new_filter_refuses_packets_that_wait_already(void **state)
{
	change_filter(0, false);
}

static void new_filter_keeps_apart_packets_cut_before_the_port(void **state)
{
	change_filter(20, false);
}

static void new_filter_refuses_frames_that_wait_in_immediate_mode(void **state)
{
	change_filter(0, true);
}

static void new_filter_keeps_apart_cut_frames_in_immediate_mode(void **state)
{
	change_filter(20, true);
}

static void filter_changed_many_times_never_lets_the_wrong_packets_out(void **state)
{
	uint16_t port = NEW_PORT;
	struct nsr_options opts;
	struct nsr_capture *cap;
	uint32_t i;

	topology_require();
	nsr_options_init(&opts);
	opts.snaplen = 20;
	cap = open_on("v1", &opts);
	for (i = 0; i < 40; i++) {
		assert_int_equal(nsr_set_filter(cap, "udp port 1000", NULL), 0);
		send_udp(OLD_PORT, 10);
	}
	assert_int_equal(nsr_set_filter(cap, "udp port 2000", NULL), 0);
	assert_int_equal(collect(cap, check_port, &port), 0);
	nsr_close(cap);
}

static void removing_the_filter_hands_out_everything_again(void **state)
{
	struct nsr_options opts;
	struct nsr_capture *cap;

	topology_require();
	nsr_options_init(&opts);
	opts.filter = "udp port 2000";
	cap = open_on("v1", &opts);
	assert_int_equal(nsr_set_filter(cap, NULL, NULL), 0);
	send_udp(OLD_PORT, 50);
	assert_int_equal(collect(cap, NULL, NULL), 50);
	nsr_close(cap);
}

static void filter_that_fails_leaves_the_one_before(void **state)
{
	uint16_t port = NEW_PORT;
	struct nsr_options opts;
	struct nsr_capture *cap;

	topology_require();
	nsr_options_init(&opts);
	opts.filter = "udp port 2000";
	cap = open_on("v1", &opts);
	assert_int_equal(nsr_set_filter(cap, "no such filter", NULL), -EINVAL);
	send_udp(OLD_PORT, 30);
	send_udp(NEW_PORT, 20);
	assert_int_equal(collect(cap, check_port, &port), 20);
	nsr_close(cap);
}

/* As libpcap compiles it for v1, off whose frames the kernel takes a tag. */
static void set_program(struct nsr_capture *cap, const char *text)
{
	char reason[PCAP_ERRBUF_SIZE];
	pcap_t *live = pcap_create("v1", reason);
	struct bpf_program program;
	struct nsr_error err;

	assert_non_null(live);
	assert_int_equal(pcap_activate(live), 0);
	assert_int_equal(pcap_compile(live, &program, text, 1, 0), 0);
	pcap_close(live);
	if (nsr_set_filter_code(cap, (void *)program.bf_insns, program.bf_len, &err) < 0)
		fail_msg("\"%s\": %s", text, err.text);
	pcap_freecode(&program);
}

/* To v1, all with a tag. */
static void send_tagged(uint16_t port, uint32_t count)
{
	uint8_t plain[60], tagged[64];
	struct nsr_frame frame = { tagged, sizeof(tagged) };

	udp_frame(plain, port);
	memcpy(tagged, plain, 12);
	memcpy(tagged + 12, (uint8_t[]){ 0x81, 0, 0, 5 }, 4);
	memcpy(tagged + 16, plain + 12, sizeof(plain) - 12);
	for (; count; count--)
		send_frames("v0", &frame, 1);
}

static void filter_given_as_a_program_lets_in_the_same_as_its_text(void **state)
{
	static const char *const texts[] = { "udp port 2000", "not udp port 2000",
					     "ip and len = 60", "len > 60" };
	uint32_t i, j, count[2];
	struct nsr_capture *cap;

	topology_require();
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		for (j = 0; j < 2; j++) {
			cap = open_on("v1", NULL);
			if (j)
				set_program(cap, texts[i]);
			else
				assert_int_equal(nsr_set_filter(cap, texts[i], NULL), 0);
			send_udp(OLD_PORT, 20);
			send_udp(NEW_PORT, 30);
			count[j] = collect(cap, NULL, NULL);
			nsr_close(cap);
		}
		assert_int_equal(count[0], count[1]);
	}
}

static void program_finds_behind_a_tag_what_stands_there_without(void **state)
{
	static const char *const texts[] = { "udp port 2000", "vlan 5 and udp port 2000",
					     "udp port 2000 and len = 60" };
	static const uint32_t counts[] = { 15, 5, 15 };
	struct nsr_capture *cap;
	uint32_t i;

	topology_require();
	for (i = 0; i < 3; i++) {
		cap = open_on("v1", NULL);
		set_program(cap, texts[i]);
		send_udp(NEW_PORT, 10);
		send_tagged(NEW_PORT, 5);
		send_tagged(OLD_PORT, 5);
		assert_int_equal(collect(cap, NULL, NULL), counts[i]);
		nsr_close(cap);
	}
}

static void malformed_program_leaves_the_filter_before(void **state)
{
	static const struct sock_filter endless[] = { BPF_STMT(BPF_JMP | BPF_JA, UINT32_MAX),
						      BPF_STMT(BPF_RET | BPF_K, 1) };
	uint16_t port = NEW_PORT;
	struct nsr_options opts;
	struct nsr_capture *cap;

	topology_require();
	nsr_options_init(&opts);
	opts.filter = "udp port 2000";
	cap = open_on("v1", &opts);
	assert_int_equal(nsr_set_filter_code(cap, endless, 2, NULL), -EINVAL);
	send_udp(OLD_PORT, 30);
	send_udp(NEW_PORT, 20);
	assert_int_equal(collect(cap, check_port, &port), 20);
	nsr_close(cap);
}

/* Of 20 frames that come in and 30 that go out. */
static void check_direction(enum nsr_direction direction, uint32_t handed_out, uint32_t filtered)
{
	struct nsr_stats stats = NSR_STATS_INIT;
	struct nsr_capture *cap;

	topology_require();
	cap = open_on("v1", NULL);
	assert_int_equal(nsr_set_direction(cap, direction, NULL), 0);
	send_udp(OLD_PORT, 20);
	send_on("v1", OLD_PORT, 30);
	assert_int_equal(collect(cap, NULL, NULL), handed_out);
	assert_int_equal(nsr_stats_get(cap, &stats), 0);
	assert_int_equal(stats.filtered, filtered);
	nsr_close(cap);
}

/* Engine zc sees no frames that go out; libpcap tells of no packet which way it goes. */
static void direction_set_later_is_obeyed(void **state)
{
	bool zc = strcmp(engine, "zc") == 0, tells = strcmp(engine, "pcap") != 0;

	check_direction(NSR_IN, tells ? 20 : 50, zc || !tells ? 0 : 30);
	check_direction(NSR_OUT, zc ? 0 : tells ? 30 : 50, tells ? 20 : 0);
}

/* Frames of both ports in turn, by a thread, with their numbers; at most so many on their way. */
#define UNDER_WAY 500
#define NUMBERED  20000

struct traffic {
	_Atomic uint32_t taken; /* of NEW_PORT, which all filters let in */
	_Atomic bool failed;
};

static void *send_numbered(void *arg)
{
	struct traffic *traffic = arg;
	struct nsr_frame frames[10];
	struct nsr_capture *cap;
	struct nsr_options opts;
	uint8_t bytes[10][60];
	uint32_t i, number;
	cpu_set_t cpus;

	/* Packets of two processors may overtake each other on their way to a capture. */
	CPU_ZERO(&cpus);
	CPU_SET((size_t)sched_getcpu(), &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	nsr_options_init(&opts);
	opts.mode = NSR_SEND;
	if (nsr_open("v0", &opts, &cap, NULL) < 0) {
		traffic->failed = true;
		return NULL;
	}
	for (i = 0; i < 10; i++) {
		udp_frame(bytes[i], i % 2 ? OLD_PORT : NEW_PORT);
		frames[i] = (struct nsr_frame){ bytes[i], sizeof(bytes[i]) };
	}
	for (number = 0; number < NUMBERED && !traffic->failed; number += 5) {
		for (i = 0; i < 10; i++)
			memcpy(bytes[i] + 44, &(uint32_t){ number + i / 2 }, 4);
		while (number >= traffic->taken + UNDER_WAY && !traffic->failed)
			sched_yield();
		traffic->failed |= nsr_send(cap, frames, 10) != 10;
	}
	nsr_close(cap);
	return NULL;
}

/* The next ones of NEW_PORT; true while all that come are let in by the filter. */
static bool are_next(const struct nsr_batch *batch, bool only_new, uint32_t *next)
{
	const struct nsr_packet *packet;
	uint32_t i;

	for (i = 0; i < batch->count; i++) {
		packet = &batch->packets[i];
		if (packet->data[36] << 8 == (OLD_PORT & 0xff00) && only_new)
			return false;
		if (packet->data[36] << 8 == (OLD_PORT & 0xff00))
			continue;
		if (memcmp(packet->data + 44, next, 4) != 0)
			return false;
		(*next)++;
	}
	return true;
}

static void filter_changed_under_traffic_leaves_no_gap(void **state)
{
	struct traffic traffic = { 0 };
	struct nsr_options opts;
	struct nsr_capture *cap;
	struct nsr_batch batch;
	bool only_new = true;
	uint32_t next = 0;
	pthread_t thread;
	int n = 0;

	topology_require();
	nsr_options_init(&opts);
	opts.filter = "udp port 2000";
	cap = open_on("v1", &opts);
	assert_int_equal(pthread_create(&thread, NULL, send_numbered, &traffic), 0);
	while (next < NUMBERED && !traffic.failed) {
		n = nsr_recv(cap, &batch, 5000);
		if (n <= 0 || !are_next(&batch, only_new, &next))
			traffic.failed = true;
		traffic.taken = next;
		only_new = !only_new;
		if (nsr_set_filter(cap, only_new ? "udp port 2000" : "udp port 2000 or port 1000",
				   NULL) < 0)
			traffic.failed = true;
	}
	pthread_join(thread, NULL);
	if (traffic.failed)
		fail_msg("after %u packets: %d, %s", next, n, nsr_last_error(cap)->text);
	nsr_close(cap);
}

static void packet_of_a_quiet_capture_comes_when_its_time_is_up(void **state)
{
	struct nsr_capture *cap;
	struct nsr_batch batch;

	topology_require();
	cap = open_on("v1", NULL);
	send_udp(OLD_PORT, 1);
	assert_int_equal(nsr_recv(cap, &batch, 5000), 1);
	nsr_close(cap);
}

static void immediate_capture_does_not_wait_for_a_batch(void **state)
{
	struct nsr_options opts;
	struct nsr_capture *cap;
	struct nsr_batch batch;

	topology_require();
	nsr_options_init(&opts);
	opts.immediate = true;
	opts.batch_ms = 10000;
	cap = open_on("v1", &opts);
	send_udp(OLD_PORT, 1);
	assert_int_equal(nsr_recv(cap, &batch, 0), 1);
	nsr_close(cap);
}

static void packet_wakes_who_polls_the_descriptor(void **state)
{
	struct nsr_batch batch;
	struct nsr_capture *cap;
	struct pollfd poller;
	int i, turns;

	topology_require();
	cap = open_on("v1", NULL);
	poller = (struct pollfd){ .fd = nsr_fd(cap), .events = POLLIN };
	for (i = 0; i < 20; i++) {
		send_udp(OLD_PORT, 1);
		for (turns = 0; turns < 100; turns++) {
			assert_int_equal(poll(&poller, 1, 5000), 1);
			if (nsr_recv(cap, &batch, 0) == 1)
				break;
		}
		assert_in_range(turns, 0, 99);
	}
	nsr_close(cap);
}

/* Also when a reader who has let them gather then polls by itself. */
static void descriptor_stays_readable_while_packets_are_left(void **state)
{
	struct nsr_options opts;
	struct nsr_batch batch;
	struct nsr_capture *cap;
	struct pollfd poller;
	pid_t pid;
	int i, turns;

	topology_require();
	nsr_options_init(&opts);
	opts.batch_packets = 1;
	cap = open_on("v1", &opts);
	poller = (struct pollfd){ .fd = nsr_fd(cap), .events = POLLIN };
	send_udp(OLD_PORT, 1);
	assert_int_equal(nsr_recv(cap, &batch, 5000), 1);
	pid = fork();
	if (pid == 0) {
		usleep(5000);
		send_udp(OLD_PORT, 10);
		_exit(0);
	}
	assert_int_equal(nsr_recv(cap, &batch, 5000), 1);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	/* What was handed out last may keep it readable once more. */
	for (i = 1, turns = 0; i < 10 && turns < 100; turns++) {
		assert_int_equal(poll(&poller, 1, 5000), 1);
		i += nsr_recv(cap, &batch, 0);
	}
	assert_int_equal(i, 10);
	nsr_close(cap);
}

/* Also while the reader, who has just had packets, lets more gather. */
static void wake_ends_the_wait_of_a_reader(void **state)
{
	struct nsr_batch batch;
	struct nsr_capture *cap;

	topology_require();
	cap = open_on("v1", NULL);
	nsr_wake(cap);
	assert_int_equal(nsr_recv(cap, &batch, -1), 0);
	send_udp(OLD_PORT, 1);
	assert_int_equal(nsr_recv(cap, &batch, -1), 1);
	nsr_wake(cap);
	assert_int_equal(nsr_recv(cap, &batch, -1), 0);
	nsr_close(cap);
}

static void what_a_full_ring_loses_is_in_the_ledger(void **state)
{
	struct nsr_stats stats = NSR_STATS_INIT;
	struct nsr_options opts;
	struct nsr_capture *cap;
	uint32_t count;

	topology_require();
	nsr_options_init(&opts);
	opts.ring_bytes = 256 << 10;
	cap = open_on("v1", &opts);
	send_udp(OLD_PORT, 20000);
	count = collect(cap, NULL, NULL);
	assert_int_equal(nsr_stats_get(cap, &stats), 0);
	assert_in_range(count, 1, 19999);
	assert_int_equal(stats.packets, count);
	assert_int_equal(count + stats.lost_ring, 20000);
	nsr_close(cap);
}

static int wait_for_end(struct nsr_capture *cap)
{
	struct nsr_batch batch;
	int n, turns = 0;

	do
		n = nsr_recv(cap, &batch, 500);
	while (n >= 0 && ++turns < 20);
	return n;
}

static void device_deleted_ends_the_capture(void **state)
{
	struct nsr_capture *cap;

	topology_require();
	ip("link add w0 type veth peer name w1");
	ip("link set w1 up");
	cap = open_on("w1", NULL);
	ip("link delete w0");
	assert_int_equal(wait_for_end(cap), -ENODEV);
	assert_says(nsr_last_error(cap), "w1");
	nsr_close(cap);
}

static void device_set_down_and_deleted_later_ends_the_capture(void **state)
{
	struct nsr_capture *cap;
	struct nsr_batch batch;

	topology_require();
	ip("link add w0 type veth peer name w1");
	ip("link set w1 up");
	cap = open_on("w1", NULL);
	ip("link set w1 down");
	assert_int_equal(nsr_recv(cap, &batch, 300), 0);
	ip("link delete w0");
	assert_int_equal(wait_for_end(cap), -ENODEV);
	nsr_close(cap);
}

static void device_that_is_down_at_first_is_captured_once_it_is_up(void **state)
{
	struct nsr_capture *cap;

	topology_require();
	skip_if_libpcap("opens no device that is down");
	ip("link set v1 down");
	cap = open_on("v1", NULL);
	ip("link set v1 up");
	send_udp(OLD_PORT, 10);
	assert_int_equal(collect(cap, NULL, NULL), 10);
	nsr_close(cap);
}

static void end_of_a_device_wakes_who_polls_the_descriptor(void **state)
{
	struct nsr_batch batch;
	struct nsr_capture *cap;
	struct pollfd poller;
	int n, turns = 0;

	topology_require();
	ip("link add w0 type veth peer name w1");
	ip("link set w1 up");
	cap = open_on("w1", NULL);
	poller = (struct pollfd){ .fd = nsr_fd(cap), .events = POLLIN };
	ip("link delete w0");
	do {
		assert_int_equal(poll(&poller, 1, 5000), 1);
		n = nsr_recv(cap, &batch, 0);
		usleep(1000); /* one that polls busily looks for its device once a second */
	} while (n == 0 && ++turns < 5000);
	assert_int_equal(n, -ENODEV);
	nsr_close(cap);
}

static ino_t own_netns(void)
{
	struct stat st;

	assert_int_equal(stat("/proc/thread-self/ns/net", &st), 0);
	return st.st_ino;
}

/* A process that sits in a namespace of its own until it is killed. */
static pid_t start_elsewhere(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		/* Packets of one buffer, for zc's sockets before Linux 6.6. */
		if (unshare(CLONE_NEWNET) < 0 || system("ip link set lo mtu 1500 up") != 0 ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void caller_stays_in_its_namespace(void **state)
{
	struct nsr_info info = NSR_INFO_INIT;
	struct nsr_capture *cap;
	char target[64];
	ino_t before;
	pid_t pid;

	topology_require();
	before = own_netns();
	pid = start_elsewhere();
	snprintf(target, sizeof(target), "pid:%d/lo", pid);
	cap = open_on(target, NULL);
	assert_int_equal(own_netns(), before);
	assert_int_equal(nsr_info_get(cap, &info), 0);
	assert_int_not_equal(info.netns_inode, before);
	nsr_close(cap);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void namespace_whose_last_process_dies_ends_the_capture(void **state)
{
	struct nsr_capture *cap;
	char target[64];
	pid_t pid;

	topology_require();
	pid = start_elsewhere();
	snprintf(target, sizeof(target), "pid:%d/lo", pid);
	cap = open_on(target, NULL);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(wait_for_end(cap), -ENETDOWN);
	assert_says(nsr_last_error(cap), "was deleted");
	nsr_close(cap);
}

static void *receive_hundred(void *arg)
{
	struct nsr_capture *cap = arg;
	struct nsr_batch batch;
	uintptr_t count = 0;
	int n, turns = 0;

	while (count < 100 && ++turns < 1000) {
		n = nsr_recv(cap, &batch, 100);
		if (n < 0)
			break;
		count += batch.count;
	}
	return (void *)count;
}

static void statistics_may_be_read_by_another_thread(void **state)
{
	struct nsr_stats stats = NSR_STATS_INIT;
	struct nsr_capture *cap;
	pthread_t thread;
	int i;

	topology_require();
	cap = open_on("v1", NULL);
	assert_int_equal(pthread_create(&thread, NULL, receive_hundred, cap), 0);
	for (i = 0; i < 10; i++) {
		send_udp(OLD_PORT, 10);
		assert_int_equal(nsr_stats_get(cap, &stats), 0);
	}
	pthread_join(thread, NULL);
	assert_int_equal(nsr_stats_get(cap, &stats), 0);
	assert_int_equal(stats.packets, 100);
	nsr_close(cap);
}

/* Stops at the first error: the last is that of a frame too long. */
static void *send_in_thread(void *arg)
{
	static const uint8_t frame[2000];
	const struct nsr_frame good = { frame, 60 }, bad = { frame, sizeof(frame) };
	uintptr_t sent = 0;
	int i;

	for (i = 0; i < 300 && nsr_send(arg, &good, 1) == 1; i++)
		sent++;
	if (nsr_send(arg, &bad, 1) != -EMSGSIZE || nsr_last_error(arg)->code != -EMSGSIZE)
		sent = 0;
	return (void *)sent;
}

static void a_thread_may_send_while_another_receives(void **state)
{
	struct nsr_stats stats = NSR_STATS_INIT;
	struct nsr_capture *cap;
	struct nsr_options opts;
	pthread_t sender;
	void *sent;

	topology_require();
	nsr_options_init(&opts);
	opts.mode = NSR_RECV | NSR_SEND;
	cap = open_on("v1", &opts);
	assert_int_equal(pthread_create(&sender, NULL, send_in_thread, cap), 0);
	send_udp(OLD_PORT, 100);
	assert_int_equal((uintptr_t)receive_hundred(cap), 100);
	pthread_join(sender, &sent);
	assert_int_equal((uintptr_t)sent, 300);
	assert_int_equal(nsr_last_error(cap)->code, 0);
	assert_int_equal(nsr_stats_get(cap, &stats), 0);
	assert_int_equal(stats.packets, 100);
	assert_int_equal(stats.sent, 300);
	nsr_close(cap);
}

static void filter_changed_after_stop_takes_no_further_packets(void **state)
{
	struct nsr_capture *cap;

	topology_require();
	cap = open_on("v1", NULL);
	send_udp(NEW_PORT, 20);
	assert_int_equal(nsr_stop(cap), 0);
	assert_int_equal(nsr_set_filter(cap, "udp port 2000", NULL), 0);
	send_udp(NEW_PORT, 30);
	assert_int_equal(collect(cap, NULL, NULL), 20);
	nsr_close(cap);
}

static void what_came_before_a_stop_is_handed_out_however_late(void **state)
{
	struct nsr_capture *cap;

	topology_require();
	cap = open_on("v1", NULL);
	send_udp(NEW_PORT, 20);
	assert_int_equal(nsr_stop(cap), 0);
	usleep(300000);
	send_udp(NEW_PORT, 30);
	assert_int_equal(collect(cap, NULL, NULL), 20);
	nsr_close(cap);
}

static void sending_too_long_a_frame_tells_after_the_ones_before(void **state)
{
	static uint8_t frame[2000];
	struct nsr_frame frames[] = { { frame, 60 }, { frame, 2000 }, { frame, 60 } };
	struct nsr_options opts;
	struct nsr_capture *cap;

	topology_require();
	nsr_options_init(&opts);
	opts.mode = NSR_SEND;
	cap = open_on("v0", &opts);
	assert_int_equal(nsr_send(cap, frames, 3), 1);
	assert_int_equal(nsr_send(cap, frames + 1, 2), -EMSGSIZE);
	assert_says(nsr_last_error(cap), "2000 bytes");
	nsr_close(cap);
}

static void frame_without_room_for_its_header_is_refused(void **state)
{
	static uint8_t frame[13];
	struct nsr_frame one = { frame, sizeof(frame) };
	struct nsr_options opts;
	struct nsr_capture *cap;

	topology_require();
	nsr_options_init(&opts);
	opts.mode = NSR_SEND;
	cap = open_on("v0", &opts);
	assert_int_equal(nsr_send(cap, &one, 1), -EINVAL);
	assert_says(nsr_last_error(cap), "13 bytes");
	nsr_close(cap);
}

static void sending_on_a_deleted_device_says_that_it_is_gone(void **state)
{
	struct nsr_options opts;
	struct nsr_capture *cap;
	struct nsr_frame one;
	uint8_t frame[60];

	topology_require();
	ip("link add w0 type veth peer name w1");
	ip("link set w0 up");
	ip("link set w1 up");
	udp_frame(frame, NEW_PORT);
	one = (struct nsr_frame){ frame, sizeof(frame) };
	nsr_options_init(&opts);
	opts.mode = NSR_SEND;
	cap = open_on("w0", &opts);
	assert_int_equal(nsr_send(cap, &one, 1), 1);
	ip("link delete w1");
	assert_int_equal(nsr_send(cap, &one, 1), -ENODEV);
	assert_says(nsr_last_error(cap), "gone");
	nsr_close(cap);
}

static void capture_that_sends_does_not_see_its_own_frames(void **state)
{
	struct nsr_options opts;
	struct nsr_capture *cap;
	struct nsr_frame one;
	uint8_t frame[60];

	topology_require();
	nsr_options_init(&opts);
	opts.mode = NSR_SEND | NSR_RECV;
	cap = open_on("v0", &opts);
	udp_frame(frame, NEW_PORT);
	one = (struct nsr_frame){ frame, sizeof(frame) };
	assert_int_equal(nsr_send(cap, &one, 1), 1);
	assert_int_equal(collect(cap, NULL, NULL), 0);
	nsr_close(cap);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_hundred_cycles_leave_no_descriptor_and_no_mapping),
		cmocka_unit_test(opens_that_fail_leave_no_descriptor),
		cmocka_unit_test(new_filter_refuses_packets_that_wait_already),
		cmocka_unit_test(new_filter_keeps_apart_packets_cut_before_the_port),
		cmocka_unit_test(new_filter_refuses_frames_that_wait_in_immediate_mode),
		cmocka_unit_test(new_filter_keeps_apart_cut_frames_in_immediate_mode),
		cmocka_unit_test(filter_changed_many_times_never_lets_the_wrong_packets_out),
		cmocka_unit_test(removing_the_filter_hands_out_everything_again),
		cmocka_unit_test(filter_that_fails_leaves_the_one_before),
		cmocka_unit_test(filter_given_as_a_program_lets_in_the_same_as_its_text),
		cmocka_unit_test(program_finds_behind_a_tag_what_stands_there_without),
		cmocka_unit_test(malformed_program_leaves_the_filter_before),
		cmocka_unit_test(direction_set_later_is_obeyed),
		cmocka_unit_test(filter_changed_under_traffic_leaves_no_gap),
		cmocka_unit_test(packet_of_a_quiet_capture_comes_when_its_time_is_up),
		cmocka_unit_test(immediate_capture_does_not_wait_for_a_batch),
		cmocka_unit_test(packet_wakes_who_polls_the_descriptor),
		cmocka_unit_test(descriptor_stays_readable_while_packets_are_left),
		cmocka_unit_test(wake_ends_the_wait_of_a_reader),
		cmocka_unit_test(what_a_full_ring_loses_is_in_the_ledger),
		cmocka_unit_test(device_deleted_ends_the_capture),
		cmocka_unit_test(device_set_down_and_deleted_later_ends_the_capture),
		cmocka_unit_test(device_that_is_down_at_first_is_captured_once_it_is_up),
		cmocka_unit_test(end_of_a_device_wakes_who_polls_the_descriptor),
		cmocka_unit_test(caller_stays_in_its_namespace),
		cmocka_unit_test(namespace_whose_last_process_dies_ends_the_capture),
		cmocka_unit_test(statistics_may_be_read_by_another_thread),
		cmocka_unit_test(a_thread_may_send_while_another_receives),
		cmocka_unit_test(filter_changed_after_stop_takes_no_further_packets),
		cmocka_unit_test(what_came_before_a_stop_is_handed_out_however_late),
		cmocka_unit_test(sending_too_long_a_frame_tells_after_the_ones_before),
		cmocka_unit_test(frame_without_room_for_its_header_is_refused),
		cmocka_unit_test(sending_on_a_deleted_device_says_that_it_is_gone),
		cmocka_unit_test(capture_that_sends_does_not_see_its_own_frames),
	};

	busy = argc > 1 && strcmp(argv[1], "zc-busy") == 0;
	if (argc > 1)
		engine = strncmp(argv[1], "zc", 2) == 0 ? "zc" : argv[1];
	takes = strcmp(engine, "zc") == 0 && strcmp(argv[1], "zc-tap") != 0;
	if (strcmp(engine, "ring") == 0 && access("/sys/module/nsring", F_OK) < 0) {
		fprintf(stderr, "nsring.ko is not loaded\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, topology_enter, NULL);
}
