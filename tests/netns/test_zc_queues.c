/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The engine zc on a device of several queues.
 *
 *	sends on each queue ─ q0 ──────── q1 ─ zc, behind it packet	four queues each way
 */
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "topology.h"

#define QUEUES 4

static void make_device(void)
{
	static bool made;

	topology_require();
	if (made && !has_program("q1"))
		return;
	if (made)
		ip("link delete q0");
	ip("link add q0 numtxqueues 4 numrxqueues 4 type veth peer name q1 numtxqueues 4 "
	   "numrxqueues 4");
	ip("link set q0 up");
	ip("link set q1 up");
	made = true;
}

/* AF_XDP sends on the queue that it is bound to, and a veth's peer receives on the same. */
static void send_on_queue(uint32_t queue, uint16_t port, uint32_t count)
{
	char target[32];

	snprintf(target, sizeof(target), "zc:q0@%u", queue);
	send_on(target, port, count);
}

/* 10, 20, 30 and 40 packets. */
static void send_on_each_queue(void)
{
	uint32_t queue;

	for (queue = 0; queue < QUEUES; queue++)
		send_on_queue(queue, 1000, 10 * (queue + 1));
}

static void all_queues_are_taken(void **state)
{
	struct nsr_capture *zc, *stack;

	make_device();
	zc = open_target("zc:q1", &taking);
	stack = open_target("q1", NULL);
	send_on_each_queue();
	assert_int_equal(collect(zc, NULL, NULL), 100);
	assert_int_equal(collect(stack, NULL, NULL), 0);
	nsr_close(stack);
	nsr_close(zc);
}

static void one_batch_has_packets_of_all_queues(void **state)
{
	struct nsr_capture *zc;
	struct nsr_batch batch;

	make_device();
	zc = open_target("zc:q1", &taking);
	send_on_each_queue();
	assert_int_equal(nsr_recv(zc, &batch, 0), 100);
	nsr_close(zc);
}

static void each_queue_is_taken_alone_and_the_others_reach_the_stack(void **state)
{
	struct nsr_capture *zc, *stack;
	char target[32];
	uint32_t queue;

	make_device();
	for (queue = 0; queue < QUEUES; queue++) {
		snprintf(target, sizeof(target), "zc:q1@%u", queue);
		zc = open_target(target, &taking);
		stack = open_target("q1", NULL);
		send_on_each_queue();
		assert_int_equal(collect(zc, NULL, NULL), 10 * (queue + 1));
		assert_int_equal(collect(stack, NULL, NULL), 100 - 10 * (queue + 1));
		nsr_close(stack);
		nsr_close(zc);
	}
}

static void queue_that_the_device_has_not_is_refused_with_how_many_there_are(void **state)
{
	struct nsr_capture *cap;
	struct nsr_error err;

	make_device();
	assert_int_equal(nsr_open("zc:q1@4", &taking, &cap, &err), -EINVAL);
	assert_says(&err, "no queue 4");
	assert_says(&err, "it has 4");
}

static void tap_copies_from_all_queues(void **state)
{
	struct nsr_options opts;
	struct nsr_capture *zc;

	make_device();
	nsr_options_init(&opts);
	zc = open_target("zc:q1", &opts);
	send_on_each_queue();
	assert_int_equal(collect(zc, NULL, NULL), 100);
	nsr_close(zc);
}

static void tap_of_one_queue_copies_from_it_alone(void **state)
{
	struct nsr_capture *zc, *stack;
	struct nsr_options opts;

	make_device();
	nsr_options_init(&opts);
	zc = open_target("zc:q1@2", &opts);
	stack = open_target("q1", NULL);
	send_on_each_queue();
	assert_int_equal(collect(zc, NULL, NULL), 30);
	assert_int_equal(collect(stack, NULL, NULL), 100);
	nsr_close(stack);
	nsr_close(zc);
}

static void small_batches_come_from_every_queue(void **state)
{
	struct nsr_options opts;
	struct nsr_capture *zc;

	make_device();
	nsr_options_init(&opts);
	opts.take = NSR_TAKE;
	opts.batch_packets = 3;
	zc = open_target("zc:q1", &opts);
	send_on_each_queue();
	assert_int_equal(collect(zc, NULL, NULL), 100);
	nsr_close(zc);
}

static void new_filter_refuses_packets_that_wait_in_any_queue(void **state)
{
	struct nsr_capture *zc;
	uint32_t queue;

	make_device();
	zc = open_target("zc:q1", &taking);
	for (queue = 0; queue < QUEUES; queue++)
		send_on_queue(queue, 1000, 200);
	assert_int_equal(nsr_set_filter(zc, "udp port 2000", NULL), 0);
	for (queue = 0; queue < QUEUES; queue++)
		send_on_queue(queue, 2000, 7);
	assert_int_equal(collect(zc, NULL, NULL), 28);
	nsr_close(zc);
}

static void what_full_rings_lose_is_in_the_ledger(void **state)
{
	struct nsr_stats stats = NSR_STATS_INIT;
	struct nsr_options opts;
	struct nsr_capture *zc;
	uint32_t queue, count;
	const uint32_t each = 4000; /* each queue's ring has 256 KiB, a record of one 96 bytes */

	make_device();
	nsr_options_init(&opts);
	opts.take = NSR_TAKE;
	opts.ring_bytes = 1 << 20;
	zc = open_target("zc:q1", &opts);
	for (queue = 0; queue < QUEUES; queue++)
		send_on_queue(queue, 1000, each);
	count = collect(zc, NULL, NULL);
	assert_int_equal(nsr_stats_get(zc, &stats), 0);
	assert_in_range(count, QUEUES, QUEUES * each - 1);
	assert_int_equal(count + stats.lost_ring, QUEUES * each);
	nsr_close(zc);
}

/* @count captures in a new group. */
static void open_group(uint32_t fanout, struct nsr_capture **caps, uint32_t count)
{
	struct nsr_info info = NSR_INFO_INIT;
	struct nsr_options opts;
	uint32_t i;

	topology_require_groups();
	nsr_options_init(&opts);
	opts.take = NSR_TAKE;
	opts.fanout = fanout;
	for (i = 0; i < count; i++) {
		caps[i] = open_target("zc:q1", &opts);
		assert_int_equal(nsr_info_get(caps[i], &info), 0);
		opts.fanout_group = info.fanout_group;
	}
}

static void close_all(struct nsr_capture **caps, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		nsr_close(caps[i]);
}

static void group_by_queue_gives_each_member_its_queue(void **state)
{
	struct nsr_capture *caps[QUEUES];
	uint32_t i;

	make_device();
	open_group(NSR_FANOUT_QUEUE, caps, QUEUES);
	send_on_each_queue();
	for (i = 0; i < QUEUES; i++)
		assert_int_equal(collect(caps[i], NULL, NULL), 10 * (i + 1));
	close_all(caps, QUEUES);
}

static void group_by_queue_of_fewer_members_gives_each_several_queues(void **state)
{
	struct nsr_capture *caps[2];

	make_device();
	open_group(NSR_FANOUT_QUEUE, caps, 2);
	send_on_each_queue();
	assert_int_equal(collect(caps[0], NULL, NULL), 40);
	assert_int_equal(collect(caps[1], NULL, NULL), 60);
	close_all(caps, 2);
}

static void group_by_flow_keeps_a_flow_together_on_all_queues(void **state)
{
	struct nsr_capture *caps[3];
	uint32_t i, count, all = 0;

	make_device();
	open_group(NSR_FANOUT_FLOW, caps, 3);
	send_on_each_queue(); /* it is one flow */
	for (i = 0; i < 3; i++) {
		count = collect(caps[i], NULL, NULL);
		assert_in_set(count, ((const LargestIntegralType[]){ 0, 100 }), 2);
		all += count;
	}
	assert_int_equal(all, 100);
	close_all(caps, 3);
}

static void group_in_turns_loses_nothing_on_any_queue(void **state)
{
	struct nsr_capture *caps[3];
	uint32_t i, all = 0;

	make_device();
	open_group(NSR_FANOUT_ROUND_ROBIN, caps, 3);
	send_on_each_queue();
	for (i = 0; i < 3; i++)
		all += collect(caps[i], NULL, NULL);
	assert_int_equal(all, 100);
	close_all(caps, 3);
}

static void member_that_leaves_returns_its_frames_to_every_queue(void **state)
{
	struct nsr_stats stats = NSR_STATS_INIT;
	struct nsr_info info = NSR_INFO_INIT;
	struct nsr_capture *stays, *leaves;
	struct nsr_options opts;
	uint32_t queue, turn;

	make_device();
	topology_require_groups();
	nsr_options_init(&opts);
	opts.take = NSR_TAKE;
	opts.fanout = NSR_FANOUT_ROUND_ROBIN;
	opts.ring_bytes = 2 << 20; /* 256 frames a queue */
	stays = open_target("zc:q1", &opts);
	nsr_info_get(stays, &info);
	opts.fanout_group = info.fanout_group;
	for (turn = 0; turn < 6; turn++) {
		leaves = open_target("zc:q1", &opts);
		for (queue = 0; queue < QUEUES; queue++)
			send_on_queue(queue, 1000, 100);
		nsr_close(leaves);
		for (queue = 0; queue < QUEUES; queue++) {
			struct nsr_batch batch;

			while (nsr_recv(stays, &batch, 0) > 0)
				;
		}
	}
	for (queue = 0; queue < QUEUES; queue++)
		send_on_queue(queue, 1000, 250);
	assert_int_equal(collect(stays, NULL, NULL), 1000);
	nsr_stats_get(stays, &stats);
	assert_int_equal(stats.lost_ring, 0);
	nsr_close(stays);
}

static void send_from_cpu(int cpu, uint32_t count)
{
	cpu_set_t cpus, before;

	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	assert_int_equal(sched_setaffinity(0, sizeof(cpus), &cpus), 0);
	send_on_queue((uint32_t)cpu, 1000, count);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

static void group_by_cpu_gives_each_member_its_cpu(void **state)
{
	struct nsr_capture *caps[2];

	make_device();
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		print_message("it takes two CPUs\n");
		skip();
	}
	open_group(NSR_FANOUT_CPU, caps, 2);
	send_from_cpu(0, 30);
	send_from_cpu(1, 50);
	assert_int_equal(collect(caps[0], NULL, NULL), 30);
	assert_int_equal(collect(caps[1], NULL, NULL), 50);
	close_all(caps, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_queues_are_taken),
		cmocka_unit_test(one_batch_has_packets_of_all_queues),
		cmocka_unit_test(each_queue_is_taken_alone_and_the_others_reach_the_stack),
		cmocka_unit_test(queue_that_the_device_has_not_is_refused_with_how_many_there_are),
		cmocka_unit_test(tap_copies_from_all_queues),
		cmocka_unit_test(tap_of_one_queue_copies_from_it_alone),
		cmocka_unit_test(small_batches_come_from_every_queue),
		cmocka_unit_test(new_filter_refuses_packets_that_wait_in_any_queue),
		cmocka_unit_test(what_full_rings_lose_is_in_the_ledger),
		cmocka_unit_test(group_by_queue_gives_each_member_its_queue),
		cmocka_unit_test(group_by_queue_of_fewer_members_gives_each_several_queues),
		cmocka_unit_test(group_by_flow_keeps_a_flow_together_on_all_queues),
		cmocka_unit_test(group_in_turns_loses_nothing_on_any_queue),
		cmocka_unit_test(member_that_leaves_returns_its_frames_to_every_queue),
		cmocka_unit_test(group_by_cpu_gives_each_member_its_cpu),
	};

	return cmocka_run_group_tests(tests, topology_enter, NULL);
}
