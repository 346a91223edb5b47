/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Captures of the engine zc that share a device, in one process and in several.
 *
 *	sends ─ v0 ──────── v1 ─ zc, zc, zc, …
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/capability.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "topology.h"

#define FLOWS 64

static struct nsr_options options(uint32_t fanout, uint32_t group)
{
	struct nsr_options opts;

	nsr_options_init(&opts);
	opts.take = NSR_TAKE;
	opts.fanout = fanout;
	opts.fanout_group = group;
	return opts;
}

static uint32_t group_of(const struct nsr_capture *cap)
{
	struct nsr_info info = NSR_INFO_INIT;

	assert_int_equal(nsr_info_get(cap, &info), 0);
	assert_int_not_equal(info.fanout_group, 0);
	return info.fanout_group;
}

/* @count captures in a new group. */
static uint32_t open_group(uint32_t fanout, struct nsr_capture **caps, uint32_t count)
{
	struct nsr_options opts = options(fanout, 0);
	uint32_t i;

	for (i = 0; i < count; i++) {
		caps[i] = open_target("zc:v1", &opts);
		opts.fanout_group = group_of(caps[i]);
	}
	return opts.fanout_group;
}

static void close_all(struct nsr_capture **caps, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		nsr_close(caps[i]);
}

static void send_some(uint32_t count)
{
	send_udp(1000, count);
}

static uint32_t program_id(void)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	assert_int_equal(bpf_xdp_query((int)if_nametoindex("v1"), 0, &query), 0);
	return query.prog_id;
}

static void in_turns_each_member_has_the_same_share(void **state)
{
	struct nsr_capture *caps[3];
	uint32_t i;

	topology_require_groups();
	open_group(NSR_FANOUT_ROUND_ROBIN, caps, 3);
	send_some(240);
	for (i = 0; i < 3; i++)
		assert_int_equal(collect(caps[i], NULL, NULL), 80);
	close_all(caps, 3);
	assert_int_equal(program_id(), 0);
}

/* Flow i, there or back: its number is the port of one side. */
static void flow_frame(uint8_t frame[60], uint32_t flow, bool back)
{
	uint8_t *src = frame + (back ? 36 : 34), *dst = frame + (back ? 34 : 36);

	udp_frame(frame, 0);
	frame[26 + (back ? 7 : 3)] = 1;
	frame[26 + (back ? 3 : 7)] = 2;
	src[0] = 0x10;
	src[1] = (uint8_t)flow;
	dst[0] = 0x20;
	dst[1] = 0;
}

static void note_flow(const struct nsr_packet *packet, void *arg)
{
	const uint8_t *port = packet->data + (packet->data[34] == 0x10 ? 34 : 36);
	uint32_t *flows = arg;

	assert_in_range(port[1], 0, FLOWS - 1);
	flows[port[1]]++;
}

static void both_directions_of_a_flow_go_to_one_member(void **state)
{
	static uint8_t bytes[2 * FLOWS][60];
	uint32_t flows[3][FLOWS] = { 0 }, i, member, members = 0, shares[3] = { 0 };
	struct nsr_frame frames[2 * FLOWS];
	struct nsr_capture *caps[3];

	topology_require_groups();
	for (i = 0; i < 2 * FLOWS; i++) {
		flow_frame(bytes[i], i / 2, i % 2);
		frames[i] = (struct nsr_frame){ bytes[i], sizeof(bytes[i]) };
	}
	open_group(NSR_FANOUT_FLOW, caps, 3);
	send_frames("v0", frames, 2 * FLOWS);
	for (member = 0; member < 3; member++)
		collect(caps[member], note_flow, flows[member]);
	for (i = 0; i < FLOWS; i++) {
		for (member = members = 0; member < 3; member++) {
			members += flows[member][i] == 2;
			shares[member] += flows[member][i] == 2;
			assert_in_set(flows[member][i], ((const LargestIntegralType[]){ 0, 2 }), 2);
		}
		assert_int_equal(members, 1);
	}
	for (member = 0; member < 3; member++)
		assert_in_range(shares[member], FLOWS / 8, FLOWS);
	close_all(caps, 3);
}

static void by_queue_and_by_cpu_each_packet_goes_to_one_member(void **state)
{
	static const uint32_t kinds[] = { NSR_FANOUT_QUEUE, NSR_FANOUT_CPU };
	struct nsr_capture *caps[2];
	uint32_t i;

	topology_require_groups();
	for (i = 0; i < 2; i++) {
		open_group(kinds[i], caps, 2);
		send_some(100);
		assert_int_equal(collect(caps[0], NULL, NULL) + collect(caps[1], NULL, NULL), 100);
		close_all(caps, 2);
	}
}

static void a_member_that_leaves_leaves_its_share_to_the_others(void **state)
{
	struct nsr_capture *caps[2];

	topology_require_groups();
	open_group(NSR_FANOUT_ROUND_ROBIN, caps, 2);
	nsr_close(caps[0]);
	send_some(100);
	assert_int_equal(collect(caps[1], NULL, NULL), 100);
	nsr_close(caps[1]);
}

/* Opens in the group, tells its number on @out, takes packets and holds the last ones for ever. */
static void be_member(uint32_t group, uint64_t ring_bytes, int out)
{
	struct nsr_options opts = options(NSR_FANOUT_ROUND_ROBIN, group);
	struct nsr_info info = NSR_INFO_INIT;
	struct nsr_capture *cap;
	struct nsr_batch batch;

	opts.ring_bytes = ring_bytes;
	if (nsr_open("zc:v1", &opts, &cap, NULL) < 0)
		_exit(1);
	nsr_info_get(cap, &info);
	if (write(out, &info.fanout_group, sizeof(info.fanout_group)) < 0)
		_exit(2);
	while (nsr_recv(cap, &batch, 20) >= 0)
		;
	_exit(3);
}

static pid_t start_member(uint32_t *group, uint64_t ring_bytes)
{
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0)
		be_member(*group, ring_bytes, ends[1]);
	close(ends[1]);
	assert_int_equal(read(ends[0], group, sizeof(*group)), sizeof(*group));
	close(ends[0]);
	return pid;
}

static void kill_member(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* Until all of 24 packets come here, which they do once the dead are taken out. */
static void wait_until_alone(struct nsr_capture *cap)
{
	int tries;

	for (tries = 0; tries < 200; tries++) {
		send_some(24);
		if (take_now(cap, NULL, NULL) == 24)
			return;
		usleep(50000);
	}
	fail_msg("the dead member's share is not given to the others");
}

static void a_member_in_another_process_has_its_share(void **state)
{
	struct nsr_capture *caps[1];
	uint32_t group;
	pid_t pid;

	topology_require_groups();
	group = open_group(NSR_FANOUT_ROUND_ROBIN, caps, 1);
	pid = start_member(&group, 0);
	send_some(100);
	assert_int_equal(take_now(caps[0], NULL, NULL), 50);
	kill_member(pid);
	nsr_close(caps[0]);
}

static void the_others_go_on_when_the_one_that_made_the_group_is_killed(void **state)
{
	struct nsr_options opts;
	struct nsr_capture *cap;
	uint32_t group = 0;
	pid_t pid;

	topology_require_groups();
	pid = start_member(&group, 0);
	opts = options(NSR_FANOUT_ROUND_ROBIN, group);
	cap = open_target("zc:v1", &opts);
	kill_member(pid);
	wait_until_alone(cap);
	send_some(1000);
	assert_int_equal(collect(cap, NULL, NULL), 1000);
	nsr_close(cap);
	assert_int_equal(program_id(), 0);
}

static void killing_all_members_leaves_nothing(void **state)
{
	uint32_t group = 0;
	pid_t one, two;

	topology_require_groups();
	one = start_member(&group, 0);
	two = start_member(&group, 0);
	assert_int_not_equal(program_id(), 0);
	kill_member(one);
	kill_member(two);
	assert_int_equal(program_id(), 0);
}

/* Of 256 frames each dead member has had some in hand and some in its ring. */
static void frames_of_the_dead_come_back(void **state)
{
	struct nsr_options opts = options(NSR_FANOUT_ROUND_ROBIN, 0);
	struct nsr_stats stats = NSR_STATS_INIT;
	struct nsr_capture *cap;
	uint32_t group, i;
	pid_t pid;

	topology_require_groups();
	opts.ring_bytes = 512 << 10;
	cap = open_target("zc:v1", &opts);
	group = group_of(cap);
	for (i = 0; i < 20; i++) {
		pid = start_member(&group, opts.ring_bytes);
		send_some(60);
		take_now(cap, NULL, NULL);
		kill(pid, SIGSTOP);
		send_some(60);
		take_now(cap, NULL, NULL);
		kill_member(pid);
		wait_until_alone(cap);
	}
	for (i = 0; i < 20; i++) {
		send_some(250);
		assert_int_equal(take_now(cap, NULL, NULL), 250);
	}
	assert_int_equal(nsr_stats_get(cap, &stats), 0);
	assert_int_equal(stats.lost_ring, 0);
	nsr_close(cap);
}

static void a_member_that_stands_still_takes_nothing_from_the_others(void **state)
{
	struct nsr_stats stats = NSR_STATS_INIT;
	struct nsr_capture *caps[2];
	uint32_t i, count = 0;

	topology_require_groups();
	open_group(NSR_FANOUT_ROUND_ROBIN, caps, 2);
	for (i = 0; i < 200; i++) {
		send_some(120);
		count += take_now(caps[0], NULL, NULL);
	}
	assert_int_equal(count, 200 * 60);
	assert_int_equal(nsr_stats_get(caps[0], &stats), 0);
	assert_int_equal(stats.lost_ring, 0);
	count = collect(caps[1], NULL, NULL);
	assert_int_equal(nsr_stats_get(caps[1], &stats), 0);
	assert_int_equal(count + stats.lost_ring, 200 * 60);
	close_all(caps, 2);
}

#define QUEUES 8

static void send_on_queues(uint32_t count)
{
	struct nsr_frame *frames = calloc(count, sizeof(*frames));
	uint8_t frame[60];
	char target[32];
	uint32_t i;

	udp_frame(frame, 1000);
	for (i = 0; i < count; i++)
		frames[i] = (struct nsr_frame){ frame, sizeof(frame) };
	for (i = 0; i < QUEUES; i++) {
		snprintf(target, sizeof(target), "zc:q0@%u", i);
		send_frames(target, frames, count);
	}
	free(frames);
}

/* A process that says when it is about to leave, and takes a while to: there are many queues. */
static void kill_while_leaving(const struct nsr_options *opts, long after_ns)
{
	struct timespec pause = { .tv_nsec = after_ns };
	struct nsr_capture *cap;
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (nsr_open("zc:q1", opts, &cap, NULL) < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		_exit(nsr_stop(cap) < 0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	nanosleep(&pause, NULL);
	kill_member(pid);
}

static void the_share_of_a_member_killed_while_it_leaves_is_given_to_the_others(void **state)
{
	struct nsr_options opts = options(NSR_FANOUT_ROUND_ROBIN, 0);
	struct nsr_capture *cap;
	int turn, tries;

	topology_require_groups();
	ip("link add q0 numtxqueues 8 numrxqueues 8 type veth peer name q1 numtxqueues 8 "
	   "numrxqueues 8");
	ip("link set q0 up");
	ip("link set q1 up");
	cap = open_target("zc:q1", &opts);
	opts.fanout_group = group_of(cap);
	for (turn = 0; turn < 8; turn++) {
		kill_while_leaving(&opts, turn * 150000);
		for (tries = 0; tries < 20; tries++) {
			send_on_queues(24);
			if (take_now(cap, NULL, NULL) == 24 * QUEUES)
				break;
			usleep(50000);
		}
		assert_in_range(tries, 0, 19);
	}
	nsr_close(cap);
	ip("link delete q0");
}

/* A flow's two directions, in hexadecimal behind the addresses of Ethernet. */
static const char *const flows_of_all_kinds[][2] = {
	/* IPv4: UDP, TCP, a header with options, a fragment, ICMP */
	{ "080045000026000000004011000001020304010203051000200000120000",
	  "080045000026000000004011000001020305010203042000100000120000" },
	{ "080045000026000000004006000001020304010203051000200100120000",
	  "080045000026000000004006000001020305010203042001100000120000" },
	{ "08004600002600000000401100000102030401020305010101001000200200120000",
	  "08004600002600000000401100000102030501020304010101002002100000120000" },
	{ "080045000026000020014011000001020304010203051000200000120000",
	  "080045000026000020014011000001020305010203049999777700120000" },
	{ "080045000026000000004001000001020304010203050800000000010001",
	  "080045000026000000004001000001020305010203040000000000010001" },
	/* one tag, two tags */
	{ "81000005080045000026000000004011000001020304010203051000200300120000",
	  "81000005080045000026000000004011000001020305010203042003100000120000" },
	{ "88a8000581000006080045000026000000004011000001020304010203051000200400120000",
	  "88a8000581000006080045000026000000004011000001020305010203042004100000120000" },
	/* IPv6: UDP, and ICMPv6 */
	{ "86dd60000000001211402001000000000000000000000000000a2001000000000000000000000000000b"
	  "1000200000120000",
	  "86dd60000000001211402001000000000000000000000000000b2001000000000000000000000000000a"
	  "2000100000120000" },
	{ "86dd6000000000123a402001000000000000000000000000000a2001000000000000000000000000000b"
	  "8000000000010001",
	  "86dd6000000000123a402001000000000000000000000000000b2001000000000000000000000000000a"
	  "8100000000010001" },
	/* something else, by its addresses */
	{ "88b500010203", "88b5aabbccdd" },
};

#define KINDS (sizeof(flows_of_all_kinds) / sizeof(flows_of_all_kinds[0]))

/* @mark: where the flow's number is, in the last bytes, to tell the frames apart. */
static void hex_frame(uint8_t frame[100], const char *hex, uint32_t mark, bool back)
{
	uint32_t i, byte;

	memset(frame, 0, 100);
	memcpy(frame, back ? "\2\0\0\0\0\1\2\0\0\0\0\2" : "\2\0\0\0\0\2\2\0\0\0\0\1", 12);
	for (i = 0; hex[2 * i]; i++) {
		sscanf(hex + 2 * i, "%2x", &byte);
		frame[12 + i] = (uint8_t)byte;
	}
	frame[99] = (uint8_t)mark;
}

static void note_kind(const struct nsr_packet *packet, void *arg)
{
	uint32_t *kinds = arg;

	kinds[packet->data[99]]++;
}

/* By three sizes of a group, so that none is right by chance. */
static void both_directions_of_flows_of_all_kinds_go_to_one_member(void **state)
{
	static const uint32_t sizes[] = { 3, 7, 8 };
	static uint8_t bytes[2 * KINDS][100];
	struct nsr_frame frames[2 * KINDS];
	uint32_t turn, member, kind, whole;
	struct nsr_capture *caps[8];

	topology_require_groups();
	for (kind = 0; kind < 2 * KINDS; kind++) {
		hex_frame(bytes[kind], flows_of_all_kinds[kind / 2][kind % 2], kind / 2, kind % 2);
		frames[kind] = (struct nsr_frame){ bytes[kind], sizeof(bytes[kind]) };
	}
	for (turn = 0; turn < 3; turn++) {
		uint32_t kinds[8][KINDS] = { 0 };

		open_group(NSR_FANOUT_FLOW, caps, sizes[turn]);
		send_frames("v0", frames, 2 * KINDS);
		for (member = 0; member < sizes[turn]; member++)
			collect(caps[member], note_kind, kinds[member]);
		close_all(caps, sizes[turn]);
		for (kind = 0; kind < KINDS; kind++) {
			for (member = whole = 0; member < sizes[turn]; member++)
				whole += kinds[member][kind] == 2;
			if (whole != 1)
				fail_msg("flow %u is not with one of %u", kind, sizes[turn]);
		}
	}
}

/** struct variation - flows that differ in one byte: that of a frame of flows_of_all_kinds */
struct variation {
	uint32_t kind;
	uint32_t byte;
};

/* Addresses, of protocols without ports too, and ports; behind tags, and of IPv6. */
static const struct variation variations[] = {
	{ 0, 26 }, { 0, 29 }, { 0, 34 }, { 0, 35 }, { 1, 35 }, { 2, 39 },
	{ 3, 29 }, { 4, 26 }, { 4, 28 }, { 4, 29 }, { 5, 39 }, { 6, 43 },
	{ 7, 37 }, { 7, 55 }, { 8, 22 }, { 8, 37 }, { 9, 11 },
};

static void spread_flows(struct nsr_capture **caps, uint32_t count,
			 const struct variation *variation)
{
	static uint8_t bytes[240][100];
	struct nsr_frame frames[240];
	uint32_t i, share;

	for (i = 0; i < 240; i++) {
		hex_frame(bytes[i], flows_of_all_kinds[variation->kind][0], 0, false);
		bytes[i][variation->byte] = (uint8_t)i;
		frames[i] = (struct nsr_frame){ bytes[i], sizeof(bytes[i]) };
	}
	send_frames("v0", frames, 240);
	for (i = 0; i < count; i++) {
		share = take_now(caps[i], NULL, NULL);
		if (share < 240 / count / 3)
			fail_msg("of 240 flows of kind %u, byte %u, one of %u has %u",
				 variation->kind, variation->byte, count, share);
	}
}

static void flows_that_differ_in_any_byte_are_spread_over_all_members(void **state)
{
	static const uint32_t sizes[] = { 2, 3, 4, 5, 8 };
	struct nsr_capture *caps[8];
	uint32_t i, j;

	topology_require_groups();
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		open_group(NSR_FANOUT_FLOW, caps, sizes[i]);
		for (j = 0; j < sizeof(variations) / sizeof(variations[0]); j++)
			spread_flows(caps, sizes[i], &variations[j]);
		close_all(caps, sizes[i]);
	}
}

static void stopped_members_leave_the_packets_to_the_stack(void **state)
{
	struct nsr_capture *caps[2], *stack;

	topology_require_groups();
	open_group(NSR_FANOUT_FLOW, caps, 2);
	assert_int_equal(nsr_stop(caps[0]), 0);
	assert_int_equal(nsr_stop(caps[1]), 0);
	stack = open_target("v1", NULL);
	send_some(30);
	assert_int_equal(collect(stack, NULL, NULL), 30);
	nsr_close(stack);
	close_all(caps, 2);
}

static void a_place_in_the_group_is_used_again(void **state)
{
	struct nsr_capture *caps[16], *more;
	struct nsr_options opts;
	struct nsr_error err;
	uint32_t group;

	topology_require_groups();
	group = open_group(NSR_FANOUT_ROUND_ROBIN, caps, 16);
	opts = options(NSR_FANOUT_ROUND_ROBIN, group);
	assert_int_equal(nsr_open("zc:v1", &opts, &more, &err), -ENOSPC);
	assert_says(&err, "full");
	nsr_close(caps[7]);
	caps[7] = open_target("zc:v1", &opts);
	send_some(160);
	assert_int_equal(collect(caps[7], NULL, NULL), 10);
	close_all(caps, 16);
}

static void refused(struct nsr_options opts, int code, const char *part)
{
	struct nsr_capture *cap;
	struct nsr_error err;

	assert_int_equal(nsr_open("zc:v1", &opts, &cap, &err), code);
	assert_says(&err, part);
}

static void who_does_not_fit_into_a_group_is_refused(void **state)
{
	struct nsr_options opts;
	struct nsr_capture *caps[1];
	uint32_t group;

	topology_require_groups();
	refused(options(NSR_FANOUT_FLOW, 77), -ENOENT, "no fanout group 77");
	group = open_group(NSR_FANOUT_FLOW, caps, 1);
	refused(options(NSR_FANOUT_CPU, group), -EINVAL, "another way");
	opts = options(NSR_FANOUT_FLOW, group);
	opts.xdp = NSR_XDP_GENERIC;
	refused(opts, -EINVAL, "another mode");
	opts = options(NSR_FANOUT_FLOW, group);
	opts.stamp = NSR_STAMP_KERNEL;
	refused(opts, -EINVAL, "another clock");
	opts = options(NSR_FANOUT_FLOW, group);
	opts.filter = "icmp";
	refused(opts, -EINVAL, "another filter");
	nsr_close(caps[0]);
}

/* As another user, with the capabilities that it takes. */
static int open_as_nobody(const struct nsr_options *opts, const char *part)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = 1u << CAP_NET_RAW | 1u << CAP_NET_ADMIN | 1u << CAP_IPC_LOCK },
		{ .effective = 1u << (CAP_BPF - 32) },
	};
	struct nsr_capture *cap;
	struct nsr_error err;

	data[0].permitted = data[0].effective;
	data[1].permitted = data[1].effective;
	if (prctl(PR_SET_KEEPCAPS, 1) < 0 || setresuid(65534, 65534, 65534) < 0 ||
	    syscall(SYS_capset, &header, data) < 0)
		return 99;
	if (nsr_open("zc:v1", opts, &cap, &err) == 0)
		return 0;
	if (says(&err, part))
		return -err.code;
	fprintf(stderr, "%s: %s\n", err.text, err.advice);
	return 98;
}

static void another_user_does_not_get_into_a_group(void **state)
{
	struct nsr_options opts;
	struct nsr_capture *caps[1];
	int status;
	pid_t pid;

	topology_require_groups();
	opts = options(NSR_FANOUT_FLOW, open_group(NSR_FANOUT_FLOW, caps, 1));
	pid = fork();
	if (pid == 0)
		_exit(open_as_nobody(&opts, "needs CAP_SYS_ADMIN and CAP_SYS_PTRACE"));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EPERM);
	nsr_close(caps[0]);
}

/* Its place has been another's, who was lost packets and left some unread. */
static void a_new_member_begins_with_nothing_waiting_and_nothing_lost(void **state)
{
	struct nsr_options opts = options(NSR_FANOUT_ROUND_ROBIN, 0);
	struct nsr_stats stats = NSR_STATS_INIT;
	struct nsr_capture *stays, *cap;

	topology_require_groups();
	opts.ring_bytes = 512 << 10;
	stays = open_target("zc:v1", &opts);
	opts.fanout_group = group_of(stays);
	cap = open_target("zc:v1", &opts);
	send_some(1000);
	assert_int_equal(nsr_stats_get(cap, &stats), 0);
	assert_int_not_equal(stats.lost_ring, 0);
	nsr_close(cap);
	take_now(stays, NULL, NULL);
	cap = open_target("zc:v1", &opts);
	assert_int_equal(take_now(cap, NULL, NULL), 0);
	assert_int_equal(nsr_stats_get(cap, &stats), 0);
	assert_int_equal(stats.lost_ring, 0);
	send_some(100);
	assert_int_equal(collect(cap, NULL, NULL), 50);
	nsr_close(cap);
	nsr_close(stays);
}

static void what_members_hand_out_and_lose_is_what_was_sent(void **state)
{
	struct nsr_options opts = options(NSR_FANOUT_ROUND_ROBIN, 0);
	struct nsr_stats stats = NSR_STATS_INIT;
	struct nsr_capture *caps[2];
	uint64_t sum = 0;
	uint32_t i;

	topology_require_groups();
	opts.ring_bytes = 512 << 10;
	caps[0] = open_target("zc:v1", &opts);
	opts.fanout_group = group_of(caps[0]);
	caps[1] = open_target("zc:v1", &opts);
	for (i = 0; i < 20; i++) {
		send_some(100);
		take_now(caps[0], NULL, NULL); /* and nobody reads the other */
	}
	for (i = 0; i < 2; i++) {
		collect(caps[i], NULL, NULL);
		assert_int_equal(nsr_stats_get(caps[i], &stats), 0);
		sum += stats.packets + stats.lost_ring;
	}
	assert_int_not_equal(stats.lost_ring, 0);
	assert_int_equal(sum, 2000);
	close_all(caps, 2);
}

/* Sends until told to stop; at most so many are on their way. */
struct traffic {
	_Atomic uint32_t sent, taken;
	_Atomic bool enough;
};

static void *send_on_and_on(void *arg)
{
	struct traffic *traffic = arg;
	struct nsr_frame frames[10];
	struct nsr_capture *cap;
	struct nsr_options opts;
	uint8_t frame[60];
	uint32_t i;

	nsr_options_init(&opts);
	opts.mode = NSR_SEND;
	if (nsr_open("v0", &opts, &cap, NULL) < 0)
		return NULL;
	udp_frame(frame, 1000);
	for (i = 0; i < 10; i++)
		frames[i] = (struct nsr_frame){ frame, sizeof(frame) };
	while (!traffic->enough) {
		if (traffic->sent > traffic->taken + 2000)
			sched_yield();
		else
			traffic->sent += (uint32_t)nsr_send(cap, frames, 10);
	}
	nsr_close(cap);
	return NULL;
}

static void members_come_and_go_under_traffic_and_nothing_is_lost(void **state)
{
	struct traffic traffic = { 0 };
	struct nsr_options opts;
	struct nsr_capture *stays[1], *goes;
	uint32_t turn, taken, tries;
	struct nsr_batch batch;
	pthread_t thread;

	topology_require_groups();
	opts = options(NSR_FANOUT_ROUND_ROBIN, open_group(NSR_FANOUT_ROUND_ROBIN, stays, 1));
	assert_int_equal(pthread_create(&thread, NULL, send_on_and_on, &traffic), 0);
	for (turn = 0; turn < 30; turn++) {
		goes = open_target("zc:v1", &opts);
		for (taken = tries = 0; taken < 100 && tries < 500; tries++) {
			if (nsr_recv(goes, &batch, 10) > 0)
				taken += batch.count;
			traffic.taken += batch.count + take_now(stays[0], NULL, NULL);
		}
		assert_in_range(taken, 100, UINT32_MAX);
		traffic.taken += collect(goes, NULL, NULL);
		nsr_close(goes);
	}
	traffic.enough = true;
	pthread_join(thread, NULL);
	traffic.taken += collect(stays[0], NULL, NULL);
	assert_int_equal(traffic.taken, traffic.sent);
	nsr_close(stays[0]);
}

static void the_filter_of_a_group_is_fixed(void **state)
{
	struct nsr_options opts = options(NSR_FANOUT_FLOW, 0);
	struct nsr_capture *cap, *stack;
	struct nsr_error err;

	topology_require_groups();
	opts.filter = "udp port 2000";
	cap = open_target("zc:v1", &opts);
	assert_int_equal(nsr_set_filter(cap, "icmp", &err), -EOPNOTSUPP);
	stack = open_target("v1", NULL);
	send_some(30);
	assert_int_equal(collect(cap, NULL, NULL), 0);
	assert_int_equal(collect(stack, NULL, NULL), 30);
	nsr_close(stack);
	nsr_close(cap);
}

static uint32_t count_memory(void)
{
	return count_mappings("socket:") + count_mappings("memfd:nsring") +
	       count_mappings("bpf-map");
}

static void twenty_groups_leave_no_descriptor_mapping_thread_or_program(void **state)
{
	struct nsr_capture *caps[2];
	uint32_t fds, mappings, threads, i;

	topology_require_groups();
	threads = count_entries("/proc/self/task");
	fds = count_entries("/proc/self/fd");
	mappings = count_memory();
	for (i = 0; i < 20; i++) {
		open_group(NSR_FANOUT_FLOW, caps, 2);
		assert_int_not_equal(count_memory(), mappings);
		close_all(caps, 2);
	}
	assert_int_equal(count_entries("/proc/self/fd"), fds);
	assert_int_equal(count_memory(), mappings);
	assert_int_equal(program_id(), 0);
	assert_int_equal(count_entries("/proc/self/task"), threads);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_turns_each_member_has_the_same_share),
		cmocka_unit_test(both_directions_of_a_flow_go_to_one_member),
		cmocka_unit_test(by_queue_and_by_cpu_each_packet_goes_to_one_member),
		cmocka_unit_test(a_member_that_leaves_leaves_its_share_to_the_others),
		cmocka_unit_test(a_member_in_another_process_has_its_share),
		cmocka_unit_test(the_others_go_on_when_the_one_that_made_the_group_is_killed),
		cmocka_unit_test(killing_all_members_leaves_nothing),
		cmocka_unit_test(frames_of_the_dead_come_back),
		cmocka_unit_test(a_member_that_stands_still_takes_nothing_from_the_others),
		cmocka_unit_test(
			the_share_of_a_member_killed_while_it_leaves_is_given_to_the_others),
		cmocka_unit_test(both_directions_of_flows_of_all_kinds_go_to_one_member),
		cmocka_unit_test(flows_that_differ_in_any_byte_are_spread_over_all_members),
		cmocka_unit_test(stopped_members_leave_the_packets_to_the_stack),
		cmocka_unit_test(a_place_in_the_group_is_used_again),
		cmocka_unit_test(who_does_not_fit_into_a_group_is_refused),
		cmocka_unit_test(another_user_does_not_get_into_a_group),
		cmocka_unit_test(a_new_member_begins_with_nothing_waiting_and_nothing_lost),
		cmocka_unit_test(what_members_hand_out_and_lose_is_what_was_sent),
		cmocka_unit_test(members_come_and_go_under_traffic_and_nothing_is_lost),
		cmocka_unit_test(the_filter_of_a_group_is_fixed),
		cmocka_unit_test(twenty_groups_leave_no_descriptor_mapping_thread_or_program),
	};

	return cmocka_run_group_tests(tests, topology_enter, NULL);
}
