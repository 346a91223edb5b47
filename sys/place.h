/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Places: network namespaces as their users name them. */
#ifndef NSR_PLACE_H
#define NSR_PLACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include <nsring/nsring.h>

/** The ways to name a place. */
enum nsr_place_kind {
	NSR_PLACE_UNKNOWN = 0,
	NSR_PLACE_OWN, /* "": the calling thread's own */
	NSR_PLACE_HOST, /* host: that of process 1 */
	NSR_PLACE_NAME, /* netns:NAME of /run/netns */
	NSR_PLACE_PATH, /* netns:/PATH */
	NSR_PLACE_PID, /* pid:N */
	NSR_PLACE_ALL, /* all: every namespace at once, which can't be entered */
	NSR_PLACE_TO_COME, /* a word that later kinds of places begin with */
};

/**
 * nsr_place_kind() - what kind of place a text names
 * @name:  as in a target, without the '/' behind it
 * @which: set to what follows the kind's word and its ':', "" where nothing does; may be NULL
 */
enum nsr_place_kind nsr_place_kind(const char *name, const char **which);

/** nsr_place_reserves() - whether places begin with @word, so that no engine can be called so */
bool nsr_place_reserves(const char *word);

/**
 * struct nsr_place - a namespace that was found
 * @name:  as the user wrote it, "" for the caller's own
 * @path:  the file that it was found through, "" for the caller's own
 * @fd:    the namespace, or -1 when it is the calling thread's own
 * @dev:   device and
 * @inode: inode number of the namespace: its identity as long as somebody holds it; 0: the caller's own,
 *         and there is no /proc to tell
 * @mark:  inode number of its /proc/net/dev, which also tells it from others, and which every user may see
 *         of every process; 0: not known
 * @holder: a task's directory in /proc that was seen in it when its path led there no longer; "": none
 */
struct nsr_place {
	char name[256];
	char path[280];
	int fd;
	dev_t dev;
	ino_t inode;
	ino_t mark;
	char holder[64];
};

/**
 * nsr_place_open() - find a namespace
 * @name:  `host`, `netns:NAME`, `netns:/PATH`, `pid:N`, or "" for the calling thread's own
 * @place: filled in; to be closed with nsr_place_close()
 * @err:   the reason in words; may be NULL
 *
 * Return: 0; -EINVAL no such kind of place, or no network namespace; -ENOENT it does not exist;
 * -EACCES or -EPERM the caller may not look at it; -ENOSYS that takes /proc, and there is none.
 */
int nsr_place_open(const char *name, struct nsr_place *place, struct nsr_error *err);

/** nsr_place_close() - let go of the namespace; @place still answers nsr_place_gone() */
void nsr_place_close(struct nsr_place *place);

/**
 * nsr_place_run() - run a function inside the namespace
 * @place: open place
 * @fn:    called with @arg, in a thread of its own unless the place is the caller's own; the
 *         caller waits for it
 * @arg:   for @fn
 * @err:   the reason in words; may be NULL
 *
 * Return: what @fn returned; -EPERM the caller may not enter the namespace; -EAGAIN no thread.
 */
int nsr_place_run(const struct nsr_place *place, int (*fn)(void *arg), void *arg,
		  struct nsr_error *err);

/** nsr_place_visit() - open a place, nsr_place_run() there, and close it; returns as these do */
int nsr_place_visit(const char *name, int (*fn)(void *arg), void *arg, struct nsr_error *err);

/**
 * nsr_place_run_each() - run a function inside each of many namespaces
 * @fds:   of @count namespaces; -1: left out
 * @count: how many
 * @fn:    called with @arg for each index, in a thread that has entered the namespace; several at a
 *         time. @rc is 0, or the -errno for which the thread could not enter and is elsewhere
 * @arg:   for @fn
 *
 * A few threads go from one to the next and end in the last. They have all ended when it returns;
 * the calling one stays where it is. Entering the caller's own namespace needs no capability.
 *
 * Return: 0; -EAGAIN no thread can start.
 */
int nsr_place_run_each(const int *fds, uint32_t count,
		       void (*fn)(uint32_t index, int rc, void *arg), void *arg);

/**
 * nsr_place_open_file() - open the network namespace that a file stands for
 * @probe: the file, opened with O_PATH, which has no effects whatever is there; stays open
 * @st:    filled in: of the file
 *
 * Return: the namespace; -ENOTTY the file is something else; -ENOSYS there is no /proc; -errno.
 */
int nsr_place_open_file(int probe, struct stat *st);

/**
 * nsr_place_cookie() - the number of the calling thread's namespace
 *
 * Return: unique while the host runs; 0: not known, before Linux 5.14.
 */
uint64_t nsr_place_cookie(void);

/** nsr_place_mark() - learn @mark; called in a thread that is inside, such as by nsr_place_run() */
void nsr_place_mark(struct nsr_place *place);

/**
 * nsr_place_gone() - whether nobody except ourselves holds the namespace any more
 * @place: found earlier; its @holder is kept
 *
 * An open capture keeps its namespace from being destroyed, so the kernel does not tell. A
 * namespace counts as gone when its path leads elsewhere, no thread is in it, and nothing of our
 * mount namespace holds it: all of that seen, not guessed. Where the caller may not look it is not
 * gone. Cheap as long as the path is good, or the holder that was found before stays.
 */
bool nsr_place_gone(struct nsr_place *place);

#endif
