/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What /proc/net/nsring shows, and to whom. */
#include <dirent.h>
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

/* @name: 32 bytes, the file of the only capture here. */
static void find_capture(char *name)
{
	DIR *dir = opendir("/proc/thread-self/net/nsring");
	struct dirent *entry;

	assert_non_null(dir);
	assert_int_equal(proc_count(), 1);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
			snprintf(name, 32, "%.31s", entry->d_name);
	closedir(dir);
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

static void a_capture_has_a_file_as_long_as_it_is_there(void **state)
{
	char name[32], number[32];
	int fd = ring_socket();
	struct ring *ring;
	struct stat file;

	assert_int_equal(proc_count(), 0);
	ring_close_fd(fd);
	ring = ring_open(NULL, "v1");
	find_capture(name);
	snprintf(number, sizeof(number), "%d", getpid());
	assert_true(has_line(name, "pid:", number));
	check(fstat(ring->fd, &file));
	snprintf(number, sizeof(number), "%" PRIu64, (uint64_t)file.st_ino);
	assert_true(has_line(name, "inode:", number));
	assert_true(has_line(name, "uid:", "0"));
	assert_true(has_line(name, "device:", "v1"));
	assert_true(has_line(name, "state:", "captures"));
	send_udp("v0", 10, 100);
	ring_met(ring->fd, 10);
	assert_true(has_line(name, "written:", "10"));
	assert_true(has_line(name, "full:", "0"));
	ring_close(ring);
	assert_int_equal(proc_count(), 0);
}

static void what_a_capture_tells_is_for_the_namespaces_root_alone(void **state)
{
	struct ring *ring = ring_open(NULL, "v1");
	char name[32], path[96];
	struct stat file;

	find_capture(name);
	snprintf(path, sizeof(path), "/proc/thread-self/net/nsring/%s", name);
	check(stat(path, &file));
	assert_int_equal(file.st_mode & 0777, 0400);
	assert_int_equal(file.st_uid, 0);
	ring_close(ring);
}

static void a_device_has_a_file_under_the_name_it_has_now(void **state)
{
	struct ring *ring = ring_open(NULL, "v1");
	char name[32];

	assert_true(has_line("dev/v1", "captures:", "1"));
	assert_true(has_line("dev/v0", "captures:", "0"));
	assert_true(has_line("dev/lo", "captures:", "0"));
	rename_device("v1", "other");
	assert_null(proc_text("dev/v1"));
	assert_true(has_line("dev/other", "captures:", "1"));
	find_capture(name);
	assert_true(has_line(name, "device:", "other"));
	ip("link delete v0");
	assert_null(proc_text("dev/other"));
	assert_null(proc_text("dev/v0"));
	assert_true(has_line(name, "state:", "device"));
	ring_close(ring);
}

static void a_device_that_moved_is_shown_where_it_is(void **state)
{
	int other = netns_new(), here = netns_here();

	move_device("v1", other);
	assert_null(proc_text("dev/v1"));
	netns_enter(other);
	assert_non_null(proc_text("dev/v1"));
	netns_enter(here);
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
	assert_null(proc_text("dev/v1"));
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
	char old[16] = "", name[32];
	struct ring *ring;
	const char *text;

	prctl(PR_GET_NAME, old);
	prctl(PR_SET_NAME, "%s%p%n\nx: 1");
	ring = ring_open(NULL, "v1");
	prctl(PR_SET_NAME, old);
	find_capture(name);
	text = proc_text(name);
	assert_non_null(strstr(text, "process:  %s%p%n"));
	assert_null(strstr(text, "\nx: 1"));
	ring_close(ring);
}

static void no_address_of_the_kernel_is_shown(void **state)
{
	struct ring *ring = ring_open(NULL, "v1");
	char name[32];

	find_capture(name);
	assert_null(strstr(proc_text(name), "ffff"));
	assert_null(strstr(proc_text("info"), "ffff"));
	assert_null(strstr(proc_text("dev/v1"), "ffff"));
	ring_close(ring);
}

static void *read_until_stopped(void *arg)
{
	while (!__atomic_load_n((bool *)arg, __ATOMIC_RELAXED)) {
		if (system("cat /proc/thread-self/net/nsring/* "
			   "/proc/thread-self/net/nsring/dev/* >/dev/null 2>&1") < 0)
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
		TEST(a_capture_has_a_file_as_long_as_it_is_there),
		TEST(what_a_capture_tells_is_for_the_namespaces_root_alone),
		TEST(a_device_has_a_file_under_the_name_it_has_now),
		TEST(a_device_that_moved_is_shown_where_it_is),
		TEST(what_is_in_another_namespace_is_not_shown),
		TEST(the_name_of_a_process_is_no_format_and_no_line_of_its_own),
		TEST(no_address_of_the_kernel_is_shown),
		TEST(files_can_be_read_while_captures_and_devices_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
