/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What a capture that joins a group uses: between newcomer.c, roster.c, notice.c and peer.c. */
#ifndef NSR_ENGINES_ZC_NEWCOMER_H
#define NSR_ENGINES_ZC_NEWCOMER_H

#include "group.h"

/**
 * zc_roster_take() - copy the descriptors of this process's group on the device
 * @group: device and number are set; identity, memory, map, state and fds are filled in, maybe in
 *            part
 *
 * Return: 0; -ESRCH there is no such group in this process; -ENOENT it has another number; -EAGAIN
 * it is not ready; -EMFILE; -errno.
 */
int zc_roster_take(struct zc_group *group);

/**
 * struct zc_found - what the kernel tells of a group, see zc_notice_find()
 * @program: the number of the program on the device
 * @state, @state_id: the map of struct zc_state, and its number
 * @map:     XSKMAP; -1: none
 * @notice:  a copy; its words are whatever the program's maker wrote
 */
struct zc_found {
	uint32_t program;
	int state;
	uint32_t state_id;
	int map;
	struct zc_notice notice;
};

/**
 * zc_notice_find() - ask the kernel for the group whose program is on a device
 * @found: filled in; to be freed with zc_notice_free(), except after an error
 *
 * Return: 0; -ENOENT there is no group; -EPERM CAP_SYS_ADMIN is missing; -EAGAIN the program has
 * just been replaced; -EPROTO it is of another version of nsring; -errno.
 */
int zc_notice_find(const struct zc_device *device, struct zc_found *found);
void zc_notice_free(struct zc_found *found);

/** zc_notice_is_old() - whether a slot's entry is another one than zc_notice_find() found */
bool zc_notice_is_old(const struct zc_found *found, uint32_t slot);

/** zc_peer_namespace() - inode number of our PID namespace; 0: there is no /proc of it */
uint64_t zc_peer_namespace(void);

/** zc_peer_started() - when a process has started, see struct zc_entry; 0: not known */
uint64_t zc_peer_started(pid_t pid);

/** For zc_peer_take(): this process. */
#define ZC_PEER_SELF (-1)

/**
 * zc_peer_open() - a pidfd of a process that started at @started
 *
 * Return: it; -ESRCH that one has ended, or is this process; -EACCES it is of a user who is neither root
 * nor we; -EXDEV it is in another PID namespace; -EPERM it may not be seen; -errno.
 */
int zc_peer_open(pid_t pid, uint64_t started);

/**
 * zc_peer_take() - copy a process's descriptor
 * @peer:   of zc_peer_open(), or ZC_PEER_SELF
 * @number: there
 *
 * Return: the descriptor, which may be of anything; -EPERM CAP_SYS_PTRACE is missing; -ESRCH the
 * process has ended; -EBADF; -EMFILE; -errno.
 */
int zc_peer_take(int peer, int number);

/**
 * zc_peer_take_fds() - copy the link and the sockets of a process
 * @from:  its numbers of them, which may change while they are read
 * @group: layout and identity are set; its fds are filled in, maybe in part
 *
 * Return: as zc_peer_take(); -EPROTO one is no AF_XDP socket of the namespace.
 */
int zc_peer_take_fds(int peer, const struct zc_fds *from, struct zc_group *group);

/** zc_peer_drop() - close a descriptor that may be of anything, without waiting for that */
void zc_peer_drop(int fd);

#endif
