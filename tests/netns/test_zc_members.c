/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Members of a fanout group of the engine zc that come, go, die and fail, at awkward moments.
 *
 *	sends ─ v0 ──────── v1 ─ zc, zc, zc, …
 */
#include <linux/capability.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nsring/engine.h>

#include "lib/options.h"
#include "topology.h"
#include "zc_group.h"

extern const struct nsr_engine_ops nsr_engine_zc;

static void a_member_that_dies_is_taken_out_though_its_child_lives_on(void **state)
{
	struct nsr_capture *cap;
	struct member member;

	topology_require_groups();
	cap = open_first();
	member = start_member(group_of(cap), have_child);
	hear(&member);
	kill(member.pid, SIGKILL);
	assert_int_equal(waitpid(member.pid, NULL, 0), member.pid);
	wait_until_alone(cap);
	close(member.out);
	nsr_close(cap);
}

static void take_one_batch(struct nsr_capture *cap, int out)
{
	struct nsr_batch batch;

	if (nsr_recv(cap, &batch, -1) > 0)
		tell(out, batch.count);
}

/* In hand, in its ring, and without room in that. */
static void packets_of_a_dead_member_are_in_the_ledger_of_another(void **state)
{
	struct nsr_capture *cap;
	struct nsr_stats stats;
	struct member member;
	uint32_t sent = 0, i;

	topology_require_groups();
	cap = open_first();
	member = start_member(group_of(cap), take_one_batch);
	for (i = 0; i < 20; i++, sent += 60) {
		send_some(60);
		take_now(cap, NULL, NULL);
		/* Its share of the first ones, however late it comes to reading. */
		if (i == 0)
			assert_in_range(hear(&member), 1, 30);
	}
	end_member(&member);
	sent += wait_until_alone(cap);
	stats = stats_of(cap);
	assert_int_equal(stats.packets + stats.lost_ring + stats.lost_consumer, sent);
	assert_int_equal(stats_of(cap).lost_consumer, stats.lost_consumer);
	nsr_close(cap);
}

static void lose_some_and_tell(struct nsr_capture *cap, int out)
{
	struct pollfd never = { .fd = -1 };

	while (stats_of(cap).lost_ring == 0)
		poll(&never, 1, 1);
	tell(out, (uint32_t)stats_of(cap).lost_ring);
}

static void what_a_member_has_told_to_be_lost_is_not_told_again_when_it_dies(void **state)
{
	struct nsr_capture *cap;
	struct nsr_stats stats;
	struct member member;
	uint32_t sent = 600, told;

	topology_require_groups();
	cap = open_first();
	member = start_member(group_of(cap), lose_some_and_tell);
	send_some(sent);
	told = hear(&member);
	end_member(&member);
	take_now(cap, NULL, NULL);
	sent += wait_until_alone(cap);
	stats = stats_of(cap);
	assert_in_range(told, 1, 300);
	assert_int_equal(stats.packets + stats.lost_ring + stats.lost_consumer + told, sent);
	nsr_close(cap);
}

static void *close_it(void *cap)
{
	nsr_close(cap);
	return NULL;
}

/* As soon as there is one in a full group. */
static struct nsr_capture *open_when_there_is_a_place(const struct nsr_options *opts)
{
	struct nsr_capture *cap;
	struct nsr_error err;
	int rc;

	do
		rc = nsr_open("zc:v1", opts, &cap, &err);
	while (rc == -ENOSPC);
	if (rc < 0)
		fail_msg("%s", err.text);
	return cap;
}

static void who_joins_while_another_leaves_has_its_place(void **state)
{
	struct nsr_capture *caps[16];
	struct nsr_options opts;
	pthread_t thread;
	uint32_t i;

	topology_require_groups();
	caps[0] = open_first();
	opts = in_turns(group_of(caps[0]));
	for (i = 1; i < 16; i++)
		caps[i] = open_target("zc:v1", &opts);
	for (i = 0; i < 100; i++) {
		assert_int_equal(pthread_create(&thread, NULL, close_it, caps[i % 16]), 0);
		caps[i % 16] = open_when_there_is_a_place(&opts);
		pthread_join(thread, NULL);
	}
	send_some(160);
	for (i = 0; i < 16; i++) {
		assert_int_equal(take_now(caps[i], NULL, NULL), 10);
		nsr_close(caps[i]);
	}
}

/* As root, who without CAP_IPC_LOCK has a limit. */
static void may_lock(uint64_t bytes)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct rlimit limit = { bytes, bytes };
	struct __user_cap_data_struct data[2];

	if (setrlimit(RLIMIT_MEMLOCK, &limit) < 0 || syscall(SYS_capget, &header, data) < 0)
		_exit(99);
	data[0].effective &= ~(1u << CAP_IPC_LOCK);
	data[0].permitted = data[0].effective;
	data[1].permitted = data[1].effective;
	if (syscall(SYS_capset, &header, data) < 0)
		_exit(98);
}

/* In a process of its own: @result of @attempt. */
static void in_child(int (*attempt)(const void *arg), const void *arg, int result)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(attempt(arg));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), result);
}

/* 0 or the error's number, which must be said in these words. */
static int try_open(const struct nsr_options *opts, const char *part, struct nsr_capture **cap)
{
	struct nsr_error err;
	int rc = nsr_open("zc:v1", opts, cap, &err);

	if (rc == 0 || says(&err, part))
		return -rc;
	fprintf(stderr, "%s: %s\n", err.text, err.advice);
	return 97;
}

static int open_with_little_memory(const void *arg)
{
	struct nsr_info info = NSR_INFO_INIT;
	struct nsr_options opts = in_turns(0);
	struct nsr_capture *cap;
	int rc;

	opts.ring_bytes = 0;
	may_lock(4 << 20);
	rc = try_open(&opts, "", &cap);
	if (rc)
		return rc;
	nsr_info_get(cap, &info);
	send_some(100);
	return info.ring_bytes <= 4 << 20 && take_now(cap, NULL, NULL) == 100 ? 0 : 96;
}

static int open_with_no_memory(const void *arg)
{
	struct nsr_options opts = in_turns(0);
	struct nsr_capture *cap;

	may_lock(64 << 10);
	return try_open(&opts, "ulimit -l", &cap);
}

static void a_group_that_may_lock_little_memory_has_a_smaller_ring(void **state)
{
	topology_require_groups();
	in_child(open_with_little_memory, NULL, 0);
}

static void a_group_that_may_lock_no_memory_says_what_to_raise(void **state)
{
	topology_require_groups();
	in_child(open_with_no_memory, NULL, ENOMEM);
	assert_false(has_program("v1"));
}

static int join_with_few_descriptors(const void *arg)
{
	rlim_t most = (rlim_t)dup(0) + 15; /* enough to ask, and fewer than a group has */
	const struct rlimit limit = { most, most };
	struct nsr_options opts = in_turns(*(const uint32_t *)arg);
	struct nsr_capture *cap;

	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 99;
	return try_open(&opts, "ulimit -n", &cap);
}

static void joining_with_too_few_descriptors_says_what_to_raise(void **state)
{
	struct nsr_capture *cap;
	uint32_t group;

	topology_require_groups();
	cap = open_first();
	group = group_of(cap);
	in_child(join_with_few_descriptors, &group, EMFILE);
	send_some(20);
	assert_int_equal(take_now(cap, NULL, NULL), 20);
	nsr_close(cap);
}

static int join_or_be_told(void)
{
	struct nsr_options opts = in_turns(1);
	struct nsr_capture *cap;

	switch (try_open(&opts, "no fanout group", &cap)) {
	case 0:
		/* The other one may not have left yet. */
		wait_until_alone(cap);
		return 0;
	case ENOENT:
		return 0;
	default:
		return 95;
	}
}

/* Forked before the group is made, so that it has no copy of what holds the program. */
static pid_t start_joiner(int *go)
{
	int ends[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(read(ends[0], &byte, 1) == 1 ? join_or_be_told() : 94);
	}
	close(ends[0]);
	*go = ends[1];
	return pid;
}

static void who_joins_while_the_last_one_leaves_has_the_group_or_is_told_it_is_gone(void **state)
{
	struct nsr_capture *cap;
	int status, go;
	uint32_t turn;
	pid_t pid;

	topology_require_groups();
	for (turn = 0; turn < 40; turn++) {
		pid = start_joiner(&go);
		cap = open_first();
		assert_int_equal(write(go, "x", 1), 1);
		usleep(turn * 300);
		nsr_close(cap);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		assert_false(has_program("v1"));
		close(go);
	}
}

/** struct joiner - a thread that joins a group */
struct joiner {
	struct nsr_options opts;
	struct nsr_capture *cap;
	_Atomic bool done;
};

static void *join_group(void *arg)
{
	struct joiner *joiner = arg;

	joiner->cap = open_target("zc:v1", &joiner->opts);
	joiner->done = true;
	return NULL;
}

/* A maker that has not started: its filter is still to be set. */
static void *open_maker(struct nsr_options *opts)
{
	struct nsr_engine_args args = {
		.size = sizeof(args), .device = "v1", .queue = -1, .opts = opts
	};
	struct nsr_options asked = in_turns(0);
	struct nsr_error err;
	void *maker;

	assert_int_equal(nsr_options_take(&asked, opts, &err), 0);
	opts->batch_ms = 20;
	assert_int_equal(nsr_engine_zc.open(&args, &maker, &err), 0);
	return maker;
}

static void start_maker(void *maker)
{
	struct nsr_error err;

	assert_int_equal(nsr_engine_zc.set_filter(maker, NULL, &err), 0);
	assert_int_equal(nsr_engine_zc.start(maker, &err), 0);
}

static void who_joins_before_the_group_has_started_waits(void **state)
{
	struct joiner joiner = { .opts = in_turns(1) };
	struct nsr_options opts;
	pthread_t thread;
	void *maker;
	int tries;

	topology_require_groups();
	maker = open_maker(&opts);
	assert_int_equal(pthread_create(&thread, NULL, join_group, &joiner), 0);
	/* It has time enough to do it wrong. */
	for (tries = 0; tries < 20 && !joiner.done; tries++)
		usleep(10000);
	assert_false(joiner.done);
	start_maker(maker);
	pthread_join(thread, NULL);
	send_some(20);
	assert_int_equal(take_now(joiner.cap, NULL, NULL), 10);
	nsr_close(joiner.cap);
	nsr_engine_zc.close(maker);
}

static int join_and_share(const void *arg)
{
	struct nsr_options opts = in_turns(1);
	struct nsr_capture *cap;
	int rc = try_open(&opts, "", &cap);

	if (rc)
		return rc;
	send_some(20);
	return take_now(cap, NULL, NULL) == 10 ? 0 : 96;
}

static void a_process_that_joins_before_the_group_has_started_waits(void **state)
{
	struct nsr_options opts;
	void *maker;
	int status;
	pid_t pid;

	topology_require_groups();
	maker = open_maker(&opts);
	pid = fork();
	if (pid == 0)
		_exit(join_and_share(NULL));
	usleep(200000);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	start_maker(maker);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	nsr_engine_zc.close(maker);
}

static int join_what_never_starts(const void *arg)
{
	struct nsr_options opts = in_turns(1);
	struct nsr_capture *cap;

	return try_open(&opts, *(const int *)arg == ENOENT ? "no fanout group 1" : "has it started",
			&cap);
}

static void a_group_that_never_starts_is_not_waited_for_for_ever(void **state)
{
	int timed_out = ETIMEDOUT, none = ENOENT;
	struct nsr_options opts, theirs = in_turns(77);
	struct nsr_capture *cap;
	void *maker;

	topology_require_groups();
	maker = open_maker(&opts);
	in_child(join_what_never_starts, &timed_out, ETIMEDOUT);
	assert_int_equal(join_what_never_starts(&timed_out), ETIMEDOUT);
	assert_int_equal(try_open(&theirs, "no fanout group 77", &cap), ENOENT);
	nsr_engine_zc.close(maker);
	in_child(join_what_never_starts, &none, ENOENT);
}

static void check_long_frame(const struct nsr_packet *packet, void *arg)
{
	assert_int_equal(packet->len, 9000);
	assert_memory_equal(packet->data, arg, 9000);
}

/* The MTU when it joined was not the one when the group was made, nor the one now. */
static void a_member_puts_long_frames_together_whatever_the_mtu_was_when_it_joined(void **state)
{
	static uint8_t bytes[9000];
	struct nsr_frame frame = { bytes, sizeof(bytes) };
	struct nsr_options opts = in_turns(0);
	struct nsr_capture *first, *second;
	uint32_t i;

	topology_require_groups();
	ip("link add j0 mtu 9000 type veth peer name j1 mtu 9000");
	ip("link set j0 up");
	ip("link set j1 up");
	opts.ring_bytes = 0;
	first = open_target("zc:j1", &opts);
	opts.fanout_group = group_of(first);
	ip("link set j1 mtu 1500");
	second = open_target("zc:j1", &opts);
	ip("link set j1 mtu 9000");
	udp_frame(bytes, 1000);
	for (i = 60; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + (i >> 8));
	for (i = 0; i < 10; i++)
		send_frames("j0", &frame, 1);
	assert_int_equal(collect(second, check_long_frame, bytes), 5);
	assert_int_equal(collect(first, check_long_frame, bytes), 5);
	nsr_close(second);
	nsr_close(first);
	ip("link delete j0");
}

/* There is not room for what each takes, but for one of them. */
static void a_device_of_too_many_queues_is_refused_not_cut_off(void **state)
{
	struct nsr_options opts;
	struct nsr_capture *cap;
	struct nsr_error err;

	topology_require_groups();
	ip("link add w0 numtxqueues 300 numrxqueues 300 type veth peer name w1 numtxqueues 300 "
	   "numrxqueues 300");
	nsr_options_init(&opts);
	opts.take = NSR_TAKE;
	assert_int_equal(nsr_open("zc:w1", &opts, &cap, &err), -EOPNOTSUPP);
	assert_says(&err, "300 queues");
	opts.take = NSR_TAKE_NONE;
	assert_int_equal(nsr_open("zc:w1", &opts, &cap, &err), -EOPNOTSUPP);
	opts.take = NSR_TAKE;
	opts.fanout = NSR_FANOUT_FLOW;
	assert_int_equal(nsr_open("zc:w1", &opts, &cap, &err), -EOPNOTSUPP);
	assert_says(&err, "300 queues");
	nsr_close(open_target("zc:w1@299", &taking));
	ip("link delete w0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_member_that_dies_is_taken_out_though_its_child_lives_on),
		cmocka_unit_test(packets_of_a_dead_member_are_in_the_ledger_of_another),
		cmocka_unit_test(what_a_member_has_told_to_be_lost_is_not_told_again_when_it_dies),
		cmocka_unit_test(who_joins_while_another_leaves_has_its_place),
		cmocka_unit_test(a_group_that_may_lock_little_memory_has_a_smaller_ring),
		cmocka_unit_test(a_group_that_may_lock_no_memory_says_what_to_raise),
		cmocka_unit_test(joining_with_too_few_descriptors_says_what_to_raise),
		cmocka_unit_test(
			who_joins_while_the_last_one_leaves_has_the_group_or_is_told_it_is_gone),
		cmocka_unit_test(a_group_that_never_starts_is_not_waited_for_for_ever),
		cmocka_unit_test(who_joins_before_the_group_has_started_waits),
		cmocka_unit_test(a_process_that_joins_before_the_group_has_started_waits),
		cmocka_unit_test(
			a_member_puts_long_frames_together_whatever_the_mtu_was_when_it_joined),
		cmocka_unit_test(a_device_of_too_many_queues_is_refused_not_cut_off),
	};

	return cmocka_run_group_tests(tests, topology_enter, NULL);
}
