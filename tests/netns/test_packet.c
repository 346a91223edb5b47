/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The packet engine through the library.
 *
 *	sends ─ v0 ──────── v1 ─ captures
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "topology.h"

#define OLD_PORT 1000
#define NEW_PORT 2000

/* A capture of "any" takes six descriptors, and the usual soft limit is 1,024. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void two_hundred_captures_leave_no_descriptor_and_no_mapping(void **state)
{
	const uint32_t count = fewer(200);
	struct nsr_capture *caps[200];
	struct nsr_options opts;
	uint32_t fds, i, turn;

	topology_require();
	raise_descriptor_limit();
	nsr_options_init(&opts);
	opts.ring_bytes = 512 << 10;
	opts.filter = "udp port 53";
	nsr_close(open_target("v1", &opts));
	fds = count_entries("/proc/self/fd");
	for (turn = 0; turn < 2; turn++) {
		for (i = 0; i < count; i++)
			caps[i] = open_target(i % 2 ? "v1" : "any", &opts);
		assert_int_equal(count_mappings("socket:"), count);
		for (i = 0; i < count; i++)
			nsr_close(caps[i]);
	}
	assert_int_equal(count_entries("/proc/self/fd"), fds);
	assert_int_equal(count_mappings("socket:"), 0);
}

static void failed_opens_leave_no_descriptor(void **state)
{
	static const char *const filters[] = { "no such filter", "ether host 1.2.3.4 and", NULL };
	struct nsr_options opts;
	struct nsr_capture *cap;
	uint32_t fds, i;

	topology_require();
	nsr_options_init(&opts);
	fds = count_entries("/proc/self/fd");
	for (i = 0; i < 3; i++) {
		opts.filter = filters[i];
		opts.mode = filters[i] ? NSR_RECV : NSR_SEND;
		assert_true(nsr_open(filters[i] ? "v1" : "any", &opts, &cap, NULL) < 0);
	}
	assert_true(nsr_open("netns:/proc/self/ns/pid/v1", NULL, &cap, NULL) < 0);
	assert_int_equal(count_entries("/proc/self/fd"), fds);
}

static void ring_takes_only_a_part_of_the_memory_there_is(void **state)
{
	struct nsr_info info = NSR_INFO_INIT;
	struct nsr_options opts;
	struct nsr_capture *cap;

	topology_require();
	/* Meanwhile that processor does nothing else, such as freeing the queues of closed AF_XDP sockets. */
	if (sysconf(_SC_PHYS_PAGES) > 1 << 20) {
		print_message("the kernel takes 20 s to clear gigabytes: see the guests\n");
		skip();
	}
	nsr_options_init(&opts);
	opts.ring_bytes = UINT64_C(64) << 30;
	opts.snaplen = 96;
	cap = open_target("v1", &opts);
	assert_int_equal(nsr_info_get(cap, &info), 0);
	assert_in_range(info.ring_bytes, 2 * 128 << 10, opts.ring_bytes - 1);
	nsr_close(cap);
}

static void filter_that_the_kernel_can_not_run_is_run_here(void **state)
{
	struct nsr_info info = NSR_INFO_INIT;
	struct nsr_options opts;
	struct nsr_capture *cap;

	topology_require();
	nsr_options_init(&opts);
	/* protochain needs a loop, and snaplen cuts what it reads. */
	opts.filter = "ip protochain 17 and udp port 2000";
	opts.snaplen = 20;
	cap = open_target("v1", &opts);
	assert_int_equal(nsr_info_get(cap, &info), 0);
	assert_non_null(strstr(info.mode, "filter in user space"));
	send_udp(OLD_PORT, 50);
	send_udp(NEW_PORT, 70);
	assert_int_equal(collect(cap, NULL, NULL), 70);
	nsr_close(cap);
}

static void filter_too_long_for_the_kernel_is_run_here(void **state)
{
	size_t room = 1 << 16, used = 0;
	char *text = calloc(1, room);
	struct nsr_options opts;
	struct nsr_capture *cap;
	struct nsr_error err;
	int i;

	topology_require();
	for (i = 0; i < 600; i++)
		used += (size_t)snprintf(text + used, room - used,
					 "udp src portrange %d-%d and host 10.%d.%d.7 or ", i,
					 i + 2, i / 256, i % 256);
	snprintf(text + used, room - used, "udp dst port 2000");
	nsr_options_init(&opts);
	opts.filter = text;
	cap = open_target("v1", &opts);
	send_udp(OLD_PORT, 50);
	send_udp(NEW_PORT, 70);
	assert_int_equal(collect(cap, NULL, NULL), 70);
	nsr_close(cap);
	opts.immediate = true;
	assert_int_equal(nsr_open("v1", &opts, &cap, &err), -E2BIG);
	assert_says(&err, "without immediate mode");
	free(text);
}

static void immediate_ring_goes_round_without_losing_order(void **state)
{
	struct nsr_info info = NSR_INFO_INIT;
	struct nsr_stats stats = NSR_STATS_INIT;
	struct nsr_options opts;
	struct nsr_capture *cap;
	struct nsr_batch batch;
	uint32_t turn, total = 0;
	int n;

	topology_require();
	nsr_options_init(&opts);
	opts.immediate = true;
	opts.ring_bytes = 512 << 10;
	opts.snaplen = 2000;
	cap = open_target("v1", &opts);
	nsr_info_get(cap, &info);
	for (turn = 0; turn < 20; turn++) {
		send_udp(OLD_PORT, 90);
		while ((n = nsr_recv(cap, &batch, 0)) > 0)
			total += batch.count;
	}
	nsr_stats_get(cap, &stats);
	assert_int_equal(stats.lost_ring, 0);
	assert_int_equal(total, 20 * 90);
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

static void captures_in_different_threads_do_not_meet(void **state)
{
	struct nsr_capture *caps[4];
	pthread_t threads[4];
	void *count;
	int i;

	topology_require();
	for (i = 0; i < 4; i++) {
		caps[i] = open_target("v1", NULL);
		assert_int_equal(pthread_create(&threads[i], NULL, receive_hundred, caps[i]), 0);
	}
	send_udp(OLD_PORT, 100);
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], &count);
		assert_int_equal((uintptr_t)count, 100);
		nsr_close(caps[i]);
	}
}

/* Four captures of one group, each seeing its share. */
static uint32_t open_group(uint32_t fanout, struct nsr_capture *caps[4])
{
	struct nsr_info info = NSR_INFO_INIT;
	struct nsr_options opts;
	int i;

	nsr_options_init(&opts);
	opts.fanout = fanout;
	for (i = 0; i < 4; i++) {
		caps[i] = open_target("v1", &opts);
		assert_int_equal(nsr_info_get(caps[i], &info), 0);
		opts.fanout_group = info.fanout_group;
	}
	return info.fanout_group;
}

static void round_robin_gives_each_capture_the_same_share(void **state)
{
	struct nsr_capture *caps[4];
	int i;

	topology_require();
	open_group(NSR_FANOUT_ROUND_ROBIN, caps);
	send_udp(OLD_PORT, 400);
	for (i = 0; i < 4; i++) {
		assert_int_equal(collect(caps[i], NULL, NULL), 100);
		nsr_close(caps[i]);
	}
}

static void direction_holds_in_a_fanout_group_too(void **state)
{
	struct nsr_options opts;
	struct nsr_capture *cap;

	topology_require();
	nsr_options_init(&opts);
	opts.fanout = NSR_FANOUT_FLOW;
	opts.direction = NSR_IN;
	cap = open_target("v0", &opts);
	send_udp(OLD_PORT, 50);
	assert_int_equal(collect(cap, NULL, NULL), 0);
	nsr_close(cap);
}

static void filter_holds_for_tagged_packets_of_an_immediate_any(void **state)
{
	static uint8_t frame[1000];
	struct nsr_frame one = { frame, sizeof(frame) };
	struct nsr_options opts;
	struct nsr_capture *cap;

	topology_require();
	udp_frame(frame, NEW_PORT);
	memmove(frame + 16, frame + 12, 48);
	memcpy(frame + 12, "\x81\x00\x00\x05", 4);
	nsr_options_init(&opts);
	opts.immediate = true;
	opts.snaplen = 60;
	opts.filter = "icmp";
	cap = open_target("any", &opts);
	send_frames("v0", &one, 1);
	assert_int_equal(collect(cap, NULL, NULL), 0);
	nsr_close(cap);
}

static void new_groups_never_share_a_number(void **state)
{
	struct nsr_capture *one[4], *two[4];
	int i;

	topology_require();
	assert_int_not_equal(open_group(NSR_FANOUT_FLOW, one), open_group(NSR_FANOUT_FLOW, two));
	for (i = 0; i < 4; i++) {
		nsr_close(one[i]);
		nsr_close(two[i]);
	}
}

static void sending_into_a_full_queue_returns_after_a_while(void **state)
{
	struct nsr_frame frames[100];
	struct nsr_options opts;
	struct nsr_capture *cap;
	uint8_t frame[60];
	int i, n, turns = 0;

	topology_require();
	if (system("tc qdisc add dev v0 root tbf rate 8bit burst 1600 limit 100000000") != 0) {
		print_message("this kernel has no tbf\n");
		skip();
	}
	udp_frame(frame, NEW_PORT);
	for (i = 0; i < 100; i++)
		frames[i] = (struct nsr_frame){ frame, sizeof(frame) };
	nsr_options_init(&opts);
	opts.mode = NSR_SEND;
	cap = open_target("v0", &opts);
	do
		n = nsr_send(cap, frames, 100);
	while (n > 0 && ++turns < 100);
	assert_int_equal(n, -EAGAIN);
	nsr_close(cap);
	assert_int_equal(system("tc qdisc delete dev v0 root"), 0);
}

static void capture_ends_at_once_when_all_that_was_let_in_is_handed_out(void **state)
{
	struct nsr_options opts;
	struct nsr_capture *cap;
	struct nsr_batch batch;
	uint32_t turn, sent, count;

	topology_require();
	nsr_options_init(&opts);
	for (turn = 0; turn < 3; turn++) {
		sent = turn ? 50 : 0;
		opts.immediate = turn == 1;
		opts.batch_ms = turn ? 20 : NSR_BATCH_MS_MAX;
		opts.filter = turn ? "udp port 1000" : NULL;
		cap = open_target("v1", &opts);
		if (turn)
			send_udp(NEW_PORT, 30);
		send_udp(OLD_PORT, sent);
		for (count = 0; count < sent; count += batch.count)
			assert_true(nsr_recv(cap, &batch, -1) > 0);
		assert_int_equal(nsr_stop(cap), 0);
		assert_int_equal(nsr_recv(cap, &batch, 0), -ENODATA);
		nsr_close(cap);
	}
}

static void capture_does_not_end_before_its_last_packet_is_handed_out(void **state)
{
	struct nsr_stats stats = NSR_STATS_INIT;
	struct nsr_options opts;
	struct nsr_capture *cap;
	struct nsr_batch batch;
	int n;

	topology_require();
	nsr_options_init(&opts);
	opts.batch_ms = 1000;
	cap = open_target("v1", &opts);
	send_udp(OLD_PORT, 1);
	assert_int_equal(nsr_stop(cap), 0);
	/* Its block is still the kernel's, even if somebody has read the socket's counters before. */
	nsr_stats_get(cap, &stats);
	n = nsr_recv(cap, &batch, 0);
	if (!n)
		n = nsr_recv(cap, &batch, -1);
	assert_int_equal(n, 1);
	assert_int_equal(nsr_recv(cap, &batch, 0), -ENODATA);
	nsr_close(cap);
}

static void direction_that_a_capture_was_not_opened_for_is_refused(void **state)
{
	struct nsr_options opts;
	struct nsr_capture *cap;
	struct nsr_error err;

	topology_require();
	nsr_options_init(&opts);
	opts.direction = NSR_IN;
	cap = open_target("v1", &opts);
	assert_int_equal(nsr_set_direction(cap, NSR_OUT, &err), -EINVAL);
	assert_says(&err, "opened for packets of one direction");
	assert_int_equal(nsr_set_direction(cap, NSR_BOTH, NULL), -EINVAL);
	assert_int_equal(nsr_set_direction(cap, NSR_IN, NULL), 0);
	nsr_close(cap);
}

static void direction_that_there_is_not_is_refused(void **state)
{
	struct nsr_options opts;
	struct nsr_capture *cap;

	topology_require();
	nsr_options_init(&opts);
	cap = open_target("v1", &opts);
	assert_int_equal(nsr_set_direction(cap, (enum nsr_direction)3, NULL), -EINVAL);
	assert_int_equal(nsr_set_direction(cap, (enum nsr_direction) - 1, NULL), -EINVAL);
	nsr_close(cap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_hundred_captures_leave_no_descriptor_and_no_mapping),
		cmocka_unit_test(failed_opens_leave_no_descriptor),
		cmocka_unit_test(ring_takes_only_a_part_of_the_memory_there_is),
		cmocka_unit_test(filter_that_the_kernel_can_not_run_is_run_here),
		cmocka_unit_test(filter_too_long_for_the_kernel_is_run_here),
		cmocka_unit_test(immediate_ring_goes_round_without_losing_order),
		cmocka_unit_test(captures_in_different_threads_do_not_meet),
		cmocka_unit_test(round_robin_gives_each_capture_the_same_share),
		cmocka_unit_test(direction_holds_in_a_fanout_group_too),
		cmocka_unit_test(direction_that_a_capture_was_not_opened_for_is_refused),
		cmocka_unit_test(direction_that_there_is_not_is_refused),
		cmocka_unit_test(filter_holds_for_tagged_packets_of_an_immediate_any),
		cmocka_unit_test(new_groups_never_share_a_number),
		cmocka_unit_test(sending_into_a_full_queue_returns_after_a_while),
		cmocka_unit_test(capture_ends_at_once_when_all_that_was_let_in_is_handed_out),
		cmocka_unit_test(capture_does_not_end_before_its_last_packet_is_handed_out),
	};

	return cmocka_run_group_tests(tests, topology_enter, NULL);
}
