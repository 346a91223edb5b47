/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Namespaces by the thousand, and CPUs that go away. The module's file is in NSR_TEST_MODULE; it is
 * not loaded when this begins. Rates are printed and decide nothing.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "frame.h"
#include "net.h"
#include "system.h"

#define BYTES_PER_NAMESPACE 1024

static void load(void)
{
	int fd = (int)check(open(getenv("NSR_TEST_MODULE") ?: "", O_RDONLY | O_CLOEXEC));

	check(syscall(SYS_finit_module, fd, "", 0));
	close(fd);
}

static bool unloads(const void *arg)
{
	return syscall(SYS_delete_module, "nsring", O_NONBLOCK) == 0;
}

static void unload(void)
{
	assert_true(wait_until(unloads, NULL));
}

/* Memory that is not in the page cache and can't be reclaimed. */
static uint64_t kernel_kib(void)
{
	return read_field("/proc/meminfo", "SUnreclaim:") + read_field("/proc/meminfo", "Percpu:") +
	       read_field("/proc/meminfo", "KernelStack:") +
	       read_field("/proc/meminfo", "PageTables:");
}

/* Names of files in /proc are in the reclaimable part, and the test's own. */
static uint64_t slab_bytes(void)
{
	return (read_field("/proc/meminfo", "SUnreclaim:") +
		read_field("/proc/meminfo", "Percpu:")) *
	       1024;
}

static bool is_gone(const void *device)
{
	return if_nametoindex(device) == 0;
}

/* Leave this namespace for @netns, until it is no more, and with it all that ended before. */
static void leave_and_wait(int netns)
{
	int tries = 10;

	ip("link add end type veth peer name other\nlink set end netns /proc/%d/fd/%d", getpid(),
	   netns);
	netns_enter(netns);
	while (!wait_until(is_gone, "end") && tries--)
		;
	assert_true(is_gone("end"));
}

/* Of one device, or of all that there are. */
static void capture_once(uint32_t index)
{
	const struct nsring_setup setup = { .ring_bytes = 1 << 20 };
	int fd = ring_socket();

	check(ring_setup(fd, &setup));
	check(ring_bind(fd, index));
	ring_close_fd(fd);
}

/* Each is left for the next, with a capture in it or not. Return: nanoseconds each. */
static uint64_t churn(uint32_t count, bool captures)
{
	int here = netns_here();
	uint64_t began = now_ns();
	uint32_t i;

	for (i = 1; i <= count; i++) {
		check(unshare(CLONE_NEWNET));
		if (captures)
			capture_once(i % 2);
		/* So that those that end do not pile up. */
		if (i % 200 == 0 || i == count)
			leave_and_wait(here);
	}
	close(here);
	return (now_ns() - began) / count;
}

static void two_thousand_namespaces_with_a_capture_come_and_go_and_leave_nothing(void **state)
{
	const uint32_t count = fewer(2000);
	uint64_t without, with, before, after, available;

	without = churn(count / 10, false);
	load();
	churn(100, true);
	assert_true(wait_until(module_is_unused, NULL));
	before = kernel_kib();
	available = read_field("/proc/meminfo", "MemAvailable:");
	with = churn(count / 10, false);
	churn(count, true);
	assert_true(wait_until(module_is_unused, NULL));
	after = kernel_kib();
	print_message("# a namespace takes %" PRIu64 " us, %" PRIu64
		      " us with the module: rate %.2f\n",
		      without / 1000, with / 1000, (double)without / (double)with);
	print_message("# %" PRIu64 " KiB before, %" PRIu64 " KiB after\n", before, after);
	print_message("# %" PRIu64 " KiB available before, %" PRIu64 " KiB after\n", available,
		      read_field("/proc/meminfo", "MemAvailable:"));
	/* Two KiB of each: less than any of them takes as long as it is there. */
	assert_true(after < before + 4096);
	assert_true(read_field("/proc/meminfo", "MemAvailable:") + 16384 > available);
	unload();
}

static void send_to_self(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = (int)check(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	check(sendto(fd, "packet", 6, 0, (const struct sockaddr *)&to, sizeof(to)));
	close(fd);
}

static void namespaces_that_come_and_go_are_captured_by_who_captures_in_all(void **state)
{
	struct nsring_setup setup = { .flags = NSRING_ALL_NETNS };
	const uint32_t count = fewer(60);
	int here = netns_here();
	struct ring *ring;
	uint32_t i;

	load();
	netns_enter(netns_first());
	ring = ring_open(&setup, NULL);
	for (i = 0; i < count; i++) {
		check(unshare(CLONE_NEWNET));
		ip("link set lo up");
		send_to_self();
	}
	netns_enter(here);
	close(here);
	/* At least: each is refused by an ICMP packet, too, if it has the time. */
	assert_true(ring_wait(ring, count, NULL, NULL) >= count);
	ring_close(ring);
	unload();
}

static int keep_namespaces(int *fds, uint32_t count)
{
	int here = netns_here();
	uint32_t i;

	for (i = 0; i < count; i++) {
		check(unshare(CLONE_NEWNET));
		fds[i] = netns_here();
	}
	netns_enter(here);
	close(here);
	return 0;
}

/* Kernels that look for mistakes do: then sizes say nothing. */
static bool pads_what_it_allocates(void)
{
	char size[64];
	const char *text = read_text("/sys/kernel/slab/kmalloc-64/object_size");

	if (!text)
		return false;
	snprintf(size, sizeof(size), "%.63s", text);
	text = read_text("/sys/kernel/slab/kmalloc-64/slab_size");
	return text && strcmp(text, size) != 0;
}

/* PF_RING's took 512 KiB of memory in one piece each, and containers failed to start. */
static void a_namespace_costs_less_than_a_kibibyte(void **state)
{
	const uint32_t count = 400;
	int *fds = calloc(count, sizeof(*fds));
	int64_t before, each, least = INT64_MAX;
	uint32_t i, times;

	assert_non_null(fds);
	if (pads_what_it_allocates()) {
		print_message("this kernel pads what it allocates\n");
		free(fds);
		skip();
	}
	/* Objects that are allocated once are there already. */
	load();
	unload();
	keep_namespaces(fds, count);
	/* The rest of the kernel allocates meanwhile, too: the least counts. */
	for (times = 0; times < 3; times++) {
		sleep_ms(200);
		before = (int64_t)slab_bytes();
		load();
		each = ((int64_t)slab_bytes() - before) / count;
		print_message("# %" PRId64 " bytes a namespace\n", each);
		least = each < least ? each : least;
		unload();
	}
	for (i = 0; i < count; i++)
		close(fds[i]);
	free(fds);
	assert_true(least < BYTES_PER_NAMESPACE);
}

#define TRACING "/sys/kernel/tracing/"

/* What may take more than a page in one piece; bytes_req is without what kernels that look for mistakes add. */
static const struct {
	const char *event, *large;
} allocations[] = {
	{ "mm_page_alloc", "order > 0" },
	{ "kmalloc", "bytes_req > 4096" },
	{ "kmalloc_node", "bytes_req > 4096" },
	{ "kmem_cache_alloc", "bytes_req > 4096" },
	{ "kmem_cache_alloc_node", "bytes_req > 4096" },
};

static int set_event(const char *event, const char *file, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), TRACING "events/kmem/%s/%s", event, file);
	return write_text(path, text);
}

/* Those of this process. Return: how many of the events this kernel has. */
static uint32_t trace_allocations(void)
{
	uint32_t i, found = 0;
	char pid[16];

	close(open(TRACING "trace", O_WRONLY | O_TRUNC | O_CLOEXEC)); /* empties it */
	snprintf(pid, sizeof(pid), "%d", getpid());
	write_text(TRACING "set_event_pid", pid);
	for (i = 0; i < ARRAY_SIZE(allocations); i++)
		found += set_event(allocations[i].event, "filter", allocations[i].large) == 0 &&
			 set_event(allocations[i].event, "enable", "1") == 0;
	return found;
}

static void trace_no_more(void)
{
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(allocations); i++) {
		set_event(allocations[i].event, "enable", "0");
		set_event(allocations[i].event, "filter", "0");
	}
	close(open(TRACING "set_event_pid", O_WRONLY | O_TRUNC | O_CLOEXEC));
}

/* Those with NORETRY are tries: SLUB, and kvmalloc(), then do with single pages. */
static uint32_t count_large(void)
{
	FILE *file = fopen(TRACING "trace", "re");
	uint32_t count = 0;
	char line[512];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		count += line[0] != '#' && !strstr(line, "NORETRY");
	fclose(file);
	return count;
}

static uint32_t count_large_of(uint32_t namespaces, void (*each)(uint32_t index), uint32_t index)
{
	int here = netns_here();
	uint32_t count, i;

	trace_allocations();
	for (i = 0; i < namespaces; i++) {
		check(unshare(CLONE_NEWNET));
		if (each)
			each(index);
	}
	trace_no_more();
	count = count_large();
	leave_and_wait(here);
	close(here);
	return count;
}

/* Where memory is in pieces, containers start, and are captured from. */
static void a_namespace_and_its_captures_need_no_two_pages_in_one_piece(void **state)
{
	const uint32_t namespaces = 20;
	uint32_t without, with, captured, any, events = trace_allocations();

	trace_no_more();
	/* Since Linux 6.3 those with a node are the same as those without. */
	if (events < 3) {
		print_message("this kernel does not trace allocations\n");
		skip();
	}
	without = count_large_of(namespaces, NULL, 0);
	load();
	with = count_large_of(namespaces, NULL, 0);
	captured = count_large_of(namespaces, capture_once, 1);
	any = count_large_of(namespaces, capture_once, 0);
	unload();
	print_message(
		"# %u namespaces: %u without the module, %u with it, %u and %u with captures\n",
		namespaces, without, with, captured, any);
	assert_int_equal(with, without);
	assert_int_equal(captured, without);
	assert_int_equal(any, without);
}

static void *flood(void *arg)
{
	int sender = sender_open("v0");
	uint8_t frame[100];

	frame_udp(frame, sizeof(frame), 0);
	while (!__atomic_load_n((bool *)arg, __ATOMIC_RELAXED))
		sender_send(sender, frame, sizeof(frame));
	close(sender);
	return NULL;
}

static void a_cpu_may_go_and_come_under_traffic(void **state)
{
	struct nsring_setup setups[] = { { 0 }, { .share = 1 }, { .cluster = 1 } };
	bool stop = false;
	struct ring *rings[ARRAY_SIZE(setups)];
	uint32_t i, round, next;
	pthread_t thread;
	cpu_set_t all;

	load();
	for (i = 0; i < ARRAY_SIZE(setups); i++)
		rings[i] = ring_open(&setups[i], "v1");
	memset(&all, 0xff, sizeof(all));
	check(sched_setaffinity(0, sizeof(all), &all));
	assert_int_equal(pthread_create(&thread, NULL, flood, &stop), 0);
	for (round = 0; round < 5; round++) {
		cpu_set_online(1, false);
		for (i = 0; i < ARRAY_SIZE(setups); i++)
			ring_wait(rings[i], 20, NULL, NULL);
		cpu_set_online(1, true);
		for (i = 0; i < ARRAY_SIZE(setups); i++)
			ring_wait(rings[i], 20, NULL, NULL);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	assert_int_equal(pthread_join(thread, NULL), 0);
	for (i = 0; i < ARRAY_SIZE(setups); i++) {
		ring_read(rings[i], NULL, NULL);
		pin_cpu(1);
		send_udp("v0", 20, 100);
		next = 0;
		assert_int_equal(ring_wait(rings[i], 20, check_numbers, &next), 20);
		ring_close(rings[i]);
	}
	unload();
}

static void what_waits_in_the_lane_of_a_cpu_that_went_can_be_read(void **state)
{
	uint32_t next = 0;
	struct ring *ring;

	load();
	ring = ring_open(NULL, "v1");
	pin_cpu(1);
	send_udp("v0", 20, 100);
	ring_met(ring->fd, 20);
	pin_cpu(0);
	cpu_set_online(1, false);
	assert_int_equal(ring_wait(ring, 20, check_numbers, &next), 20);
	cpu_set_online(1, true);
	ring_close(ring);
	unload();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(two_thousand_namespaces_with_a_capture_come_and_go_and_leave_nothing),
		TEST(namespaces_that_come_and_go_are_captured_by_who_captures_in_all),
		TEST(a_namespace_costs_less_than_a_kibibyte),
		TEST(a_namespace_and_its_captures_need_no_two_pages_in_one_piece),
		TEST(a_cpu_may_go_and_come_under_traffic),
		TEST(what_waits_in_the_lane_of_a_cpu_that_went_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
