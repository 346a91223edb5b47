/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Sockets that are bound, stopped and closed while devices and namespaces come and go, each by
 * threads of their own and so many times. Whoever wins, nobody misses the end of its device, and
 * nothing is left.
 *
 *	v0 ──────── v1 ─ bound to, goes down and up, moves away and comes back
 *	a0 … ────── b0 … ─ bound to until they are deleted
 */
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame.h"
#include "net.h"
#include "system.h"

#define PAIRS 32U
#define KEPT  4U

static uint32_t bound; /* binds that have succeeded */

static void use_all_cpus(void)
{
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	check(sched_setaffinity(0, sizeof(all), &all));
}

/* One ip(8) for all of them, so that they follow each other closely. */
static void each_pair(bool add)
{
	FILE *batch = popen("ip -batch -", "we");
	uint32_t i;

	assert_non_null(batch);
	for (i = 0; i < PAIRS; i++)
		if (add)
			fprintf(batch, "link add a%u type veth peer name b%u\n", i, i);
		else
			fprintf(batch, "link delete a%u\n", i);
	assert_int_equal(pclose(batch), 0);
}

/* @index: of the device; says also of which kind its captures are, which meet in a ring, or not. */
static int open_for(uint32_t index)
{
	struct nsring_setup setups[] = {
		{ .ring_bytes = 1 },
		{ .ring_bytes = 1, .share = index },
		{ .ring_bytes = 1, .cluster = index },
		{ .ring_bytes = 1, .flags = NSRING_PROMISCUOUS },
	};
	int fd = ring_ask(NSRING_ABI);

	if (fd >= 0)
		ring_setup(fd, &setups[index % ARRAY_SIZE(setups)]);
	return fd;
}

/* The sockets that were bound last to a device, before it was gone. */
struct last {
	uint32_t index;
	uint32_t count;
	int fds[KEPT];
};

static void *bind_until_it_is_gone(void *arg)
{
	struct last *last = arg;
	uint32_t i;
	int fd;

	for (i = 0; i < PAIRS; i++, last++) {
		while ((fd = open_for(last->index)) >= 0 && ring_bind(fd, last->index) == 0) {
			if (last->count >= KEPT)
				close(last->fds[last->count % KEPT]);
			last->fds[last->count++ % KEPT] = fd;
		}
		close(fd);
	}
	return NULL;
}

/* AF_PACKET's CVE-2026-31504 was a socket that an event of its device forgot. */
static void who_binds_while_the_device_goes_is_told_so(void **state)
{
	struct last lasts[2][PAIRS] = { 0 };
	pthread_t threads[2];
	uint32_t i, n;
	char name[8];

	use_all_cpus();
	each_pair(true);
	for (i = 0; i < PAIRS; i++) {
		snprintf(name, sizeof(name), "b%u", i);
		lasts[0][i].index = lasts[1][i].index = ifindex(name);
	}
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, bind_until_it_is_gone, lasts[i]),
				 0);
	each_pair(false);
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (i = 0; i < PAIRS * 2; i++) {
		struct last *last = &lasts[i % 2][i / 2];

		for (n = 0; n < last->count && n < KEPT; n++) {
			assert_int_equal(socket_error(last->fds[n]), ENODEV);
			close(last->fds[n]);
			bound++;
		}
	}
	print_message("# %u sockets were told\n", bound);
	assert_true(bound > PAIRS);
	assert_int_equal(proc_count(), 0);
}

static int shared_fds[2];

/* Each as good as random, and bounded in number; what a call says does not matter. */
static void *bind_and_close(void *arg)
{
	uint32_t i, count = fewer(600), index, kind = *(uint32_t *)arg;
	const struct nsring_setup setup = { .ring_bytes = 1, .share = 1 };
	int fd, *shared;

	for (i = 0; i < count; i++) {
		index = i % 5 ? if_nametoindex("v1") : 0;
		fd = open_for(kind + i);
		__atomic_fetch_add(&bound, ring_bind(fd, index) == 0, __ATOMIC_RELAXED);
		if (i % 3 == 0)
			setsockopt(fd, SOL_NSRING, NSRING_STOP, NULL, 0);
		if (i % 4 == 0)
			ring_bind(fd, index);
		/* Another thread sets up, binds and closes the same sockets. */
		shared = &shared_fds[i % ARRAY_SIZE(shared_fds)];
		setsockopt(__atomic_load_n(shared, __ATOMIC_RELAXED), SOL_NSRING, NSRING_SETUP,
			   &setup, sizeof(setup));
		ring_bind(__atomic_load_n(shared, __ATOMIC_RELAXED), index);
		close(__atomic_exchange_n(shared, fd, __ATOMIC_RELAXED));
	}
	return NULL;
}

/* Like the program, in the first namespace. */
static void *capture_everywhere(void *arg)
{
	const struct nsring_setup setup = { .flags = NSRING_ALL_NETNS, .ring_bytes = 1 };
	uint32_t i, count = fewer(200);
	int fd;

	check(setns(netns_first(), CLONE_NEWNET));
	for (i = 0; i < count; i++) {
		fd = ring_ask(NSRING_ABI);
		ring_setup(fd, &setup);
		__atomic_fetch_add(&bound, ring_bind(fd, 0) == 0, __ATOMIC_RELAXED);
		close(fd);
	}
	return NULL;
}

/* A namespace ends when the thread leaves it, or a little later with its socket. */
static void *change_namespaces(void *arg)
{
	uint32_t i, count = fewer(100);
	int fd = -1;

	for (i = 0; i < count; i++) {
		check(unshare(CLONE_NEWNET));
		close(fd);
		fd = open_for(i);
		ring_bind(fd, i % 2);
	}
	close(fd);
	return NULL;
}

/* NETDEV_DOWN and NETDEV_UP. The device may be away. */
static void *go_down_and_up(void *arg)
{
	struct ifreq request = { .ifr_name = "v1" };
	uint32_t i, count = fewer(600);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	for (i = 0; i < count; i++) {
		request.ifr_flags = i % 2 ? IFF_UP : 0;
		ioctl(fd, SIOCSIFFLAGS, &request);
	}
	close(fd);
	return NULL;
}

/* To @arg and back, NETDEV_UNREGISTER and NETDEV_REGISTER each time. */
static void *move_away_and_back(void *arg)
{
	int there = *(int *)arg, here = netns_here();
	uint32_t i, count = fewer(30);

	for (i = 0; i < count; i++) {
		ip("link set v1 netns /proc/%d/fd/%d", getpid(), there);
		netns_enter(there);
		ip("link set v1 netns /proc/%d/fd/%d", getpid(), here);
		netns_enter(here);
	}
	close(here);
	return NULL;
}

static void captures_work_after_binds_closes_moves_and_namespaces_have_raced(void **state)
{
	static void *(*const runs[])(void *) = {
		bind_and_close,	   bind_and_close, bind_and_close,     capture_everywhere,
		change_namespaces, go_down_and_up, move_away_and_back,
	};
	uint32_t i, kinds[] = { 0, 1, 2 }, next = 0;
	pthread_t threads[ARRAY_SIZE(runs)];
	int there = netns_new();
	struct ring *ring;

	use_all_cpus();
	for (i = 0; i < ARRAY_SIZE(shared_fds); i++)
		shared_fds[i] = ring_ask(NSRING_ABI);
	bound = 0;
	for (i = 0; i < ARRAY_SIZE(runs); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, runs[i],
						i < 3 ? (void *)&kinds[i] : (void *)&there),
				 0);
	for (i = 0; i < ARRAY_SIZE(runs); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (i = 0; i < ARRAY_SIZE(shared_fds); i++)
		close(shared_fds[i]);
	print_message("# %u binds\n", bound);
	assert_true(bound > 0);
	assert_int_equal(proc_count(), 0);
	assert_false(is_promiscuous("v1"));
	ip("link set v1 up");
	wait_for_carrier("v0");
	ring = ring_open(NULL, "v1");
	pin_cpu(0);
	send_udp("v0", 10, 100);
	assert_int_equal(ring_wait(ring, 10, check_numbers, &next), 10);
	ring_close(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_binds_while_the_device_goes_is_told_so),
		TEST(captures_work_after_binds_closes_moves_and_namespaces_have_raced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
