/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Access: who may have a socket, and what it takes and refuses. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/genl.h"
#include "sys/kmod.h"
#include "sys/netlink.h"
#include "frame.h"
#include "net.h"
#include "system.h"

static int open_socket(void *arg)
{
	return ring_ask(NSRING_ABI) < 0 ? errno : 0;
}

static void a_socket_needs_the_capability(void **state)
{
	assert_int_equal(run_as_nobody(open_socket, NULL), EPERM);
}

static void a_user_namespace_is_refused_unless_the_module_lets_it_in(void **state)
{
	assert_int_equal(run_in_user_namespace(open_socket, NULL), EACCES);
}

static int packet_socket(void)
{
	return (int)check(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
}

static int netlink_socket(void)
{
	int netlink = nsr_netlink_open(NETLINK_GENERIC);

	assert_true(netlink >= 0);
	return netlink;
}

/* What nsr_kmod_ask() is given; a netlink socket of -1: one of who asks. */
struct asker {
	int netlink;
	int packet;
};

static int ask_by(void *arg)
{
	const struct asker *asker = arg;
	int netlink = asker->netlink < 0 ? nsr_netlink_open(NETLINK_GENERIC) : asker->netlink;

	return -nsr_kmod_ask(netlink, asker->packet, NSRING_ABI);
}

static void roots_netlink_socket_gives_nobody_a_right(void **state)
{
	struct asker asker = { netlink_socket(), packet_socket() };

	assert_int_equal(run_as_nobody(ask_by, &asker), EPERM);
	close(asker.netlink), close(asker.packet);
}

static void roots_packet_socket_gives_nobody_a_right(void **state)
{
	struct asker asker = { -1, packet_socket() };

	assert_int_equal(run_as_nobody(ask_by, &asker), EPERM);
	close(asker.packet);
}

/* As a setuid program that writes what it is told into a descriptor that it was given. */
static int ask_by_nobodys(void *arg)
{
	struct asker asker = { .packet = *(int *)arg };

	if (seteuid(65534) < 0)
		return 255;
	asker.netlink = nsr_netlink_open(NETLINK_GENERIC);
	if (asker.netlink < 0 || seteuid(0) < 0)
		return 254;
	return ask_by(&asker);
}

static void nobodys_netlink_socket_gives_root_none(void **state)
{
	int packet = packet_socket();

	assert_int_equal(child_end(child_start(ask_by_nobodys, &packet)), EPERM);
	close(packet);
}

/* NSRING_CMD_OPEN without NSRING_A_PACKET_FD. */
static int ask_without_a_packet_socket(void)
{
	struct nsr_netlink_question question;
	int netlink = netlink_socket(), rc;

	nsr_genl_begin(&question, (uint16_t)nsr_genl_family(netlink, NSRING_GENL_NAME), 0,
		       NSRING_CMD_OPEN);
	mnl_attr_put_u32(&question.head, NSRING_A_ABI, NSRING_ABI);
	rc = nsr_netlink_ask(netlink, &question, NULL, NULL);
	close(netlink);
	return -rc;
}

/* Return: what the module says to a descriptor, which is closed. */
static int ask_with(int fd)
{
	struct asker asker = { netlink_socket(), fd };
	int error = ask_by(&asker);

	close(asker.netlink), close(fd);
	return error;
}

static int locked_packet_socket(void)
{
	struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { 1, &none };
	int fd = packet_socket(), on = 1;

	check(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)));
	check(setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)));
	return fd;
}

static void who_asks_shows_a_packet_socket_of_the_namespace(void **state)
{
	int here = netns_here(), foreign, fd;

	assert_int_equal(ask_without_a_packet_socket(), EINVAL);
	assert_int_equal(ask_with(-1), EBADF);
	assert_int_equal(ask_with(INT32_MAX), EBADF);
	assert_int_equal(ask_with((int)check(open("/dev/null", O_RDWR | O_CLOEXEC))), EBADF);
	assert_int_equal(ask_with((int)check(socket(AF_INET, SOCK_DGRAM, 0))), EPERM);
	assert_int_equal(ask_with((int)check(socket(AF_INET, SOCK_RAW, 1))), EPERM);
	assert_int_equal(ask_with((int)check(socket(AF_PACKET, SOCK_DGRAM, 0))), EPERM);
	assert_int_equal(ask_with(netlink_socket()), EPERM);
	assert_int_equal(ask_with((int)check(ring_ask(NSRING_ABI))), EPERM);
	assert_int_equal(ask_with(locked_packet_socket()), EPERM);
	netns_enter(netns_new());
	foreign = packet_socket();
	netns_enter(here);
	close(here);
	assert_int_equal(ask_with(foreign), EPERM);
	fd = -ask_with(packet_socket());
	assert_true(fd > 0);
	close(fd);
}

#define BATCH 100

/* How long closing a packet socket takes: a grace period. */
static uint64_t grace_period_ns(void)
{
	uint64_t began = now_ns();
	int i;

	for (i = 0; i < 8; i++)
		close(packet_socket());
	return (now_ns() - began) / 8;
}

/* Many requests, which the kernel takes by one system call. Return: how long it takes. */
static uint64_t send_batch(int netlink, int packet)
{
	struct nsr_netlink_question question;
	uint16_t family = (uint16_t)nsr_genl_family(netlink, NSRING_GENL_NAME);
	static char batch[BATCH * sizeof(question)];
	uint64_t began;
	size_t size;
	int i;

	nsr_genl_begin(&question, family, 0, NSRING_CMD_OPEN);
	mnl_attr_put_u32(&question.head, NSRING_A_ABI, NSRING_ABI);
	mnl_attr_put_u32(&question.head, NSRING_A_PACKET_FD, (uint32_t)packet);
	size = question.head.nlmsg_len;
	for (i = 0; i < BATCH; i++)
		memcpy(batch + (size_t)i * size, &question, size);
	began = now_ns();
	check(send(netlink, batch, BATCH * size, 0));
	return now_ns() - began;
}

/* All of generic netlink waits for it, of other namespaces, too, and nothing can end it. */
static void a_batch_of_requests_waits_for_no_grace_periods(void **state)
{
	const char *path = "/sys/kernel/rcu_expedited";
	int netlink = netlink_socket(), packet = packet_socket(), first, i;
	uint64_t grace_period, took;

	assert_int_equal(write_text(path, "0"), 0);
	grace_period = grace_period_ns();
	first = (int)check(dup(packet));
	close(first);
	took = send_batch(netlink, packet);
	write_text(path, "1");
	for (i = 0; i < BATCH; i++)
		check(close(first + i));
	close(netlink), close(packet);
	print_message("# %u requests take %lu us, a grace period takes %lu us\n", BATCH,
		      took / 1000, grace_period / 1000);
	assert_true(took < BATCH / 2 * grace_period);
}

/* A policy that refuses everybody a packet socket, by @error; until what is returned is closed. */
static int refuse_packet_sockets(int error)
{
	const struct bpf_insn refuse[] = {
		/* the first argument, the family */
		{ BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_1, BPF_REG_1, 0, 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0 },
		{ BPF_JMP | BPF_JNE | BPF_K, BPF_REG_1, 0, 1, AF_PACKET },
		{ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, -error },
		{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_LSM_MAC);
	int id = libbpf_find_vmlinux_btf_id("socket_create", BPF_LSM_MAC), program, link;

	if (id < 0) {
		print_message("this kernel has no policies by BPF\n");
		skip();
	}
	opts.attach_btf_id = (uint32_t)id;
	program = (int)check(bpf_prog_load(BPF_PROG_TYPE_LSM, "refuse", "GPL", refuse,
					   ARRAY_SIZE(refuse), &opts));
	link = (int)check(bpf_raw_tracepoint_open(NULL, program));
	close(program);
	return link;
}

static void who_may_have_no_packet_socket_has_none_of_these(void **state)
{
	static const int errors[] = { EKEYREJECTED, EAFNOSUPPORT };
	int policy, by_sys, without;
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		policy = refuse_packet_sockets(errors[i]);
		by_sys = open_socket(NULL);
		without = ask_without_a_packet_socket();
		close(policy);
		assert_int_equal(by_sys, errors[i]);
		assert_int_equal(without, EINVAL);
	}
	ring_close_fd(ring_socket());
}

/* As systemd's RestrictAddressFamilies= has it. */
static int open_without_packet_sockets(void *arg)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_PACKET, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(code), code };

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return 255;
	if (ask_without_a_packet_socket() != EINVAL)
		return 254;
	return open_socket(NULL);
}

static void who_is_kept_from_packet_sockets_by_seccomp_has_none_of_these(void **state)
{
	assert_int_equal(child_end(child_start(open_without_packet_sockets, NULL)), EAFNOSUPPORT);
}

static int inject_with_net_raw(void *arg)
{
	struct nsring_setup setup = { .flags = NSRING_INJECT | NSRING_NO_RING };
	int fd;

	if (!keep_capabilities(1U << CAP_NET_RAW))
		return 255;
	fd = ring_ask(NSRING_ABI);
	if (fd < 0)
		return 254;
	return ring_setup(fd, &setup) < 0 || ring_bind(fd, *(uint32_t *)arg) < 0 ? errno : 0;
}

static void injecting_needs_a_capability_of_its_own(void **state)
{
	uint32_t index = ifindex("v1");

	assert_int_equal(child_end(child_start(inject_with_net_raw, &index)), EPERM);
}

static int capture_all_namespaces(void *arg)
{
	struct nsring_setup setup = { .flags = NSRING_ALL_NETNS, .ring_bytes = 1 };
	int fd = ring_ask(NSRING_ABI);

	if (fd < 0 || setns(netns_first(), CLONE_NEWNET) < 0)
		return 255;
	if (ring_setup(fd, &setup) == 0 || errno != EPERM)
		return 254;
	fd = ring_ask(NSRING_ABI);
	if (!keep_capabilities(*(uint32_t *)arg))
		return 253;
	return ring_setup(fd, &setup) < 0 || ring_bind(fd, 0) < 0 ? errno : 0;
}

/* Packets of other namespaces are for who gets into them, too. */
static void capturing_all_namespaces_needs_what_entering_them_does(void **state)
{
	uint32_t raw = 1U << CAP_NET_RAW, admin = 1U << CAP_SYS_ADMIN, both = raw | admin;

	assert_int_equal(child_end(child_start(capture_all_namespaces, &raw)), EPERM);
	assert_int_equal(child_end(child_start(capture_all_namespaces, &admin)), EPERM);
	assert_int_equal(child_end(child_start(capture_all_namespaces, &both)), 0);
}

static void another_version_is_refused(void **state)
{
	assert_errno(ring_ask(NSRING_ABI + 1), EPROTONOSUPPORT);
	assert_errno(ring_ask(0), EPROTONOSUPPORT);
}

static void there_is_no_socket_family(void **state)
{
	/* AF_ASH, the number that the module once took. */
	assert_errno(socket(18, SOCK_RAW, NSRING_ABI), EAFNOSUPPORT);
}

static void a_socket_is_closed_by_exec_and_tells_no_family(void **state)
{
	struct sockaddr_nsring address = { .family = 1 };
	socklen_t size = sizeof(address);
	int fd = ring_socket();

	assert_int_equal(check(fcntl(fd, F_GETFD)), FD_CLOEXEC);
	check(getsockname(fd, (struct sockaddr *)&address, &size));
	assert_int_equal(address.family, AF_UNSPEC);
}

static void a_setup_out_of_range_is_refused(void **state)
{
	static const struct nsring_setup wrong[] = {
		{ .flags = 1U << 31 },
		{ .snaplen = NSRING_SNAPLEN_MAX + 1 },
		{ .snaplen = INT32_MAX },
		{ .snaplen = UINT32_MAX },
		{ .wait_max_us = NSRING_WAIT_MAX_US + 1 },
		{ .wait_min_us = NSRING_WAIT_MAX_US + 1, .wait_max_us = NSRING_WAIT_MAX_US + 1 },
		{ .wait_min_us = 2, .wait_max_us = 1 },
		{ .direction = 3 },
		{ .cluster = 1, .cluster_mode = NSRING_CLUSTER_MODES },
		{ .cluster = 1, .share = 1 },
		{ .reserved = { 1 } },
		{ .reserved = { 0, 0, 0, 1 } },
	};
	int fd = ring_socket();
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_errno(ring_setup(fd, &wrong[i]), EINVAL);
	check(ring_bind(fd, ifindex("v1")));
}

static void any_cannot_be_promiscuous(void **state)
{
	struct nsring_setup setup = { .flags = NSRING_PROMISCUOUS };
	int fd = ring_socket();

	check(ring_setup(fd, &setup));
	assert_errno(ring_bind(fd, 0), EINVAL);
	check(ring_bind(fd, ifindex("v1")));
}

static void a_setup_may_be_shorter_or_longer(void **state)
{
	struct {
		struct nsring_setup setup;
		uint8_t more[64];
	} longer = { .setup = { .snaplen = 100 } };
	int fd = ring_socket();
	struct ring *ring;

	longer.more[63] = 1;
	assert_errno(setsockopt(fd, SOL_NSRING, NSRING_SETUP, &longer, sizeof(longer)), E2BIG);
	longer.more[63] = 0;
	check(setsockopt(fd, SOL_NSRING, NSRING_SETUP, &longer, sizeof(longer)));
	check(ring_bind(fd, ifindex("v1")));
	ring = ring_map(fd);
	assert_int_equal(ring->layout.snaplen, 100);
	ring_close(ring);

	fd = ring_socket();
	check(setsockopt(fd, SOL_NSRING, NSRING_SETUP, &longer, 8));
	check(ring_bind(fd, ifindex("v1")));
	ring = ring_map(fd);
	assert_int_equal(ring->layout.snaplen, 100);
	ring_close(ring);
}

static void an_answer_may_be_asked_for_in_part(void **state)
{
	uint8_t answer[sizeof(struct nsring_layout) + 64];
	int fd = ring_socket();
	socklen_t size = 8;

	check(ring_bind(fd, ifindex("v1")));
	memset(answer, 0xaa, sizeof(answer));
	check(getsockopt(fd, SOL_NSRING, NSRING_LAYOUT, answer, &size));
	assert_int_equal(size, 8);
	assert_int_equal(answer[8], 0xaa);
	size = sizeof(answer);
	check(getsockopt(fd, SOL_NSRING, NSRING_LAYOUT, answer, &size));
	assert_int_equal(size, sizeof(struct nsring_layout));
	assert_int_equal(answer[sizeof(struct nsring_layout)], 0xaa);
}

static void what_is_bound_cannot_be_set_up_or_bound_again(void **state)
{
	struct nsring_setup setup = { .snaplen = 4096 };
	struct ring *ring = ring_open(NULL, "v1");

	assert_errno(ring_setup(ring->fd, &setup), EBUSY);
	assert_errno(ring_bind(ring->fd, ifindex("v0")), EBUSY);
	send_udp("v0", 10, 100);
	assert_int_equal(ring_wait(ring, 10, NULL, NULL), 10);
	assert_int_equal(ring->layout.snaplen, ring->ring->snaplen);
	ring_close(ring);
}

static void a_device_that_is_not_there_cannot_be_bound(void **state)
{
	int fd = ring_socket();

	assert_errno(ring_bind(fd, 4711), ENODEV);
	assert_errno(ring_bind(fd, UINT32_MAX), ENODEV);
	check(ring_bind(fd, ifindex("v1")));
}

static void an_address_must_be_one(void **state)
{
	struct sockaddr_nsring address = { .family = AF_INET, .ifindex = ifindex("v1") };
	const struct sockaddr *at = (const struct sockaddr *)&address;
	int fd = ring_socket();

	assert_true(bind(fd, at, sizeof(address)) < 0);
	address.family = AF_UNSPEC;
	assert_errno(bind(fd, at, 7), EINVAL);
	assert_errno(bind(fd, at, 0), EINVAL);
	check(bind(fd, at, sizeof(address)));
}

static void what_is_not_bound_has_no_ring(void **state)
{
	uint8_t answer[64];
	int fd = ring_socket();
	socklen_t size = sizeof(answer);

	assert_errno(getsockopt(fd, SOL_NSRING, NSRING_LAYOUT, answer, &size), ENOTCONN);
	assert_errno(getsockopt(fd, SOL_NSRING, NSRING_STATS, answer, &size), ENOTCONN);
	assert_true(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, NSRING_MAP_RING) == MAP_FAILED);
	assert_true(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, NSRING_MAP_CURSORS) == MAP_FAILED);
	assert_errno(setsockopt(fd, SOL_NSRING, NSRING_STOP, NULL, 0), ENOTCONN);
	assert_false(ring_wakes(fd, 0));
}

/* PF_RING's fourth. */
static void sending_before_all_else_is_refused(void **state)
{
	int fd = ring_socket();
	uint8_t frame[60];

	frame_udp(frame, sizeof(frame), 0);
	assert_true(send(fd, frame, sizeof(frame), 0) < 0);
	assert_true(send(fd, frame, 0, 0) < 0);
}

static void what_a_ring_does_not_do_it_refuses(void **state)
{
	struct ring *ring = ring_open(NULL, "v1");
	uint8_t byte;

	send_udp("v0", 1, 60);
	assert_true(recv(ring->fd, &byte, 1, MSG_DONTWAIT) < 0);
	assert_true(read(ring->fd, &byte, 1) < 0);
	assert_true(listen(ring->fd, 1) < 0);
	assert_true(connect(ring->fd, (const struct sockaddr *)"\x12\0\0\0\1\0\0", 8) < 0);
	assert_errno(setsockopt(ring->fd, SOL_NSRING, 4711, &byte, 1), ENOPROTOOPT);
	ring_close(ring);
}

static void bad_pointers_and_sizes_are_refused(void **state)
{
	void *nowhere = (void *)16;
	int fd = ring_socket();
	uint8_t answer[64];
	socklen_t size = sizeof(answer);

	assert_errno(setsockopt(fd, SOL_NSRING, NSRING_SETUP, nowhere, 64), EFAULT);
	assert_true(setsockopt(fd, SOL_NSRING, NSRING_SETUP, answer, (socklen_t)-1) < 0);
	assert_true(setsockopt(fd, SOL_NSRING, NSRING_SETUP, answer, INT32_MAX) < 0);
	check(ring_bind(fd, ifindex("v1")));
	assert_errno(getsockopt(fd, SOL_NSRING, NSRING_LAYOUT, nowhere, &size), EFAULT);
	assert_errno(getsockopt(fd, SOL_NSRING, NSRING_STATS, answer, nowhere), EFAULT);
	size = (socklen_t)-1;
	assert_errno(getsockopt(fd, SOL_NSRING, NSRING_STATS, answer, &size), EINVAL);
}

static bool maps(int fd, uint64_t bytes, int flags, uint64_t offset)
{
	void *area = mmap(NULL, bytes, PROT_READ, flags, fd, (off_t)offset);

	if (area == MAP_FAILED)
		return false;
	munmap(area, bytes);
	return true;
}

static void nothing_beyond_the_areas_can_be_mapped(void **state)
{
	struct ring *ring = ring_open(NULL, "v1");
	uint64_t bytes = ring->layout.ring_bytes, cursors = ring->layout.cursor_bytes;

	assert_true(maps(ring->fd, bytes, MAP_SHARED, NSRING_MAP_RING));
	assert_false(maps(ring->fd, bytes + 4096, MAP_SHARED, NSRING_MAP_RING));
	assert_false(maps(ring->fd, bytes * 2, MAP_SHARED, NSRING_MAP_RING));
	assert_false(maps(ring->fd, bytes, MAP_SHARED, NSRING_MAP_RING + 4096));
	assert_false(maps(ring->fd, cursors + 4096, MAP_SHARED, NSRING_MAP_CURSORS));
	assert_false(maps(ring->fd, cursors, MAP_SHARED, NSRING_MAP_CURSORS + 4096));
	assert_false(maps(ring->fd, 4096, MAP_SHARED, 2 * NSRING_MAP_CURSORS));
	assert_true(mremap((void *)ring->ring, bytes, bytes + 4096, MREMAP_MAYMOVE) == MAP_FAILED);
	ring_close(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_socket_needs_the_capability),
		TEST(a_user_namespace_is_refused_unless_the_module_lets_it_in),
		TEST(roots_netlink_socket_gives_nobody_a_right),
		TEST(who_may_have_no_packet_socket_has_none_of_these),
		TEST(who_is_kept_from_packet_sockets_by_seccomp_has_none_of_these),
		TEST(roots_packet_socket_gives_nobody_a_right),
		TEST(nobodys_netlink_socket_gives_root_none),
		TEST(who_asks_shows_a_packet_socket_of_the_namespace),
		TEST(a_batch_of_requests_waits_for_no_grace_periods),
		TEST(injecting_needs_a_capability_of_its_own),
		TEST(capturing_all_namespaces_needs_what_entering_them_does),
		TEST(another_version_is_refused),
		TEST(there_is_no_socket_family),
		TEST(a_socket_is_closed_by_exec_and_tells_no_family),
		TEST(a_setup_out_of_range_is_refused),
		TEST(any_cannot_be_promiscuous),
		TEST(a_setup_may_be_shorter_or_longer),
		TEST(an_answer_may_be_asked_for_in_part),
		TEST(what_is_bound_cannot_be_set_up_or_bound_again),
		TEST(a_device_that_is_not_there_cannot_be_bound),
		TEST(an_address_must_be_one),
		TEST(what_is_not_bound_has_no_ring),
		TEST(sending_before_all_else_is_refused),
		TEST(what_a_ring_does_not_do_it_refuses),
		TEST(bad_pointers_and_sizes_are_refused),
		TEST(nothing_beyond_the_areas_can_be_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
