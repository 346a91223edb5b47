/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Random sequences of system calls, from several threads on the same few sockets, under traffic and
 * while devices come and go. Nothing is expected of a call; afterwards the kernel has had nothing to
 * complain of, nothing is left, and captures work. NSR_TEST_SEED has another sequence; with NSR_TEST_SECONDS each test
 * goes on for so long, with one sequence after another.
 *
 *	sends ─ v0 ──────── v1 ─ captures
 */
#include <fcntl.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/genl.h"
#include "sys/kmod.h"
#include "sys/netlink.h"
#include "frame.h"
#include "net.h"
#include "system.h"

#define THREADS	     4
#define SLOTS	     6
#define RING_BYTES   (512 << 10)
#define MARKER_BYTES 200

static int slots[SLOTS];
static bool stop;
static uint32_t opened, bound, mapped, sent; /* calls that have succeeded */
static int family;
static int packet_socket = -1; /* what the module wants to be shown */

struct area {
	void *at;
	uint64_t bytes;
};

struct fuzzer {
	uint64_t noise;
	uint32_t steps;
	struct area ring;
	struct area cursors;
};

static uint32_t random_below(struct fuzzer *fuzzer, uint32_t end)
{
	fuzzer->noise = fuzzer->noise * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)(fuzzer->noise >> 33) % end;
}

/* Mostly what makes sense. */
static uint32_t pick(struct fuzzer *fuzzer, const uint32_t *good, uint32_t count)
{
	static const uint32_t odd[] = { 1, 255, 65535, INT32_MAX, UINT32_MAX, 1U << 31 };

	return random_below(fuzzer, 16) ? good[random_below(fuzzer, count)]
					: odd[random_below(fuzzer, ARRAY_SIZE(odd))];
}

#define PICK(fuzzer, ...)                                                                          \
	pick(fuzzer, (const uint32_t[]){ __VA_ARGS__ },                                            \
	     ARRAY_SIZE(((const uint32_t[]){ __VA_ARGS__ })))

static int any_fd(struct fuzzer *fuzzer)
{
	return __atomic_load_n(&slots[random_below(fuzzer, SLOTS)], __ATOMIC_RELAXED);
}

/* Another one shows the module what is no packet socket. */
static int ask_for_one(struct fuzzer *fuzzer)
{
	int netlink, fd;

	if (random_below(fuzzer, 8))
		return ring_ask(NSRING_ABI);
	netlink = nsr_netlink_open(NETLINK_GENERIC);
	fd = nsr_kmod_ask(netlink, random_below(fuzzer, 2) ? any_fd(fuzzer) : netlink,
			  PICK(fuzzer, NSRING_ABI));
	close(netlink);
	return fd;
}

static void replace_socket(struct fuzzer *fuzzer)
{
	int fd = ask_for_one(fuzzer);

	close(__atomic_exchange_n(&slots[random_below(fuzzer, SLOTS)], fd, __ATOMIC_RELAXED));
}

static int read_fd(const struct nlattr *attr, void *fd)
{
	if (mnl_attr_get_type(attr) == NSRING_A_FD)
		nsr_netlink_copy(attr, fd, sizeof(int));
	return 0;
}

/* What the family has made is one of the sockets from now on. */
static void read_answers(struct fuzzer *fuzzer, int netlink, uint32_t datagrams)
{
	_Alignas(8) uint8_t datagram[8192];
	const struct nlmsghdr *msg;
	ssize_t got;
	int left, fd;

	while (datagrams-- && (got = recv(netlink, datagram, sizeof(datagram), MSG_DONTWAIT)) > 0) {
		left = (int)got;
		for (msg = (void *)datagram; mnl_nlmsg_ok(msg, left);
		     msg = mnl_nlmsg_next(msg, &left)) {
			fd = -1;
			if (msg->nlmsg_type != family || nsr_genl_walk(msg, read_fd, &fd) < 0 ||
			    fd < 0)
				continue;
			opened++;
			close(__atomic_exchange_n(&slots[random_below(fuzzer, SLOTS)], fd,
						  __ATOMIC_RELAXED));
		}
	}
}

/* Any command with any attributes, whose lengths may be wrong. An answer that is long may be left half-read. */
static void question_family(struct fuzzer *fuzzer)
{
	struct nsr_netlink_question question;
	int netlink = nsr_netlink_open(NETLINK_GENERIC);
	const uint64_t abi[2] = { NSRING_ABI, fuzzer->noise };
	const uint64_t packet[2] = {
		(uint32_t)PICK(fuzzer, packet_socket, packet_socket, any_fd(fuzzer)), fuzzer->noise
	};
	uint32_t attributes = random_below(fuzzer, 4);
	bool dump = random_below(fuzzer, 2);

	nsr_genl_begin(&question, (uint16_t)family, dump ? NLM_F_DUMP : NLM_F_ACK,
		       (uint8_t)PICK(fuzzer, NSRING_CMD_OPEN, NSRING_CMD_OPEN, NSRING_CMD_CAPTURES,
				     NSRING_CMD_DEVICES, 0));
	while (attributes--) {
		uint16_t type = (uint16_t)PICK(fuzzer, NSRING_A_ABI, NSRING_A_ABI,
					       NSRING_A_PACKET_FD, NSRING_A_FD, NSRING_A_NUMBER, 0);

		mnl_attr_put(&question.head, type, PICK(fuzzer, 4, 4, 4, 0, 1, 8) % 17,
			     type == NSRING_A_PACKET_FD ? packet : abi);
	}
	if (random_below(fuzzer, 4) == 0)
		question.room[NLMSG_HDRLEN + random_below(fuzzer, 32)] ^= (char)fuzzer->noise;
	if (random_below(fuzzer, 16) == 0)
		question.head.nlmsg_len -= random_below(fuzzer, 8);
	send(netlink, &question, question.head.nlmsg_len, 0);
	read_answers(fuzzer, netlink, dump ? random_below(fuzzer, 4) : UINT32_MAX);
	close(netlink);
}

static void set_up(struct fuzzer *fuzzer)
{
	struct nsring_setup setup = {
		.flags = PICK(fuzzer, 0, 0, NSRING_COOKED, NSRING_PROMISCUOUS, NSRING_NO_RING,
			      NSRING_INJECT, NSRING_DEVICE_STAMPS),
		.snaplen = PICK(fuzzer, 0, 1, 64, 96, 1514, 65535, NSRING_SNAPLEN_MAX),
		.ring_bytes = PICK(fuzzer, RING_BYTES, 1, NSRING_LANE_MIN),
		.watermark_bytes = PICK(fuzzer, 0, 0, 1, 4096),
		.wait_min_us = PICK(fuzzer, 0, 0, 1, 1000, NSRING_WAIT_MAX_US),
		.wait_max_us = PICK(fuzzer, 0, 1000, 4000, NSRING_WAIT_MAX_US),
		.direction = PICK(fuzzer, 0, 1, 2),
		.sample = PICK(fuzzer, 0, 0, 1, 3),
		.cluster_mode = PICK(fuzzer, 0, 1, 2, 3, 4, 5, 6, 7),
	};

	if (random_below(fuzzer, 3) == 0)
		setup.share = PICK(fuzzer, 1, 1, 2);
	else if (random_below(fuzzer, 2) == 0)
		setup.cluster = PICK(fuzzer, 1, 1, 2);
	/* Those of a cluster or of a shared ring must agree to meet. */
	if (setup.share || setup.cluster) {
		setup.flags = setup.direction = setup.sample = 0;
		setup.cluster_mode = setup.cluster % 2 ? 0 : NSRING_CLUSTER_ROUND_ROBIN;
	}
	setsockopt(any_fd(fuzzer), SOL_NSRING, NSRING_SETUP, &setup,
		   PICK(fuzzer, sizeof(setup), sizeof(setup), sizeof(setup), 0, 8, 63, 128));
}

static void bind_it(struct fuzzer *fuzzer)
{
	struct sockaddr_nsring address = {
		.family = (uint16_t)PICK(fuzzer, 0, 0, 0, AF_INET),
		.ifindex = random_below(fuzzer, 2) ? if_nametoindex("v1") : PICK(fuzzer, 0, 1, 2),
	};

	bound += bind(any_fd(fuzzer), (const struct sockaddr *)&address,
		      PICK(fuzzer, sizeof(address), sizeof(address), sizeof(address), 0, 4, 7,
			   16)) == 0;
}

static void ask(struct fuzzer *fuzzer)
{
	uint64_t answer[32] = { 0 };
	socklen_t size = PICK(fuzzer, 64, 64, 0, 3, 256);

	answer[1] = PICK(fuzzer, 1, 2, 3);
	getsockopt(any_fd(fuzzer), random_below(fuzzer, 8) ? SOL_NSRING : SOL_SOCKET,
		   (int)PICK(fuzzer, NSRING_LAYOUT, NSRING_STATS, NSRING_DEVICE, SO_ERROR, 6),
		   random_below(fuzzer, 16) ? answer : (void *)16,
		   random_below(fuzzer, 16) ? &size : (void *)16);
}

static void set(struct fuzzer *fuzzer)
{
	uint32_t value = PICK(fuzzer, 0, 1, 4096);
	/* NSRING_STOP would soon have stopped all of them. */
	uint32_t option = random_below(fuzzer, 30) ? PICK(fuzzer, 0, 2, 3, 4) : NSRING_STOP;

	setsockopt(any_fd(fuzzer), random_below(fuzzer, 4) ? SOL_NSRING : SOL_SOCKET, (int)option,
		   random_below(fuzzer, 16) ? &value : (void *)16, PICK(fuzzer, 0, 4, 4, 64));
}

static void filter(struct fuzzer *fuzzer)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, random_below(fuzzer, 100)),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	struct sock_fprog program = { ARRAY_SIZE(code), code };

	if (random_below(fuzzer, 2))
		setsockopt(any_fd(fuzzer), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
	else
		setsockopt(any_fd(fuzzer), SOL_SOCKET, SO_DETACH_FILTER, NULL, 0);
}

static void forget(struct area *area)
{
	if (area->at)
		munmap(area->at, area->bytes);
	area->at = NULL;
}

static void map(struct area *area, int fd, uint64_t bytes, int protection, uint64_t offset)
{
	forget(area);
	area->bytes = bytes;
	area->at = mmap(NULL, bytes, protection, MAP_SHARED, fd, (off_t)offset);
	if (area->at == MAP_FAILED)
		area->at = NULL;
	mapped += area->at != NULL;
}

static void map_any(struct fuzzer *fuzzer)
{
	struct area area = { 0 };

	map(&area, any_fd(fuzzer), PICK(fuzzer, 4096, 8192, 1 << 20, 100),
	    (int)PICK(fuzzer, PROT_READ, PROT_READ | PROT_WRITE, PROT_NONE),
	    (uint64_t)random_below(fuzzer, 4) << random_below(fuzzer, 40));
	forget(&area);
}

static void map_it(struct fuzzer *fuzzer)
{
	struct nsring_layout layout = { 0 };
	socklen_t size = sizeof(layout);
	int fd = any_fd(fuzzer);

	getsockopt(fd, SOL_NSRING, NSRING_LAYOUT, &layout, &size);
	if (random_below(fuzzer, 4) == 0)
		map_any(fuzzer);
	else if (random_below(fuzzer, 3) == 0)
		map(&fuzzer->ring, fd, layout.ring_bytes, PROT_READ, NSRING_MAP_RING);
	else
		map(&fuzzer->cursors, fd, layout.cursor_bytes, PROT_READ | PROT_WRITE,
		    NSRING_MAP_CURSORS);
}

static void scribble(struct fuzzer *fuzzer)
{
	volatile uint64_t *at = fuzzer->cursors.at;

	if (at)
		at[random_below(fuzzer, 16)] = random_below(fuzzer, 2) ? fuzzer->noise : 0;
}

static void talk(struct fuzzer *fuzzer)
{
	struct sockaddr_nsring address = { 0, 0, random_below(fuzzer, 5) };
	uint8_t bytes[FRAME_MAX] = { 2 };
	uint32_t size = PICK(fuzzer, 0, 1, 13, 14, 60, 1514, FRAME_MAX) % (FRAME_MAX + 1);

	if (random_below(fuzzer, 2))
		sent += send(any_fd(fuzzer), bytes, size, MSG_DONTWAIT) > 0;
	else
		sendto(any_fd(fuzzer), bytes, size, MSG_DONTWAIT, (struct sockaddr *)&address,
		       sizeof(address));
	recv(any_fd(fuzzer), bytes, sizeof(bytes), MSG_DONTWAIT);
}

static void wait_a_little(struct fuzzer *fuzzer)
{
	struct pollfd poller = { any_fd(fuzzer), POLLIN | POLLOUT, 0 };

	poll(&poller, 1, (int)random_below(fuzzer, 2));
}

static void others(struct fuzzer *fuzzer)
{
	int fd = any_fd(fuzzer), value;
	uint8_t address[128];
	socklen_t size = sizeof(address);

	switch (random_below(fuzzer, 6)) {
	case 0:
		ioctl(fd, FIONREAD, &value);
		break;
	case 1:
		shutdown(fd, SHUT_RDWR);
		break;
	case 2:
		getsockname(fd, (struct sockaddr *)address, &size);
		break;
	case 3:
		close(dup(fd));
		break;
	case 4:
		ioctl(fd, (unsigned long)fuzzer->noise, address);
		break;
	default:
		connect(fd, (const struct sockaddr *)"\x12\0\0\0\1\0\0", 8);
	}
}

static void fork_it(struct fuzzer *fuzzer)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	if (child > 0)
		waitpid(child, NULL, 0);
}

static void step(struct fuzzer *fuzzer)
{
	static void (*const steps[])(struct fuzzer *) = {
		replace_socket, replace_socket, question_family, set_up,   set_up, set_up,
		bind_it,	bind_it,	bind_it,	 ask,	   ask,	   set,
		filter,		map_it,		map_it,		 scribble, talk,   talk,
		others,		wait_a_little,
	};

	if (random_below(fuzzer, 200) == 0)
		fork_it(fuzzer);
	else
		steps[random_below(fuzzer, ARRAY_SIZE(steps))](fuzzer);
}

static void *fuzz(void *arg)
{
	struct fuzzer *fuzzer = arg;
	uint32_t i;

	for (i = 0; i < fuzzer->steps; i++)
		step(fuzzer);
	forget(&fuzzer->ring);
	forget(&fuzzer->cursors);
	return NULL;
}

static void *send_until_stopped(void *arg)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	int sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		sendto(sender, "packet", 6, 0, (struct sockaddr *)&to, sizeof(to));
		usleep(500);
	}
	close(sender);
	return NULL;
}

static uint64_t number(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

/* Once, or again and again with a seed of its own each time. */
static void repeat(void (*run)(uint64_t seed))
{
	uint64_t seed = number("NSR_TEST_SEED", 1), first = seed;
	int netlink = nsr_netlink_open(NETLINK_GENERIC);
	uint64_t until = now_ns() + number("NSR_TEST_SECONDS", 0) * 1000000000;

	assert_true(netlink >= 0);
	family = nsr_genl_family(netlink, NSRING_GENL_NAME);
	packet_socket = check(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
	assert_true(family > 0);
	close(netlink);
	opened = bound = mapped = sent = 0;
	do
		run(seed++);
	while (now_ns() < until);
	close(packet_socket);
	print_message("# %" PRIu64
		      " sequences: opened oddly %u, bound %u, mapped %u, sent %u times\n",
		      seed - first, opened, bound, mapped, sent);
	/* The calls were not all in vain. */
	assert_true(bound > 0 && mapped > 0);
}

static void run_threads(uint64_t seed, uint32_t steps, void (*meanwhile)(uint32_t round),
			uint32_t rounds)
{
	struct fuzzer fuzzers[THREADS];
	pthread_t threads[THREADS], sender;
	uint32_t i;

	for (i = 0; i < SLOTS; i++)
		slots[i] = -1;
	stop = false;
	assert_int_equal(pthread_create(&sender, NULL, send_until_stopped, NULL), 0);
	for (i = 0; i < THREADS; i++) {
		fuzzers[i] = (struct fuzzer){ .noise = seed * 1000 + i, .steps = steps };
		assert_int_equal(pthread_create(&threads[i], NULL, fuzz, &fuzzers[i]), 0);
	}
	for (i = 0; i < rounds; i++)
		meanwhile(i);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	assert_int_equal(pthread_join(sender, NULL), 0);
	for (i = 0; i < SLOTS; i++)
		close(slots[i]);
}

static void look_for_marker(const struct nsring_record *record, const uint8_t *data, void *arg)
{
	*(bool *)arg |= frame_is(data, record->caplen, MARKER_BYTES, 0);
}

/* What is still on its way arrives before the marker. */
static void check_works(void)
{
	struct ring *ring = ring_open(NULL, "v1");
	bool arrived = false;
	uint32_t next = 0;

	send_udp("v0", 1, MARKER_BYTES);
	while (!arrived)
		ring_wait(ring, 1, look_for_marker, &arrived);
	send_udp("v0", 10, 100);
	assert_int_equal(ring_wait(ring, 10, check_numbers, &next), 10);
	ring_close(ring);
	assert_true(wait_until(module_is_unused, NULL));
}

static void send_some(uint32_t round)
{
	send_udp("v0", 50, 100);
	send_udp("v1", 50, 100);
}

static void call_under_traffic(uint64_t seed)
{
	run_threads(seed, fewer(2000), send_some, 20);
	check_works();
}

static void random_calls_leave_nothing_broken(void **state)
{
	repeat(call_under_traffic);
}

static void change_devices(uint32_t round)
{
	send_some(round);
	ip("link set v1 %s", round % 3 ? "up" : "down");
	ip("link delete v0");
	make_pair("v0", "v1");
}

static void call_while_devices_change(uint64_t seed)
{
	run_threads(seed, fewer(1500), change_devices, 5);
	check_works();
}

static void random_calls_while_devices_come_and_go_leave_nothing_broken(void **state)
{
	repeat(call_while_devices_change);
}

static void call_by_one_thread(uint64_t seed)
{
	struct fuzzer fuzzer = { .noise = seed, .steps = fewer(4000) };
	uint32_t i;

	for (i = 0; i < SLOTS; i++)
		slots[i] = -1;
	fuzz(&fuzzer);
	for (i = 0; i < SLOTS; i++)
		close(slots[i]);
	check_works();
}

static void random_calls_of_one_thread_leave_nothing_broken(void **state)
{
	repeat(call_by_one_thread);
	/* The numbers of one thread are the same in each run; with several it is chance whether one has sent. */
	assert_true(sent > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(random_calls_of_one_thread_leave_nothing_broken),
		TEST(random_calls_leave_nothing_broken),
		TEST(random_calls_while_devices_come_and_go_leave_nothing_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
