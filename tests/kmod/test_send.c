/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Sending, and injecting into the local stack. A packet socket counts what arrives.
 *
 *	sends ─ v0 ──────── v1 ─ receives
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame.h"
#include "net.h"
#include "system.h"

static int open_sender(uint32_t flags, const char *device)
{
	struct nsring_setup setup = { .flags = flags };
	int fd = ring_socket();

	check(ring_setup(fd, &setup));
	check(ring_bind(fd, ifindex(device)));
	return fd;
}

static int open_witness(const char *device)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_protocol = htons(0x0003 /* ETH_P_ALL */) };
	int fd = (int)check(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)), bytes = 8 << 20;

	check(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)));
	address.sll_ifindex = (int)ifindex(device);
	check(bind(fd, (const struct sockaddr *)&address, sizeof(address)));
	return fd;
}

static uint32_t receive(int witness, uint8_t *frame)
{
	struct pollfd poller = { .fd = witness, .events = POLLIN };

	assert_int_equal(poll(&poller, 1, 20000), 1);
	return (uint32_t)check(recv(witness, frame, FRAME_MAX, 0));
}

static void what_is_sent_arrives_at_the_peer(void **state)
{
	static const uint32_t lens[] = { 60, 61, 200, 1513, 1514 };
	int fd = open_sender(NSRING_NO_RING, "v0"), witness = open_witness("v1");
	uint8_t frame[FRAME_MAX];
	uint32_t i, len;

	for (i = 0; i < 500; i++) {
		len = lens[i % ARRAY_SIZE(lens)];
		frame_udp(frame, len, i);
		assert_int_equal(check(send(fd, frame, len, 0)), len);
		memset(frame, 0, sizeof(frame));
		assert_int_equal(receive(witness, frame), len);
		assert_true(frame_is(frame, len, len, i));
	}
	assert_int_equal(received("v1"), 500);
	assert_int_equal(ring_stats(fd).sent, 500);
	close(witness);
}

static void who_captures_can_send_too(void **state)
{
	struct ring *ring = ring_open(NULL, "v0"), *other = ring_open(NULL, "v0"),
		    *peer = ring_open(NULL, "v1");
	struct nsring_record record;
	uint8_t frame[100];
	uint32_t i;

	for (i = 0; i < 10; i++) {
		frame_udp(frame, sizeof(frame), i);
		assert_int_equal(check(send(ring->fd, frame, sizeof(frame), 0)), sizeof(frame));
	}
	i = 0;
	assert_int_equal(ring_wait(peer, 10, check_numbers, &i), 10);
	/* As a packet socket, it doesn't see what it sends itself; others do. */
	assert_int_equal(ring_wait(other, 10, keep_record, &record), 10);
	assert_int_equal(record.flags & NSRING_OUT, NSRING_OUT);
	assert_int_equal(ring_read(ring, NULL, NULL), 0);
	ring_close(ring);
	ring_close(other);
	ring_close(peer);
}

/* SLL2's protocol, and what follows the header. */
static void check_cooked_tag(const struct nsring_record *record, const uint8_t *data, void *arg)
{
	assert_int_equal(record->len, 20 + 1518 - 14);
	assert_memory_equal(data, "\x81\x00", 2);
	assert_memory_equal(data + 20, "\x00\x07\x08\x00\x45", 5);
}

static void a_tagged_frame_may_be_longer_by_its_tag(void **state)
{
	const struct nsring_setup cooked = { .flags = NSRING_COOKED,
					     .direction = NSRING_DIRECTION_OUT };
	struct ring *ring = ring_open(&cooked, "v0");
	int fd = open_sender(NSRING_NO_RING, "v0");
	uint8_t frame[1514], tagged[1518];

	frame_udp(frame, sizeof(frame), 0);
	memcpy(tagged, frame, 12);
	memcpy(tagged + 12, "\x81\x00\x00\x07", 4);
	memcpy(tagged + 16, frame + 12, sizeof(frame) - 12);
	assert_int_equal(check(send(fd, tagged, sizeof(tagged), 0)), sizeof(tagged));
	assert_int_equal(received("v1"), 1);
	assert_int_equal(ring_wait(ring, 1, check_cooked_tag, NULL), 1);
	ring_close(ring);
	frame_udp(tagged, 1518, 0);
	assert_errno(send(fd, tagged, 1518, 0), EMSGSIZE);
	assert_errno(send(fd, tagged, 1519, 0), EMSGSIZE);
}

static void what_cannot_be_sent_says_why(void **state)
{
	int fd = open_sender(NSRING_NO_RING, "v0");
	uint8_t frame[FRAME_MAX];

	frame_udp(frame, sizeof(frame), 0);
	assert_errno(send(fd, frame, sizeof(frame), 0), EMSGSIZE);
	assert_errno(send(fd, frame, 13, 0), EINVAL);
	assert_errno(send(fd, frame, 0, 0), EINVAL);
	assert_errno(send(fd, (void *)16, 100, 0), EFAULT);
	ip("link set v0 down");
	assert_errno(send(fd, frame, 100, 0), ENETDOWN);
	ip("link set v0 up");
	wait_for_carrier("v0");
	assert_int_equal(check(send(fd, frame, 100, 0)), 100);
	assert_int_equal(ring_stats(fd).sent, 1);
	ip("link delete v0");
	assert_errno(send(fd, frame, 100, 0), ENODEV);
}

static void keep_mark(int fd, uint32_t mark)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_AD_OFF + SKF_AD_MARK),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, mark, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { ARRAY_SIZE(code), code };

	check(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)));
}

static void a_frame_has_the_mark_of_its_socket(void **state)
{
	int fd = open_sender(NSRING_NO_RING, "v0"), witness = open_witness("v0"), mark = 4711;
	uint8_t frame[FRAME_MAX];

	keep_mark(witness, 4711);
	frame_udp(frame, 60, 1);
	assert_int_equal(check(send(fd, frame, 60, 0)), 60);
	check(setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)));
	frame_udp(frame, 60, 2);
	assert_int_equal(check(send(fd, frame, 60, 0)), 60);
	assert_int_equal(receive(witness, frame), 60);
	assert_true(frame_is(frame, 60, 60, 2));
	close(witness);
}

/* A VLAN device makes the tag's priority of it. */
static void a_frame_has_the_priority_of_its_socket(void **state)
{
	int fd, priority = 6;
	uint8_t frame[100];
	struct nsring_record record;
	struct ring *ring = ring_open(NULL, "v1");

	ip("link add link v0 name v0.7 type vlan id 7 egress 6:3");
	ip("link set v0.7 up");
	wait_for_carrier("v0.7");
	fd = open_sender(NSRING_NO_RING, "v0.7");
	check(setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof(priority)));
	frame_udp(frame, sizeof(frame), 0);
	assert_int_equal(check(send(fd, frame, sizeof(frame), 0)), sizeof(frame));
	assert_int_equal(ring_wait(ring, 1, keep_record, &record), 1);
	assert_int_equal(record.vlan_tci, 3 << 13 | 7);
	ring_close(ring);
}

static void who_only_sends_has_no_ring(void **state)
{
	int fd = open_sender(NSRING_NO_RING, "v0");
	struct nsring_layout layout = { 0 };
	socklen_t size = sizeof(layout);

	assert_true(getsockopt(fd, SOL_NSRING, NSRING_LAYOUT, &layout, &size) < 0 ||
		    layout.ring_bytes == 0);
	send_udp("v1", 10, 100);
	assert_int_equal(ring_stats(fd).written, 0);
	assert_false(ring_wakes(fd, 0));
}

static void put_mac(uint8_t *frame, const char *device)
{
	int fd = (int)check(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	struct ifreq request = { 0 };

	memcpy(request.ifr_name, device, strlen(device));
	check(ioctl(fd, SIOCGIFHWADDR, &request));
	memcpy(frame, request.ifr_hwaddr.sa_data, 6);
	close(fd);
}

/* 192.0.2.2, port 9, as frame_udp() has it. */
static int open_receiver(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = (int)check(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	ip("address add 192.0.2.2/24 dev v1");
	check(bind(fd, (const struct sockaddr *)&address, sizeof(address)));
	return fd;
}

static void what_is_injected_the_stack_receives_from_the_device(void **state)
{
	int fd = open_sender(NSRING_INJECT | NSRING_NO_RING, "v1"), receiver = open_receiver(), i;
	uint8_t frame[100], payload[100];
	struct nsring_record record;
	struct ring *ring = ring_open(NULL, "v1");

	for (i = 0; i < 100; i++) {
		frame_udp(frame, sizeof(frame), (uint32_t)i);
		put_mac(frame, "v1");
		assert_int_equal(check(send(fd, frame, sizeof(frame), 0)), sizeof(frame));
		assert_int_equal(receive(receiver, payload), sizeof(frame) - AT_PAYLOAD);
		assert_memory_equal(payload, frame + AT_PAYLOAD, sizeof(frame) - AT_PAYLOAD);
	}
	/* Captures see it as received; nothing has left the host. */
	assert_int_equal(ring_wait(ring, 100, keep_record, &record), 100);
	assert_int_equal(record.flags & NSRING_OUT, 0);
	assert_int_equal(record.pkt_type, PACKET_HOST);
	assert_int_equal(transmitted("v1"), 0);
	assert_int_equal(received("v0"), 0);
	close(receiver);
	ring_close(ring);
}

static void what_is_not_injected_the_stack_does_not_receive(void **state)
{
	int fd = open_sender(NSRING_NO_RING, "v1"), receiver = open_receiver();
	struct pollfd poller = { .fd = receiver, .events = POLLIN };
	uint8_t frame[100];

	frame_udp(frame, sizeof(frame), 0);
	put_mac(frame, "v1");
	assert_int_equal(check(send(fd, frame, sizeof(frame), 0)), sizeof(frame));
	assert_int_equal(transmitted("v1"), 1);
	assert_int_equal(poll(&poller, 1, 50), 0);
	close(receiver);
}

static void nothing_is_sent_through_a_device_that_has_the_index_of_one_gone(void **state)
{
	uint8_t frame[FRAME_MAX];
	int fd;

	ip("link add w0 index 4711 type veth peer name w1");
	ip("link set w0 up");
	ip("link set w1 up");
	fd = open_sender(NSRING_NO_RING, "w0");
	ip("link delete w0");
	ip("link add x0 index 4711 type veth peer name x1");
	ip("link set x0 up");
	ip("link set x1 up");
	wait_for_carrier("x0");
	frame_udp(frame, 60, 0);
	assert_int_equal(send(fd, frame, 60, 0), -1);
	assert_int_equal(errno, ENODEV);
	check(ring_bind(fd, ifindex("x0")));
	assert_int_equal(send(fd, frame, 60, 0), 60);
	ring_close_fd(fd);
}

/* It has the index of before, and is the same object of the kernel's. */
static void nothing_is_sent_through_a_device_that_came_back_before_it_is_bound_again(void **state)
{
	int senders[] = { open_sender(NSRING_NO_RING, "v0"), open_sender(0, "v0") };
	int there = netns_new(), here = netns_here();
	uint8_t frame[100];
	uint32_t i;

	frame_udp(frame, sizeof(frame), 0);
	move_device("v0", there);
	netns_enter(there);
	move_device("v0", here);
	netns_enter(here);
	close(here);
	for (i = 0; i < ARRAY_SIZE(senders); i++) {
		assert_errno(send(senders[i], frame, sizeof(frame), 0), ENODEV);
		check(ring_bind(senders[i], ifindex("v0")));
		assert_int_equal(check(send(senders[i], frame, sizeof(frame), 0)), sizeof(frame));
	}
}

/* Failures on demand: only some kernels have them. */
static int open_fail_nth(void)
{
	return open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
}

/* Return: whether the sending needed so much memory that the @nth piece of it could fail. */
static bool send_and_fail(int fd, int fail_nth, uint32_t nth)
{
	uint8_t frame[100];
	char text[16];

	frame_udp(frame, sizeof(frame), 0);
	snprintf(text, sizeof(text), "%u", nth);
	if (nth)
		check(write(fail_nth, text, strlen(text)));
	(void)!send(fd, frame, sizeof(frame), 0);
	if (!nth)
		return true;
	memset(text, 0, sizeof(text));
	check(pread(fail_nth, text, sizeof(text) - 1, 0));
	check(write(fail_nth, "0", 1));
	return strtoul(text, NULL, 10) == 0;
}

/*
 * The kernel tells the module who sends, and then has no memory to show it the packet. What it shows
 * next is nobody's: the host forwards it from v1 to v0.
 */
static void a_packet_of_nobody_is_captured_behind_one_that_there_was_no_memory_for(void **state)
{
	int injector = open_sender(NSRING_INJECT | NSRING_NO_RING, "v1"), fail_nth;
	struct ring *ring = ring_open(NULL, "v0");
	uint32_t nth = 0, last;
	uint8_t frame[100];
	bool failed = true;

	ip("address add 192.0.2.3/24 dev v0\n"
	   "neighbour add 192.0.2.2 lladdr 02:00:00:00:00:02 dev v0");
	assert_int_equal(write_text("/proc/sys/net/ipv4/ip_forward", "1"), 0);
	write_text("/sys/kernel/debug/failslab/verbose", "0");
	write_text("/sys/kernel/debug/fail_page_alloc/verbose", "0");
	fail_nth = open_fail_nth();
	last = fail_nth < 0 ? 0 : 100;
	for (nth = 0; failed && nth <= last; nth++) {
		failed = send_and_fail(ring->fd, fail_nth, nth);
		frame_udp(frame, sizeof(frame), nth);
		put_mac(frame, "v1");
		assert_int_equal(check(send(injector, frame, sizeof(frame), 0)), sizeof(frame));
		assert_int_equal(ring_wait(ring, 1, NULL, NULL), 1);
	}
	print_message("# %u failures\n", nth ? nth - 1 : 0);
	close(fail_nth);
	ring_close(ring);
}

struct sleeper {
	int fd;
	struct slow_page slow;
	int result;
};

static void *send_slowly(void *arg)
{
	struct sleeper *sleeper = arg;

	sleeper->result = send(sleeper->fd, sleeper->slow.page, 60, 0) < 0 ? -errno : 0;
	return NULL;
}

/* Meanwhile the device, v1, goes from @there to this namespace, where @arrives would see the frame. */
static void check_sleeper(uint32_t flags, int there, const char *arrives, const char *marker)
{
	static uint8_t content[4096] __attribute__((aligned(4096)));
	struct sleeper sleeper = { .slow = slow_page_make() };
	int here = netns_here(), witness;
	uint8_t frame[FRAME_MAX];
	pthread_t thread;

	netns_enter(there);
	sleeper.fd = open_sender(flags, "v1");
	assert_int_equal(pthread_create(&thread, NULL, send_slowly, &sleeper), 0);
	slow_page_wait(&sleeper.slow);
	move_device("v1", here);
	netns_enter(here);
	witness = open_witness(arrives);
	frame_udp(content, 60, 1);
	slow_page_fill(&sleeper.slow, content);
	assert_int_equal(pthread_join(thread, NULL), 0);
	send_udp(marker, 1, 100);
	assert_int_equal(receive(witness, frame), 100);
	assert_int_equal(sleeper.result, -ENODEV);
	slow_page_free(&sleeper.slow);
	ring_close_fd(sleeper.fd);
	close(witness);
	close(here);
}

/* A container's frame once came to the host with the device that the host took back. */
static void a_sender_asleep_in_a_page_fault_loses_its_device_with_its_namespace(void **state)
{
	int other = netns_new();

	move_device("v1", other);
	check_sleeper(NSRING_INJECT, other, "v1", "v0");
	move_device("v1", other);
	check_sleeper(NSRING_NO_RING, other, "v0", "v1");
	netns_close(other);
}

static void *send_until_refused(void *arg)
{
	uint8_t frame[1400];
	int fd = *(int *)arg;

	frame_udp(frame, sizeof(frame), 1);
	while (send(fd, frame, sizeof(frame), 0) > 0)
		;
	return (void *)(intptr_t)errno;
}

static int delete_v0(void *arg)
{
	execlp("ip", "ip", "link", "delete", "v0", NULL);
	return 250;
}

static bool has_ended(const void *child)
{
	return waitpid(*(const pid_t *)child, NULL, WNOHANG) != 0;
}

/*
 * The frames wait in a queue of another device, so that the end of theirs frees none:
 *
 *	sends ─ v0 ──────── v1 ─ br0 ─ w0 (a byte a second) ──────── w1
 */
static void senders_asleep_for_room_let_their_device_go(void **state)
{
	void *errors[2] = { NULL };
	uint8_t frame[100];
	pthread_t threads[2];
	int fd, size = 1, i;
	pid_t child;
	bool ended;

	make_pair("w0", "w1");
	if (system("ip link add br0 type bridge 2>/dev/null && "
		   "tc qdisc add dev w0 root tbf rate 8bit burst 1540 limit 1000000") != 0) {
		print_message("needs bridge, sch_tbf and tc\n");
		skip();
	}
	ip("link set br0 up\nlink set v1 master br0\nlink set w0 master br0");
	fd = open_sender(NSRING_NO_RING, "v0");
	check(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)));
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, send_until_refused, &fd), 0);
	sleep_ms(2000);
	child = child_start(delete_v0, NULL);
	ended = wait_until(has_ended, &child);
	/* Frees the frames. */
	ip("link delete w0");
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_join(threads[i], &errors[i]), 0);
	if (!ended)
		child_end(child);
	assert_true(ended);
	for (i = 0; i < 2; i++)
		assert_int_equal((intptr_t)errors[i], ENODEV);
	make_pair("v0", "v1");
	check(ring_bind(fd, ifindex("v0")));
	frame_udp(frame, sizeof(frame), 1);
	assert_int_equal(check(send(fd, frame, sizeof(frame), 0)), sizeof(frame));
	ring_close_fd(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_sent_arrives_at_the_peer),
		TEST(who_captures_can_send_too),
		TEST(a_tagged_frame_may_be_longer_by_its_tag),
		TEST(what_cannot_be_sent_says_why),
		TEST(a_frame_has_the_mark_of_its_socket),
		TEST(a_frame_has_the_priority_of_its_socket),
		TEST(who_only_sends_has_no_ring),
		TEST(what_is_injected_the_stack_receives_from_the_device),
		TEST(what_is_not_injected_the_stack_does_not_receive),
		TEST(nothing_is_sent_through_a_device_that_has_the_index_of_one_gone),
		TEST(nothing_is_sent_through_a_device_that_came_back_before_it_is_bound_again),
		TEST(a_sender_asleep_in_a_page_fault_loses_its_device_with_its_namespace),
		TEST(senders_asleep_for_room_let_their_device_go),
		TEST(a_packet_of_nobody_is_captured_behind_one_that_there_was_no_memory_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
