/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Finding the namespaces. Each source (find_names.c, find_processes.c, find_descriptors.c,
 * find_mounts.c) reports to find_holder() who holds which namespace; find.c tells namespaces apart
 * by inode number and opens each once.
 */
#ifndef NSRING_HOST_FIND_H
#define NSRING_HOST_FIND_H

#include "host.h"
#include "map.h"
#include "owners.h"

/**
 * struct find - a search
 * @view:    where namespaces are added
 * @holders: how many holders of each kind to keep, per namespace
 * @inodes:  inode -> index in the view's list
 * @mounts:  mount namespaces whose mounts have been read (find_mounts())
 * @owners:  filled in on the way
 * @proc:    descriptor of /proc
 * @nsfs:    device number of nsfs, the file system that has a file for each namespace
 * @fds:     how many more descriptors the view may keep open
 * @host:    inode of process 1's namespace, 0: not known
 * @kernel:  inode of the kernel threads' namespace, 0 or less: not known
 */
struct find {
	struct host_view *view;
	uint32_t holders;
	struct host_map inodes;
	struct host_map mounts;
	struct owners *owners;
	int proc;
	dev_t nsfs;
	uint32_t fds;
	ino_t host;
	int64_t kernel;
};

/**
 * struct find_path - where a namespace's file is
 * @dir:  directory that @path begins at
 * @path: as openat(2) takes it
 * @root: @dir is the root directory of another process; links in @path must not lead out of it
 */
struct find_path {
	int dir;
	const char *path;
	bool root;
};

/**
 * find_ns() - the namespace of that inode; added when it is new, opened when it is not open yet
 * @find:  search
 * @inode: of the namespace
 * @at:    where it can be opened
 *
 * A failure to open it is noted in its @error.
 *
 * Return: the namespace, valid until the next one is added; NULL when memory is short.
 */
struct host_ns *find_ns(struct find *find, ino_t inode, const struct find_path *at);

/**
 * find_holder() - note that @holder holds a namespace
 * @find:   search
 * @inode:  of the namespace
 * @at:     where it can be opened
 * @holder: its path is copied, its comm is filled in
 *
 * Return: 0, also when the namespace was gone by then; -ENOMEM.
 */
int find_holder(struct find *find, ino_t inode, const struct find_path *at,
		const struct host_holder *holder);

/**
 * find_link() - read the number in a link such as "net:[4026531840]"
 * @dir:  directory that @path begins at
 * @path: of the link
 * @kind: what must stand before the number ("net")
 *
 * Return: the inode number; 0 when the link is of another kind; -errno.
 */
int64_t find_link(int dir, const char *path, const char *kind);

/** find_names() - the caller's own namespace, and those in /run/netns; returns 0 or -ENOMEM */
int find_names(struct find *find);

/** find_processes() - those of all processes: threads, descriptors and mounts; 0 or -errno */
int find_processes(struct find *find);

/**
 * find_descriptors() - what @pid has open: namespaces, sockets, bpf links, ledgers; 0 or -ENOMEM
 */
int find_descriptors(struct find *find, pid_t pid);

/**
 * find_mounts() - bind mounts of namespaces
 * @find: search
 * @pid:  a process whose mount namespace is meant; 0: this process's
 *
 * Return: 0; -ENOMEM.
 */
int find_mounts(struct find *find, pid_t pid);

/**
 * host_find() - find all namespaces
 * @view:    its list is filled in, nothing of them read yet
 * @holders: most that are kept of each kind
 * @owners:  filled in, sorted
 *
 * Return: 0; -ENOMEM; -ENOSYS there is no /proc, or none of this process; -errno when it can't be read.
 */
int host_find(struct host_view *view, uint32_t holders, struct owners *owners);

#endif
