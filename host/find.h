/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Finding the namespaces. Each way to find some (find_names.c, find_processes.c, find_mounts.c)
 * tells find_holder() who holds which; it keeps them apart by inode number, and opens each once.
 */
#ifndef NSRING_HOST_FIND_H
#define NSRING_HOST_FIND_H

#include "host.h"
#include "map.h"
#include "owners.h"

/**
 * struct find - a search
 * @view:    where namespaces are added
 * @holders: most that are kept of each kind
 * @inodes:  inode -> index in the view's list
 * @mounts:  mount namespaces whose mounts have been looked at
 * @owners:  filled in on the way
 * @proc:    /proc
 * @nsfs:    device number of the file system that namespaces are files of
 * @fds:     descriptors that may still be used
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
 * @root: @dir is another root directory, which links must not lead out of
 */
struct find_path {
	int dir;
	const char *path;
	bool root;
};

/**
 * find_ns() - the namespace of that inode, which is added and opened if it was not met before
 *
 * Return: the namespace, valid until the next one is added; NULL when memory is short.
 */
struct host_ns *find_ns(struct find *find, ino_t inode, const struct find_path *at);

/**
 * find_holder() - take down that somebody holds a namespace
 * @find:   search
 * @inode:  of the namespace
 * @at:     where it can be opened
 * @holder: its path is copied, its comm is filled in
 *
 * Return: 0, also when the namespace was gone by then; -ENOMEM.
 */
int find_holder(struct find *find, ino_t inode, const struct find_path *at,
		const struct host_holder *holder);

/** find_link() - read a link such as "net:[4026531840]" below @dir; 0 when it is none, or -errno */
int64_t find_link(int dir, const char *path, const char *kind);

/** find_names() - the caller's own namespace, and those in /run/netns; returns 0 or -ENOMEM */
int find_names(struct find *find);

/** find_processes() - those of processes, threads and descriptors; their mounts; 0 or -errno */
int find_processes(struct find *find);

/** find_descriptors() - those that process @pid has open, and its sockets and bpf links */
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
 * Return: 0; -ENOMEM; -errno when /proc can't be read.
 */
int host_find(struct host_view *view, uint32_t holders, struct owners *owners);

#endif
