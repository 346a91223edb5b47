/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Finding, entering and outliving network namespaces.
 *
 * A place is resolved to a file of nsfs; device and inode of that file identify the namespace.
 * To act inside it a short-lived thread enters it: setns(2) moves only the calling thread, so the
 * caller stays where it is, and what the thread opens keeps belonging to the namespace. To act in
 * many, a few threads go from one to the next.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <nsring/engine.h>

#include "caps.h"
#include "compat.h"
#include "place.h"
#include "thread.h"

#define NETNS_DIR "/run/netns"
#define OWN	  "/proc/thread-self/ns/net"

/* More threads would only wait for each other in the kernel (RTNL). */
#define THREADS_MOST 4

/* A word with a ':' has a name behind it. */
static const struct {
	const char *word;
	enum nsr_place_kind kind;
} kinds[] = {
	{ "host", NSR_PLACE_HOST },	     { "all", NSR_PLACE_ALL },
	{ "netns:", NSR_PLACE_NAME },	     { "pid:", NSR_PLACE_PID },
	{ "container:", NSR_PLACE_TO_COME }, { "pod:", NSR_PLACE_TO_COME },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

enum nsr_place_kind nsr_place_kind(const char *name, const char **which)
{
	const char *unused;
	size_t length, i;

	which = which ? which : &unused;
	*which = "";
	if (!*name)
		return NSR_PLACE_OWN;
	for (i = 0; i < KINDS; i++) {
		length = strlen(kinds[i].word);
		if (strncmp(name, kinds[i].word, length) != 0)
			continue;
		*which = name + length;
		if (kinds[i].word[length - 1] == ':')
			return kinds[i].kind == NSR_PLACE_NAME && **which == '/' ? NSR_PLACE_PATH
										 : kinds[i].kind;
		if (!**which)
			return kinds[i].kind;
	}
	return NSR_PLACE_UNKNOWN;
}

bool nsr_place_reserves(const char *word)
{
	size_t length = strlen(word), i;

	for (i = 0; i < KINDS; i++)
		if (strcspn(kinds[i].word, ":") == length &&
		    strncmp(kinds[i].word, word, length) == 0)
			return true;
	return false;
}

static int netns_path(const char *name, struct nsr_place *place, struct nsr_error *err)
{
	if (!*name)
		return nsr_error_advise(
			err, nsr_error_set(err, -EINVAL, "place \"netns:\" names no namespace"),
			"write netns:NAME or netns:/PATH");
	if (strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return nsr_error_advise(
			err,
			nsr_error_set(err, -EINVAL, "place \"netns:%s\": that is no name", name),
			"a name has no '/' in it, a path begins with one");
	snprintf(place->path, sizeof(place->path), NETNS_DIR "/%s", name);
	return 0;
}

static int pid_path(const char *pid, struct nsr_place *place, struct nsr_error *err)
{
	char *end = NULL;
	long value = isdigit((unsigned char)*pid) ? strtol(pid, &end, 10) : 0;

	if (value <= 0 || *end || value > 1 << 22)
		return nsr_error_set(err, -EINVAL, "place \"pid:%s\": that is no process number",
				     pid);
	snprintf(place->path, sizeof(place->path), "/proc/%ld/ns/net", value);
	return 0;
}

static int place_path(struct nsr_place *place, struct nsr_error *err)
{
	const char *which;

	switch (nsr_place_kind(place->name, &which)) {
	case NSR_PLACE_HOST:
		strcpy(place->path, "/proc/1/ns/net");
		return 0;
	case NSR_PLACE_NAME:
		return netns_path(which, place, err);
	case NSR_PLACE_PATH:
		snprintf(place->path, sizeof(place->path), "%s", which);
		return 0;
	case NSR_PLACE_PID:
		return pid_path(which, place, err);
	case NSR_PLACE_ALL:
		return nsr_error_advise(err,
					nsr_error_set(err, -EINVAL,
						      "place \"all\" is every namespace at once, "
						      "which can't be entered"),
					"name one, or take all/ring:any");
	default:
		return nsr_error_advise(err,
					nsr_error_set(err, -EINVAL,
						      "place \"%s\" is of no known kind",
						      place->name),
					"there are host, netns:NAME, netns:/PATH and pid:N");
	}
}

/* Without it, or with that of other processes, a file there that is missing tells nothing. */
static bool has_proc(void)
{
	return access("/proc/self", F_OK) == 0;
}

static int say_open_error(const struct nsr_place *place, int code, struct nsr_error *err)
{
	if (code == -ENOSYS ||
	    (code == -ENOENT && !strncmp(place->path, "/proc/", 6) && !has_proc()))
		return nsr_error_advise(
			err,
			nsr_error_set(
				err, -ENOSYS,
				"place \"%s\": without /proc only the own namespace is in reach",
				place->name),
			"mount -t proc proc /proc");
	switch (code) {
	case -ENOENT:
	case -ESRCH:
		return nsr_error_set(err, -ENOENT, "place \"%s\": %s does not exist", place->name,
				     place->path);
	case -EACCES:
	case -EPERM:
		return nsr_error_advise(
			err,
			nsr_error_set(err, code, "place \"%s\": %s is not readable for this user",
				      place->name, place->path),
			"that needs CAP_SYS_PTRACE");
	default:
		return nsr_error_set(err, code, "place \"%s\": %s: %s", place->name, place->path,
				     strerror(-code));
	}
}

int nsr_place_open_file(int probe, struct stat *st)
{
	char self[32];
	struct statfs fs;
	int fd;

	if (fstatfs(probe, &fs) < 0 || fs.f_type != NSFS_MAGIC || fstat(probe, st) < 0)
		return -ENOTTY;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", probe);
	fd = open(self, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT && !has_proc() ? -ENOSYS : -errno;
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET) {
		close(fd);
		return -ENOTTY;
	}
	return fd;
}

/* A device or a fifo that a path happens to lead to could block, or do something, when opened. */
static int open_path(const char *path, struct stat *st)
{
	int probe = open(path, O_PATH | O_CLOEXEC), fd;

	if (probe < 0)
		return -errno;
	fd = nsr_place_open_file(probe, st);
	close(probe);
	return fd;
}

/* Needs no file: without /proc only the numbers that tell it from others stay unknown. */
static void find_own(struct nsr_place *place)
{
	struct stat st;

	if (stat(OWN, &st) < 0)
		return;
	place->dev = st.st_dev;
	place->inode = st.st_ino;
}

int nsr_place_open(const char *name, struct nsr_place *place, struct nsr_error *err)
{
	struct stat own, st;
	int fd, rc;

	memset(place, 0, sizeof(*place));
	place->fd = -1;
	snprintf(place->name, sizeof(place->name), "%s", name);
	if (!*name) {
		find_own(place);
		return 0;
	}
	rc = place_path(place, err);
	if (rc < 0)
		return rc;
	fd = open_path(place->path, &st);
	if (fd == -ENOTTY)
		return nsr_error_set(err, -EINVAL, "place \"%s\": %s is no network namespace",
				     place->name, place->path);
	if (fd < 0)
		return say_open_error(place, fd, err);
	place->dev = st.st_dev;
	place->inode = st.st_ino;
	if (stat(OWN, &own) == 0 && own.st_dev == st.st_dev && own.st_ino == st.st_ino) {
		close(fd);
		place->path[0] = '\0';
		return 0;
	}
	place->fd = fd;
	return 0;
}

void nsr_place_close(struct nsr_place *place)
{
	if (place->fd >= 0)
		close(place->fd);
	place->fd = -1;
}

struct visit {
	const struct nsr_place *place;
	int (*fn)(void *arg);
	void *arg;
	int rc;
	bool entered;
};

static void *visitor(void *arg)
{
	struct visit *visit = arg;

	if (setns(visit->place->fd, CLONE_NEWNET) < 0) {
		visit->rc = -errno;
		return NULL;
	}
	visit->entered = true;
	visit->rc = visit->fn(visit->arg);
	return NULL;
}

/* One's own capability is of no use where another user namespace owns the namespace. */
static int say_closed(const struct nsr_place *place, struct nsr_error *err)
{
	static const uint64_t wanted = NSR_CAP_BIT(SYS_ADMIN);
	struct nsr_caps caps;

	nsr_caps_read(&caps);
	nsr_error_set(err, -EPERM,
		      "place \"%s\": entering another network namespace needs CAP_SYS_ADMIN%s",
		      place->name,
		      nsr_caps_missing(&caps, wanted) || caps.initial
			      ? ""
			      : " in the user namespace that owns it");
	return nsr_caps_advise(err, -EPERM, &caps, wanted, NULL);
}

int nsr_place_run(const struct nsr_place *place, int (*fn)(void *arg), void *arg,
		  struct nsr_error *err)
{
	struct visit visit = { .place = place, .fn = fn, .arg = arg };
	pthread_t thread;
	int rc;

	if (place->fd < 0)
		return fn(arg);
	rc = nsr_thread_start(&thread, visitor, &visit);
	if (rc < 0)
		return nsr_error_set(err, rc, "place \"%s\": can't start a thread to enter it: %s",
				     place->name, strerror(-rc));
	pthread_join(thread, NULL);
	if (visit.entered)
		return visit.rc;
	if (visit.rc == -EPERM)
		return say_closed(place, err);
	return nsr_error_set(err, visit.rc, "place \"%s\": can't enter it: %s", place->name,
			     strerror(-visit.rc));
}

int nsr_place_visit(const char *name, int (*fn)(void *arg), void *arg, struct nsr_error *err)
{
	struct nsr_place place;
	int rc = nsr_place_open(name, &place, err);

	if (rc < 0)
		return rc;
	rc = nsr_place_run(&place, fn, arg, err);
	nsr_place_close(&place);
	return rc;
}

/* The threads of nsr_place_run_each() share this; @next is the namespace that none has taken yet. */
struct round {
	const int *fds;
	uint32_t count;
	void (*fn)(uint32_t index, int rc, void *arg);
	void *arg;
	_Atomic uint32_t next;
};

/* setns(2) needs CAP_SYS_ADMIN even for the namespace that the thread is in: skips that. */
static int enter(int fd, ino_t *inside)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_ino == *inside)
		return 0;
	if (setns(fd, CLONE_NEWNET) < 0)
		return -errno;
	*inside = st.st_ino;
	return 0;
}

static void *go_round(void *arg)
{
	struct round *round = arg;
	struct stat st;
	ino_t inside = stat(OWN, &st) < 0 ? 0 : st.st_ino;
	uint32_t i;

	while ((i = atomic_fetch_add(&round->next, 1)) < round->count) {
		if (round->fds[i] >= 0)
			round->fn(i, enter(round->fds[i], &inside), round->arg);
	}
	return NULL;
}

static uint32_t threads_for(uint32_t count)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t threads = cpus < 1 ? 1 : cpus > THREADS_MOST ? THREADS_MOST : (uint32_t)cpus;

	return threads < count ? threads : count;
}

int nsr_place_run_each(const int *fds, uint32_t count,
		       void (*fn)(uint32_t index, int rc, void *arg), void *arg)
{
	struct round round = { .fds = fds, .count = count, .fn = fn, .arg = arg };

	if (!count)
		return 0;
	return nsr_thread_team(threads_for(count), false, go_round, &round) ? 0 : -EAGAIN;
}

uint64_t nsr_place_cookie(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = 0;
	socklen_t bytes = sizeof(cookie);

	if (fd < 0)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &bytes) < 0)
		cookie = 0;
	close(fd);
	return cookie;
}

void nsr_place_mark(struct nsr_place *place)
{
	struct stat st;

	place->mark = stat("/proc/thread-self/net/dev", &st) == 0 ? st.st_ino : 0;
}

/* The result of a look at something. */
enum sight {
	ELSEWHERE, /* it is not of the namespace, or not there */
	INSIDE,
	UNSEEN, /* the caller may not look */
};

static enum sight failed_look(void)
{
	/* A process that ends has no namespace any more: EINVAL. */
	return errno == ENOENT || errno == ESRCH || errno == ENOTDIR || errno == EINVAL ? ELSEWHERE
											: UNSEEN;
}

static enum sight look_at_path(const struct nsr_place *place, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return failed_look();
	return st.st_dev == place->dev && st.st_ino == place->inode ? INSIDE : ELSEWHERE;
}

/* @task: its directory in /proc. Reading ns/net takes the right to trace it, net/dev none. */
static enum sight look_at_task(const struct nsr_place *place, const char *task)
{
	char path[96];
	struct stat st;

	if (!place->mark) {
		snprintf(path, sizeof(path), "%s/ns/net", task);
		return look_at_path(place, path);
	}
	snprintf(path, sizeof(path), "%s/net/dev", task);
	if (stat(path, &st) < 0)
		return failed_look();
	return st.st_ino == place->mark ? INSIDE : ELSEWHERE;
}

/*
 * Goes through the numbered entries of @dir, a directory of /proc, until one is not ELSEWHERE; then
 * @found is its path.
 */
static enum sight look_at_each(const struct nsr_place *place, const char *dir,
			       enum sight (*look)(const struct nsr_place *place, const char *path,
						  char *found, size_t size),
			       char *found, size_t size)
{
	enum sight sight = ELSEWHERE;
	struct dirent *entry;
	char path[64];
	DIR *list = opendir(dir);

	if (!list)
		return failed_look();
	while (sight == ELSEWHERE && (entry = readdir(list))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "%s/%.20s", dir, entry->d_name);
		sight = look(place, path, found, size);
	}
	closedir(list);
	return sight;
}

static enum sight look_at_thread(const struct nsr_place *place, const char *path, char *found,
				 size_t size)
{
	enum sight sight = look_at_task(place, path);

	if (sight == INSIDE)
		snprintf(found, size, "%s", path);
	return sight;
}

static enum sight look_at_process(const struct nsr_place *place, const char *path, char *found,
				  size_t size)
{
	char tasks[40];

	snprintf(tasks, sizeof(tasks), "%.30s/task", path);
	return look_at_each(place, tasks, look_at_thread, found, size);
}

/* With a hidepid option /proc leaves out what it does not show; process 1 is then missing, too. */
static enum sight look_at_processes(struct nsr_place *place)
{
	struct stat st;

	if (place->holder[0] && look_at_task(place, place->holder) == INSIDE)
		return INSIDE;
	place->holder[0] = '\0';
	if (stat("/proc/1/net/dev", &st) < 0)
		return UNSEEN;
	return look_at_each(place, "/proc", look_at_process, place->holder, sizeof(place->holder));
}

/* A bind mount of a namespace shows "net:[INODE]" as its root, see proc(5). */
static enum sight look_at_mounts(const struct nsr_place *place)
{
	char needle[40];
	char *line = NULL;
	size_t room = 0;
	bool found = false;
	FILE *mounts;

	mounts = fopen("/proc/self/mountinfo", "re");
	if (!mounts)
		return UNSEEN;
	snprintf(needle, sizeof(needle), " net:[%lu] ", (unsigned long)place->inode);
	while (!found && getline(&line, &room, mounts) > 0)
		found = strstr(line, needle);
	free(line);
	fclose(mounts);
	return found ? INSIDE : ELSEWHERE;
}

bool nsr_place_gone(struct nsr_place *place)
{
	enum sight sight = place->path[0] ? look_at_path(place, place->path) : INSIDE;

	/* A path to what only a descriptor holds, for one; a process's own is looked at below. */
	if (sight == UNSEEN && nsr_place_kind(place->name, NULL) == NSR_PLACE_PATH)
		return false;
	if (sight == INSIDE)
		return false;
	return look_at_mounts(place) == ELSEWHERE && look_at_processes(place) == ELSEWHERE;
}
