/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The program of a fanout group stays on the device when the member that holds it there goes.
 *
 *	sends ─ v0 ──────── v1 ─ zc, zc, …; packet: what the program lets pass
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
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
static void no_packet_passes_a_group_by_when_its_holders_close_one_after_the_other(void **state)
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

static void survivors_of_a_killed_maker_put_the_same_program_on_the_device_again(void **state)
{
	struct nsr_capture *caps[3];
	struct member maker;
	uint32_t program, i;

	topology_require_groups();
	maker = start_member(0, NULL);
	for (i = 0; i < 3; i++)
		caps[i] = join(maker.group);
	program = program_on("v1");
	end_member(&maker);
	wait_until_shared(caps);
	assert_int_equal(program_on("v1"), program);
	/* They can go on to do so. */
	nsr_close(caps[0]);
	caps[0] = join(maker.group);
	wait_until_shared(caps);
	assert_int_equal(program_on("v1"), program);
	for (i = 0; i < 3; i++)
		nsr_close(caps[i]);
	assert_int_equal(program_on("v1"), 0);
	wait_until_unloaded(program);
}

static void a_member_that_got_the_program_by_a_death_may_be_killed_too(void **state)
{
	struct member maker, second;
	struct nsr_capture *cap;
	uint32_t program;

	topology_require_groups();
	maker = start_member(0, NULL);
	second = start_member(maker.group, NULL);
	program = program_on("v1");
	end_member(&maker);
	cap = join(second.group);
	end_member(&second);
	wait_until_alone(cap);
	assert_int_equal(program_on("v1"), program);
	nsr_close(cap);
	assert_int_equal(program_on("v1"), 0);
	wait_until_unloaded(program);
}

/* The child has a copy of the link, so that nobody can put the program there anew. */
static void a_group_goes_on_when_the_killed_makers_child_keeps_the_program_there(void **state)
{
	struct nsr_capture *cap;
	struct nsr_batch batch;
	struct member maker;

	topology_require_groups();
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	maker = start_member(0, have_child);
	hear(&maker);
	cap = join(maker.group);
	kill(maker.pid, SIGKILL);
	assert_int_equal(waitpid(maker.pid, NULL, 0), maker.pid);
	wait_until_alone(cap);
	sleep(6); /* longer than anybody waits for the place */
	send_some(24);
	assert_int_equal(take_now(cap, NULL, NULL), 24);
	assert_int_equal(nsr_recv(cap, &batch, 50), 0);
	close(maker.out);
	assert_true(waitpid(-1, NULL, 0) > 0); /* the child */
	wait_until_alone(cap);
	nsr_close(cap);
	assert_int_equal(program_on("v1"), 0);
}

static void receive_until_the_end(struct nsr_capture *cap, int out)
{
	struct nsr_batch batch;
	int rc;

	do
		rc = nsr_recv(cap, &batch, -1);
	while (rc >= 0 || rc == -EINTR); /* SIGCONT */
	tell(out, (uint32_t)-rc);
	tell(out, says(nsr_last_error(cap), "is over"));
}

static int attach_another_program(void)
{
	struct bpf_insn pass[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS },
				   { .code = BPF_JMP | BPF_EXIT } };
	int prog = bpf_prog_load(BPF_PROG_TYPE_XDP, "another", "GPL", pass, 2, NULL), link;

	assert_true(prog >= 0);
	do
		link = bpf_link_create(prog, (int)if_nametoindex("v1"), BPF_XDP, NULL);
	while (link < 0 && errno == EBUSY);
	assert_true(link >= 0);
	close(prog);
	return link;
}

static void a_group_whose_place_another_program_has_taken_ends_in_words(void **state)
{
	struct member maker, survivor;
	int link;

	topology_require_groups();
	maker = start_member(0, NULL);
	survivor = start_member(maker.group, receive_until_the_end);
	kill(survivor.pid, SIGSTOP);
	assert_int_equal(waitpid(survivor.pid, NULL, WUNTRACED), survivor.pid);
	end_member(&maker);
	link = attach_another_program();
	kill(survivor.pid, SIGCONT);
	assert_int_equal(hear(&survivor), EBUSY);
	assert_int_equal(hear(&survivor), 1);
	end_member(&survivor);
	close(link);
	assert_int_equal(program_on("v1"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			no_packet_passes_a_group_by_when_its_holders_close_one_after_the_other),
		cmocka_unit_test(
			survivors_of_a_killed_maker_put_the_same_program_on_the_device_again),
		cmocka_unit_test(a_member_that_got_the_program_by_a_death_may_be_killed_too),
		cmocka_unit_test(
			a_group_goes_on_when_the_killed_makers_child_keeps_the_program_there),
		cmocka_unit_test(a_group_whose_place_another_program_has_taken_ends_in_words),
	};

	return cmocka_run_group_tests(tests, topology_enter, NULL);
}
