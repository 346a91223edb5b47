/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Fanout groups of the engine zc for tests: see zc_group.h. */
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "topology.h"
#include "zc_group.h"

struct nsr_options in_turns(uint32_t group)
{
	struct nsr_options opts;

	nsr_options_init(&opts);
	opts.take = NSR_TAKE;
	opts.fanout = NSR_FANOUT_ROUND_ROBIN;
	opts.fanout_group = group;
	opts.ring_bytes = 512 << 10;
	return opts;
}

uint32_t group_of(const struct nsr_capture *cap)
{
	struct nsr_info info = NSR_INFO_INIT;

	assert_int_equal(nsr_info_get(cap, &info), 0);
	return info.fanout_group;
}

struct nsr_capture *open_first(void)
{
	struct nsr_options opts = in_turns(0);

	return open_target("zc:v1", &opts);
}

struct nsr_stats stats_of(struct nsr_capture *cap)
{
	struct nsr_stats stats = NSR_STATS_INIT;

	assert_int_equal(nsr_stats_get(cap, &stats), 0);
	return stats;
}

void send_some(uint32_t count)
{
	send_udp(1000, count);
}

uint32_t wait_until_alone(struct nsr_capture *cap)
{
	uint32_t tries;

	for (tries = 1; tries < 200; tries++) {
		send_some(24);
		if (take_now(cap, NULL, NULL) == 24)
			return tries * 24;
		usleep(50000);
	}
	fail_msg("the dead member's share is not given to the others");
	return 0;
}

void tell(int out, uint32_t value)
{
	if (write(out, &value, sizeof(value)) != sizeof(value))
		_exit(2);
}

uint32_t hear(const struct member *member)
{
	uint32_t value;

	assert_int_equal(read(member->out, &value, sizeof(value)), sizeof(value));
	return value;
}

/* Opens, has @go_on go on, and stays. */
static void be_member(uint32_t group, int out, void (*go_on)(struct nsr_capture *cap, int out))
{
	struct nsr_options opts = in_turns(group);
	struct nsr_capture *cap;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (nsr_open("zc:v1", &opts, &cap, NULL) < 0)
		_exit(1);
	tell(out, group_of(cap));
	if (go_on)
		go_on(cap, out);
	for (;;)
		pause();
}

struct member start_member(uint32_t group, void (*go_on)(struct nsr_capture *cap, int out))
{
	struct member member;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	member.pid = fork();
	if (member.pid == 0) {
		close(ends[0]);
		be_member(group, ends[1], go_on);
	}
	close(ends[1]);
	member.out = ends[0];
	member.group = hear(&member);
	return member;
}

void end_member(const struct member *member)
{
	kill(member->pid, SIGKILL);
	assert_int_equal(waitpid(member->pid, NULL, 0), member->pid);
	close(member->out);
}

void have_child(struct nsr_capture *cap, int out)
{
	struct pollfd gone = { .fd = out };

	if (fork() == 0) {
		tell(out, 0);
		poll(&gone, 1, -1);
		_exit(0);
	}
}
