/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Who gets into a fanout group of the engine zc: only a process that has proved to a member that it
 * could do the same itself; and who answers under a group's name is believed only if it proves that.
 *
 *	zc:v1 (a member) ◀── @nsring-zc-INDEX-NUMBER ── guests, true and untrue
 *	zc:v1 (a guest)  ──▶ @nsring-zc-INDEX-77 ────── a squatter ──▶ a member
 */
#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engines/zc/greeting.h"
#include "engines/zc/passing.h"
#include "sys/place.h"
#include "topology.h"
#include "zc_group.h"

#define SQUATTED 77
#define SILENT	 100

/** struct reply - what a member said to a guest until it hung up */
struct reply {
	uint32_t messages;
	uint32_t refusal;
	uint32_t fds;
};

static struct zc_claim claim_of(uint32_t number)
{
	return (struct zc_claim){ nsr_place_cookie(), if_nametoindex("v1"), number };
}

static int connect_to(uint32_t number)
{
	struct sockaddr_un addr;
	socklen_t size = zc_rendezvous_name(&addr, if_nametoindex("v1"), number);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&addr, size), 0);
	return fd;
}

static struct zc_greeting greeting_of(int fd)
{
	struct zc_greeting greeting = { 0 };

	assert_int_equal(zc_pass_receive(fd, &greeting, sizeof(greeting), NULL, 0), 0);
	assert_int_equal(greeting.magic, ZC_GREETING_MAGIC);
	return greeting;
}

static void answer(int fd, const int *fds, uint32_t count)
{
	struct zc_greeting greeting = { .magic = ZC_GREETING_MAGIC };

	assert_int_equal(zc_pass_send(fd, &greeting, sizeof(greeting), fds, count), 0);
}

/* Reads all until the member hangs up, and closes what comes. */
static struct reply reply_on(int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(253 * sizeof(int))];
	} control;
	struct zc_welcome welcome = { 0 };
	struct iovec part = { &welcome, sizeof(welcome) };
	struct reply reply = { 0 };
	int fds[253];

	for (;;) {
		struct msghdr msg = { .msg_iov = &part,
				      .msg_iovlen = 1,
				      .msg_control = &control,
				      .msg_controllen = sizeof(control) };
		struct cmsghdr *header;
		uint32_t count = 0;

		if (recvmsg(fd, &msg, MSG_CMSG_CLOEXEC) <= 0)
			break;
		if (!reply.messages++)
			reply.refusal = welcome.refusal;
		header = CMSG_FIRSTHDR(&msg);
		if (header) {
			count = (uint32_t)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
			memcpy(fds, CMSG_DATA(header), count * sizeof(int));
		}
		reply.fds += count;
		while (count)
			close(fds[--count]);
	}
	close(fd);
	return reply;
}

static void close_all(const int *fds, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		close(fds[i]);
}

/* Answers a member of a group with these descriptors, closes them, and expects a refusal. */
static void refused_with(uint32_t number, int *fds, uint32_t count)
{
	uint32_t before = count_entries("/proc/self/fd");
	int fd = connect_to(number);
	struct reply reply;

	greeting_of(fd);
	answer(fd, fds, count);
	reply = reply_on(fd);
	assert_int_equal(reply.fds, 0);
	assert_int_equal(reply.messages, 1);
	assert_int_equal(reply.refusal, ZC_REFUSED_PROOF);
	/* The member is in this process, and has closed all when it hangs up. */
	assert_int_equal(count_entries("/proc/self/fd"), before);
	close_all(fds, count);
}

/* A true proof for what a member asks on @fd, except that it may be for another claim or side. */
static void prove(int fd, const struct zc_claim *claim, enum zc_side side, int *fds)
{
	struct zc_greeting greeting = greeting_of(fd);

	assert_int_equal(zc_proof_make(claim, side, &greeting.nonce, fds), 0);
}

static struct reply reply_to(int fd, const int *fds, uint32_t count)
{
	answer(fd, fds, count);
	return reply_on(fd);
}

static void drop_all_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	if (syscall(SYS_capset, &header, data) < 0)
		_exit(99);
}

/* Runs @attempt in a process of the same user; 0 is good. */
static void in_child(int (*attempt)(uint32_t number), uint32_t number)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(attempt(number));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int steal(uint32_t number)
{
	int proof[ZC_PROOF_PARTS], fd;
	struct zc_greeting greeting;
	struct zc_claim claim = claim_of(number);
	struct reply reply;

	drop_all_capabilities();
	fd = connect_to(number);
	greeting = greeting_of(fd);
	if (zc_proof_make(&claim, ZC_SIDE_GUEST, &greeting.nonce, proof) != -EPERM)
		return 1;
	answer(fd, NULL, 0);
	reply = reply_on(fd);
	return reply.fds || reply.messages != 1 || reply.refusal != ZC_REFUSED_PROOF;
}

static void a_process_of_the_same_user_without_capabilities_gets_no_descriptor(void **state)
{
	struct nsr_capture *cap;

	topology_require_groups();
	cap = open_first();
	in_child(steal, group_of(cap));
	send_some(20);
	assert_int_equal(take_now(cap, NULL, NULL), 20);
	nsr_close(cap);
}

/* CAP_NET_RAW alone, with which a capture can be opened up to where it asks the group. */
static int join_without_bpf(uint32_t number)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { .effective = 1u << CAP_NET_RAW,
						    .permitted = 1u << CAP_NET_RAW } };
	struct nsr_options opts = in_turns(number);
	struct nsr_capture *cap;
	struct nsr_error err;

	if (syscall(SYS_capset, &header, data) < 0)
		return 99;
	if (nsr_open("zc:v1", &opts, &cap, &err) != -EPERM)
		return 1;
	return says(&err, "needs CAP_BPF") && says(&err, "setcap") ? 0 : 2;
}

static void who_may_load_no_program_is_told_what_joining_needs(void **state)
{
	struct nsr_capture *cap;

	topology_require_groups();
	cap = open_first();
	in_child(join_without_bpf, group_of(cap));
	nsr_close(cap);
}

/* The other tests change this a little. */
static void a_true_proof_gets_all_descriptors(void **state)
{
	int proof[ZC_PROOF_PARTS], fd;
	struct zc_claim claim;
	struct nsr_capture *cap;
	struct reply reply;

	topology_require_groups();
	cap = open_first();
	claim = claim_of(group_of(cap));
	fd = connect_to(claim.number);
	prove(fd, &claim, ZC_SIDE_GUEST, proof);
	reply = reply_to(fd, proof, ZC_PROOF_PARTS);
	assert_int_equal(reply.refusal, ZC_WELCOME);
	/* Its proof, and a socket for each of 16 slots on the one queue. */
	assert_int_equal(reply.fds, ZC_PROOF_PARTS + ZC_FIXED_FDS + 16);
	zc_proof_close(proof);
	nsr_close(cap);
}

static void a_proof_that_was_accepted_before_is_refused(void **state)
{
	int proof[ZC_PROOF_PARTS], fd;
	struct zc_claim claim;
	struct nsr_capture *cap;

	topology_require_groups();
	cap = open_first();
	claim = claim_of(group_of(cap));
	fd = connect_to(claim.number);
	prove(fd, &claim, ZC_SIDE_GUEST, proof);
	assert_int_equal(reply_to(fd, proof, ZC_PROOF_PARTS).refusal, ZC_WELCOME);
	refused_with(claim.number, proof, ZC_PROOF_PARTS);
	nsr_close(cap);
}

/* Proves, except that @spoil makes it untrue, and expects to be refused. */
static void spoilt(void (*spoil)(struct zc_claim *claim, enum zc_side *side, int *fds))
{
	enum zc_side side = ZC_SIDE_GUEST;
	int proof[ZC_PROOF_PARTS], fd;
	struct zc_claim claim;
	struct nsr_capture *cap;
	struct reply reply;
	uint32_t before;

	topology_require_groups();
	cap = open_first();
	claim = claim_of(group_of(cap));
	before = count_entries("/proc/self/fd");
	fd = connect_to(claim.number);
	spoil(&claim, &side, NULL);
	prove(fd, &claim, side, proof);
	spoil(&claim, &side, proof);
	reply = reply_to(fd, proof, ZC_PROOF_PARTS);
	zc_proof_close(proof);
	assert_int_equal(reply.messages, 1);
	assert_int_equal(reply.refusal, ZC_REFUSED_PROOF);
	assert_int_equal(reply.fds, 0);
	assert_int_equal(count_entries("/proc/self/fd"), before);
	nsr_close(cap);
}

static void other_group(struct zc_claim *claim, enum zc_side *side, int *fds)
{
	claim->number++;
}

static void other_device(struct zc_claim *claim, enum zc_side *side, int *fds)
{
	claim->ifindex++;
}

static void other_namespace(struct zc_claim *claim, enum zc_side *side, int *fds)
{
	claim->cookie += UINT64_C(1) << 48; /* in the part of another program than the low bits */
}

static void other_side(struct zc_claim *claim, enum zc_side *side, int *fds)
{
	*side = ZC_SIDE_MEMBER;
}

static void wrong_order(struct zc_claim *claim, enum zc_side *side, int *fds)
{
	int first;

	if (!fds)
		return;
	first = fds[0];
	fds[0] = fds[1];
	fds[1] = first;
}

/* A program with the name of the one at @fd. */
static int load_namesake(int fd, enum bpf_prog_type type)
{
	struct bpf_insn pass[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 0 },
				   { .code = BPF_JMP | BPF_EXIT } };
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);
	int other;

	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
	other = bpf_prog_load(type, info.name, "GPL", pass, 2, NULL);
	assert_true(other >= 0);
	return other;
}

static void replace(int *fd, int by)
{
	close(*fd);
	*fd = by;
}

static void other_type(struct zc_claim *claim, enum zc_side *side, int *fds)
{
	uint32_t i;

	for (i = 0; fds && i < ZC_PROOF_PARTS; i++)
		replace(&fds[i], load_namesake(fds[i], BPF_PROG_TYPE_SOCKET_FILTER));
}

/* Of BPF, too; its owner's type would read like a program's. */
static void program_array(struct zc_claim *claim, enum zc_side *side, int *fds)
{
	uint32_t zero = 0;
	int map;

	if (!fds)
		return;
	map = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "namesake", 4, 4, 1, NULL);
	assert_true(map >= 0);
	bpf_map_update_elem(map, &zero, &fds[1], 0);
	replace(&fds[1], map);
}

static void link_of_a_program(struct zc_claim *claim, enum zc_side *side, int *fds)
{
	int prog, link;

	if (!fds)
		return;
	prog = load_namesake(fds[2], BPF_PROG_TYPE_XDP);
	link = bpf_link_create(prog, (int)if_nametoindex("v0"), BPF_XDP, NULL);
	assert_true(link >= 0);
	close(prog);
	replace(&fds[2], link);
}

static void any_file(struct zc_claim *claim, enum zc_side *side, int *fds)
{
	if (fds)
		replace(&fds[0], open("/dev/null", O_RDONLY | O_CLOEXEC));
}

static void a_proof_for_another_group_is_refused(void **state)
{
	spoilt(other_group);
}

static void a_proof_for_another_device_is_refused(void **state)
{
	spoilt(other_device);
}

static void a_proof_for_another_namespace_is_refused(void **state)
{
	spoilt(other_namespace);
}

static void a_members_proof_is_refused_from_a_guest(void **state)
{
	spoilt(other_side);
}

static void a_proofs_programs_in_another_order_are_refused(void **state)
{
	spoilt(wrong_order);
}

static void programs_of_another_type_with_the_right_names_are_refused(void **state)
{
	spoilt(other_type);
}

static void a_map_among_the_programs_is_refused(void **state)
{
	spoilt(program_array);
}

static void a_link_of_a_program_with_the_right_name_is_refused(void **state)
{
	spoilt(link_of_a_program);
}

static void a_file_among_the_programs_is_refused(void **state)
{
	spoilt(any_file);
}

static void programs_for_another_nonce_are_refused(void **state)
{
	int proof[ZC_PROOF_PARTS];
	struct nsr_capture *cap;
	struct zc_claim claim;
	struct zc_nonce nonce;

	topology_require_groups();
	cap = open_first();
	claim = claim_of(group_of(cap));
	assert_int_equal(zc_nonce_draw(&nonce), 0);
	assert_int_equal(zc_proof_make(&claim, ZC_SIDE_GUEST, &nonce, proof), 0);
	refused_with(claim.number, proof, ZC_PROOF_PARTS);
	nsr_close(cap);
}

static void too_few_descriptors_are_refused(void **state)
{
	int proof[ZC_PROOF_PARTS], fd;
	struct nsr_capture *cap;
	struct zc_claim claim;

	topology_require_groups();
	cap = open_first();
	claim = claim_of(group_of(cap));
	fd = connect_to(claim.number);
	prove(fd, &claim, ZC_SIDE_GUEST, proof);
	assert_int_equal(reply_to(fd, proof, ZC_PROOF_PARTS - 1).refusal, ZC_REFUSED_PROOF);
	zc_proof_close(proof);
	refused_with(claim.number, proof, 0);
	nsr_close(cap);
}

/* Says nothing, as it can't tell them from those that found no room. */
static void a_proof_with_more_descriptors_is_hung_up_on_and_they_are_closed(void **state)
{
	int fds[ZC_PASS_MOST], fd;
	struct nsr_capture *cap;
	struct zc_claim claim;
	struct reply reply;
	uint32_t before, i;

	topology_require_groups();
	cap = open_first();
	claim = claim_of(group_of(cap));
	before = count_entries("/proc/self/fd");
	fd = connect_to(claim.number);
	prove(fd, &claim, ZC_SIDE_GUEST, fds);
	for (i = ZC_PROOF_PARTS; i < ZC_PASS_MOST; i++)
		fds[i] = dup(fds[0]);
	reply = reply_to(fd, fds, ZC_PASS_MOST);
	assert_int_equal(reply.messages, 0);
	fd = connect_to(claim.number);
	greeting_of(fd);
	reply = reply_to(fd, fds, ZC_PROOF_PARTS + 1);
	assert_int_equal(reply.messages, 0);
	close_all(fds, ZC_PASS_MOST);
	assert_int_equal(count_entries("/proc/self/fd"), before);
	nsr_close(cap);
}

static void a_message_of_another_length_is_hung_up_on_and_its_descriptors_are_closed(void **state)
{
	static const size_t lengths[] = { 0, 1, sizeof(struct zc_greeting) - 1,
					  sizeof(struct zc_greeting) + 1, 4096 };
	static const uint8_t bytes[4096];
	int proof[ZC_PROOF_PARTS], fd;
	struct nsr_capture *cap;
	struct zc_claim claim;
	uint32_t before, i;

	topology_require_groups();
	cap = open_first();
	claim = claim_of(group_of(cap));
	before = count_entries("/proc/self/fd");
	for (i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		fd = connect_to(claim.number);
		prove(fd, &claim, ZC_SIDE_GUEST, proof);
		assert_int_equal(zc_pass_send(fd, bytes, lengths[i], proof, ZC_PROOF_PARTS), 0);
		assert_int_equal(reply_on(fd).messages, 0);
		zc_proof_close(proof);
		assert_int_equal(count_entries("/proc/self/fd"), before);
	}
	nsr_close(cap);
}

/* More than both members wait for at once, and all of them before the one that can prove. */
static void guests_that_say_nothing_keep_out_nobody_and_hide_no_death(void **state)
{
	struct nsr_capture *first, *second;
	struct nsr_options opts;
	struct member member;
	int silent[SILENT];
	uint32_t i;

	topology_require_groups();
	first = open_first();
	member = start_member(group_of(first), NULL);
	for (i = 0; i < SILENT; i++)
		silent[i] = connect_to(member.group);
	opts = in_turns(member.group);
	second = open_target("zc:v1", &opts);
	send_some(30);
	assert_int_equal(take_now(second, NULL, NULL), 10);
	nsr_close(second);
	end_member(&member);
	take_now(first, NULL, NULL);
	wait_until_alone(first);
	close_all(silent, SILENT);
	nsr_close(first);
}

/* Keeps all capabilities; root is left to go back to, and to lose them by giving that up. */
static void be_nobody(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	assert_int_equal(setresuid(0, 65534, 0), 0);
	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	data[0].effective = data[0].permitted;
	data[1].effective = data[1].permitted;
	assert_int_equal(syscall(SYS_capset, &header, data), 0);
}

static void be_root(void)
{
	assert_int_equal(setresuid(0, 0, 0), 0);
}

static void give_up_capabilities(struct nsr_capture *cap, int out)
{
	if (setresuid(65534, 65534, 65534) < 0)
		_exit(99);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	tell(out, 0);
}

static void a_member_that_has_given_up_its_capabilities_says_why_it_lets_nobody_in(void **state)
{
	struct member member;
	struct nsr_capture *cap;
	struct nsr_options opts;
	struct nsr_error err;
	int rc;

	topology_require_groups();
	be_nobody();
	member = start_member(0, give_up_capabilities);
	hear(&member);
	opts = in_turns(member.group);
	rc = nsr_open("zc:v1", &opts, &cap, &err);
	be_root();
	end_member(&member);
	assert_int_equal(rc, -EPERM);
	assert_says(&err, "given up their capabilities");
}

static void a_member_that_has_given_up_its_capabilities_leaves_guests_to_another(void **state)
{
	struct member able, mute;
	struct nsr_capture *cap;
	struct nsr_options opts;
	struct nsr_error err;
	uint32_t i;
	int rc = 0;

	topology_require_groups();
	be_nobody();
	able = start_member(0, NULL);
	mute = start_member(able.group, give_up_capabilities);
	hear(&mute);
	opts = in_turns(able.group);
	for (i = 0; i < 20 && rc == 0; i++) {
		rc = nsr_open("zc:v1", &opts, &cap, &err);
		if (rc == 0)
			nsr_close(cap);
	}
	be_root();
	end_member(&able);
	end_member(&mute);
	assert_int_equal(rc, 0);
}

/** struct squatter - has a group's name; in a thread */
struct squatter {
	uint32_t true_group;
	int listener;
	struct reply relayed; /* what a member of the true group said to the guest's proof */
};

static int squat(void)
{
	struct sockaddr_un addr;
	socklen_t size = zc_rendezvous_name(&addr, if_nametoindex("v1"), SQUATTED);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&addr, size), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

/* Hands a member's nonce to a guest, the guest's proof to the member, and then back to the guest. */
static void *relay(void *arg)
{
	struct zc_welcome welcome = { .magic = ZC_GREETING_MAGIC, .fds = ZC_FIXED_FDS + 1 };
	struct squatter *squatter = arg;
	int guest = accept(squatter->listener, NULL, NULL);
	int member = connect_to(squatter->true_group), proof[ZC_PROOF_PARTS];
	struct zc_greeting greeting = greeting_of(member);

	zc_pass_send(guest, &greeting, sizeof(greeting), NULL, 0);
	if (zc_pass_receive(guest, &greeting, sizeof(greeting), proof, ZC_PROOF_PARTS) ==
	    ZC_PROOF_PARTS) {
		squatter->relayed = reply_to(member, proof, ZC_PROOF_PARTS);
		zc_pass_send(guest, &welcome, sizeof(welcome), proof, ZC_PROOF_PARTS);
		zc_proof_close(proof);
	}
	close(guest);
	return NULL;
}

static void a_squatter_gets_into_no_group_with_a_guests_proof_and_is_not_believed(void **state)
{
	struct squatter squatter = { 0 };
	struct nsr_options opts = in_turns(SQUATTED);
	struct nsr_capture *cap, *none;
	struct nsr_error err;
	pthread_t thread;

	topology_require_groups();
	cap = open_first();
	squatter.true_group = group_of(cap);
	squatter.listener = squat();
	assert_int_equal(pthread_create(&thread, NULL, relay, &squatter), 0);
	assert_int_equal(nsr_open("zc:v1", &opts, &none, &err), -EACCES);
	assert_says(&err, "can't prove that it may capture");
	pthread_join(thread, NULL);
	assert_int_equal(squatter.relayed.messages, 1);
	assert_int_equal(squatter.relayed.refusal, ZC_REFUSED_PROOF);
	assert_int_equal(squatter.relayed.fds, 0);
	close(squatter.listener);
	nsr_close(cap);
}

/* Has one guest prove what another one has asked for: only the side tells that from a member's proof. */
static void *reflect(void *arg)
{
	struct zc_welcome welcome = { .magic = ZC_GREETING_MAGIC, .fds = ZC_FIXED_FDS + 1 };
	struct squatter *squatter = arg;
	struct zc_greeting greeting = { .magic = ZC_GREETING_MAGIC };
	int proof[ZC_PROOF_PARTS], again[ZC_PROOF_PARTS];
	int first = accept(squatter->listener, NULL, NULL), second;

	zc_pass_send(first, &greeting, sizeof(greeting), NULL, 0);
	zc_pass_receive(first, &greeting, sizeof(greeting), proof, ZC_PROOF_PARTS);
	second = accept(squatter->listener, NULL, NULL);
	zc_pass_send(second, &greeting, sizeof(greeting), NULL, 0);
	zc_pass_receive(second, &greeting, sizeof(greeting), again, ZC_PROOF_PARTS);
	zc_pass_send(first, &welcome, sizeof(welcome), again, ZC_PROOF_PARTS);
	zc_proof_close(proof);
	zc_proof_close(again);
	close(second);
	close(first);
	return NULL;
}

static void *join_squatted(void *arg)
{
	struct nsr_options opts = in_turns(SQUATTED);
	struct nsr_capture *cap;
	int rc = nsr_open("zc:v1", &opts, &cap, NULL);

	if (rc == 0)
		nsr_close(cap);
	*(int *)arg = rc;
	return NULL;
}

static void one_guests_proof_makes_nobody_a_member_to_another_guest(void **state)
{
	struct squatter squatter = { 0 };
	pthread_t thread, guests[2];
	int rc[2] = { 0 };

	topology_require_groups();
	squatter.listener = squat();
	assert_int_equal(pthread_create(&thread, NULL, reflect, &squatter), 0);
	assert_int_equal(pthread_create(&guests[0], NULL, join_squatted, &rc[0]), 0);
	assert_int_equal(pthread_create(&guests[1], NULL, join_squatted, &rc[1]), 0);
	pthread_join(thread, NULL);
	/* The other one was hung up on: it tries again, and makes the group when nobody is there. */
	close(squatter.listener);
	pthread_join(guests[0], NULL);
	pthread_join(guests[1], NULL);
	assert_true(rc[0] == -EACCES || rc[1] == -EACCES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_process_of_the_same_user_without_capabilities_gets_no_descriptor),
		cmocka_unit_test(who_may_load_no_program_is_told_what_joining_needs),
		cmocka_unit_test(a_true_proof_gets_all_descriptors),
		cmocka_unit_test(a_proof_that_was_accepted_before_is_refused),
		cmocka_unit_test(a_proof_for_another_group_is_refused),
		cmocka_unit_test(a_proof_for_another_device_is_refused),
		cmocka_unit_test(a_proof_for_another_namespace_is_refused),
		cmocka_unit_test(a_members_proof_is_refused_from_a_guest),
		cmocka_unit_test(a_proofs_programs_in_another_order_are_refused),
		cmocka_unit_test(programs_of_another_type_with_the_right_names_are_refused),
		cmocka_unit_test(a_map_among_the_programs_is_refused),
		cmocka_unit_test(a_link_of_a_program_with_the_right_name_is_refused),
		cmocka_unit_test(a_file_among_the_programs_is_refused),
		cmocka_unit_test(programs_for_another_nonce_are_refused),
		cmocka_unit_test(too_few_descriptors_are_refused),
		cmocka_unit_test(a_proof_with_more_descriptors_is_hung_up_on_and_they_are_closed),
		cmocka_unit_test(
			a_message_of_another_length_is_hung_up_on_and_its_descriptors_are_closed),
		cmocka_unit_test(guests_that_say_nothing_keep_out_nobody_and_hide_no_death),
		cmocka_unit_test(
			a_member_that_has_given_up_its_capabilities_says_why_it_lets_nobody_in),
		cmocka_unit_test(
			a_member_that_has_given_up_its_capabilities_leaves_guests_to_another),
		cmocka_unit_test(
			a_squatter_gets_into_no_group_with_a_guests_proof_and_is_not_believed),
		cmocka_unit_test(one_guests_proof_makes_nobody_a_member_to_another_guest),
	};

	return cmocka_run_group_tests(tests, topology_enter, NULL);
}
