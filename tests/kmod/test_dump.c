/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What the generic netlink family tells of a namespace, and whom. */
#include <inttypes.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/genl.h"
#include "frame.h"
#include "net.h"
#include "system.h"

#define MANY 500

/* A message, as far as it was told: attributes by number. */
struct told {
	uint64_t number, inode, ring_bytes;
	uint32_t ifindex, pid, uid, state, flags, cluster, share, captures;
	bool filtered, has_stats;
	char process[64];
	struct nsring_stats stats;
};

struct dump {
	uint32_t count;
	struct told told[MANY + 100];
};

static int read_attr(const struct nlattr *attr, void *arg)
{
	struct told *told = arg;
	const struct {
		uint16_t type;
		void *to;
		size_t size;
	} fields[] = {
		{ NSRING_A_NUMBER, &told->number, 8 },
		{ NSRING_A_INODE, &told->inode, 8 },
		{ NSRING_A_RING_BYTES, &told->ring_bytes, 8 },
		{ NSRING_A_IFINDEX, &told->ifindex, 4 },
		{ NSRING_A_PID, &told->pid, 4 },
		{ NSRING_A_UID, &told->uid, 4 },
		{ NSRING_A_STATE, &told->state, 4 },
		{ NSRING_A_FLAGS, &told->flags, 4 },
		{ NSRING_A_CLUSTER, &told->cluster, 4 },
		{ NSRING_A_SHARE, &told->share, 4 },
		{ NSRING_A_CAPTURES, &told->captures, 4 },
		{ NSRING_A_STATS, &told->stats, sizeof(told->stats) },
	};
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		if (mnl_attr_get_type(attr) != fields[i].type)
			continue;
		assert_int_equal(mnl_attr_get_payload_len(attr), fields[i].size);
		memcpy(fields[i].to, mnl_attr_get_payload(attr), fields[i].size);
	}
	if (mnl_attr_get_type(attr) == NSRING_A_PROCESS)
		nsr_netlink_text(attr, told->process, sizeof(told->process));
	told->filtered |= mnl_attr_get_type(attr) == NSRING_A_FILTERED;
	told->has_stats |= mnl_attr_get_type(attr) == NSRING_A_STATS;
	return 0;
}

static int read_message(const struct nlmsghdr *msg, void *arg)
{
	struct dump *dump = arg;

	assert_true(dump->count < ARRAY_SIZE(dump->told));
	memset(&dump->told[dump->count], 0, sizeof(dump->told[0]));
	return nsr_genl_walk(msg, read_attr, &dump->told[dump->count++]);
}

/* By a socket of the namespace that this process is in. Return: 0 or -errno. */
static int ask(uint8_t command, struct dump *dump)
{
	struct nsr_netlink_question question;
	int fd = nsr_netlink_open(NETLINK_GENERIC), family, rc;

	dump->count = 0;
	assert_true(fd >= 0);
	family = nsr_genl_family(fd, NSRING_GENL_NAME);
	assert_true(family > 0);
	nsr_genl_begin(&question, (uint16_t)family, NLM_F_DUMP, command);
	rc = nsr_netlink_ask(fd, &question, read_message, dump);
	close(fd);
	return rc;
}

static const struct dump *captures(void)
{
	static struct dump dump;

	assert_int_equal(ask(NSRING_CMD_CAPTURES, &dump), 0);
	return &dump;
}

/* What is told of a device; its ifindex is 0 if it was not told. */
static struct told device(const char *name)
{
	static struct dump dump;
	uint32_t i;

	assert_int_equal(ask(NSRING_CMD_DEVICES, &dump), 0);
	for (i = 0; i < dump.count; i++)
		if (dump.told[i].ifindex == ifindex(name))
			return dump.told[i];
	return (struct told){ 0 };
}

static uint64_t inode_of(int fd)
{
	struct stat stat;

	check(fstat(fd, &stat));
	return stat.st_ino;
}

/* Far more than one answer holds. */
static void each_capture_is_told_once_and_in_order(void **state)
{
	struct nsring_setup setup = { .flags = NSRING_NO_RING };
	const struct dump *dump;
	uint32_t i;
	int fd;

	for (i = 0; i < MANY; i++) {
		fd = ring_socket();
		check(ring_setup(fd, &setup));
		check(ring_bind(fd, ifindex("v1")));
	}
	dump = captures();
	assert_int_equal(dump->count, MANY);
	for (i = 0; i < MANY; i++) {
		assert_int_equal(dump->told[i].number, dump->told[0].number + i);
		assert_int_equal(dump->told[i].state, NSRING_STATE_SENDS);
	}
	assert_int_equal(dump->told[MANY - 1].inode, inode_of(fd));
	ring_close_all();
}

static void what_a_capture_is_and_has_counted_is_told(void **state)
{
	struct nsring_setup setup = { .ring_bytes = 1, .share = 7, .flags = NSRING_PROMISCUOUS };
	struct ring *ring = ring_open(&setup, "v1");
	const struct told *told;

	send_udp("v0", 20, 100);
	assert_int_equal(ring_wait(ring, 20, NULL, NULL), 20);
	told = &captures()->told[0];
	assert_int_equal(told->pid, getpid());
	assert_string_equal(told->process, "test_dump");
	assert_int_equal(told->uid, 0);
	assert_int_equal(told->inode, inode_of(ring->fd));
	assert_int_equal(told->ifindex, ifindex("v1"));
	assert_int_equal(told->state, NSRING_STATE_CAPTURES);
	assert_int_equal(told->flags, NSRING_PROMISCUOUS);
	assert_int_equal(told->share, 7);
	assert_int_equal(told->cluster, 0);
	assert_int_equal(told->ring_bytes, ring->layout.memory_bytes);
	assert_int_equal(told->stats.written, 20);
	assert_false(told->filtered);
	ring_stop(ring->fd);
	assert_int_equal(captures()->told[0].state, NSRING_STATE_STOPPED);
	ring_close(ring);
}

static void a_capture_whose_device_is_gone_says_so(void **state)
{
	struct nsring_setup member = { .ring_bytes = 1, .cluster = 5 };
	struct ring *ring;

	make_pair("w0", "w1");
	ring = ring_open(&member, "w1");
	assert_int_equal(captures()->told[0].cluster, 5);
	ip("link delete w0");
	assert_int_equal(captures()->told[0].state, NSRING_STATE_DEVICE_GONE);
	ring_close(ring);
}

static void who_only_sends_has_no_counts(void **state)
{
	struct nsring_setup setup = { .flags = NSRING_NO_RING };
	int fd = ring_socket();

	check(ring_setup(fd, &setup));
	check(ring_bind(fd, ifindex("v1")));
	assert_false(captures()->told[0].has_stats);
	ring_close_fd(fd);
}

static void captures_of_another_namespace_are_not_told(void **state)
{
	struct ring *ring = ring_open(NULL, NULL);
	int here = netns_here(), other = netns_new();

	netns_enter(other);
	assert_int_equal(captures()->count, 0);
	assert_int_equal(device("lo").captures, 0);
	netns_enter(here);
	assert_int_equal(captures()->count, 1);
	ring_close(ring);
	netns_close(other);
	close(here);
}

static void a_device_tells_how_many_captures_of_its_namespace_it_has(void **state)
{
	struct nsring_setup everywhere = { .ring_bytes = 1, .flags = NSRING_ALL_NETNS };
	struct ring *any = ring_open(NULL, NULL), *one = ring_open(NULL, "v1"), *all;
	int here = netns_here();

	netns_enter(netns_first());
	all = ring_open(&everywhere, NULL);
	netns_enter(here);
	assert_int_equal(device("v1").captures, 2);
	assert_int_equal(device("v0").captures, 1);
	ring_close(all);
	ring_close(one);
	ring_close(any);
	assert_int_equal(device("v1").captures, 0);
	close(here);
}

static int ask_as_nobody(void *arg)
{
	static struct dump dump;

	return -ask(NSRING_CMD_CAPTURES, &dump) * 16 + -ask(NSRING_CMD_DEVICES, &dump);
}

static void who_has_no_capability_is_told_nothing(void **state)
{
	struct ring *ring = ring_open(NULL, "v1");

	assert_int_equal(run_as_nobody(ask_as_nobody, NULL), EPERM * 16 + EPERM);
	ring_close(ring);
}

static int come_and_go(void *arg)
{
	struct nsring_setup setup = { .ring_bytes = 1 };
	int fds[8], i;

	for (;;) {
		for (i = 0; i < 8; i++) {
			fds[i] = ring_ask(NSRING_ABI);
			ring_setup(fds[i], &setup);
			ring_bind(fds[i], ifindex("v1"));
		}
		for (i = 0; i < 8; i++)
			close(fds[i]);
	}
	return 0;
}

static void captures_that_come_and_go_meanwhile_do_not_hide_one_that_stays(void **state)
{
	pid_t child = child_start(come_and_go, NULL);
	struct ring *ring = ring_open(NULL, "v0");
	uint32_t round, i, found;
	const struct dump *dump;

	for (round = 0; round < fewer(1000); round++) {
		dump = captures();
		for (found = i = 0; i < dump->count; i++)
			found += dump->told[i].ifindex == ifindex("v0");
		assert_int_equal(found, 1);
	}
	child_kill(child);
	ring_close(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_capture_is_told_once_and_in_order),
		TEST(what_a_capture_is_and_has_counted_is_told),
		TEST(a_capture_whose_device_is_gone_says_so),
		TEST(who_only_sends_has_no_counts),
		TEST(captures_of_another_namespace_are_not_told),
		TEST(a_device_tells_how_many_captures_of_its_namespace_it_has),
		TEST(who_has_no_capability_is_told_nothing),
		TEST(captures_that_come_and_go_meanwhile_do_not_hide_one_that_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
