/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "system.h"

#define NOBODY 65534
#define CGROUP "/sys/fs/cgroup/nsring-test"

void sleep_ms(uint32_t ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&time, &time) < 0 && errno == EINTR)
		;
}

uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

bool wait_until(bool (*is_so)(const void *arg), const void *arg)
{
	uint64_t until = now_ns() + 20000000000;

	while (!is_so(arg)) {
		if (now_ns() > until)
			return false;
		sleep_ms(5);
	}
	return true;
}

uint32_t fewer(uint32_t count)
{
	const char *divisor = getenv("NSR_TEST_LESS");

	return divisor ? count / (uint32_t)strtoul(divisor, NULL, 10) : count;
}

int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), rc = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

const char *read_text(const char *path)
{
	static char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size = 0;
	ssize_t got;

	if (fd < 0)
		return NULL;
	while ((got = read(fd, text + size, sizeof(text) - 1 - size)) > 0)
		size += (size_t)got;
	close(fd);
	text[size] = '\0';
	return text;
}

uint64_t read_field(const char *path, const char *word)
{
	FILE *file = fopen(path, "re");
	uint64_t value = 0;
	bool found = false;
	char line[256];

	if (!file)
		fail_msg("there is no %s", path);
	while (!found && fgets(line, sizeof(line), file)) {
		if (strncmp(line, word, strlen(word)) != 0)
			continue;
		value = strtoull(line + strcspn(line, " \t"), NULL, 10);
		found = true;
	}
	fclose(file);
	if (!found)
		fail_msg("%s has no %s", path, word);
	return value;
}

uint64_t module_users(void)
{
	const char *text = read_text("/sys/module/nsring/refcnt");

	return text ? strtoull(text, NULL, 10) : 0;
}

bool module_is_unused(const void *arg)
{
	return module_users() == 0;
}

const char *proc_text(const char *file)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/thread-self/net/nsring/%s", file);
	return read_text(path);
}

static FILE *proc_open(const char *file)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/thread-self/net/nsring/%s", file);
	return fopen(path, "re");
}

uint32_t proc_count(void)
{
	FILE *file = proc_open("captures");
	uint32_t count = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		count += strncmp(line, "capture:", 8) == 0;
	if (file)
		fclose(file);
	return count;
}

int proc_device_captures(const char *device)
{
	FILE *file = proc_open("dev");
	char line[256], name[64];
	int captures = -1, now;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*d %63s %*u %*u %*s %d", name, &now) == 2 &&
		    strcmp(name, device) == 0)
			captures = now;
	if (file)
		fclose(file);
	return captures;
}

bool proc_has_device(const char *device)
{
	return proc_device_captures(device) >= 0;
}

void pin_cpu(uint32_t cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	check(sched_setaffinity(0, sizeof(set), &set));
}

void cpu_set_online(uint32_t cpu, bool online)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", cpu);
	assert_int_equal(write_text(path, online ? "1" : "0"), 0);
}

pid_t child_start(int (*run)(void *arg), void *arg)
{
	pid_t child = (pid_t)check(fork());

	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(run(arg));
	}
	return child;
}

int child_end(pid_t child)
{
	int status;

	check(waitpid(child, &status, 0));
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

struct apart {
	int (*run)(void *arg);
	void *arg;
};

/* The next child is the first process of the new namespace. */
static int run_apart(void *arg)
{
	const struct apart *apart = arg;

	check(unshare(CLONE_NEWPID));
	return child_end(child_start(apart->run, apart->arg));
}

int child_apart(int (*run)(void *arg), void *arg)
{
	struct apart apart = { run, arg };

	return child_end(child_start(run_apart, &apart));
}

bool keep_capabilities(uint32_t capabilities)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { 0 };

	data[0].effective = data[0].permitted = capabilities;
	return syscall(SYS_capset, &header, data) == 0;
}

void child_kill(pid_t child)
{
	check(kill(child, SIGKILL));
	assert_int_equal(child_end(child), 128 + SIGKILL);
}

struct job {
	int (*run)(void *arg);
	void *arg;
};

static int become_nobody(void)
{
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return 255;
	/* So that it can write its own uid_map. */
	return prctl(PR_SET_DUMPABLE, 1) < 0 ? 255 : 0;
}

static int nobody(void *arg)
{
	const struct job *job = arg;

	return become_nobody() ?: job->run(job->arg);
}

static int own_namespaces(void *arg)
{
	const struct job *job = arg;

	if (become_nobody())
		return 255;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return 254;
	if (write_text("/proc/self/setgroups", "deny") < 0 ||
	    write_text("/proc/self/gid_map", "0 65534 1") < 0 ||
	    write_text("/proc/self/uid_map", "0 65534 1") < 0)
		return 253;
	return job->run(job->arg);
}

struct slow_page slow_page_make(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = { .range = { .len = 4096 },
					.mode = UFFDIO_REGISTER_MODE_MISSING };
	struct slow_page slow;

	slow.fd = (int)check(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK));
	check(ioctl(slow.fd, UFFDIO_API, &api));
	slow.page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(slow.page != MAP_FAILED);
	area.range.start = (uintptr_t)slow.page;
	check(ioctl(slow.fd, UFFDIO_REGISTER, &area));
	return slow;
}

void slow_page_wait(const struct slow_page *slow)
{
	struct pollfd stuck = { .fd = slow->fd, .events = POLLIN };

	assert_int_equal(check(poll(&stuck, 1, -1)), 1);
}

void slow_page_fill(const struct slow_page *slow, const void *content)
{
	struct uffdio_copy copy = { .dst = (uintptr_t)slow->page,
				    .src = (uintptr_t)content,
				    .len = 4096 };

	check(ioctl(slow->fd, UFFDIO_COPY, &copy));
}

void slow_page_free(struct slow_page *slow)
{
	munmap(slow->page, 4096);
	close(slow->fd);
}

void cgroup_make(void)
{
	write_text("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	rmdir(CGROUP);
	check(mkdir(CGROUP, 0755));
}

int cgroup_enter(void)
{
	return write_text(CGROUP "/cgroup.procs", "0");
}

int cgroup_limit(uint64_t bytes)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, bytes);
	return write_text(CGROUP "/memory.max", text);
}

uint64_t cgroup_charged(void)
{
	return strtoull(read_text(CGROUP "/memory.current") ?: "0", NULL, 10);
}

uint64_t cgroup_events(const char *word)
{
	return read_field(CGROUP "/memory.events", word);
}

void cgroup_remove(void)
{
	rmdir(CGROUP);
}

int run_as_nobody(int (*run)(void *arg), void *arg)
{
	struct job job = { run, arg };

	return child_end(child_start(nobody, &job));
}

int run_in_user_namespace(int (*run)(void *arg), void *arg)
{
	struct job job = { run, arg };

	return child_end(child_start(own_namespaces, &job));
}
