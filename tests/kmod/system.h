/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The machine that a test runs on: its files, its processes, its memory, its module. */
#ifndef NSR_TESTS_KMOD_SYSTEM_H
#define NSR_TESTS_KMOD_SYSTEM_H

#include <sys/types.h>

#include "check.h"

/** wait_until() - ask again and again, for 20 seconds at most, whether something is so */
bool wait_until(bool (*is_so)(const void *arg), const void *arg);

/** sleep_ms() - for things that must not happen: let them have the time */
void sleep_ms(uint32_t ms);

/** now_ns() - of CLOCK_MONOTONIC */
uint64_t now_ns(void);

/** fewer() - @count, or less of it where the kernel is slow: divided by NSR_TEST_LESS */
uint32_t fewer(uint32_t count);

/** write_text() - into a file of /proc or /sys; 0 or -errno */
int write_text(const char *path, const char *text);

/** read_text() - up to 4,095 bytes of a file; valid until the next call; NULL when there is none */
const char *read_text(const char *path);

/** read_field() - the number behind a word in a file such as /proc/meminfo */
uint64_t read_field(const char *path, const char *word);

/** module_users() - what lsmod shows of nsring */
uint64_t module_users(void);

bool module_is_unused(const void *arg);

/** proc_text() - /proc/net/nsring of the namespace that this process is in, as read_text() */
const char *proc_text(const char *file);

/** proc_count() - how many captures /proc/net/nsring has here */
uint32_t proc_count(void);

/** proc_device_captures() - how many captures dev there has for a device; -1: no such device */
int proc_device_captures(const char *device);

/** proc_has_device() - whether dev there has it */
bool proc_has_device(const char *device);

/** pin_cpu() - run the calling thread, and what its packets cause, on this CPU only */
void pin_cpu(uint32_t cpu);

/** cpu_set_online() - have a CPU go offline, or come */
void cpu_set_online(uint32_t cpu, bool online);

/** child_start() - a process that runs @run and ends with what it returns */
pid_t child_start(int (*run)(void *arg), void *arg);

/** child_end() - wait for it; its status, or 128 and the signal */
int child_end(pid_t child);

/** child_apart() - the status of a process that runs @run in a PID namespace of its own, as in a container */
int child_apart(int (*run)(void *arg), void *arg);

/** keep_capabilities() - give up all of the calling process except these, as bits; whether it could */
bool keep_capabilities(uint32_t capabilities);

/** child_kill() - kill -9, and wait for it */
void child_kill(pid_t child);

/**
 * struct slow_page - a page that is not there yet: whoever touches it, the kernel too, sleeps meanwhile
 * @fd:   userfaultfd
 * @page: of 4,096 bytes
 */
struct slow_page {
	int fd;
	uint8_t *page;
};

struct slow_page slow_page_make(void);

/** slow_page_wait() - until somebody sleeps because of it */
void slow_page_wait(const struct slow_page *slow);

/** slow_page_fill() - @content: 4,096 bytes, aligned to a page */
void slow_page_fill(const struct slow_page *slow, const void *content);

void slow_page_free(struct slow_page *slow);

/** cgroup_make() - the memory cgroup of a test, without a limit; what an earlier test has left makes way */
void cgroup_make(void);

/** cgroup_enter() - move the calling process there; 0 or -errno */
int cgroup_enter(void);

/** cgroup_limit() - bytes that it may have; 0 or -errno */
int cgroup_limit(uint64_t bytes);

/** cgroup_charged() - bytes that it has */
uint64_t cgroup_charged(void);

/** cgroup_events() - how often something happened to it: a word of memory.events */
uint64_t cgroup_events(const char *word);

/** cgroup_remove() - once nobody is in it */
void cgroup_remove(void);

/** run_as_nobody() - in a child with uid 65534 and no capability */
int run_as_nobody(int (*run)(void *arg), void *arg);

/** run_in_user_namespace() - as nobody, then root of a user and a network namespace of its own */
int run_in_user_namespace(int (*run)(void *arg), void *arg);

#endif
