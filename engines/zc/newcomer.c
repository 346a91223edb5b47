/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * How a capture joins a group. Members do nothing for it, and nobody can ask them for anything: a
 * newcomer takes what they share, if the kernel lets it.
 *
 * A newcomer finds members in its own process by the roster, and others by the notice that the
 * program on the device leads to. It copies the memory's descriptor from a member, and sees that it
 * is this group's: the memory names the very map in which the notice is, so that no notice can lead
 * into another group. Under the group's lock it copies the rest: no member can leave meanwhile. If
 * one is killed there, another one may do.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sys/clock.h"
#include "newcomer.h"

#define RETRY_MS 10

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void forget(struct zc_group *group)
{
	zc_shared_close(group);
	close_fd(&group->map);
	close_fd(&group->state);
	close_fd(&group->fds.link);
}

/* Whether the link holds the group's program on the device. */
static bool is_its_link(const struct zc_group *group, uint32_t program)
{
	struct bpf_link_info info = { 0 };
	uint32_t size = sizeof(info);

	return bpf_obj_get_info_by_fd(group->fds.link, &info, &size) == 0 &&
	       info.type == BPF_LINK_TYPE_XDP && info.prog_id == program &&
	       info.xdp.ifindex == group->identity.ifindex;
}

/* As of processes, see zc_peer_open(): a member of the right user could have been handed another's memory. */
static int check_user(int memory)
{
	struct stat st;

	if (fstat(memory, &st) < 0)
		return -errno;
	return st.st_uid == 0 || st.st_uid == geteuid() ? 0 : -EACCES;
}

static int take_memory(struct zc_group *group, int peer, int number)
{
	int fd = zc_peer_take(peer, number), rc;

	if (fd < 0)
		return fd;
	if (!zc_shared_is_memory(fd)) {
		zc_peer_drop(fd);
		return -EPROTO;
	}
	group->memory = fd;
	rc = check_user(fd);
	return rc < 0 ? rc : zc_shared_join(group);
}

static int take_fds(struct zc_group *group, int peer, const struct zc_found *found, uint32_t slot)
{
	int rc = zc_peer_take_fds(peer, &group->shared->slots[slot].fds, group);

	/* forget() closes the link, which must then be one. */
	if (group->fds.link >= 0 && !is_its_link(group, found->program)) {
		zc_peer_drop(group->fds.link);
		group->fds.link = -1;
		return -EPROTO;
	}
	return rc;
}

static int take_all(struct zc_group *group, int peer, const struct zc_found *found, uint32_t slot)
{
	int rc = take_memory(group, peer, found->notice.entries[slot].memory);

	if (rc == 0)
		rc = zc_group_lock_in_time(group);
	if (rc < 0)
		return rc;
	/* It could have left before we got the lock. */
	rc = zc_notice_is_old(found, slot) ? -EAGAIN : take_fds(group, peer, found, slot);
	zc_group_unlock(group);
	return rc;
}

static int join_member(struct zc_group *group, const struct zc_found *found, uint32_t slot)
{
	const struct zc_entry *entry = &found->notice.entries[slot];
	int peer = zc_peer_open(entry->pid, entry->started), rc;

	if (peer < 0)
		return peer;
	rc = take_all(group, peer, found, slot);
	close(peer);
	if (rc == 0)
		return 0;
	forget(group);
	if (rc == -EBADF)
		return -ESRCH; /* a process that is being killed has closed all */
	/* Numbers of a member that has left mean nothing. */
	return rc == -EPROTO && zc_notice_is_old(found, slot) ? -EAGAIN : rc;
}

/* Tries one member after the other, and tells what is wrong with the first that lives. */
static int join_any_member(struct zc_group *group, const struct zc_found *found)
{
	int first = -EAGAIN, rc;
	uint32_t slot;

	for (slot = 0; slot < ZC_SLOTS_MAX; slot++) {
		if (found->notice.entries[slot].pid <= 0)
			continue;
		rc = join_member(group, found, slot);
		if (rc == 0)
			return 0;
		if (rc != -ESRCH && first == -EAGAIN)
			first = rc;
	}
	return first;
}

static int join_found(struct zc_group *group, struct zc_found *found)
{
	uint64_t namespace = zc_peer_namespace();
	int rc;

	if (found->notice.number != group->number)
		return -ENOENT;
	if (!namespace)
		return -ENOSYS;
	/* Thread numbers, which the robust locks hold, mean something within one PID namespace only. */
	if (found->notice.pidns != namespace)
		return -EXDEV;
	group->identity.state = found->state_id;
	rc = join_any_member(group, found);
	if (rc < 0)
		return rc;
	group->state = found->state;
	group->map = found->map;
	found->state = found->map = -1;
	return group->map < 0 ? -EPROTO : 0;
}

static int join_process(struct zc_group *group)
{
	struct zc_found found;
	int rc = zc_notice_find(group->device, &found);

	if (rc < 0)
		return rc;
	rc = join_found(group, &found);
	zc_notice_free(&found);
	return rc;
}

/* A member whose device has gone may not have noticed, and another device have its number. */
static int join_own_process(struct zc_group *group)
{
	int rc = zc_roster_take(group);
	uint32_t program;

	if (rc == 0)
		rc = zc_attach_program_id(group->device, &program);
	if (rc == 0 && !is_its_link(group, program))
		rc = -ESRCH;
	return rc < 0 ? rc : zc_shared_join(group);
}

static int try_join(struct zc_group *group)
{
	int rc = join_own_process(group);

	if (rc == -ESRCH) {
		forget(group);
		rc = join_process(group);
	}
	if (rc < 0)
		forget(group);
	return rc;
}

int zc_newcomer_join(struct zc_group *group)
{
	const struct timespec pause = { .tv_nsec = RETRY_MS * NSEC_PER_MSEC };
	int rc = try_join(group);

	while (rc == -EAGAIN && nsr_clock_ms() < group->deadline_ms) {
		nanosleep(&pause, NULL);
		rc = try_join(group);
	}
	return rc == -EAGAIN ? -ETIMEDOUT : rc;
}
