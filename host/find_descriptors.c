/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What processes have open: namespaces, sockets, bpf links. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "find.h"

#define PATH_ROOM 64

/* The id of the program that a bpf link holds, from /proc/PID/fdinfo; 0 for none. */
static uint32_t program_of(const struct find *find, pid_t pid, const char *fd)
{
	char path[PATH_ROOM], text[1024];
	const char *field;
	ssize_t got;
	int info;

	snprintf(path, sizeof(path), "%d/fdinfo/%.16s", pid, fd);
	info = openat(find->proc, path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return 0;
	got = read(info, text, sizeof(text) - 1);
	close(info);
	text[got > 0 ? got : 0] = '\0';
	field = strstr(text, "\nprog_id:");
	return field ? (uint32_t)strtoul(field + strlen("\nprog_id:"), NULL, 10) : 0;
}

static int find_link_owner(struct find *find, pid_t pid, const char *fd)
{
	uint32_t id = program_of(find, pid, fd);

	return id ? owners_add_program(find->owners, id, pid) : 0;
}

static int find_open_ns(struct find *find, pid_t pid, int dir, const char *fd, uint64_t inode)
{
	const struct find_path at = { .dir = dir, .path = fd };
	const struct host_holder holder = {
		.kind = HOST_HOLDER_FD,
		.pid = pid,
		.fd = (int)strtol(fd, NULL, 10),
	};

	return find_holder(find, (ino_t)inode, &at, &holder);
}

/*
 * A descriptor that was opened through a bind mount reads as that mount's path, and as "/" once it
 * is unmounted. Nothing else may lead to such a namespace, so "/" is worth a statx(2).
 */
static int find_unmounted(struct find *find, pid_t pid, int dir, const char *fd)
{
	struct statx st;

	/* DONT_SYNC: a network or FUSE server must not be able to stall this. */
	if (statx(dir, fd, AT_STATX_DONT_SYNC, STATX_INO, &st) < 0 ||
	    makedev(st.stx_dev_major, st.stx_dev_minor) != find->nsfs)
		return 0;
	return find_open_ns(find, pid, dir, fd, st.stx_ino);
}

/*
 * Tells the kind of a descriptor by one readlink(2), because a host may have a million of them.
 *
 * Return: 0; -EACCES when none of this process's descriptors may be read; -ENOMEM.
 */
static int find_descriptor(struct find *find, pid_t pid, int dir, const char *fd)
{
	static const char netns[] = "net:[", socket[] = "socket:[", anon[] = "anon_inode:";
	char text[64];
	ssize_t got = readlinkat(dir, fd, text, sizeof(text) - 1);

	if (got < 0)
		return errno == EACCES || errno == EPERM ? -EACCES : 0;
	text[got] = '\0';
	if (!strncmp(text, netns, sizeof(netns) - 1))
		return find_open_ns(find, pid, dir, fd,
				    strtoull(text + sizeof(netns) - 1, NULL, 10));
	if (!strcmp(text, "/"))
		return find_unmounted(find, pid, dir, fd);
	if (!strncmp(text, socket, sizeof(socket) - 1))
		return owners_add_socket(find->owners,
					 strtoull(text + sizeof(socket) - 1, NULL, 10), pid);
	if (published_is(text))
		return published_add(&find->owners->published, pid, dir, fd);
	if (!strncmp(text, anon, sizeof(anon) - 1) && strstr(text, "bpf_link"))
		return find_link_owner(find, pid, fd);
	return 0;
}

int find_descriptors(struct find *find, pid_t pid)
{
	struct dirent *entry;
	char path[PATH_ROOM];
	int fd, rc = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%d/fd", pid);
	fd = openat(find->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		find->view->hidden_fds += errno == EACCES || errno == EPERM;
		return 0;
	}
	dir = fdopendir(fd);
	if (!dir) {
		/* Any other error: the process has ended. */
		rc = errno == ENOMEM ? -ENOMEM : 0;
		close(fd);
		return rc;
	}
	while (rc == 0 && (entry = readdir(dir))) {
		if (isdigit((unsigned char)entry->d_name[0]))
			rc = find_descriptor(find, pid, fd, entry->d_name);
	}
	closedir(dir);
	find->view->hidden_fds += rc == -EACCES;
	return rc == -EACCES ? 0 : rc;
}
