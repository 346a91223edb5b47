/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Finds the namespaces, tells them apart, and names each.
 *
 * The key of a namespace is its inode number. The kernel may give a number away again once nothing
 * holds the namespace, so the view keeps a descriptor of each until host_forget(): while it is
 * open, the number means the same namespace. Containers decide what lies behind paths in their
 * mount namespaces, so open_ns() opens a path with O_PATH first and accepts it only if it is a
 * namespace with the number that was expected.
 *
 * The same namespace is met many times (by a name, by processes, by descriptors): find_ns() adds it
 * once and opens it by the first path that works; add_holder() notes each further holder. settle()
 * then drops those that vanished meanwhile, and name_place() chooses the place that users type.
 */
#include "find.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/place.h"
#include "list.h"
#include "process.h"

/* Descriptors kept free for sockets and for reading /proc. */
#define FDS_SPARED 64

/* The longest place that fits in struct nsr_target. */
#define PLACE_MOST 255

int64_t find_link(int dir, const char *path, const char *kind)
{
	size_t length = strlen(kind);
	char text[64], *end;
	ssize_t got = readlinkat(dir, path, text, sizeof(text) - 1);
	int64_t inode;

	if (got < 0)
		return -errno;
	text[got] = '\0';
	if (strncmp(text, kind, length) || text[length] != ':' || text[length + 1] != '[')
		return 0;
	inode = strtoll(text + length + 2, &end, 10);
	return inode > 0 && *end == ']' ? inode : 0;
}

/* A path below another root must not escape from it, nor follow links such as /proc/PID/fd/N. */
static int open_path(const struct find_path *at)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	if (at->root)
		return (int)syscall(SYS_openat2, at->dir, at->path, &how, sizeof(how));
	return openat(at->dir, at->path, O_PATH | O_CLOEXEC);
}

/* Return: a descriptor of namespace @inode; -ENOENT when @at is anything else; -errno. */
static int open_ns(const struct find_path *at, ino_t inode)
{
	int probe = open_path(at), fd;
	struct stat st;

	if (probe < 0)
		return -errno;
	fd = nsr_place_open_file(probe, &st);
	close(probe);
	if (fd >= 0 && st.st_ino != inode) {
		close(fd);
		fd = -ENOENT;
	}
	return fd == -ENOTTY ? -ENOENT : fd;
}

static struct host_ns *add_ns(struct find *find, ino_t inode)
{
	struct host_view *view = find->view;
	struct host_ns *ns = host_list_add(&view->list, &view->count, sizeof(*ns));

	if (!ns)
		return NULL;
	ns->inode = inode;
	ns->fd = -1;
	ns->is_host = inode == find->host;
	if (host_map_put(&find->inodes, inode, view->count - 1) < 0) {
		view->count--;
		return NULL;
	}
	return ns;
}

/* Opens @ns unless an earlier holder's path has; keeps the last error while every path fails. */
static void open_once(struct find *find, struct host_ns *ns, const struct find_path *at)
{
	int fd;

	if (ns->fd >= 0)
		return;
	fd = find->fds ? open_ns(at, ns->inode) : -EMFILE;
	ns->error = fd < 0 ? fd : 0;
	ns->fd = fd < 0 ? -1 : fd;
	find->fds -= fd >= 0;
}

/* Lists a path that several mount namespaces share only once. */
static bool is_known(const struct host_ns *ns, const struct host_holder *holder)
{
	uint32_t i;

	for (i = 0; holder->path && i < ns->holder_count; i++) {
		if (ns->holders[i].path && !strcmp(ns->holders[i].path, holder->path))
			return true;
	}
	return false;
}

/* Counts every holder of a kind, and keeps the first find->holders of them. */
static int add_holder(struct find *find, struct host_ns *ns, const struct host_holder *holder)
{
	struct host_holder *kept;

	if (is_known(ns, holder))
		return 0;
	if (ns->held[holder->kind]++ >= find->holders)
		return 0;
	kept = host_list_add(&ns->holders, &ns->holder_count, sizeof(*kept));
	if (!kept)
		return -ENOMEM;
	*kept = *holder;
	kept->path = holder->path ? strdup(holder->path) : NULL;
	if (holder->path && !kept->path)
		return -ENOMEM;
	if (holder->pid)
		process_comm(holder->pid, kept->comm);
	return 0;
}

struct host_ns *find_ns(struct find *find, ino_t inode, const struct find_path *at)
{
	struct host_ns *ns;
	uint32_t index;

	if (host_map_get(&find->inodes, inode, &index))
		ns = &find->view->list[index];
	else
		ns = add_ns(find, inode);
	if (ns)
		open_once(find, ns, at);
	return ns;
}

int find_holder(struct find *find, ino_t inode, const struct find_path *at,
		const struct host_holder *holder)
{
	struct host_ns *ns = find_ns(find, inode, at);

	return ns ? add_holder(find, ns, holder) : -ENOMEM;
}

/* Writes the place by which a target reaches @holder's namespace; -1 when it is too long. */
static int place_of(const struct host_holder *holder, char *place)
{
	static const char netns[] = "/run/netns/";
	int length;

	switch (holder->kind) {
	case HOST_HOLDER_NAME:
		length = snprintf(place, PLACE_MOST + 1, "netns:%s",
				  holder->path + sizeof(netns) - 1);
		break;
	case HOST_HOLDER_MOUNT:
		length = snprintf(place, PLACE_MOST + 1, "netns:%s", holder->path);
		if (holder->pid)
			length = snprintf(place, PLACE_MOST + 1, "netns:/proc/%d/root%s",
					  holder->pid, holder->path);
		break;
	case HOST_HOLDER_FD:
		length = snprintf(place, PLACE_MOST + 1, "netns:/proc/%d/fd/%d", holder->pid,
				  holder->fd);
		break;
	default:
		length = snprintf(place, PLACE_MOST + 1, "pid:%d", holder->pid);
	}
	return length <= PLACE_MOST ? 0 : -1;
}

/* Names come first, because they last; mounts in another mount namespace come last of all. */
static int rank(const struct host_holder *holder)
{
	return holder->kind == HOST_HOLDER_MOUNT && holder->pid ? HOST_HOLDER_KINDS
								: (int)holder->kind;
}

static int by_rank(const void *a, const void *b)
{
	const struct host_holder *left = a, *right = b;
	int difference = rank(left) - rank(right);

	if (difference)
		return difference;
	if (left->pid != right->pid)
		return left->pid < right->pid ? -1 : 1;
	return left->path && right->path ? strcmp(left->path, right->path) : left->fd - right->fd;
}

static int name_place(struct host_ns *ns)
{
	char place[PLACE_MOST + 1] = "";
	uint32_t i;

	if (ns->holder_count)
		qsort(ns->holders, ns->holder_count, sizeof(*ns->holders), by_rank);
	for (i = 0; i < ns->holder_count && place_of(&ns->holders[i], place) < 0; i++)
		place[0] = '\0';
	/* The caller's own namespace needs no place; a process number would differ in each run. */
	if (ns->is_own && i < ns->holder_count && rank(&ns->holders[i]) >= HOST_HOLDER_PROCESS)
		place[0] = '\0';
	ns->place = strdup(ns->is_host ? "host" : place);
	return ns->place ? 0 : -ENOMEM;
}

/* The host's namespace first (peers.c relies on it), then by name, numbers by their value. */
static int by_place(const void *a, const void *b)
{
	const struct host_ns *left = a, *right = b;

	if (left->is_host != right->is_host)
		return left->is_host ? -1 : 1;
	return strverscmp(left->place, right->place);
}

static void forget_ns(struct host_ns *ns)
{
	uint32_t i;

	for (i = 0; i < ns->holder_count; i++)
		free(ns->holders[i].path);
	free(ns->holders);
	free(ns->place);
}

/*
 * Removes the namespaces that had vanished before they could be opened, names and sorts the rest.
 */
static int settle(struct host_view *view)
{
	uint32_t i, kept = 0;
	int rc = 0;

	for (i = 0; i < view->count; i++) {
		struct host_ns *ns = &view->list[i];

		if (ns->fd < 0 && (ns->error == -ENOENT || ns->error == -ESRCH)) {
			forget_ns(ns);
			continue;
		}
		if (name_place(ns) < 0)
			rc = -ENOMEM;
		view->list[kept++] = *ns;
	}
	view->count = kept;
	if (rc == 0 && kept)
		qsort(view->list, kept, sizeof(*view->list), by_place);
	return rc;
}

static dev_t nsfs_dev(int proc)
{
	struct stat st;

	return fstatat(proc, "self/ns/net", &st, 0) == 0 ? st.st_dev : 0;
}

/* How many descriptors the view may keep open under RLIMIT_NOFILE; at least one. */
static uint32_t spare_fds(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur <= FDS_SPARED)
		return 1;
	return limit.rlim_cur > UINT32_MAX ? UINT32_MAX : (uint32_t)limit.rlim_cur - FDS_SPARED;
}

/* In the order of reliability: names, the own mounts, then all processes. */
static int search(struct find *find)
{
	int64_t host = find_link(find->proc, "1/ns/net", "net");
	int64_t own = find_link(find->proc, "self/ns/mnt", "mnt");
	int rc;

	if (own == -ENOENT)
		return -ENOSYS;
	find->host = host > 0 ? (ino_t)host : 0;
	if (own > 0 && host_map_put(&find->mounts, (uint64_t)own, 1) < 0)
		return -ENOMEM;
	rc = find_names(find);
	if (rc == 0)
		rc = find_mounts(find, 0);
	return rc < 0 ? rc : find_processes(find);
}

int host_find(struct host_view *view, uint32_t holders, struct owners *owners)
{
	struct find find = {
		.view = view,
		.holders = holders,
		.owners = owners,
		.fds = spare_fds(),
		.proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
	};
	int rc;

	if (find.proc < 0)
		return errno == ENOENT ? -ENOSYS : -errno;
	find.nsfs = nsfs_dev(find.proc);
	rc = search(&find);
	close(find.proc);
	host_map_free(&find.inodes);
	host_map_free(&find.mounts);
	if (rc == 0)
		rc = settle(view);
	owners_sort(owners);
	return rc;
}
