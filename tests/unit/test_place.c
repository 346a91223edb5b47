/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Places, as far as that goes without a capability: the own namespace, and what is none. */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/place.h"
#include "sys/thread.h"
#include "check.h"

#define NOT_CALLED 1

static int open_file(const char *path)
{
	int probe = open(path, O_PATH | O_CLOEXEC), fd;
	struct stat st;

	assert_true(probe >= 0);
	fd = nsr_place_open_file(probe, &st);
	close(probe);
	return fd;
}

static void network_namespace_is_opened_by_its_file(void **state)
{
	int fd = open_file("/proc/self/ns/net");

	assert_true(fd >= 0);
	close(fd);
}

static void file_that_is_no_network_namespace_is_refused(void **state)
{
	assert_int_equal(open_file("/proc/self/ns/mnt"), -ENOTTY);
	assert_int_equal(open_file("/dev/null"), -ENOTTY);
	assert_int_equal(open_file("/"), -ENOTTY);
}

static void note(uint32_t index, int rc, void *arg)
{
	((int *)arg)[index] = rc;
}

static void each_namespace_is_visited_once_or_says_why_not(void **state)
{
	int own = open_file("/proc/self/ns/net"), none = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const int fds[] = { own, -1, none, own };
	int rcs[] = { NOT_CALLED, NOT_CALLED, NOT_CALLED, NOT_CALLED };

	assert_int_equal(nsr_place_run_each(fds, 4, note, rcs), 0);
	assert_int_equal(rcs[0], 0);
	assert_int_equal(rcs[1], NOT_CALLED);
	assert_true(rcs[2] < 0);
	assert_int_equal(rcs[3], 0);
	assert_int_equal(nsr_place_run_each(NULL, 0, note, NULL), 0);
	close(own);
	close(none);
}

static int who(void *arg)
{
	*(pid_t *)arg = (pid_t)syscall(SYS_gettid);
	return -7;
}

static void own_namespace_is_visited_by_the_calling_thread(void **state)
{
	pid_t visitor = 0;

	assert_int_equal(nsr_place_visit("", who, &visitor, NULL), -7);
	assert_int_equal(visitor, syscall(SYS_gettid));
}

static void place_of_no_kind_is_not_visited(void **state)
{
	struct nsr_error err = { 0 };
	pid_t visitor = 0;

	assert_int_equal(nsr_place_visit("nowhere", who, &visitor, &err), -EINVAL);
	assert_says(&err, "nowhere");
	assert_int_equal(visitor, 0);
}

static void *look_at_signals(void *arg)
{
	sigset_t blocked;

	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	if (sigismember(&blocked, SIGINT))
		atomic_fetch_add((atomic_uint *)arg, 1);
	return NULL;
}

static void team_is_as_large_as_asked_for_and_only_the_caller_handles_signals(void **state)
{
	atomic_uint blocked = 0;

	assert_int_equal(nsr_thread_team(5, false, look_at_signals, &blocked), 5);
	assert_int_equal(blocked, 5);
	assert_int_equal(nsr_thread_team(5, true, look_at_signals, &blocked), 5);
	assert_int_equal(blocked, 5 + 4);
	assert_int_equal(nsr_thread_team(1, true, look_at_signals, &blocked), 1);
	assert_int_equal(blocked, 5 + 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(network_namespace_is_opened_by_its_file),
		cmocka_unit_test(file_that_is_no_network_namespace_is_refused),
		cmocka_unit_test(each_namespace_is_visited_once_or_says_why_not),
		cmocka_unit_test(own_namespace_is_visited_by_the_calling_thread),
		cmocka_unit_test(place_of_no_kind_is_not_visited),
		cmocka_unit_test(team_is_as_large_as_asked_for_and_only_the_caller_handles_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
