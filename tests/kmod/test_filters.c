/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Filters, classic and eBPF, and the numbers that tell what they did.
 *
 *	sends ─ v0 ──────── v1 ─ captures
 */
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "frame.h"
#include "net.h"
#include "system.h"

#define COUNT 1000U

static void attach(int fd, struct sock_filter *code, uint32_t count)
{
	struct sock_fprog program = { (uint16_t)count, code };

	check(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)));
}

/* Keeps @keep bytes of frames whose 32 bits at @offset, after & @mask, are @value. */
static void attach_word(int fd, uint32_t offset, uint32_t mask, uint32_t value, uint32_t keep)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, keep),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	attach(fd, code, ARRAY_SIZE(code));
}

static int load_ebpf(const struct bpf_insn *code, uint32_t count)
{
	union bpf_attr attr = { 0 };

	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uintptr_t)code;
	attr.insn_cnt = count;
	attr.license = (uintptr_t) "Dual BSD/GPL";
	return (int)check(syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)));
}

/* Keeps @keep bytes of frames of at least @len bytes. */
static void attach_ebpf(int fd, uint32_t len, uint32_t keep)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_W,
		  .dst_reg = 2,
		  .src_reg = 1,
		  .off = offsetof(struct __sk_buff, len) },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
		{ .code = BPF_JMP | BPF_JLT | BPF_K, .dst_reg = 2, .off = 1, .imm = (int)len },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = (int)keep },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int program = load_ebpf(code, ARRAY_SIZE(code));

	check(setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof(program)));
	close(program);
}

static int filtered_socket(void (*attach_it)(int fd))
{
	int fd = ring_socket();

	attach_it(fd);
	check(ring_bind(fd, ifindex("v1")));
	return fd;
}

static void every_fourth(int fd)
{
	attach_word(fd, AT_PAYLOAD, 3, 0, UINT32_MAX);
}

static void check_fourth(const struct nsring_record *record, const uint8_t *data, void *arg)
{
	assert_int_equal(frame_number(data) % 4, 0);
	assert_int_equal(record->caplen, record->len);
}

static void a_classic_filter_has_only_what_it_accepts(void **state)
{
	struct ring *ring = ring_map(filtered_socket(every_fourth));
	struct nsring_stats stats;

	send_udp("v0", COUNT, 60);
	stats = ring_met(ring->fd, COUNT);
	assert_int_equal(stats.written, COUNT / 4);
	assert_int_equal(stats.filtered, COUNT - COUNT / 4);
	assert_int_equal(ring_wait(ring, COUNT / 4, check_fourth, NULL), COUNT / 4);
	ring_close(ring);
}

static void keep_50(int fd)
{
	attach_word(fd, AT_PAYLOAD, 0, 0, 50);
}

static void a_filter_says_how_much_is_kept(void **state)
{
	struct ring *ring = ring_map(filtered_socket(keep_50));
	struct nsring_record record;

	send_udp("v0", 1, 200);
	assert_int_equal(ring_wait(ring, 1, keep_record, &record), 1);
	assert_int_equal(record.caplen, 50);
	assert_int_equal(record.len, 200);
	ring_close(ring);
}

static void long_to_70(int fd)
{
	attach_ebpf(fd, 100, 70);
}

static void an_ebpf_filter_has_only_what_it_accepts(void **state)
{
	struct ring *ring = ring_map(filtered_socket(long_to_70));
	struct nsring_record record;
	struct nsring_stats stats;

	send_udp("v0", 10, 99);
	send_udp("v0", 10, 100);
	stats = ring_met(ring->fd, 20);
	assert_int_equal(stats.filtered, 10);
	assert_int_equal(ring_wait(ring, 10, keep_record, &record), 10);
	assert_int_equal(record.caplen, 70);
	assert_int_equal(record.len, 100);
	ring_close(ring);
}

static void a_filter_can_be_attached_changed_and_taken_off_while_capturing(void **state)
{
	struct ring *ring = ring_open(NULL, "v1");
	int unused = 0;

	send_udp("v0", 10, 60);
	ring_met(ring->fd, 10);
	attach_word(ring->fd, AT_PAYLOAD, 1, 0, UINT32_MAX);
	send_udp("v0", 10, 60);
	assert_int_equal(ring_met(ring->fd, 20).written, 15);
	attach_ebpf(ring->fd, 100, 70);
	send_udp("v0", 10, 60);
	assert_int_equal(ring_met(ring->fd, 30).written, 15);
	check(setsockopt(ring->fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused)));
	send_udp("v0", 10, 60);
	assert_int_equal(ring_met(ring->fd, 40).written, 25);
	assert_int_equal(ring_wait(ring, 25, NULL, NULL), 25);
	ring_close(ring);
}

static void a_filter_that_is_locked_stays(void **state)
{
	struct ring *ring = ring_map(filtered_socket(every_fourth));
	int on = 1, unused = 0;

	check(setsockopt(ring->fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)));
	assert_errno(setsockopt(ring->fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused)),
		     EPERM);
	send_udp("v0", 8, 60);
	assert_int_equal(ring_met(ring->fd, 8).written, 2);
	ring_close(ring);
}

static void only_tagged(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};

	attach(fd, code, ARRAY_SIZE(code));
}

/* So that filters made for packet sockets mean the same here. */
static void a_filter_finds_the_tag_in_the_metadata(void **state)
{
	struct ring *ring = ring_map(filtered_socket(only_tagged));
	uint8_t frame[100], tagged[104];
	int sender = sender_open("v0");

	frame_udp(frame, sizeof(frame), 0);
	memcpy(tagged, frame, 12);
	memcpy(tagged + 12, "\x81\x00\x00\x07", 4);
	memcpy(tagged + 16, frame + 12, sizeof(frame) - 12);
	sender_send(sender, frame, sizeof(frame));
	sender_send(sender, tagged, sizeof(tagged));
	assert_int_equal(ring_met(ring->fd, 2).written, 1);
	close(sender);
	ring_close(ring);
}

static void a_filter_of_a_cooked_capture_begins_at_the_network_header(void **state)
{
	struct nsring_setup setup = { .flags = NSRING_COOKED };
	int fd = ring_socket();
	struct nsring_record record;
	struct ring *ring;

	check(ring_setup(fd, &setup));
	/* These are the first 32 bits of IPv4: version, header length, total length. */
	attach_word(fd, 0, 0xff00ffff, 0x45000000 | (100 - AT_IP), 30);
	check(ring_bind(fd, 0));
	ring = ring_map(fd);
	send_udp("v0", 3, 100);
	send_udp("v0", 4, 101);
	assert_int_equal(ring_met(fd, 14).written, 6);
	assert_int_equal(ring_wait(ring, 6, keep_record, &record), 6);
	assert_int_equal(record.len, 106);
	/* The cooked header is a part of them. */
	assert_int_equal(record.caplen, 30);
	ring_close(ring);
}

static void sampling_counts_what_the_filter_accepts(void **state)
{
	struct nsring_setup setup = { .sample = 5 };
	int fd = ring_socket();
	struct nsring_stats stats;

	check(ring_setup(fd, &setup));
	every_fourth(fd);
	check(ring_bind(fd, ifindex("v1")));
	send_udp("v0", COUNT, 60);
	stats = ring_met(fd, COUNT);
	assert_int_equal(stats.filtered, COUNT - COUNT / 4);
	assert_int_equal(stats.written, COUNT / 4 / 5);
	assert_int_equal(stats.sampled, COUNT / 4 - COUNT / 4 / 5);
	ring_close_fd(fd);
}

static void written_filtered_sampled_and_full_add_up(void **state)
{
	struct nsring_setup setup = { .sample = 2, .ring_bytes = NSRING_LANE_MIN };
	const uint32_t count = 4000;
	int fd = ring_socket();
	struct nsring_stats stats;
	struct ring *ring;

	check(ring_setup(fd, &setup));
	every_fourth(fd);
	check(ring_bind(fd, ifindex("v1")));
	ring = ring_map(fd);
	send_udp("v0", count, 400);
	stats = ring_met(fd, count);
	assert_int_equal(stats.filtered, count - count / 4);
	assert_int_equal(stats.sampled, count / 8);
	assert_true(stats.written > 0 && stats.full > 0);
	assert_int_equal(ring_full(ring), stats.full);
	assert_int_equal(ring_wait(ring, (uint32_t)stats.written, NULL, NULL), stats.written);
	ring_close(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_classic_filter_has_only_what_it_accepts),
		TEST(a_filter_says_how_much_is_kept),
		TEST(an_ebpf_filter_has_only_what_it_accepts),
		TEST(a_filter_can_be_attached_changed_and_taken_off_while_capturing),
		TEST(a_filter_that_is_locked_stays),
		TEST(a_filter_finds_the_tag_in_the_metadata),
		TEST(a_filter_of_a_cooked_capture_begins_at_the_network_header),
		TEST(sampling_counts_what_the_filter_accepts),
		TEST(written_filtered_sampled_and_full_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
