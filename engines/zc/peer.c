/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The process of another member, and copying descriptors from it. The kernel allows that to those
 * that may trace the process (ptrace(2)), which have all power over it anyway.
 *
 * What is copied may be of anything: numbers are read from memory that others write. So nothing is
 * asked of a descriptor that could wait for an answer, and what is not as it should be is closed by
 * a thread of its own, as close(2) itself may wait (a file of FUSE, a TCP socket that lingers).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/compat.h"
#include "sys/thread.h"
#include "newcomer.h"

/* A /proc of another PID namespace has other numbers. */
uint64_t zc_peer_namespace(void)
{
	char self[16] = "";
	struct stat st;

	if (readlink("/proc/self", self, sizeof(self) - 1) < 0 || atoi(self) != getpid() ||
	    stat("/proc/self/ns/pid", &st) < 0)
		return 0;
	return st.st_ino;
}

uint64_t zc_peer_started(pid_t pid)
{
	char path[32], line[512], *name_end;
	unsigned long long started = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	/* "PID (NAME) STATE …", with any characters in NAME; the start is field 22 */
	if (fgets(line, sizeof(line), file)) {
		name_end = strrchr(line, ')');
		if (!name_end ||
		    sscanf(name_end,
			   ") %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			   "%*s %*s %llu",
			   &started) != 1)
			started = 0;
	}
	fclose(file);
	return started;
}

/*
 * Whether all user ids of the process are root's, or ours. Not the owner of /proc/PID, who is root where the
 * process can't be dumped.
 */
static bool is_trusted(pid_t pid)
{
	unsigned int ids[4] = { 1, 1, 1, 1 }, i;
	char path[32], line[256];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, "Uid: %u %u %u %u", &ids[0], &ids[1], &ids[2], &ids[3]) == 4;
	fclose(file);
	for (i = 0; i < 4; i++)
		found = found && (ids[i] == 0 || ids[i] == geteuid());
	return found;
}

/* The notice has told the namespace, but whoever wrote that may have lied. */
static int check_namespace(pid_t pid)
{
	char path[40];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	if (stat(path, &st) < 0)
		return errno == ENOENT ? -ESRCH : -EPERM;
	return st.st_ino == zc_peer_namespace() ? 0 : -EXDEV;
}

static bool is_alive(int pidfd)
{
	return pidfd_send_signal(pidfd, 0, NULL, 0) == 0 || errno == EPERM;
}

/*
 * What a process is asked before anything is taken from it: what is taken must be closed again if it
 * is wrong, and closing can wait, and drop this process's locks on the same file. Now that there is a
 * pidfd the answers are that process's, as long as it lives in the end.
 */
static int check_process(int pidfd, pid_t pid, uint64_t wanted)
{
	uint64_t started = zc_peer_started(pid);
	int rc;

	if (!started)
		return is_alive(pidfd) ? -EPERM : -ESRCH; /* /proc may hide it */
	if (started != wanted)
		return -ESRCH;
	rc = is_trusted(pid) ? check_namespace(pid) : -EACCES;
	return rc < 0 && !is_alive(pidfd) ? -ESRCH : rc;
}

/* What seccomp refuses is said not to exist, which all kernels with groups have. */
static int refusal(void)
{
	return errno == ENOSYS ? -EPERM : -errno;
}

int zc_peer_open(pid_t pid, uint64_t started)
{
	int pidfd, rc;

	/* The groups of this process are in the roster. */
	if (pid == getpid())
		return -ESRCH;
	pidfd = pidfd_open(pid, 0);
	if (pidfd < 0)
		/* The number of a thread, which is no process. */
		return errno == EINVAL || errno == ENOENT ? -ESRCH : refusal();
	rc = check_process(pidfd, pid, started);
	if (rc == 0)
		return pidfd;
	close(pidfd);
	return rc;
}

int zc_peer_take(int peer, int number)
{
	int fd = peer == ZC_PEER_SELF ? fcntl(number, F_DUPFD_CLOEXEC, 0)
				      : pidfd_getfd(peer, number, 0);

	return fd < 0 ? refusal() : fd;
}

static bool is_xdp_socket(int fd, uint64_t namespace)
{
	uint64_t cookie = 0;
	int domain = 0;
	socklen_t size = sizeof(domain), cookie_size = sizeof(cookie);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_XDP &&
	       getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &cookie_size) == 0 &&
	       cookie == namespace;
}

int zc_peer_take_fds(int peer, const struct zc_fds *from, struct zc_group *group)
{
	uint32_t count = group->layout.queues * group->layout.slots, i;
	int fd = zc_peer_take(peer, from->link);

	if (fd < 0)
		return fd;
	group->fds.link = fd;
	for (i = 0; i < count; i++) {
		fd = zc_peer_take(peer, from->sockets[i]);
		if (fd < 0)
			return fd;
		if (!is_xdp_socket(fd, group->identity.cookie)) {
			zc_peer_drop(fd);
			return -EPROTO;
		}
		group->fds.sockets[i] = fd;
	}
	return 0;
}

static void *close_it(void *arg)
{
	close((int)(intptr_t)arg);
	return NULL;
}

void zc_peer_drop(int fd)
{
	pthread_t thread;

	if (nsr_thread_start(&thread, close_it, (void *)(intptr_t)fd) == 0)
		pthread_detach(thread);
}
