/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The caller's own namespace, and those that have a name: what ip-netns(8) keeps in /run/netns. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "find.h"

#define NETNS_DIR "/run/netns"

static const char own[] = "thread-self/ns/net";

static int find_own(struct find *find)
{
	const struct find_path at = { .dir = find->proc, .path = own };
	int64_t inode = find_link(find->proc, own, "net");
	struct host_ns *ns;

	if (inode <= 0)
		return inode < 0 ? (int)inode : -ENOENT;
	ns = find_ns(find, (ino_t)inode, &at);
	if (!ns)
		return -ENOMEM;
	ns->is_own = true;
	return 0;
}

/*
 * The inode number of the namespace that a name stands for: a mount, or a symbolic link to
 * /proc/PID/ns/net or to another file of a namespace. 0: none, such as a link that leads nowhere, or
 * a file without a mount on it, whose number is one of /run.
 */
static ino_t namespace_of(const struct find *find, int dir, const char *name)
{
	struct statx st;

	/* A link may lead to a network or FUSE server, which must not be able to stall this. */
	if (statx(dir, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_INO, &st) < 0 ||
	    makedev(st.stx_dev_major, st.stx_dev_minor) != find->nsfs)
		return 0;
	return st.stx_ino;
}

static int find_name(struct find *find, int dir, const char *name)
{
	const struct find_path at = { .dir = dir, .path = name };
	char path[sizeof(NETNS_DIR) + 256];
	struct host_holder holder = { .kind = HOST_HOLDER_NAME, .path = path };
	ino_t inode = namespace_of(find, dir, name);

	if (!inode)
		return 0;
	snprintf(path, sizeof(path), NETNS_DIR "/%s", name);
	return find_holder(find, inode, &at, &holder);
}

int find_names(struct find *find)
{
	DIR *dir = opendir(NETNS_DIR);
	struct dirent *entry;
	int rc = find_own(find);

	while (dir && rc == 0 && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			rc = find_name(find, dirfd(dir), entry->d_name);
	}
	if (dir)
		closedir(dir);
	return rc;
}
