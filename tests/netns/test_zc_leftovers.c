/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The device before and after a capture by the engine zc: as the kernel lists its programs
 * and maps.
 *
 *	w0 ──────── w1 ─ zc, or a program of somebody else
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "topology.h"

#define MAPS 8

/** struct objects - a device's program and its maps, by the kernel's numbers */
struct objects {
	uint32_t program;
	uint32_t maps[MAPS];
	uint32_t map_count;
};

static void make_device(void)
{
	static bool made;

	topology_require();
	if (made && !has_program("w1"))
		return;
	if (made)
		ip("link delete w0");
	ip("link add w0 type veth peer name w1");
	ip("link set w0 up");
	ip("link set w1 up");
	made = true;
}

static uint32_t program_on(const char *device)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	assert_int_equal(bpf_xdp_query((int)if_nametoindex(device), 0, &query), 0);
	return query.prog_id;
}

static struct objects objects_on(const char *device)
{
	struct objects objects = { .program = program_on(device) };
	struct bpf_prog_info info = { .nr_map_ids = MAPS, .map_ids = (uintptr_t)objects.maps };
	uint32_t size = sizeof(info);
	int fd;

	assert_int_not_equal(objects.program, 0);
	fd = bpf_prog_get_fd_by_id(objects.program);
	assert_true(fd >= 0);
	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
	close(fd);
	assert_in_range(info.nr_map_ids, 1, MAPS);
	objects.map_count = info.nr_map_ids;
	return objects;
}

/* The kernel frees them a little later. */
static bool wait_until_gone(int (*get)(uint32_t id), uint32_t id)
{
	int fd, tries;

	for (tries = 0; tries < 200; tries++) {
		fd = get(id);
		if (fd < 0 && errno == ENOENT)
			return true;
		if (fd >= 0)
			close(fd);
		usleep(10000);
	}
	return false;
}

static void assert_gone(const struct objects *objects)
{
	uint32_t i;

	assert_int_equal(program_on("w1"), 0);
	if (!wait_until_gone(bpf_prog_get_fd_by_id, objects->program))
		fail_msg("program %u is still there", objects->program);
	for (i = 0; i < objects->map_count; i++)
		if (!wait_until_gone(bpf_map_get_fd_by_id, objects->maps[i]))
			fail_msg("map %u is still there", objects->maps[i]);
}

static struct nsr_options options(void)
{
	struct nsr_options opts;

	nsr_options_init(&opts);
	opts.take = NSR_TAKE;
	return opts;
}

static void close_and_look(const struct nsr_options *opts)
{
	struct nsr_capture *cap;
	struct objects before, objects;

	make_device();
	cap = open_target("zc:w1", opts);
	before = objects_on("w1");
	assert_int_equal(nsr_set_filter(cap, opts->fanout ? NULL : "icmp", NULL),
			 opts->fanout ? -EOPNOTSUPP : 0);
	objects = objects_on("w1");
	nsr_close(cap);
	assert_gone(&before);
	assert_gone(&objects);
}

static void closed_capture_leaves_no_program_and_no_map(void **state)
{
	struct nsr_options opts = options();

	close_and_look(&opts);
}

static void closed_tap_leaves_no_program_and_no_map(void **state)
{
	struct nsr_options opts = options();

	opts.take = NSR_TAKE_NONE;
	close_and_look(&opts);
}

static void closed_group_leaves_no_program_and_no_map(void **state)
{
	struct nsr_options opts = options();

	topology_require_groups();
	opts.fanout = NSR_FANOUT_FLOW;
	close_and_look(&opts);
}

static void old_program_goes_when_the_filter_changes(void **state)
{
	struct nsr_capture *cap;
	uint32_t before;

	make_device();
	cap = open_target("zc:w1", &taking);
	before = program_on("w1");
	assert_int_equal(nsr_set_filter(cap, "icmp", NULL), 0);
	assert_int_not_equal(program_on("w1"), before);
	assert_true(wait_until_gone(bpf_prog_get_fd_by_id, before));
	nsr_close(cap);
}

/* Opens in a process of its own, which is killed. */
static void kill_and_look(const struct nsr_options *opts)
{
	struct nsr_capture *cap;
	struct objects objects;
	int ready[2];
	char byte;
	pid_t pid;

	make_device();
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (nsr_open("zc:w1", opts, &cap, NULL) < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	objects = objects_on("w1");
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_gone(&objects);
}

static void killed_capture_leaves_no_program_and_no_map(void **state)
{
	struct nsr_options opts = options();

	kill_and_look(&opts);
}

static void killed_tap_leaves_no_program_and_no_map(void **state)
{
	struct nsr_options opts = options();

	opts.take = NSR_TAKE_NONE;
	kill_and_look(&opts);
}

static void killed_group_leaves_no_program_and_no_map(void **state)
{
	struct nsr_options opts = options();

	topology_require_groups();
	opts.fanout = NSR_FANOUT_FLOW;
	kill_and_look(&opts);
}

static uint32_t count_fds(void)
{
	struct dirent *entry;
	uint32_t count = 0;
	DIR *dir = opendir("/proc/self/fd");

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		count++;
	closedir(dir);
	return count;
}

/* Opens that fail after the program is on the device. */
static void open_that_fails_late_leaves_nothing(void **state)
{
	struct nsr_options opts = options();
	struct nsr_capture *cap;
	uint32_t fds;

	make_device();
	fds = count_fds();
	opts.xdp = NSR_XDP_ZEROCOPY;
	assert_int_equal(nsr_open("zc:w1", &opts, &cap, NULL), -EOPNOTSUPP);
	opts.fanout = NSR_FANOUT_FLOW;
	assert_int_equal(nsr_open("zc:w1", &opts, &cap, NULL), -EOPNOTSUPP);
	opts = options();
	opts.filter = "no such filter";
	assert_int_equal(nsr_open("zc:w1", &opts, &cap, NULL), -EINVAL);
	opts.fanout = NSR_FANOUT_FLOW;
	assert_int_equal(nsr_open("zc:w1", &opts, &cap, NULL),
			 linux_is(6, 4) ? -EINVAL : -EOPNOTSUPP);
	opts.fanout_group = 77;
	assert_int_equal(nsr_open("zc:w1", &opts, &cap, NULL), -ENOENT);
	assert_int_equal(program_on("w1"), 0);
	assert_int_equal(count_fds(), fds);
}

/* Somebody else's program, which lets all pass. */
static uint32_t attach_other(const char *name, uint32_t flags)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, name, "GPL", insns, 2, NULL);

	assert_true(fd >= 0);
	assert_int_equal(bpf_xdp_attach((int)if_nametoindex("w1"), fd, flags, NULL), 0);
	close(fd);
	return program_on("w1");
}

/* Refused with the other's number and name, and the other stays. */
static void refuse_beside(const char *name, uint32_t flags, const struct nsr_options *opts,
			  const char *advice)
{
	struct nsr_capture *cap;
	struct nsr_error err;
	char number[32];
	uint32_t id;
	int rc;

	make_device();
	id = attach_other(name, flags);
	snprintf(number, sizeof(number), "id %u, \"%s\"", id, name);
	rc = nsr_open("zc:w1", opts, &cap, &err);
	assert_int_equal(program_on("w1"), id);
	assert_int_equal(bpf_xdp_detach((int)if_nametoindex("w1"), flags, NULL), 0);
	assert_int_equal(rc, -EBUSY);
	assert_says(&err, number);
	assert_non_null(strstr(err.advice, advice));
}

static void program_in_the_driver_is_named_and_stays(void **state)
{
	refuse_beside("somebody_else", XDP_FLAGS_DRV_MODE, &taking, "detach it, or use packet:w1");
}

static void generic_program_is_named_and_stays(void **state)
{
	refuse_beside("somebody_else", XDP_FLAGS_SKB_MODE, &taking, "detach it, or use packet:w1");
}

static void generic_capture_names_a_program_in_the_driver(void **state)
{
	struct nsr_options opts = options();

	opts.xdp = NSR_XDP_GENERIC;
	refuse_beside("somebody_else", XDP_FLAGS_DRV_MODE, &opts, "use packet:w1");
}

static void dispatcher_of_libxdp_is_named_and_stays(void **state)
{
	refuse_beside("xdp_dispatcher", XDP_FLAGS_DRV_MODE, &taking, "xdp-loader unload");
}

static void second_capture_names_the_first_and_its_number(void **state)
{
	struct nsr_capture *first, *second;
	struct nsr_error err;
	char number[32];

	make_device();
	first = open_target("zc:w1", &taking);
	snprintf(number, sizeof(number), "id %u, \"nsring_zc\"", program_on("w1"));
	assert_int_equal(nsr_open("zc:w1", &taking, &second, &err), -EBUSY);
	assert_says(&err, number);
	assert_says(&err, "--take --fanout");
	nsr_close(first);
}

static void queue_that_another_socket_has_is_refused_to_a_socket(void **state)
{
	struct nsr_options opts = options(), busy = options();
	struct nsr_capture *sender, *cap;
	struct nsr_error err;

	make_device();
	opts.mode = NSR_SEND;
	busy.busy_poll_us = 20;
	sender = open_target("zc:w1", &opts);
	assert_int_equal(nsr_open("zc:w1", &busy, &cap, &err), -EBUSY);
	assert_says(&err, "queue 0 of w1 is taken");
	assert_int_equal(program_on("w1"), 0);
	nsr_close(open_target("zc:w1", &taking)); /* it needs none */
	nsr_close(sender);
	nsr_close(open_target("zc:w1", &busy));
}

static void capture_on_the_other_side_of_the_pair_is_no_hindrance(void **state)
{
	struct nsr_capture *one, *two;

	make_device();
	one = open_target("zc:w1", &taking);
	two = open_target("zc:w0", &taking);
	assert_int_not_equal(program_on("w0"), program_on("w1"));
	nsr_close(two);
	nsr_close(one);
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

/* Sits in a namespace of its own until it is killed. */
static pid_t start_elsewhere(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

/* The device moves away; the captures learn of it, and the program is off before they close. */
static void move_away(const struct nsr_options *opts, uint32_t count)
{
	struct nsr_options own = *opts;
	struct nsr_info info = NSR_INFO_INIT;
	struct nsr_capture *caps[2];
	struct objects objects;
	uint32_t i;
	pid_t pid;

	topology_require();
	ip("link add m0 type veth peer name m1");
	ip("link set m0 up");
	ip("link set m1 up");
	pid = start_elsewhere(); /* before it could inherit a descriptor of the captures */
	for (i = 0; i < count; i++) {
		caps[i] = open_target("zc:m1", &own);
		nsr_info_get(caps[i], &info);
		own.fanout_group = info.fanout_group;
	}
	objects = objects_on("m1");
	ip("link set m1 netns %d", pid);
	for (i = 0; i < count; i++)
		assert_int_equal(wait_for_end(caps[i]), -ENODEV);
	assert_true(wait_until_gone(bpf_prog_get_fd_by_id, objects.program));
	for (i = 0; i < count; i++)
		nsr_close(caps[i]);
	ip("link delete m0");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void moved_device_takes_no_program_along(void **state)
{
	struct nsr_options opts = options();

	move_away(&opts, 1);
}

static void moved_device_takes_no_program_of_a_tap_along(void **state)
{
	struct nsr_options opts = options();

	opts.take = NSR_TAKE_NONE;
	move_away(&opts, 1);
}

static void moved_device_takes_no_program_of_a_group_along(void **state)
{
	struct nsr_options opts = options();

	topology_require_groups();
	opts.fanout = NSR_FANOUT_FLOW;
	move_away(&opts, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closed_capture_leaves_no_program_and_no_map),
		cmocka_unit_test(closed_tap_leaves_no_program_and_no_map),
		cmocka_unit_test(closed_group_leaves_no_program_and_no_map),
		cmocka_unit_test(old_program_goes_when_the_filter_changes),
		cmocka_unit_test(killed_capture_leaves_no_program_and_no_map),
		cmocka_unit_test(killed_tap_leaves_no_program_and_no_map),
		cmocka_unit_test(killed_group_leaves_no_program_and_no_map),
		cmocka_unit_test(open_that_fails_late_leaves_nothing),
		cmocka_unit_test(program_in_the_driver_is_named_and_stays),
		cmocka_unit_test(generic_program_is_named_and_stays),
		cmocka_unit_test(generic_capture_names_a_program_in_the_driver),
		cmocka_unit_test(dispatcher_of_libxdp_is_named_and_stays),
		cmocka_unit_test(second_capture_names_the_first_and_its_number),
		cmocka_unit_test(queue_that_another_socket_has_is_refused_to_a_socket),
		cmocka_unit_test(capture_on_the_other_side_of_the_pair_is_no_hindrance),
		cmocka_unit_test(moved_device_takes_no_program_along),
		cmocka_unit_test(moved_device_takes_no_program_of_a_tap_along),
		cmocka_unit_test(moved_device_takes_no_program_of_a_group_along),
	};

	return cmocka_run_group_tests(tests, topology_enter, NULL);
}
