/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Who gets into a fanout group of the engine zc, and into what a newcomer does not let itself be
 * led: the notice, by which it finds members, holds whatever the maker of the program on the device
 * wrote.
 *
 *	zc:v1 (a group of this process) ◀── notice ── a newcomer in a child
 *	zc:v0 (another group)
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engines/zc/newcomer.h"
#include "topology.h"
#include "zc_group.h"

#define NOBODY 65534

/* What the engine needs, and what joining another process's group needs besides. */
#define ENGINE                                                                                     \
	(UINT64_C(1) << CAP_NET_RAW | UINT64_C(1) << CAP_NET_ADMIN | UINT64_C(1) << CAP_IPC_LOCK | \
	 UINT64_C(1) << CAP_BPF)
#define ADMIN  (UINT64_C(1) << CAP_SYS_ADMIN)
#define PTRACE (UINT64_C(1) << CAP_SYS_PTRACE)

/** struct attempt - a child that joins; @set_up is called before; @part: what the error must say */
struct attempt {
	void (*set_up)(uint64_t caps);
	uint64_t caps;
	uint32_t group;
	const char *part;
};

static void limit_caps(uint64_t caps)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { .effective = (uint32_t)caps },
						  { .effective = (uint32_t)(caps >> 32) } };

	data[0].permitted = data[0].effective;
	data[1].permitted = data[1].effective;
	if (syscall(SYS_capset, &header, data) < 0)
		_exit(209);
}

static void be_nobody(uint64_t caps)
{
	if (prctl(PR_SET_KEEPCAPS, 1) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
		_exit(208);
	limit_caps(caps);
}

/* 0 or the error's number, which must be said in these words. */
static int join(uint32_t group, const char *part)
{
	struct nsr_options opts = in_turns(group);
	struct nsr_capture *cap;
	struct nsr_error err;
	int rc = nsr_open("zc:v1", &opts, &cap, &err);

	if (rc == 0 || says(&err, part))
		return -rc;
	fprintf(stderr, "%s: %s\n", err.text, err.advice);
	return 207;
}

/* In a process of its own, which can't know of this one's members: what the attempt comes to. */
static int outcome(const struct attempt *attempt)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (attempt->set_up)
			attempt->set_up(attempt->caps);
		_exit(join(attempt->group, attempt->part));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void joining_is(int code, const char *part)
{
	const struct attempt attempt = { .group = 1, .part = part };

	assert_int_equal(outcome(&attempt), code);
}

static void as_nobody(uint64_t caps, int code, const char *part)
{
	const struct attempt attempt = { be_nobody, caps, 1, part };

	assert_int_equal(outcome(&attempt), code);
}

static void another_user_who_may_look_and_trace_joins(void **state)
{
	struct nsr_capture *cap;

	topology_require_groups();
	cap = open_first();
	as_nobody(ENGINE | ADMIN | PTRACE, 0, "");
	nsr_close(cap);
}

static void who_may_not_look_or_trace_is_told_what_is_missing(void **state)
{
	struct nsr_capture *cap;

	topology_require_groups();
	cap = open_first();
	as_nobody(ENGINE | PTRACE, EPERM, "this one lacks CAP_SYS_ADMIN");
	as_nobody(ENGINE | ADMIN, EPERM, "this one lacks CAP_SYS_PTRACE");
	as_nobody(ENGINE, EPERM, "this one lacks CAP_SYS_ADMIN and CAP_SYS_PTRACE");
	as_nobody(ENGINE, EPERM, "several times, with --fanout");
	send_some(20);
	assert_int_equal(take_now(cap, NULL, NULL), 20);
	nsr_close(cap);
}

/* The same user, so that only capabilities are between them. */
static void root_without_capabilities_does_not_join(void **state)
{
	const struct attempt attempt = { limit_caps, ENGINE | ADMIN, 1, "lacks CAP_SYS_PTRACE" };
	struct nsr_capture *cap;

	topology_require_groups();
	cap = open_first();
	assert_int_equal(outcome(&attempt), EPERM);
	nsr_close(cap);
}

static void give_up_capabilities(struct nsr_capture *cap, int out)
{
	limit_caps(0);
	tell(out, 0);
}

static void a_member_that_has_given_up_all_capabilities_can_be_joined(void **state)
{
	struct member member;

	topology_require_groups();
	member = start_member(0, give_up_capabilities);
	hear(&member);
	joining_is(0, "");
	end_member(&member);
}

static void give_up_root(struct nsr_capture *cap, int out)
{
	if (setresuid(NOBODY, NOBODY, NOBODY) < 0)
		_exit(209);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	tell(out, 0);
}

/* Whoever of that user has power over it could have changed all that it shares. */
static void nothing_is_taken_from_a_member_that_has_become_another_user(void **state)
{
	struct member member;

	topology_require_groups();
	member = start_member(0, give_up_root);
	hear(&member);
	joining_is(EACCES, "is another user's");
	end_member(&member);
}

/* Keeps all capabilities, and the way back. */
static void become(uid_t user)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	assert_int_equal(setresuid(0, user, 0), 0);
	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	data[0].effective = data[0].permitted;
	data[1].effective = data[1].permitted;
	assert_int_equal(syscall(SYS_capset, &header, data), 0);
}

/* Its memory could be made to attack whoever maps it, who has more power. */
static void root_does_not_join_another_users_group(void **state)
{
	struct member member;

	topology_require_groups();
	become(NOBODY);
	member = start_member(0, NULL);
	become(0);
	joining_is(EACCES, "is another user's");
	end_member(&member);
}

static void enter_pid_namespace(uint64_t caps)
{
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWPID) < 0)
		_exit(206);
	pid = fork();
	if (pid == 0)
		return;
	waitpid(pid, &status, 0);
	_exit(WEXITSTATUS(status));
}

static void enter_pid_namespace_with_its_proc(uint64_t caps)
{
	enter_pid_namespace(caps);
	if (unshare(CLONE_NEWNS) < 0 || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", 0, NULL) < 0)
		_exit(205);
}

static void hide_proc(uint64_t caps)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/proc", "tmpfs", 0, NULL) < 0)
		_exit(205);
}

static void who_is_in_another_pid_namespace_does_not_join(void **state)
{
	const struct attempt with_proc = { enter_pid_namespace_with_its_proc, 0, 1,
					   "another PID namespace" };
	const struct attempt without = { enter_pid_namespace, 0, 1, "needs /proc" };
	struct nsr_capture *cap;

	topology_require_groups();
	cap = open_first();
	assert_int_equal(outcome(&with_proc), EOPNOTSUPP);
	assert_int_equal(outcome(&without), EOPNOTSUPP);
	nsr_close(cap);
}

static int state_on(const char *device)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	uint32_t ids[8], i, size;
	struct bpf_prog_info info = { .nr_map_ids = 8, .map_ids = (uintptr_t)ids };
	int prog, map;

	assert_int_equal(bpf_xdp_query((int)if_nametoindex(device), 0, &query), 0);
	prog = bpf_prog_get_fd_by_id(query.prog_id);
	size = sizeof(info);
	assert_int_equal(bpf_obj_get_info_by_fd(prog, &info, &size), 0);
	close(prog);
	for (i = 0; i < info.nr_map_ids; i++) {
		struct bpf_map_info about = { 0 };

		size = sizeof(about);
		map = bpf_map_get_fd_by_id(ids[i]);
		assert_int_equal(bpf_obj_get_info_by_fd(map, &about, &size), 0);
		if (strcmp(about.name, ZC_STATE_NAME) == 0)
			return map;
		close(map);
	}
	fail_msg("there is no state");
	return -1;
}

static void *map_all(int fd, size_t bytes)
{
	void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	assert_true(map != MAP_FAILED);
	return map;
}

/* A member in a PID namespace of its own; what it is outside comes out of @out. */
static void live_apart(int out)
{
	struct nsr_options opts = in_turns(0);
	int32_t pid;

	if (unshare(CLONE_NEWPID) < 0)
		_exit(210);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		open_target("zc:v1", &opts);
		tell(out, 0);
		for (;;)
			pause();
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	assert_int_equal(write(out, &pid, sizeof(pid)), sizeof(pid));
	for (;;)
		pause();
}

static void a_notice_that_lies_about_the_pid_namespace_is_not_believed(void **state)
{
	int32_t apart = 0, number = 0, i;
	struct zc_state *lies;
	int ends[2], map;
	pid_t pid;

	topology_require_groups();
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0)
		live_apart(ends[1]);
	/* Its number, and then the word that its group is there: or the other way round. */
	for (i = 0; i < 2; i++) {
		assert_int_equal(read(ends[0], &number, sizeof(number)), sizeof(number));
		apart = number ? number : apart;
	}
	map = state_on("v1");
	lies = map_all(map, sizeof(*lies));
	lies->notice.pidns = zc_peer_namespace();
	lies->notice.entries[0].started = zc_peer_started(apart);
	lies->notice.entries[0].pid = apart;
	joining_is(EOPNOTSUPP, "another PID namespace");
	munmap(lies, sizeof(*lies));
	close(map);
	kill(apart, SIGKILL);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ends[0]);
	close(ends[1]);
}

static uint32_t count_lines(const char *path, const char *part)
{
	FILE *file = fopen(path, "re");
	uint32_t count = 0;
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		count += strstr(line, part) != NULL;
	if (file)
		fclose(file);
	return count;
}

/* How many descriptors of this process lead to what has @part in its name. */
static uint32_t count_fds(const char *part)
{
	char path[32], target[128];
	uint32_t count = 0, fd;
	ssize_t length;

	for (fd = 3; fd < 1024; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%u", fd);
		length = readlink(path, target, sizeof(target) - 1);
		target[length > 0 ? length : 0] = '\0';
		count += strstr(target, part) != NULL;
	}
	return count;
}

static void a_child_of_a_member_has_nothing_of_what_the_group_shares(void **state)
{
	struct nsr_capture *cap;
	int status;
	pid_t pid;

	topology_require_groups();
	cap = open_first();
	assert_true(count_fds("bpf") > 0 && count_fds("nsring-zc") > 0);
	assert_true(count_lines("/proc/self/maps", "nsring-zc") > 0);
	pid = fork();
	if (pid == 0)
		_exit((count_fds("bpf-link") ? 1 : 0) + (count_fds("nsring-zc") ? 2 : 0) +
		      (count_fds("bpf-map") ? 4 : 0) +
		      (count_lines("/proc/self/maps", "nsring-zc") ? 8 : 0) +
		      (count_lines("/proc/self/maps", "bpf-map") ? 16 : 0));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	nsr_close(cap);
}

static void who_has_no_proc_does_not_join(void **state)
{
	const struct attempt attempt = { hide_proc, 0, 1, "needs /proc" };
	struct nsr_capture *cap;

	topology_require_groups();
	cap = open_first();
	assert_int_equal(outcome(&attempt), EOPNOTSUPP);
	nsr_close(cap);
}

/* What threads of a process without CAP_SYS_ADMIN and CAP_SYS_PTRACE get of 60 packets. */
static int share_in_one_process(void)
{
	struct nsr_options opts = in_turns(0);
	struct nsr_capture *caps[3];
	uint32_t i;

	limit_caps(ENGINE);
	for (i = 0; i < 3; i++) {
		if (nsr_open("zc:v1", &opts, &caps[i], NULL) < 0)
			return 1;
		opts = in_turns(group_of(caps[i]));
	}
	nsr_close(caps[0]); /* the others need not have it */
	caps[0] = open_target("zc:v1", &opts);
	send_some(60);
	for (i = 0; i < 3; i++)
		if (take_now(caps[i], NULL, NULL) != 20)
			return 2;
	return outcome(&(struct attempt){ .group = 1, .part = "lacks CAP_SYS_ADMIN" }) == EPERM ? 0
												: 3;
}

static void
captures_of_one_process_join_with_three_capabilities_and_its_child_does_not(void **state)
{
	pid_t pid;
	int status;

	topology_require_groups();
	pid = fork();
	if (pid == 0)
		_exit(share_in_one_process());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/** struct door - a group of this process with one member, and what a maker could write */
struct door {
	struct nsr_capture *cap;
	struct zc_state *state;
	struct zc_entry *entry;
	struct zc_shared *shared;
};

static struct door open_door(const char *target)
{
	struct nsr_options opts = in_turns(0);
	struct door door = { .cap = open_target(target, &opts) };
	int state = state_on(strchr(target, ':') + 1);

	door.state = map_all(state, sizeof(*door.state));
	close(state);
	door.entry = &door.state->notice.entries[0];
	assert_int_equal(door.entry->pid, getpid());
	door.shared = map_all(door.entry->memory, sizeof(*door.shared));
	return door;
}

static void close_door(struct door *door)
{
	munmap(door->shared, sizeof(*door->shared));
	munmap(door->state, sizeof(*door->state));
	nsr_close(door->cap);
}

/* An entry as if written by a maker that lies: refused at once, and the true one is not. */
static void lie_is_refused(struct door *door, int32_t *number, int32_t lie)
{
	int32_t truth = *number;

	*number = lie;
	joining_is(EPROTO, "does not share what it should");
	*number = truth;
	joining_is(0, "");
}

static void a_process_that_has_got_a_dead_members_number_is_left_alone(void **state)
{
	struct door door;

	topology_require_groups();
	door = open_door("zc:v1");
	door.entry->started++;
	joining_is(ETIMEDOUT, "nobody in fanout group 1");
	door.entry->started--;
	joining_is(0, "");
	close_door(&door);
}

static int memory_of(size_t bytes, const struct zc_shared *shared, int seals)
{
	int fd = memfd_create("nsring-zc", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	assert_int_equal(pwrite(fd, shared, sizeof(*shared), 0), sizeof(*shared));
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

/* ThreadSanitizer takes the thread that closes a descriptor in a child for one of the parent's, and ends it. */
static void require_threads_after_fork(void)
{
#ifdef __SANITIZE_THREAD__
	skip();
#endif
}

static void a_notice_that_leads_to_a_strangers_descriptor_is_refused(void **state)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	struct door door;
	size_t bytes;
	int fds[7];
	uint32_t i;

	require_threads_after_fork();
	topology_require_groups();
	door = open_door("zc:v1");
	bytes = zc_layout_bytes(&door.shared->layout);
	fds[0] = open("/dev/null", O_RDWR | O_CLOEXEC);
	fds[1] = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	fds[2] = memory_of(bytes, door.shared, 0);
	fds[3] = memory_of(bytes, door.shared, F_SEAL_SHRINK | F_SEAL_SEAL);
	fds[4] = memory_of(bytes - 4096, door.shared, seals);
	fds[5] = memory_of(bytes + 4096, door.shared, seals);
	fds[6] = memory_of(bytes, door.shared, seals | F_SEAL_WRITE);
	for (i = 0; i < 7; i++) {
		lie_is_refused(&door, &door.entry->memory, fds[i]);
		close(fds[i]);
	}
	close_door(&door);
}

static void a_notice_that_leads_into_another_group_is_refused(void **state)
{
	struct door door, other;

	topology_require_groups();
	door = open_door("zc:v1");
	other = open_door("zc:v0");
	lie_is_refused(&door, &door.entry->memory, other.entry->memory);
	/* The same even if the other group is on a device of the same number. */
	door.shared->identity.state++;
	joining_is(EPROTO, "");
	door.shared->identity.state--;
	door.shared->identity.cookie++;
	joining_is(EPROTO, "");
	door.shared->identity.cookie--;
	joining_is(0, "");
	close_door(&other);
	close_door(&door);
}

/* Of a size that it would have. */
static void a_layout_of_too_many_slots_is_refused(void **state)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	static struct zc_shared forged;
	struct door door;
	size_t bytes;
	int fd;

	topology_require_groups();
	door = open_door("zc:v1");
	memcpy(&forged, door.shared, sizeof(forged));
	bytes = zc_layout_bytes(&forged.layout);
	/* What 256 members have in hand are whole pages. */
	forged.layout.slots += 256;
	fd = memory_of(bytes + 256 * sizeof(struct zc_held), &forged, seals);
	lie_is_refused(&door, &door.entry->memory, fd);
	close(fd);
	close_door(&door);
}

static void a_layout_that_makes_no_sense_is_refused(void **state)
{
	struct door door;

	topology_require_groups();
	door = open_door("zc:v1");
	door.shared->layout.slots = ZC_SLOTS_MAX + 1;
	joining_is(EPROTO, "");
	door.shared->layout.slots = 16;
	door.shared->layout.queues = 0;
	joining_is(EPROTO, "");
	door.shared->layout.queues = 1;
	joining_is(0, "");
	close_door(&door);
}

static void a_member_that_leads_to_strangers_links_and_sockets_is_refused(void **state)
{
	struct door door, other;
	struct zc_fds *fds;
	int udp;

	require_threads_after_fork();
	topology_require_groups();
	door = open_door("zc:v1");
	other = open_door("zc:v0");
	fds = &door.shared->slots[0].fds;
	udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	lie_is_refused(&door, &fds->sockets[15], udp);
	lie_is_refused(&door, &fds->sockets[0], door.entry->memory);
	lie_is_refused(&door, &fds->link, udp);
	lie_is_refused(&door, &fds->link, other.shared->slots[0].fds.link);
	close(udp);
	close_door(&other);
	close_door(&door);
}

static void a_group_whose_lock_a_stopped_member_holds_is_not_waited_for_for_ever(void **state)
{
	struct door door;

	topology_require_groups();
	door = open_door("zc:v1");
	assert_int_equal(pthread_mutex_lock(&door.shared->lock), 0);
	joining_is(ETIMEDOUT, "nobody in fanout group 1");
	assert_int_equal(pthread_mutex_unlock(&door.shared->lock), 0);
	joining_is(0, "");
	close_door(&door);
}

/* A newcomer that waits for the lock while the member leaves: there are short pauses to do it wrong. */
static void what_a_member_had_is_not_taken_once_it_has_left(void **state)
{
	struct door door;
	int status;
	pid_t pid;

	topology_require_groups();
	door = open_door("zc:v1");
	assert_int_equal(pthread_mutex_lock(&door.shared->lock), 0);
	pid = fork();
	if (pid == 0)
		_exit(join(1, ""));
	usleep(300000);
	door.entry->pid = 0;
	assert_int_equal(pthread_mutex_unlock(&door.shared->lock), 0);
	usleep(300000);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	door.entry->pid = getpid();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close_door(&door);
}

static void who_has_left_or_died_is_not_listed(void **state)
{
	struct nsr_options opts = in_turns(1);
	struct nsr_capture *second;
	struct member third;
	struct door door;

	topology_require_groups();
	door = open_door("zc:v1");
	second = open_target("zc:v1", &opts);
	third = start_member(1, NULL);
	assert_int_equal(door.entry[1].pid, getpid());
	assert_int_equal(door.entry[2].pid, third.pid);
	nsr_close(second);
	assert_int_equal(door.entry[1].pid, 0);
	end_member(&third);
	wait_until_alone(door.cap);
	assert_int_equal(door.entry[2].pid, 0);
	close_door(&door);
}

static void a_group_of_another_number_is_not_joined(void **state)
{
	const struct attempt attempt = { .group = 77, .part = "no fanout group 77" };
	struct nsr_capture *cap;

	topology_require_groups();
	cap = open_first();
	assert_int_equal(outcome(&attempt), ENOENT);
	nsr_close(cap);
}

static void a_stopped_member_keeps_nobody_out(void **state)
{
	struct member member;

	topology_require_groups();
	member = start_member(0, NULL);
	kill(member.pid, SIGSTOP);
	assert_int_equal(waitpid(member.pid, NULL, WUNTRACED), member.pid);
	joining_is(0, "");
	end_member(&member);
}

/* Puts a program on v1 that uses a map, -1: none; returns what holds it there. */
static int attach_other(const char *name, int map)
{
	struct bpf_insn pass[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS },
				   { .code = BPF_JMP | BPF_EXIT } };
	int prog = bpf_prog_load(BPF_PROG_TYPE_XDP, name, "GPL", pass, 2, NULL), link;

	assert_true(prog >= 0);
	if (map >= 0)
		assert_int_equal(bpf_prog_bind_map(prog, map, NULL), 0);
	link = bpf_link_create(prog, (int)if_nametoindex("v1"), BPF_XDP, NULL);
	assert_true(link >= 0);
	close(prog);
	return link;
}

static int make_state(uint32_t bytes)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, ZC_STATE_NAME, 4, bytes, 1, &opts);

	assert_true(map >= 0);
	return map;
}

static void a_program_without_a_notice_is_no_group(void **state)
{
	int map, link;

	topology_require_groups();
	link = attach_other("another", -1);
	joining_is(ENOENT, "no fanout group 1");
	close(link);
	link = attach_other(ZC_PROGRAM_NAME, -1);
	joining_is(ENOENT, "no fanout group 1");
	close(link);
	map = make_state(sizeof(struct zc_state));
	link = attach_other(ZC_PROGRAM_NAME, map);
	joining_is(ENOENT, "no fanout group 1");
	close(link);
	close(map);
	map = make_state(sizeof(struct zc_state) + 8);
	link = attach_other(ZC_PROGRAM_NAME, map);
	joining_is(EPROTO, "same version");
	close(link);
	close(map);
}

static void a_capture_in_no_group_is_no_group(void **state)
{
	struct nsr_capture *cap;

	topology_require_groups();
	cap = open_target("zc:v1", &taking);
	joining_is(ENOENT, "no fanout group 1");
	nsr_close(cap);
}

/* A connection of which one end's close(2) waits until the other end has read all. */
static void connect_lingering(int ends[2])
{
	const struct linger linger = { .l_onoff = 1, .l_linger = 300 };
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t size = sizeof(addr);
	static char bytes[65536];
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listener, (struct sockaddr *)&addr, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&addr, &size), 0);
	ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(ends[0], (struct sockaddr *)&addr, size), 0);
	ends[1] = accept(listener, NULL, NULL);
	assert_true(ends[1] >= 0);
	close(listener);
	assert_int_equal(setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
	while (send(ends[0], bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
}

static void dropping_a_descriptor_does_not_wait_for_what_it_is_of(void **state)
{
	static char bytes[65536];
	int ends[2];

	topology_require_groups();
	connect_lingering(ends);
	zc_peer_drop(ends[0]);
	while (read(ends[1], bytes, sizeof(bytes)) > 0)
		;
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_user_who_may_look_and_trace_joins),
		cmocka_unit_test(who_may_not_look_or_trace_is_told_what_is_missing),
		cmocka_unit_test(root_without_capabilities_does_not_join),
		cmocka_unit_test(a_member_that_has_given_up_all_capabilities_can_be_joined),
		cmocka_unit_test(root_does_not_join_another_users_group),
		cmocka_unit_test(nothing_is_taken_from_a_member_that_has_become_another_user),
		cmocka_unit_test(who_is_in_another_pid_namespace_does_not_join),
		cmocka_unit_test(a_notice_that_lies_about_the_pid_namespace_is_not_believed),
		cmocka_unit_test(a_child_of_a_member_has_nothing_of_what_the_group_shares),
		cmocka_unit_test(who_has_no_proc_does_not_join),
		cmocka_unit_test(
			captures_of_one_process_join_with_three_capabilities_and_its_child_does_not),
		cmocka_unit_test(a_process_that_has_got_a_dead_members_number_is_left_alone),
		cmocka_unit_test(a_notice_that_leads_to_a_strangers_descriptor_is_refused),
		cmocka_unit_test(a_notice_that_leads_into_another_group_is_refused),
		cmocka_unit_test(a_layout_of_too_many_slots_is_refused),
		cmocka_unit_test(a_layout_that_makes_no_sense_is_refused),
		cmocka_unit_test(a_member_that_leads_to_strangers_links_and_sockets_is_refused),
		cmocka_unit_test(
			a_group_whose_lock_a_stopped_member_holds_is_not_waited_for_for_ever),
		cmocka_unit_test(what_a_member_had_is_not_taken_once_it_has_left),
		cmocka_unit_test(who_has_left_or_died_is_not_listed),
		cmocka_unit_test(a_group_of_another_number_is_not_joined),
		cmocka_unit_test(a_stopped_member_keeps_nobody_out),
		cmocka_unit_test(a_program_without_a_notice_is_no_group),
		cmocka_unit_test(a_capture_in_no_group_is_no_group),
		cmocka_unit_test(dropping_a_descriptor_does_not_wait_for_what_it_is_of),
	};

	return cmocka_run_group_tests(tests, topology_enter, NULL);
}
