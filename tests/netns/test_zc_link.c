/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The program of a fanout group stays on the device as long as any member lives, and no longer.
 *
 *	sends ─ v0 ──────── v1 ─ zc, zc, …; packet: what the program lets pass
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "topology.h"
#include "zc_group.h"

static uint32_t program_on(const char *device)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	assert_int_equal(bpf_xdp_query((int)if_nametoindex(device), 0, &query), 0);
	return query.prog_id;
}

static bool is_loaded(uint32_t program)
{
	int fd = bpf_prog_get_fd_by_id(program);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The kernel frees programs a little later. */
static void wait_until_unloaded(uint32_t program)
{
	int tries;

	for (tries = 0; tries < 500 && is_loaded(program); tries++)
		usleep(10000);
	assert_false(is_loaded(program));
}

static struct nsr_capture *join(uint32_t group)
{
	struct nsr_options opts = in_turns(group);

	return open_target("zc:v1", &opts);
}

/* Takes part in the traffic until nobody sends any more. */
struct traffic {
	_Atomic bool enough;
	_Atomic uint32_t sent;
};

static void *send_on_and_on(void *arg)
{
	struct traffic *traffic = arg;

	while (!traffic->enough) {
		send_some(20);
		traffic->sent += 20;
		usleep(1000);
	}
	return NULL;
}

static void wait_until_sent(struct traffic *traffic, uint32_t more)
{
	uint32_t from = traffic->sent;

	while (traffic->sent - from < more)
		usleep(1000);
}

/* The stack gets what the program lets pass, and all that comes while there is none. */
static void no_packet_passes_a_group_by_when_its_members_close_one_after_the_other(void **state)
{
	struct traffic traffic = { 0 };
	struct nsr_capture *stack, *caps[4];
	struct nsr_options opts;
	uint32_t program, i;
	pthread_t thread;

	topology_require_groups();
	nsr_options_init(&opts);
	opts.direction = NSR_IN;
	caps[0] = open_first();
	for (i = 1; i < 4; i++)
		caps[i] = join(group_of(caps[0]));
	program = program_on("v1");
	stack = open_target("packet:v1", &opts);
	assert_int_equal(pthread_create(&thread, NULL, send_on_and_on, &traffic), 0);
	for (i = 0; i < 3; i++) {
		wait_until_sent(&traffic, 100);
		nsr_close(caps[i]);
		assert_int_equal(program_on("v1"), program);
	}
	wait_until_sent(&traffic, 100);
	traffic.enough = true;
	pthread_join(thread, NULL);
	take_now(caps[3], NULL, NULL);
	send_some(24);
	assert_int_equal(take_now(caps[3], NULL, NULL), 24);
	nsr_close(caps[3]);
	assert_int_equal(program_on("v1"), 0);
	wait_until_unloaded(program);
	/* Only now do they pass. */
	send_some(24);
	assert_int_equal(collect(stack, NULL, NULL), 24);
	nsr_close(stack);
}

/* Until each of three members gets its share of 30. */
static void wait_until_shared(struct nsr_capture *const caps[3])
{
	uint32_t got[3], tries, i;

	for (tries = 0; tries < 200; tries++) {
		send_some(30);
		for (i = 0; i < 3; i++)
			got[i] = take_now(caps[i], NULL, NULL);
		if (got[0] == 10 && got[1] == 10 && got[2] == 10)
			return;
		usleep(50000);
	}
	fail_msg("the survivors get %u, %u and %u of 30 packets", got[0], got[1], got[2]);
}

/* What the dead maker's sockets had is lost, but nothing goes past the group. */
static void no_packet_passes_a_group_by_when_its_maker_is_killed(void **state)
{
	struct traffic traffic = { 0 };
	struct nsr_capture *stack, *caps[3];
	struct nsr_options opts;
	struct member maker;
	uint32_t program, i;
	pthread_t thread;

	topology_require_groups();
	nsr_options_init(&opts);
	opts.direction = NSR_IN;
	maker = start_member(0, NULL);
	for (i = 0; i < 3; i++)
		caps[i] = join(maker.group);
	program = program_on("v1");
	stack = open_target("packet:v1", &opts);
	assert_int_equal(pthread_create(&thread, NULL, send_on_and_on, &traffic), 0);
	wait_until_sent(&traffic, 100);
	end_member(&maker);
	assert_int_equal(program_on("v1"), program);
	wait_until_sent(&traffic, 100);
	traffic.enough = true;
	pthread_join(thread, NULL);
	wait_until_shared(caps);
	assert_int_equal(program_on("v1"), program);
	for (i = 0; i < 3; i++)
		nsr_close(caps[i]);
	assert_int_equal(program_on("v1"), 0);
	wait_until_unloaded(program);
	send_some(24);
	assert_int_equal(collect(stack, NULL, NULL), 24);
	nsr_close(stack);
}

static void members_may_be_killed_one_after_the_other_and_others_join(void **state)
{
	struct member maker, second;
	struct nsr_capture *cap;
	uint32_t program;

	topology_require_groups();
	maker = start_member(0, NULL);
	second = start_member(maker.group, NULL);
	program = program_on("v1");
	end_member(&maker);
	assert_int_equal(program_on("v1"), program);
	cap = join(second.group);
	end_member(&second);
	assert_int_equal(program_on("v1"), program);
	wait_until_alone(cap);
	nsr_close(cap);
	assert_int_equal(program_on("v1"), 0);
	wait_until_unloaded(program);
}

static void killing_all_members_at_once_leaves_no_program(void **state)
{
	struct member members[3];
	uint32_t program, i;

	topology_require_groups();
	for (i = 0; i < 3; i++)
		members[i] = start_member(i ? members[0].group : 0, NULL);
	program = program_on("v1");
	for (i = 0; i < 3; i++)
		kill(members[i].pid, SIGKILL);
	for (i = 0; i < 3; i++)
		end_member(&members[i]);
	assert_int_equal(program_on("v1"), 0);
	wait_until_unloaded(program);
}

/* The child has a copy of the link, which holds the program only if the group does not end. */
static void a_group_goes_on_when_the_killed_makers_child_lives(void **state)
{
	struct nsr_capture *cap;
	struct member maker;

	topology_require_groups();
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	maker = start_member(0, have_child);
	hear(&maker);
	cap = join(maker.group);
	kill(maker.pid, SIGKILL);
	assert_int_equal(waitpid(maker.pid, NULL, 0), maker.pid);
	wait_until_alone(cap);
	close(maker.out);
	assert_true(waitpid(-1, NULL, 0) > 0); /* the child */
	send_some(24);
	assert_int_equal(take_now(cap, NULL, NULL), 24);
	nsr_close(cap);
	assert_int_equal(program_on("v1"), 0);
}

static int recv_until_the_end(struct nsr_capture *cap)
{
	struct nsr_batch batch;
	int rc;

	do
		rc = nsr_recv(cap, &batch, 500);
	while (rc >= 0);
	return rc;
}

/* The stopped one can't take the program off. */
static void a_moved_device_loses_the_program_though_a_member_is_stopped(void **state)
{
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there;
	struct nsr_capture *cap;
	struct member stopped;

	topology_require_groups();
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	there = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_int_equal(setns(here, CLONE_NEWNET), 0);
	stopped = start_member(0, NULL);
	cap = join(stopped.group);
	kill(stopped.pid, SIGSTOP);
	assert_int_equal(waitpid(stopped.pid, NULL, WUNTRACED), stopped.pid);
	ip("link set v1 netns /proc/%d/fd/%d", getpid(), there);
	assert_int_equal(recv_until_the_end(cap), -ENODEV);
	assert_int_equal(setns(there, CLONE_NEWNET), 0);
	assert_int_equal(program_on("v1"), 0);
	assert_int_equal(setns(here, CLONE_NEWNET), 0);
	nsr_close(cap);
	end_member(&stopped);
	ip("link delete v0");
	ip("link add v0 type veth peer name v1");
	ip("link set v0 up");
	ip("link set v1 up");
	close(there);
	close(here);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			no_packet_passes_a_group_by_when_its_members_close_one_after_the_other),
		cmocka_unit_test(no_packet_passes_a_group_by_when_its_maker_is_killed),
		cmocka_unit_test(members_may_be_killed_one_after_the_other_and_others_join),
		cmocka_unit_test(killing_all_members_at_once_leaves_no_program),
		cmocka_unit_test(a_group_goes_on_when_the_killed_makers_child_lives),
		cmocka_unit_test(a_moved_device_loses_the_program_though_a_member_is_stopped),
	};

	return cmocka_run_group_tests(tests, topology_enter, NULL);
}
