/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Namespaces that processes and threads are in. find_descriptors.c looks at what they have open,
 * find_mounts.c at what is mounted in their mount namespaces.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "find.h"

#define PATH_ROOM 64

static bool may_not(int64_t code)
{
	return code == -EACCES || code == -EPERM;
}

/* Kernel threads (no executable) are in the initial namespace, but don't count as its holders. */
static bool is_kernel_thread(const struct find *find, pid_t pid)
{
	char path[PATH_ROOM], target[8];

	snprintf(path, sizeof(path), "%d/exe", pid);
	return readlinkat(find->proc, path, target, sizeof(target)) < 0 && errno == ENOENT;
}

/* Notes a thread only when it is in another namespace than its @process. */
static int find_thread(struct find *find, pid_t pid, pid_t thread, int64_t process)
{
	const struct host_holder holder = { .kind = HOST_HOLDER_THREAD, .pid = thread };
	char path[PATH_ROOM];
	const struct find_path at = { .dir = find->proc, .path = path };
	int64_t inode;

	snprintf(path, sizeof(path), "%d/task/%d/ns/net", pid, thread);
	inode = find_link(find->proc, path, "net");
	if (inode <= 0 || inode == process)
		return 0;
	return find_holder(find, (ino_t)inode, &at, &holder);
}

/*
 * /proc/PID/task has two links and one more for each thread; saves reading it for most processes.
 */
static bool has_threads(const struct find *find, const char *path)
{
	struct stat st;

	return fstatat(find->proc, path, &st, 0) == 0 && st.st_nlink > 3;
}

static int find_threads(struct find *find, pid_t pid, int64_t process)
{
	struct dirent *entry;
	char path[PATH_ROOM];
	int fd, rc = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%d/task", pid);
	if (!has_threads(find, path))
		return 0;
	fd = openat(find->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while (rc == 0 && (entry = readdir(dir))) {
		pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);

		if (thread > 0 && thread != pid)
			rc = find_thread(find, pid, thread, process);
	}
	closedir(dir);
	return rc;
}

/* Reads the mounts of each mount namespace through the first process met in it. */
static int find_mounts_once(struct find *find, pid_t pid)
{
	char path[PATH_ROOM];
	uint32_t seen;
	int64_t inode;

	snprintf(path, sizeof(path), "%d/ns/mnt", pid);
	inode = find_link(find->proc, path, "mnt");
	if (inode <= 0 || host_map_get(&find->mounts, (uint64_t)inode, &seen))
		return 0;
	if (host_map_put(&find->mounts, (uint64_t)inode, 1) < 0)
		return -ENOMEM;
	return find_mounts(find, pid);
}

static int find_process(struct find *find, pid_t pid)
{
	const struct host_holder holder = { .kind = HOST_HOLDER_PROCESS, .pid = pid };
	char path[PATH_ROOM];
	const struct find_path at = { .dir = find->proc, .path = path };
	int64_t inode;
	int rc = 0;

	snprintf(path, sizeof(path), "%d/ns/net", pid);
	inode = find_link(find->proc, path, "net");
	if (may_not(inode))
		find->view->hidden_processes++;
	if (inode > 0 && !(inode == find->kernel && is_kernel_thread(find, pid)))
		rc = find_holder(find, (ino_t)inode, &at, &holder);
	if (rc == 0)
		rc = find_threads(find, pid, inode);
	if (rc == 0)
		rc = find_descriptors(find, pid);
	return rc < 0 ? rc : find_mounts_once(find, pid);
}

static int read_processes(struct find *find, DIR *dir)
{
	struct dirent *entry;
	int rc = 0;

	/* Process 2 is kthreadd, except in a container, where it can be any process. */
	find->kernel = is_kernel_thread(find, 2) ? find_link(find->proc, "2/ns/net", "net") : 0;
	while (rc == 0 && (entry = readdir(dir))) {
		pid_t pid = 0;

		if (isdigit((unsigned char)entry->d_name[0]))
			pid = (pid_t)strtol(entry->d_name, NULL, 10);
		/* Leave out this process: the descriptors of the search itself are not news. */
		if (pid > 0 && pid != getpid())
			rc = find_process(find, pid);
	}
	return rc;
}

int find_processes(struct find *find)
{
	int fd = openat(find->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int rc;

	if (!dir) {
		rc = -errno;
		if (fd >= 0)
			close(fd);
		return rc;
	}
	rc = read_processes(find, dir);
	closedir(dir);
	return rc;
}
