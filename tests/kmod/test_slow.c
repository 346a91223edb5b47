/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Readers of /proc/net/nsring, and of what generic netlink tells, that stand still half-way: in a page fault that lasts
 * as long as somebody in user space wants, by userfaultfd here, or a FUSE file elsewhere. All others must go on.
 *
 *	the test's ┐  v0 ──────── v1 ─ goes and comes ─ v1   another ┐
 *	           │  end ────────────────────────── other           │
 */
#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "sys/genl.h"
#include "frame.h"
#include "net.h"
#include "system.h"

#define CAPTURES 100 /* many pages of text, and several answers */
#define BEFORE	 32 /* bytes that are read before the page that isn't there */

/**
 * struct slow - the reader that stands still
 * @fd:      what it reads
 * @is_dump: an answer of netlink's, not a file
 * @page:    where it stands
 * @text:    all that it has read
 * @bytes:   how much that is
 * @error:   of what it read last
 * @through: others are
 * @late:    they were not, so that the reader went on first
 */
static struct slow {
	int fd;
	bool is_dump;
	struct slow_page page;
	_Alignas(8) uint8_t text[65536];
	size_t bytes;
	int error;
	sem_t through;
	bool late;
} slow;

/* Seconds that others may take: several times what they take by themselves. */
static uint64_t patience;

static bool has_end(const void *datagram, size_t bytes)
{
	const struct nlmsghdr *msg;
	int left = (int)bytes;

	for (msg = datagram; mnl_nlmsg_ok(msg, left); msg = mnl_nlmsg_next(msg, &left))
		if (msg->nlmsg_type == NLMSG_DONE)
			return true;
	return false;
}

/* To the end, where a lock that it held would be released. */
static void *read_slowly(void *arg)
{
	struct iovec room[] = {
		{ slow.text, BEFORE },
		{ slow.page.page, 4096 },
		{ slow.text + BEFORE + 4096, sizeof(slow.text) - BEFORE - 4096 },
	};
	ssize_t got = readv(slow.fd, room, ARRAY_SIZE(room));
	uint8_t *at = slow.text;

	memcpy(slow.text + BEFORE, slow.page.page, 4096);
	while (got > 0) {
		slow.bytes += (size_t)got;
		if (slow.is_dump && has_end(at, (size_t)got))
			return NULL;
		at += got;
		got = read(slow.fd, at, sizeof(slow.text) - slow.bytes);
	}
	slow.error = got < 0 ? errno : 0;
	return NULL;
}

/* However it ends for others, the test does. */
static void *let_it_go_on(void *arg)
{
	static const uint8_t zeros[4096] __attribute__((aligned(4096)));
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (time_t)patience;
	slow.late = sem_timedwait(&slow.through, &until) < 0;
	slow_page_fill(&slow.page, zeros);
	return NULL;
}

static int fds[CAPTURES];

static void open_many(void)
{
	struct nsring_setup setup = { .flags = NSRING_NO_RING };
	uint32_t i;

	for (i = 0; i < CAPTURES; i++) {
		fds[i] = ring_socket();
		check(ring_setup(fds[i], &setup));
		check(ring_bind(fds[i], ifindex("v1")));
	}
}

static bool is_gone(const void *device)
{
	return if_nametoindex(device) == 0;
}

static void use_another_namespace(void)
{
	int there = netns_new(), here = netns_here();

	move_device("v1", there);
	netns_enter(there);
	ring_close(ring_open(NULL, "v1"));
	move_device("v1", here);
	netns_enter(here);
	make_pair("end", "other");
	ip("link set other netns /proc/%d/fd/%d", getpid(), there);
	netns_close(there);
	assert_true(wait_until(is_gone, "end"));
	close(here);
}

static void capture_everywhere(void)
{
	struct nsring_setup setup = { .ring_bytes = 1, .flags = NSRING_ALL_NETNS };
	int here = netns_here();

	netns_enter(netns_first());
	ring_close(ring_open(&setup, NULL));
	netns_enter(here);
	close(here);
}

static void capture_here(void)
{
	struct ring *ring = ring_open(NULL, "v1");

	send_udp("v0", 10, 100);
	assert_int_equal(ring_wait(ring, 10, NULL, NULL), 10);
	assert_int_equal(proc_device_captures("v1"), 1);
	ring_close(ring);
}

static void do_what_others_do(void)
{
	capture_here();
	use_another_namespace();
	rename_device("v1", "v2");
	rename_device("v2", "v1");
	capture_everywhere();
}

/* The first half of the captures, in the midst of which the reader stands, goes. */
static void read_while_others_go_on(void)
{
	pthread_t reader, clock;
	uint64_t began = now_ns();
	uint32_t i;

	if (!patience) {
		do_what_others_do();
		patience = 20 + 4 * (now_ns() - began) / 1000000000;
	}
	slow.page = slow_page_make();
	check(sem_init(&slow.through, 0, 0));
	assert_int_equal(pthread_create(&reader, NULL, read_slowly, NULL), 0);
	slow_page_wait(&slow.page);
	assert_int_equal(pthread_create(&clock, NULL, let_it_go_on, NULL), 0);
	for (i = 0; i < CAPTURES / 2; i++)
		ring_close_fd(fds[i]);
	do_what_others_do();
	sem_post(&slow.through);
	assert_int_equal(pthread_join(clock, NULL), 0);
	assert_int_equal(pthread_join(reader, NULL), 0);
	slow_page_free(&slow.page);
	close(slow.fd);
	assert_false(slow.late);
	assert_int_equal(slow.error, 0);
	assert_true(slow.bytes > BEFORE);
}

static void check_file(const char *path)
{
	open_many();
	slow = (struct slow){ .fd = (int)check(open(path, O_RDONLY | O_CLOEXEC)) };
	read_while_others_go_on();
	ring_close_all();
}

static void who_reads_info_slowly_holds_nobody_up(void **state)
{
	check_file("/proc/thread-self/net/nsring/info");
}

static void who_reads_dev_slowly_holds_nobody_up(void **state)
{
	check_file("/proc/thread-self/net/nsring/dev");
}

static void who_reads_captures_slowly_holds_nobody_up(void **state)
{
	check_file("/proc/thread-self/net/nsring/captures");
}

static int read_number(const struct nlattr *attr, void *number)
{
	if (mnl_attr_get_type(attr) == NSRING_A_NUMBER)
		nsr_netlink_copy(attr, number, sizeof(uint64_t));
	return 0;
}

static int find_family(void)
{
	int fd = nsr_netlink_open(NETLINK_GENERIC), family;

	assert_true(fd >= 0);
	family = nsr_genl_family(fd, NSRING_GENL_NAME);
	assert_true(family > 0);
	close(fd);
	return family;
}

/* A socket by which nobody has read gets a small first answer. Return: messages; @numbers: of their captures. */
static uint32_t check_dump(uint8_t command, uint64_t numbers[CAPTURES])
{
	struct nsr_netlink_question question;
	int family = find_family(), left;
	const struct nlmsghdr *msg;
	uint32_t count = 0;

	open_many();
	slow = (struct slow){ .fd = nsr_netlink_open(NETLINK_GENERIC), .is_dump = true };
	assert_true(slow.fd >= 0);
	nsr_genl_begin(&question, (uint16_t)family, NLM_F_DUMP, command);
	check(send(slow.fd, &question, question.head.nlmsg_len, 0));
	read_while_others_go_on();
	left = (int)slow.bytes;
	for (msg = (void *)slow.text; mnl_nlmsg_ok(msg, left); msg = mnl_nlmsg_next(msg, &left)) {
		if (msg->nlmsg_type != family)
			continue;
		assert_true(count < CAPTURES);
		assert_int_equal(nsr_genl_walk(msg, read_number, &numbers[count++]), 0);
	}
	ring_close_all();
	return count;
}

/* Those that modules give to each namespace, such as gre0, among them. */
static uint32_t count_devices(void)
{
	struct if_nameindex *devices = if_nameindex();
	uint32_t count = 0;

	assert_non_null(devices);
	while (devices[count].if_index)
		count++;
	if_freenameindex(devices);
	return count;
}

static void who_is_told_devices_slowly_holds_nobody_up(void **state)
{
	uint64_t none[CAPTURES] = { 0 };

	assert_int_equal(check_dump(NSRING_CMD_DEVICES, none), count_devices());
}

/* And learns of all that were there before and after. */
static void who_is_told_captures_slowly_holds_nobody_up(void **state)
{
	uint64_t numbers[CAPTURES] = { 0 };
	uint32_t count = check_dump(NSRING_CMD_CAPTURES, numbers), stay = CAPTURES / 2, i;

	assert_in_range(count, stay, CAPTURES - 1);
	for (i = 0; i < stay; i++)
		assert_int_equal(numbers[count - stay + i], numbers[0] + stay + i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_reads_info_slowly_holds_nobody_up),
		TEST(who_reads_dev_slowly_holds_nobody_up),
		TEST(who_reads_captures_slowly_holds_nobody_up),
		TEST(who_is_told_devices_slowly_holds_nobody_up),
		TEST(who_is_told_captures_slowly_holds_nobody_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
