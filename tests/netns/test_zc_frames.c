/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The engine zc hands out what was sent: each frame once, whole and in order, in each of
 * the ways in which it can take frames.
 *
 *	sends ─ j0 ──────── j1 ─ zc		MTU 9000; before Linux 6.6 3000, for one buffer
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "topology.h"

#define MOST_BYTES 9014
#define NUMBER	   14 /* where a frame has its number, of four bytes */

static uint32_t mtu;

/** struct way - a way to take frames */
struct way {
	uint32_t xdp;
	uint32_t fanout;
	uint32_t stamp;
	uint32_t busy_poll_us; /* takes an AF_XDP socket */
	bool tap;
	bool one_buffer; /* the MTU is 1500 */
};

static struct way native = { .xdp = NSR_XDP_NATIVE };
static struct way generic = { .xdp = NSR_XDP_GENERIC };
static struct way native_tap = { .xdp = NSR_XDP_NATIVE, .tap = true };
static struct way generic_tap = { .xdp = NSR_XDP_GENERIC, .tap = true };
static struct way stamped = { .xdp = NSR_XDP_NATIVE, .stamp = NSR_STAMP_KERNEL };
static struct way generic_stamped = { .xdp = NSR_XDP_GENERIC, .stamp = NSR_STAMP_KERNEL };
static struct way busy = { .xdp = NSR_XDP_NATIVE, .busy_poll_us = 20 };
static struct way generic_busy = { .xdp = NSR_XDP_GENERIC, .busy_poll_us = 20 };
static struct way busy_stamped = { .xdp = NSR_XDP_NATIVE,
				   .busy_poll_us = 20,
				   .stamp = NSR_STAMP_KERNEL };
static struct way one_buffer = { .xdp = NSR_XDP_NATIVE, .one_buffer = true };
static struct way group = { .xdp = NSR_XDP_NATIVE, .fanout = NSR_FANOUT_FLOW };

static struct nsr_options options(void **state)
{
	const struct way *way = *state;
	struct nsr_options opts;
	static uint32_t mtu_set;
	static bool made;

	topology_require();
	if (way->fanout)
		topology_require_groups();
	/* Sockets have frames of several buffers since Linux 6.6. */
	mtu = (!way->busy_poll_us && !way->fanout) || linux_is(6, 6) ? 9000 : 3000;
	if (way->one_buffer)
		mtu = 1500;
	if (made && has_program("j1")) {
		ip("link delete j0");
		made = false;
	}
	if (!made) {
		ip("link add j0 type veth peer name j1");
		ip("link set j0 up");
		ip("link set j1 up");
		made = true;
		mtu_set = 0;
	}
	if (mtu_set != mtu) {
		ip("link set j0 mtu %u", mtu);
		ip("link set j1 mtu %u", mtu);
		mtu_set = mtu;
	}
	nsr_options_init(&opts);
	opts.xdp = way->xdp;
	opts.fanout = way->fanout;
	opts.stamp = way->stamp;
	opts.busy_poll_us = way->busy_poll_us;
	opts.take = way->tap ? NSR_TAKE_NONE : NSR_TAKE;
	return opts;
}

static void require_several_buffers(void)
{
	if (mtu < 9000) {
		print_message("frames of several buffers need Linux 6.6\n");
		skip();
	}
}

static uint32_t flags_of(const struct nsr_options *opts)
{
	return opts->stamp ? 0 : NSR_PKT_STAMP_READ;
}

/* Around every size that is a boundary somewhere, and small ones behind large ones. */
static uint32_t choose_lengths(uint32_t *lengths)
{
	static const uint32_t boundaries[] = { 64,   104,  128,	 232,  256,  1000, 1024, 1514, 1792,
					       2024, 2048, 3072, 3840, 4072, 4096, 7680, 8192 };
	uint32_t count = 0, i, bytes;

	for (bytes = 14; bytes < 40; bytes++)
		lengths[count++] = bytes;
	for (i = 0; i < sizeof(boundaries) / sizeof(boundaries[0]); i++) {
		for (bytes = boundaries[i] - 9; bytes <= boundaries[i] + 9 && bytes <= mtu; bytes++)
			lengths[count++] = bytes;
		lengths[count++] = mtu + 14 - i;
	}
	return count;
}

static void fill(uint8_t *frame, uint32_t bytes, uint32_t number)
{
	uint32_t i;

	for (i = 0; i < bytes; i++)
		frame[i] = (uint8_t)(i * 7 + (i >> 8) + number);
	memcpy(frame, "\2\0\0\0\0\2\2\0\0\0\0\1\x88\xb6", 14);
	if (bytes >= NUMBER + sizeof(number))
		memcpy(frame + NUMBER, &number, sizeof(number));
}

/* @count frames of @lengths, numbered from @number on. */
static void send_lengths(struct nsr_capture *sender, const uint32_t *lengths, uint32_t count,
			 uint32_t number)
{
	struct nsr_frame *frames = calloc(count, sizeof(*frames));
	uint8_t *bytes = calloc(count, MOST_BYTES);
	uint32_t i;

	assert_non_null(frames);
	assert_non_null(bytes);
	for (i = 0; i < count; i++) {
		frames[i] = (struct nsr_frame){ bytes + (size_t)i * MOST_BYTES, lengths[i] };
		fill(bytes + (size_t)i * MOST_BYTES, lengths[i], number + i);
	}
	assert_int_equal(nsr_send(sender, frames, count), count);
	free(bytes);
	free(frames);
}

static struct nsr_capture *open_sender(void)
{
	struct nsr_options opts;

	nsr_options_init(&opts);
	opts.mode = NSR_SEND;
	return open_target("j0", &opts);
}

/* The frames to come. */
struct expected {
	const uint32_t *lengths;
	uint32_t next;
	uint32_t snaplen;
	uint32_t flags;
};

static void check_next(const struct nsr_packet *packet, void *arg)
{
	struct expected *expected = arg;
	uint32_t len = expected->lengths[expected->next];
	uint8_t frame[MOST_BYTES];

	fill(frame, len, expected->next++);
	assert_int_equal(packet->flags, expected->flags);
	assert_int_equal(packet->len, len);
	assert_int_equal(packet->caplen, len < expected->snaplen ? len : expected->snaplen);
	assert_memory_equal(packet->data, frame, packet->caplen);
}

static void send_all_lengths(struct nsr_options opts, uint32_t snaplen)
{
	uint32_t lengths[500], count = choose_lengths(lengths);
	struct expected expected = { lengths, 0, snaplen, flags_of(&opts) };
	struct nsr_capture *cap, *sender = open_sender();

	opts.snaplen = snaplen;
	cap = open_target("zc:j1", &opts);
	send_lengths(sender, lengths, count, 0);
	assert_int_equal(collect(cap, check_next, &expected), count);
	nsr_close(cap);
	nsr_close(sender);
}

static void frames_of_all_lengths_come_whole_and_in_order(void **state)
{
	send_all_lengths(options(state), 16384);
}

static void frames_of_all_lengths_are_cut_at_the_snaplen(void **state)
{
	/* Up to 64 bytes are copied in another way than more are. */
	static const uint32_t snaplens[] = { 2,	 7,  8,	  9,   15,  16,	 60,  63,
					     64, 65, 100, 127, 128, 129, 1000 };
	size_t i;

	for (i = 0; i < sizeof(snaplens) / sizeof(*snaplens); i++)
		send_all_lengths(options(state), snaplens[i]);
}

static void small_frames_also_come_when_the_snaplen_is_1(void **state)
{
	send_all_lengths(options(state), 1);
}

static void filter_sees_the_bytes_of_later_buffers(void **state)
{
	struct nsr_options opts = options(state);
	struct nsr_capture *cap, *sender;
	uint32_t lengths[64], i;
	char filter[64];

	require_several_buffers();
	sender = open_sender();
	/* Byte 8500 of frame 5; frames differ by their number there, modulo 256. */
	snprintf(filter, sizeof(filter), "ether[8500] = %u", (8500 * 7 + (8500 >> 8) + 5) & 255);
	opts.filter = filter;
	cap = open_target("zc:j1", &opts);
	for (i = 0; i < 64; i++)
		lengths[i] = i % 2 ? 9000 : 60;
	send_lengths(sender, lengths, 64, 0);
	assert_int_equal(collect(cap, NULL, NULL), 1);
	nsr_close(cap);
	nsr_close(sender);
}

/* Each part of a small ring is used several times, and some is in hand meanwhile. */
static void go_round(void **state, uint32_t ring_bytes)
{
	/* 7 MB, or half of that. */
	const uint32_t count = 60 * (50 + 5 * fewer(10));
	static uint32_t lengths[60 * 100];
	struct nsr_options opts = options(state);
	struct expected expected = { lengths, 0, 16384, flags_of(&opts) };
	struct nsr_stats stats = NSR_STATS_INIT;
	struct nsr_capture *cap, *sender = open_sender();
	uint32_t i;

	opts.ring_bytes = ring_bytes;
	opts.batch_packets = 7;
	for (i = 0; i < count; i++)
		lengths[i] = 60 + i * 37 % 1400;
	for (i = 0; i < count; i += 20)
		lengths[i] = mtu;
	cap = open_target("zc:j1", &opts);
	for (i = 0; i < count; i += 60) {
		send_lengths(sender, lengths + i, 60, i);
		assert_int_equal(take_now(cap, check_next, &expected), 60);
	}
	assert_int_equal(nsr_stats_get(cap, &stats), 0);
	assert_int_equal(stats.lost_ring, 0);
	nsr_close(cap);
	nsr_close(sender);
}

static void ring_goes_round_many_times(void **state)
{
	go_round(state, 1 << 20);
}

static void ring_of_several_blocks_goes_round(void **state)
{
	go_round(state, 2 << 20);
}

enum { SENDERS = 2, ROUNDS = 20, EACH = 250 };

/* In a process of its own, on a processor of its own. */
static pid_t start_sender(uint32_t id)
{
	uint32_t lengths[EACH], i;
	struct nsr_capture *sender;
	cpu_set_t cpus;
	pid_t pid = fork();

	if (pid)
		return pid;
	CPU_ZERO(&cpus);
	CPU_SET(id, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) < 0)
		_exit(1);
	sender = open_sender();
	for (i = 0; i < EACH; i++)
		lengths[i] = 60 + i * 37 % 1400;
	for (i = 0; i < ROUNDS; i++)
		send_lengths(sender, lengths, EACH, id << 24 | i * EACH);
	_exit(0);
}

/* The frames of each sender, in order. */
static void check_sender(const struct nsr_packet *packet, uint32_t next[SENDERS])
{
	uint8_t frame[MOST_BYTES];
	uint32_t number;

	memcpy(&number, packet->data + NUMBER, sizeof(number));
	assert_in_range(number >> 24, 0, SENDERS - 1);
	assert_int_equal(number & 0xffffff, next[number >> 24]++);
	assert_int_equal(packet->caplen, 60 + (number & 0xffffff) % EACH * 37 % 1400);
	fill(frame, packet->caplen, number);
	assert_memory_equal(packet->data, frame, packet->caplen);
}

static void processors_that_copy_at_once_mix_nothing_up(void **state)
{
	struct nsr_options opts = options(state);
	uint32_t next[SENDERS] = { 0 }, id, i;
	struct nsr_capture *cap;
	struct nsr_batch batch;
	pid_t pids[SENDERS];
	int status;

	if (sysconf(_SC_NPROCESSORS_ONLN) < SENDERS)
		skip();
	opts.ring_bytes = 32 << 20;
	cap = open_target("zc:j1", &opts);
	for (id = 0; id < SENDERS; id++)
		pids[id] = start_sender(id);
	while (next[0] + next[1] < SENDERS * ROUNDS * EACH && nsr_recv(cap, &batch, 20000) > 0)
		for (i = 0; i < batch.count; i++)
			check_sender(&batch.packets[i], next);
	for (id = 0; id < SENDERS; id++) {
		assert_int_equal(waitpid(pids[id], &status, 0), pids[id]);
		assert_int_equal(status, 0);
		assert_int_equal(next[id], ROUNDS * EACH);
	}
	nsr_close(cap);
}

/* @count frames, more than a ring holds. */
static void count_lost(uint32_t count, uint32_t bytes, struct nsr_options opts)
{
	struct nsr_stats stats = NSR_STATS_INIT;
	struct nsr_capture *cap, *sender = open_sender();
	uint32_t lengths[100], i, taken;

	opts.ring_bytes = 1 << 20;
	cap = open_target("zc:j1", &opts);
	for (i = 0; i < 100; i++)
		lengths[i] = bytes;
	for (i = 0; i < count; i += 100)
		send_lengths(sender, lengths, 100, i);
	taken = collect(cap, NULL, NULL);
	assert_int_equal(nsr_stats_get(cap, &stats), 0);
	assert_in_range(taken, 1, count - 1);
	assert_int_equal(stats.packets + stats.lost_ring, count);
	nsr_close(cap);
	nsr_close(sender);
}

static void handed_out_and_lost_are_what_was_sent(void **state)
{
	count_lost(3000, 400, options(state));
}

static void handed_out_and_lost_of_several_buffers_are_what_was_sent(void **state)
{
	struct nsr_options opts = options(state);

	require_several_buffers();
	count_lost(500, 9000, opts);
}

/* clang-format off */
#define IN(way, fact) { #fact " (" #way ")", fact, NULL, NULL, &(way) }
/* clang-format on */

#define EACH_WAY(fact)                                                                             \
	IN(native, fact), IN(generic, fact), IN(native_tap, fact), IN(generic_tap, fact),          \
		IN(stamped, fact), IN(generic_stamped, fact), IN(busy, fact),                      \
		IN(generic_busy, fact), IN(busy_stamped, fact), IN(group, fact)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH_WAY(frames_of_all_lengths_come_whole_and_in_order),
		IN(one_buffer, frames_of_all_lengths_come_whole_and_in_order),
		EACH_WAY(frames_of_all_lengths_are_cut_at_the_snaplen),
		IN(one_buffer, frames_of_all_lengths_are_cut_at_the_snaplen),
		EACH_WAY(small_frames_also_come_when_the_snaplen_is_1),
		EACH_WAY(filter_sees_the_bytes_of_later_buffers),
		EACH_WAY(ring_goes_round_many_times),
		IN(one_buffer, ring_goes_round_many_times),
		EACH_WAY(ring_of_several_blocks_goes_round),
		/* In native mode one processor polls a queue. */
		IN(generic, processors_that_copy_at_once_mix_nothing_up),
		IN(generic_tap, processors_that_copy_at_once_mix_nothing_up),
		EACH_WAY(handed_out_and_lost_are_what_was_sent),
		EACH_WAY(handed_out_and_lost_of_several_buffers_are_what_was_sent),
	};

	return cmocka_run_group_tests(tests, topology_enter, NULL);
}
