/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What /proc/net/nsring shows, and to whom. */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frame.h"
#include "net.h"
#include "system.h"

/* Whether a file there has a line with these two words. */
static bool has_line(const char *file, const char *word, const char *value)
{
	const char *at = proc_text(file);
	char first[64], second[64];

	for (; at && *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (sscanf(at, "%63s %63s", first, second) == 2 && strcmp(first, word) == 0 &&
		    strcmp(second, value) == 0)
			return true;
	return false;
}

static void info_has_the_version_and_how_many_there_are(void **state)
{
	struct ring *ring;

	assert_true(has_line("info", "abi:", "1"));
	assert_true(has_line("info", "captures:", "0"));
	ring = ring_open(NULL, "v1");
	assert_true(has_line("info", "captures:", "1"));
	ring_close(ring);
	assert_true(has_line("info", "captures:", "0"));
}

static void a_capture_has_a_paragraph_as_long_as_it_is_there(void **state)
{
	int fd = ring_socket();
	struct ring *ring;
	struct stat file;
	char number[32];

	assert_int_equal(proc_count(), 0);
	ring_close_fd(fd);
	ring = ring_open(NULL, "v1");
	assert_int_equal(proc_count(), 1);
	snprintf(number, sizeof(number), "%d", getpid());
	assert_true(has_line("captures", "pid:", number));
	check(fstat(ring->fd, &file));
	snprintf(number, sizeof(number), "%" PRIu64, (uint64_t)file.st_ino);
	assert_true(has_line("captures", "inode:", number));
	assert_true(has_line("captures", "uid:", "0"));
	assert_true(has_line("captures", "device:", "v1"));
	assert_true(has_line("captures", "state:", "captures"));
	send_udp("v0", 10, 100);
	ring_met(ring->fd, 10);
	assert_true(has_line("captures", "written:", "10"));
	assert_true(has_line("captures", "full:", "0"));
	ring_close(ring);
	assert_int_equal(proc_count(), 0);
}

/* More than one page of text. */
static void many_captures_are_all_there_once(void **state)
{
	struct nsring_setup setup = { .ring_bytes = 1 };
	struct ring *rings[40];
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(rings); i++)
		rings[i] = ring_open(&setup, "v1");
	assert_int_equal(proc_count(), ARRAY_SIZE(rings));
	assert_int_equal(proc_device_captures("v1"), ARRAY_SIZE(rings));
	for (i = 0; i < ARRAY_SIZE(rings); i++)
		ring_close(rings[i]);
}

static void what_a_capture_tells_is_for_the_namespaces_root_alone(void **state)
{
	struct stat file;

	check(stat("/proc/thread-self/net/nsring/captures", &file));
	assert_int_equal(file.st_mode & 0777, 0400);
	assert_int_equal(file.st_uid, 0);
}

static void a_device_has_a_line_with_the_name_it_has_now(void **state)
{
	struct ring *ring = ring_open(NULL, "v1");

	assert_int_equal(proc_device_captures("v1"), 1);
	assert_int_equal(proc_device_captures("v0"), 0);
	assert_int_equal(proc_device_captures("lo"), 0);
	rename_device("v1", "other");
	assert_false(proc_has_device("v1"));
	assert_int_equal(proc_device_captures("other"), 1);
	assert_true(has_line("captures", "device:", "other"));
	ip("link delete v0");
	assert_false(proc_has_device("other"));
	assert_false(proc_has_device("v0"));
	assert_true(has_line("captures", "state:", "device"));
	ring_close(ring);
}

static void a_device_that_moved_is_shown_where_it_is(void **state)
{
	int other = netns_new(), here = netns_here();

	move_device("v1", other);
	assert_false(proc_has_device("v1"));
	netns_enter(other);
	assert_true(proc_has_device("v1"));
	netns_enter(here);
	close(here);
}

static bool is_in_ptype(void)
{
	const char *text = read_text("/proc/thread-self/net/ptype");

	assert_non_null(text);
	return strstr(text, "[nsring]");
}

/* The host watches: a container must not learn of it. */
static void captures_of_all_namespaces_are_shown_in_none_of_them(void **state)
{
	struct nsring_setup setup = { .flags = NSRING_ALL_NETNS, .ring_bytes = 1 };
	int here = netns_here(), initial = (int)check(open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC));
	struct ring *ring, *own;

	netns_enter(initial);
	ring = ring_open(&setup, NULL);
	assert_int_equal(proc_count(), 1);
	assert_true(is_in_ptype());
	netns_enter(here);
	assert_false(is_in_ptype());
	own = ring_open(NULL, "v1");
	assert_true(is_in_ptype());
	ring_close(own);
	assert_false(is_in_ptype());
	assert_int_equal(proc_device_captures("v1"), 0);
	assert_int_equal(proc_count(), 0);
	assert_true(has_line("info", "captures:", "0"));
	assert_true(has_line("info", "opened:", "1"));
	netns_enter(initial);
	ring_close(ring);
	netns_enter(here);
	close(initial);
	close(here);
}

/* PF_RING's twelfth: its totals were everybody's. */
static void what_is_in_another_namespace_is_not_shown(void **state)
{
	struct ring *ring = ring_open(NULL, "v1");
	int other = netns_new(), here = netns_here();

	send_udp("v0", 10, 100);
	assert_int_equal(ring_wait(ring, 10, NULL, NULL), 10);
	netns_enter(other);
	assert_int_equal(proc_count(), 0);
	assert_true(has_line("info", "captures:", "0"));
	assert_true(has_line("info", "opened:", "0"));
	assert_false(proc_has_device("v1"));
	assert_null(strstr(proc_text("info"), "memory:"));
	netns_enter(here);
	ring_close(ring);
	assert_true(has_line("info", "written:", "10"));
	netns_enter(other);
	assert_true(has_line("info", "written:", "0"));
	netns_enter(here);
	close(here);
}

/* PF_RING's seventh: it was a format. */
static void the_name_of_a_process_is_no_format_and_no_line_of_its_own(void **state)
{
	char old[16] = "";
	struct ring *ring;
	const char *text;

	prctl(PR_GET_NAME, old);
	prctl(PR_SET_NAME, "%s%p%n\nx: 1");
	ring = ring_open(NULL, "v1");
	prctl(PR_SET_NAME, old);
	text = proc_text("captures");
	assert_non_null(strstr(text, "process:  %s%p%n"));
	assert_null(strstr(text, "\nx: 1"));
	ring_close(ring);
}

static void no_address_of_the_kernel_is_shown(void **state)
{
	struct ring *ring = ring_open(NULL, "v1");

	assert_null(strstr(proc_text("captures"), "ffff"));
	assert_null(strstr(proc_text("info"), "ffff"));
	assert_null(strstr(proc_text("dev"), "ffff"));
	ring_close(ring);
}

static void *read_until_stopped(void *arg)
{
	while (!__atomic_load_n((bool *)arg, __ATOMIC_RELAXED)) {
		if (system("cat /proc/thread-self/net/nsring/* >/dev/null 2>&1") < 0)
			break;
	}
	return NULL;
}

static void files_can_be_read_while_captures_and_devices_come_and_go(void **state)
{
	struct nsring_setup setup = { .ring_bytes = 1 };
	bool stop = false;
	pthread_t thread;
	uint32_t i;

	assert_int_equal(pthread_create(&thread, NULL, read_until_stopped, &stop), 0);
	for (i = 0; i < 8; i++) {
		struct ring *ring = ring_open(&setup, "v1"), *other = ring_open(&setup, NULL);

		make_pair("v2", "v3");
		rename_device("v2", "v4");
		ring_close(ring);
		ip("link delete v4");
		ring_close(other);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(proc_count(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(info_has_the_version_and_how_many_there_are),
		TEST(a_capture_has_a_paragraph_as_long_as_it_is_there),
		TEST(many_captures_are_all_there_once),
		TEST(what_a_capture_tells_is_for_the_namespaces_root_alone),
		TEST(a_device_has_a_line_with_the_name_it_has_now),
		TEST(a_device_that_moved_is_shown_where_it_is),
		TEST(captures_of_all_namespaces_are_shown_in_none_of_them),
		TEST(what_is_in_another_namespace_is_not_shown),
		TEST(the_name_of_a_process_is_no_format_and_no_line_of_its_own),
		TEST(no_address_of_the_kernel_is_shown),
		TEST(files_can_be_read_while_captures_and_devices_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
