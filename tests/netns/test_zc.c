/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The engine zc through the library; what it shares with others is in test_engines.c.
 *
 *	sends ─ v0 ──────── v1 ─ zc, and behind it packet, which sees what zc lets pass
 */
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "topology.h"

#define PORT  1000
#define OTHER 2000

/* A capture is refused with @code and a sentence that has @part. */
static void refused(const char *target, const struct nsr_options *opts, int code, const char *part)
{
	struct nsr_capture *cap;
	struct nsr_error err;

	assert_int_equal(nsr_open(target, opts, &cap, &err), code);
	assert_says(&err, part);
}

static struct nsr_options options(void)
{
	struct nsr_options opts;

	nsr_options_init(&opts);
	opts.take = NSR_TAKE;
	return opts;
}

static void what_matches_is_taken_and_what_does_not_reaches_the_stack(void **state)
{
	struct nsr_options opts = options();
	struct nsr_capture *zc, *stack;

	topology_require();
	opts.filter = "udp port 1000";
	zc = open_target("zc:v1", &opts);
	stack = open_target("v1", NULL);
	send_on("v0", PORT, 30);
	send_on("v0", OTHER, 70);
	assert_int_equal(collect(zc, NULL, NULL), 30);
	assert_int_equal(collect(stack, NULL, NULL), 70);
	nsr_close(stack);
	nsr_close(zc);
}

static void a_tap_lets_all_pass(void **state)
{
	struct nsr_options opts = options();
	struct nsr_capture *zc, *stack;

	topology_require();
	opts.filter = "udp port 1000";
	opts.take = NSR_TAKE_NONE;
	zc = open_target("zc:v1", &opts);
	stack = open_target("v1", NULL);
	send_on("v0", PORT, 30);
	send_on("v0", OTHER, 70);
	assert_int_equal(collect(zc, NULL, NULL), 30);
	assert_int_equal(collect(stack, NULL, NULL), 100);
	nsr_close(stack);
	nsr_close(zc);
}

static void a_stopped_capture_takes_nothing_more(void **state)
{
	struct nsr_capture *zc, *stack;

	topology_require();
	zc = open_target("zc:v1", &taking);
	assert_int_equal(nsr_stop(zc), 0);
	stack = open_target("v1", NULL);
	send_on("v0", PORT, 20);
	assert_int_equal(collect(zc, NULL, NULL), 0);
	assert_int_equal(collect(stack, NULL, NULL), 20);
	nsr_close(stack);
	nsr_close(zc);
}

static struct nsr_info info_of(const char *target, const struct nsr_options *opts)
{
	struct nsr_info info = NSR_INFO_INIT;
	struct nsr_capture *cap = open_target(target, opts);

	assert_int_equal(nsr_info_get(cap, &info), 0);
	nsr_close(cap);
	return info;
}

static void info_tells_whether_packets_are_taken(void **state)
{
	struct nsr_options tap = options();

	topology_require();
	tap.take = NSR_TAKE_NONE;
	assert_true(info_of("zc:v1", &taking).diverts);
	assert_false(info_of("zc:v1", &tap).diverts);
	assert_false(info_of("v1", NULL).diverts);
}

static void the_mode_in_use_is_told(void **state)
{
	struct nsr_options opts = options();

	topology_require();
	assert_non_null(strstr(info_of("zc:v1", &taking).mode, "native copy"));
	assert_non_null(strstr(info_of("zc:lo", &taking).mode, "generic"));
	opts.xdp = NSR_XDP_GENERIC;
	assert_non_null(strstr(info_of("zc:v1", &opts).mode, "generic"));
}

static void a_mode_that_the_device_lacks_is_refused(void **state)
{
	struct nsr_options opts = options();

	topology_require();
	opts.xdp = NSR_XDP_ZEROCOPY;
	refused("zc:v1", &opts, -EOPNOTSUPP, "zero-copy");
	opts.xdp = NSR_XDP_NATIVE;
	refused("zc:lo", &opts, -EOPNOTSUPP, "driver");
}

static void each_mode_hands_out_all_packets(void **state)
{
	static const uint32_t modes[] = { NSR_XDP_NATIVE, NSR_XDP_GENERIC };
	struct nsr_options opts = options();
	struct nsr_capture *zc;
	uint32_t i;

	topology_require();
	for (i = 0; i < 2; i++) {
		opts.xdp = modes[i];
		zc = open_target("zc:v1", &opts);
		send_on("v0", PORT, 1000);
		assert_int_equal(collect(zc, NULL, NULL), 1000);
		nsr_close(zc);
	}
}

static void what_xdp_can_not_do_is_refused(void **state)
{
	struct nsr_options opts = options();

	topology_require();
	refused("zc:any", &taking, -EINVAL, "packet:any");
	refused("zc:v1@1", &taking, -EINVAL, "no queue 1");
	opts.direction = NSR_OUT;
	refused("zc:v1", &opts, -EOPNOTSUPP, "packet:v1");
	opts = options();
	opts.fanout = NSR_FANOUT_FLOW;
	refused("zc:v1@0", &opts, -EOPNOTSUPP, "all queues");
	opts.mode = NSR_RECV | NSR_SEND;
	refused("zc:v1", &opts, -EOPNOTSUPP, "can't send");
	opts = options();
	opts.take = NSR_TAKE_NONE;
	opts.xdp = NSR_XDP_NATIVE;
	refused("packet:v1", &opts, -EOPNOTSUPP, "zc:v1");
	opts.xdp = NSR_XDP_AUTO;
	opts.busy_poll_us = 10;
	refused("packet:v1", &opts, -EOPNOTSUPP, "zc:v1");
}

static void a_device_that_is_not_ethernet_is_refused(void **state)
{
	topology_require();
	ip("tuntap add t0 mode tun");
	refused("zc:t0", &taking, -EOPNOTSUPP, "packet:t0");
	ip("link delete t0");
}

static void a_second_capture_is_told_of_the_first(void **state)
{
	struct nsr_capture *zc;

	topology_require();
	zc = open_target("zc:v1", &taking);
	refused("zc:v1", &taking, -EBUSY, "another capture of nsring's");
	nsr_close(zc);
	nsr_close(open_target("zc:v1", &taking));
}

static void a_capture_sends_and_receives(void **state)
{
	struct nsr_options opts = options();
	struct nsr_frame frames[300];
	struct nsr_capture *zc, *peer;
	uint8_t frame[60];
	uint32_t i;

	topology_require();
	udp_frame(frame, OTHER);
	for (i = 0; i < 300; i++)
		frames[i] = (struct nsr_frame){ frame, sizeof(frame) };
	opts.mode = NSR_RECV | NSR_SEND;
	zc = open_target("zc:v1", &opts);
	peer = open_target("zc:v0", &taking);
	assert_int_equal(nsr_send(zc, frames, 300), 300);
	assert_int_equal(collect(peer, NULL, NULL), 300);
	nsr_close(peer);
	send_on("v0", PORT, 40);
	assert_int_equal(collect(zc, NULL, NULL), 40);
	nsr_close(zc);
}

static void sent_frames_outnumber_the_ring_many_times(void **state)
{
	struct nsr_options opts = options();
	struct nsr_frame frames[5000];
	struct nsr_capture *zc, *peer;
	uint8_t frame[60];
	uint32_t i;

	topology_require();
	udp_frame(frame, OTHER);
	for (i = 0; i < 5000; i++)
		frames[i] = (struct nsr_frame){ frame, sizeof(frame) };
	opts.mode = NSR_SEND;
	zc = open_target("zc:v0", &opts);
	peer = open_target("v1", NULL);
	assert_int_equal(nsr_send(zc, frames, 5000), 5000);
	assert_int_equal(collect(peer, NULL, NULL), 5000);
	nsr_close(peer);
	nsr_close(zc);
}

static void sending_on_a_device_that_is_down_says_so(void **state)
{
	struct nsr_options opts = options();
	struct nsr_capture *zc;
	struct nsr_frame one;
	uint8_t frame[60];

	topology_require();
	udp_frame(frame, PORT);
	one = (struct nsr_frame){ frame, sizeof(frame) };
	opts.mode = NSR_SEND;
	zc = open_target("zc:v0", &opts);
	ip("link set v0 down");
	assert_int_equal(nsr_send(zc, &one, 1), -ENETDOWN);
	assert_says(nsr_last_error(zc), "ip link set v0 up");
	ip("link set v0 up");
	assert_int_equal(nsr_send(zc, &one, 1), 1);
	nsr_close(zc);
}

/* Frames of 9,014 bytes, whose byte i is i * 7. */
static uint8_t jumbo[9014];

static void check_jumbo(const struct nsr_packet *packet, void *arg)
{
	assert_int_equal(packet->len, sizeof(jumbo));
	assert_int_equal(packet->caplen, *(uint32_t *)arg);
	assert_memory_equal(packet->data, jumbo, packet->caplen);
}

static void send_jumbo(uint32_t count)
{
	struct nsr_frame one = { jumbo, sizeof(jumbo) };
	uint32_t i;

	for (i = 0; i < sizeof(jumbo); i++)
		jumbo[i] = (uint8_t)(i * 7);
	jumbo[0] = 2;
	memcpy(jumbo + 12, "\x88\xb6", 2);
	for (i = 0; i < count; i++)
		send_frames("j0", &one, 1);
}

static void take_jumbo(const char *filter, uint32_t snaplen, uint32_t caplen, uint32_t count)
{
	struct nsr_options opts = options();
	struct nsr_capture *zc;

	opts.filter = filter;
	opts.snaplen = snaplen;
	zc = open_target("zc:j1", &opts);
	send_jumbo(50);
	assert_int_equal(collect(zc, check_jumbo, &caplen), count);
	nsr_close(zc);
}

static void frames_of_several_buffers_come_in_one_piece(void **state)
{
	topology_require();
	ip("link add j0 mtu 9000 type veth peer name j1 mtu 9000");
	ip("link set j0 up");
	ip("link set j1 up");
	take_jumbo(NULL, 0, sizeof(jumbo), 50);
	take_jumbo(NULL, 5000, 5000, 50);
	take_jumbo("ether[8000] = 192", 0, sizeof(jumbo), 50); /* 8000 * 7 modulo 256 */
	take_jumbo("ether[8000] = 193", 0, sizeof(jumbo), 0);
	ip("link delete j0");
}

static void what_the_kernel_is_too_old_for_is_refused(void **state)
{
	struct nsr_options opts = options();

	topology_require();
	if (linux_is(6, 6)) {
		print_message("this kernel has it all\n");
		skip();
	}
	ip("link add j0 mtu 9000 type veth peer name j1 mtu 9000");
	opts.busy_poll_us = 20;
	refused("zc:j1", &opts, -EOPNOTSUPP, "Linux 6.6");
	ip("link delete j0");
	opts.busy_poll_us = 0;
	opts.fanout = NSR_FANOUT_FLOW;
	if (!linux_is(6, 4))
		refused("zc:v1", &opts, -EOPNOTSUPP, "Linux 6.4");
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

struct stamps {
	uint64_t first, last;
	uint32_t flags;
};

static void note_stamp(const struct nsr_packet *packet, void *arg)
{
	struct stamps *stamps = arg;

	if (!stamps->first)
		stamps->first = packet->stamp_ns;
	stamps->last = packet->stamp_ns;
	stamps->flags |= packet->flags;
}

static struct stamps stamps_of(const struct nsr_options *opts)
{
	struct stamps stamps = { 0 };
	struct nsr_capture *zc = open_target("zc:v1", opts);

	send_on("v0", PORT, 100);
	assert_int_equal(collect(zc, note_stamp, &stamps), 100);
	nsr_close(zc);
	return stamps;
}

static void packets_are_stamped_when_they_are_read(void **state)
{
	uint64_t before = now_ns();
	struct stamps stamps;

	topology_require();
	stamps = stamps_of(NULL);
	assert_true(stamps.flags & NSR_PKT_STAMP_READ);
	assert_in_range(stamps.first, before, now_ns());
}

static void the_kernel_s_stamps_are_of_each_packet(void **state)
{
	uint64_t before = now_ns() - 1000000;
	struct nsr_options opts = options();
	struct stamps stamps;
	int tap;

	topology_require();
	opts.stamp = NSR_STAMP_KERNEL;
	for (tap = 0; tap < 2; tap++) {
		opts.take = tap ? NSR_TAKE_NONE : NSR_TAKE;
		stamps = stamps_of(&opts);
		assert_int_equal(stamps.flags, 0);
		assert_in_range(stamps.first, before, now_ns());
		assert_in_range(stamps.last, stamps.first + 1, now_ns());
	}
}

/* veth passes on the stamp of a device before it, which here is none. */
static void the_device_is_asked_and_what_it_leaves_out_is_stamped(void **state)
{
	uint64_t before = now_ns();
	struct nsr_options opts = options();
	struct nsr_capture *zc;
	struct nsr_error err;
	struct stamps stamps;

	topology_require();
	opts.stamp = NSR_STAMP_DEVICE;
	opts.filter = "udp port 1000"; /* loaded outside of the place's thread */
	if (nsr_open("zc:v1", &opts, &zc, &err) < 0) {
		print_message("%s\n", err.text);
		skip();
	}
	nsr_close(zc);
	stamps = stamps_of(&opts);
	assert_in_range(stamps.first, before, now_ns());
}

/* Sends one frame after another, each when the one before has arrived. */
struct one_by_one {
	sem_t arrived;
	uint32_t count;
};

static void *send_one_by_one(void *arg)
{
	struct one_by_one *one = arg;
	uint32_t i;

	for (i = 0; i < one->count; i++) {
		send_udp(PORT, 1);
		sem_wait(&one->arrived);
	}
	return NULL;
}

static void each_packet_wakes_a_reader_that_waits(void **state)
{
	struct one_by_one one = { .count = 200 };
	struct nsr_options opts;
	struct nsr_capture *cap;
	struct nsr_batch batch;
	pthread_t sender;
	uint32_t got;

	topology_require();
	nsr_options_init(&opts);
	opts.take = NSR_TAKE;
	opts.batch_ms = 1;
	cap = open_target("zc:v1", &opts);
	sem_init(&one.arrived, 0, 0);
	assert_int_equal(pthread_create(&sender, NULL, send_one_by_one, &one), 0);
	for (got = 0; got < one.count; got++) {
		/* One that is not woken would wait for all of this time. */
		assert_int_equal(nsr_recv(cap, &batch, 30000), 1);
		sem_post(&one.arrived);
	}
	pthread_join(sender, NULL);
	nsr_close(cap);
}

static void busy_polling_hands_out_all_packets(void **state)
{
	struct nsr_options opts = options();
	struct nsr_capture *zc;
	struct nsr_batch batch;
	uint32_t count = 0;

	topology_require();
	opts.busy_poll_us = 20;
	zc = open_target("zc:v1", &opts);
	send_on("v0", PORT, 500);
	while (count < 500) {
		assert_true(nsr_recv(zc, &batch, 1000) > 0);
		count += batch.count;
	}
	assert_int_equal(collect(zc, NULL, NULL), 0);
	nsr_close(zc);
}

static void send_from_cpu(int cpu, uint32_t count)
{
	struct nsr_options opts = options();
	struct nsr_capture *cap;
	struct nsr_frame one;
	uint8_t frame[60];
	cpu_set_t cpus, before;
	uint32_t i;

	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	assert_int_equal(sched_setaffinity(0, sizeof(cpus), &cpus), 0);
	udp_frame(frame, PORT);
	one = (struct nsr_frame){ frame, sizeof(frame) };
	opts.take = NSR_TAKE_NONE;
	opts.mode = NSR_SEND;
	opts.qdisc_bypass = true; /* then the queue is the CPU's */
	cap = open_target("q0", &opts);
	for (i = 0; i < count; i++)
		assert_int_equal(nsr_send(cap, &one, 1), 1);
	nsr_close(cap);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

static void two_queues(void)
{
	topology_require();
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		print_message("two queues take two CPUs\n");
		skip();
	}
	ip("link add q0 numtxqueues 2 numrxqueues 2 type veth peer name q1 numtxqueues 2 "
	   "numrxqueues 2");
	ip("link set q0 up");
	ip("link set q1 up");
}

static void all_queues_of_a_device_are_taken(void **state)
{
	struct nsr_capture *zc;

	two_queues();
	zc = open_target("zc:q1", &taking);
	send_from_cpu(0, 30);
	send_from_cpu(1, 50);
	assert_int_equal(collect(zc, NULL, NULL), 80);
	nsr_close(zc);
	ip("link delete q0");
}

static void one_queue_is_taken_and_the_others_reach_the_stack(void **state)
{
	struct nsr_capture *zc, *stack;

	two_queues();
	zc = open_target("zc:q1@1", &taking);
	stack = open_target("q1", NULL);
	send_from_cpu(0, 30);
	send_from_cpu(1, 50);
	assert_int_equal(collect(zc, NULL, NULL), 50);
	assert_int_equal(collect(stack, NULL, NULL), 30);
	nsr_close(stack);
	nsr_close(zc);
	ip("link delete q0");
}

static void keep_capabilities(uint64_t keep)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	data[0].effective = data[0].permitted = (uint32_t)keep;
	data[1].effective = data[1].permitted = (uint32_t)(keep >> 32);
	if (syscall(SYS_capset, &header, data) < 0)
		_exit(99);
}

#define NEEDED (1ull << CAP_NET_RAW | 1ull << CAP_NET_ADMIN | 1ull << CAP_BPF)

/* How opening ends with these capabilities and so much memory that may be locked: 0, or errno. */
static int open_with(uint64_t capabilities, rlim_t locked, const struct nsr_options *opts)
{
	struct rlimit limit = { locked, locked };
	struct nsr_capture *cap;
	struct nsr_error err;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		setrlimit(RLIMIT_MEMLOCK, &limit);
		keep_capabilities(capabilities);
		if (nsr_open("zc:v1", opts, &cap, &err) < 0) {
			fprintf(stderr, "%s\n", err.text);
			_exit(-err.code);
		}
		nsr_close(cap);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void three_capabilities_are_enough(void **state)
{
	struct nsr_options opts = options();

	topology_require();
	opts.filter = "tcp port 80"; /* reads at offsets that vary */
	opts.ring_bytes = 1 << 20;
	assert_int_equal(open_with(NEEDED, 64 << 20, &opts), 0);
	opts.take = NSR_TAKE_NONE;
	assert_int_equal(open_with(NEEDED, 64 << 20, &opts), 0);
	opts.take = NSR_TAKE;
	opts.fanout = NSR_FANOUT_FLOW;
	assert_int_equal(open_with(NEEDED, 64 << 20, &opts), linux_is(6, 4) ? 0 : EOPNOTSUPP);
}

static void the_device_s_stamps_need_no_further_capability(void **state)
{
	struct nsr_options opts = options();
	struct nsr_capture *cap;

	topology_require();
	opts.stamp = NSR_STAMP_DEVICE;
	if (nsr_open("zc:v1", &opts, &cap, NULL) < 0) {
		print_message("this kernel has no device stamps in XDP\n");
		skip();
	}
	nsr_close(cap);
	assert_int_equal(open_with(NEEDED, 64 << 20, &opts), 0);
	opts.xdp = NSR_XDP_GENERIC;
	refused("zc:v1", &opts, -EOPNOTSUPP, "native mode");
}

static void each_of_them_is_needed(void **state)
{
	topology_require();
	assert_int_equal(open_with(NEEDED & ~(1ull << CAP_NET_RAW), 64 << 20, &taking), EPERM);
	assert_int_equal(open_with(NEEDED & ~(1ull << CAP_NET_ADMIN), 64 << 20, &taking), EPERM);
	assert_int_equal(open_with(NEEDED & ~(1ull << CAP_BPF), 64 << 20, &taking), EPERM);
}

static void no_memory_is_locked_for_what_the_kernel_copies(void **state)
{
	topology_require();
	assert_int_equal(open_with(NEEDED, 64 << 10, &taking), 0);
}

/* Polling busily takes a socket, whose frames are locked. */
static void less_memory_is_locked_where_less_is_allowed(void **state)
{
	struct nsr_options opts = options();

	topology_require();
	opts.busy_poll_us = 20;
	assert_int_equal(open_with(NEEDED, 3 << 20, &opts), 0);
	assert_int_equal(open_with(NEEDED, 64 << 10, &opts), ENOMEM);
}

static void sending_without_a_carrier_says_so(void **state)
{
	uint8_t bytes[60] = { 0 };
	const struct nsr_frame frames[2] = { { bytes, sizeof(bytes) }, { bytes, sizeof(bytes) } };
	struct nsr_options opts = options();
	struct nsr_capture *zc;

	topology_require();
	ip("link add n0 type veth peer name n1");
	ip("link set n1 up");
	opts.mode = NSR_SEND;
	zc = open_target("zc:n1", &opts);
	assert_int_equal(nsr_send(zc, frames, 2), -ENETDOWN);
	assert_says(nsr_last_error(zc), "carrier");
	nsr_close(zc);
	ip("link del n0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_matches_is_taken_and_what_does_not_reaches_the_stack),
		cmocka_unit_test(a_tap_lets_all_pass),
		cmocka_unit_test(a_stopped_capture_takes_nothing_more),
		cmocka_unit_test(info_tells_whether_packets_are_taken),
		cmocka_unit_test(the_mode_in_use_is_told),
		cmocka_unit_test(a_mode_that_the_device_lacks_is_refused),
		cmocka_unit_test(each_mode_hands_out_all_packets),
		cmocka_unit_test(what_xdp_can_not_do_is_refused),
		cmocka_unit_test(a_device_that_is_not_ethernet_is_refused),
		cmocka_unit_test(a_second_capture_is_told_of_the_first),
		cmocka_unit_test(a_capture_sends_and_receives),
		cmocka_unit_test(sent_frames_outnumber_the_ring_many_times),
		cmocka_unit_test(sending_on_a_device_that_is_down_says_so),
		cmocka_unit_test(sending_without_a_carrier_says_so),
		cmocka_unit_test(frames_of_several_buffers_come_in_one_piece),
		cmocka_unit_test(what_the_kernel_is_too_old_for_is_refused),
		cmocka_unit_test(packets_are_stamped_when_they_are_read),
		cmocka_unit_test(the_kernel_s_stamps_are_of_each_packet),
		cmocka_unit_test(the_device_is_asked_and_what_it_leaves_out_is_stamped),
		cmocka_unit_test(each_packet_wakes_a_reader_that_waits),
		cmocka_unit_test(busy_polling_hands_out_all_packets),
		cmocka_unit_test(all_queues_of_a_device_are_taken),
		cmocka_unit_test(one_queue_is_taken_and_the_others_reach_the_stack),
		cmocka_unit_test(three_capabilities_are_enough),
		cmocka_unit_test(the_device_s_stamps_need_no_further_capability),
		cmocka_unit_test(each_of_them_is_needed),
		cmocka_unit_test(no_memory_is_locked_for_what_the_kernel_copies),
		cmocka_unit_test(less_memory_is_locked_where_less_is_allowed),
	};

	return cmocka_run_group_tests(tests, topology_enter, NULL);
}
