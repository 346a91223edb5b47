/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The notice of a group: a part of the memory that the group's program and its members share, in
 * which the members say where they are. Another process finds it by asking the kernel which program
 * is on the device, and which maps that has, and needs CAP_SYS_ADMIN for that.
 *
 * The notice alone is believed in nothing: whoever made the program can have written anything
 * there.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "newcomer.h"

/* The kernel's limit, MAX_USED_MAPS. */
#define MAPS_MOST 64

void zc_notice_begin(struct zc_notice *notice, uint32_t number)
{
	notice->number = number;
	notice->pidns = zc_peer_namespace();
	__atomic_store_n(&notice->magic, ZC_NOTICE_MAGIC, __ATOMIC_RELEASE);
}

void zc_notice_enter(struct zc_group *group)
{
	struct zc_entry *entry = &group->notice->entries[group->slot];

	entry->memory = group->memory;
	entry->started = zc_peer_started(getpid());
	entry->serial++;
	__atomic_store_n(&entry->pid, getpid(), __ATOMIC_RELEASE);
}

void zc_notice_clear(struct zc_group *group, uint32_t slot)
{
	__atomic_store_n(&group->notice->entries[slot].pid, 0, __ATOMIC_RELEASE);
}

static int map_info(int map, struct bpf_map_info *info)
{
	uint32_t size = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return bpf_obj_get_info_by_fd(map, info, &size) < 0 ? -errno : 0;
}

uint32_t zc_map_id(int map)
{
	struct bpf_map_info info;

	return map_info(map, &info) == 0 ? info.id : 0;
}

/* Keeps a map of the program that is one of those that we look for. */
static int sort_in(int map, struct zc_found *found)
{
	struct bpf_map_info info;
	int rc = map_info(map, &info);

	if (rc == 0 && info.type == BPF_MAP_TYPE_XSKMAP && found->map < 0) {
		found->map = map;
		return 0;
	}
	if (rc < 0 || strcmp(info.name, ZC_STATE_NAME) != 0 || found->state >= 0) {
		close(map);
		return rc;
	}
	found->state = map;
	found->state_id = info.id;
	if (info.type != BPF_MAP_TYPE_ARRAY || info.max_entries != 1 ||
	    info.value_size != sizeof(struct zc_state) || !(info.map_flags & BPF_F_MMAPABLE))
		return -EPROTO;
	return 0;
}

static int find_maps(int prog, struct zc_found *found)
{
	uint32_t ids[MAPS_MOST], size, i;
	struct bpf_prog_info info = { .nr_map_ids = MAPS_MOST, .map_ids = (uintptr_t)ids };
	int map, rc = 0;

	size = sizeof(info);
	if (bpf_obj_get_info_by_fd(prog, &info, &size) < 0)
		return -errno;
	if (strcmp(info.name, ZC_PROGRAM_NAME) != 0)
		return -ENOENT;
	for (i = 0; i < info.nr_map_ids && i < MAPS_MOST && rc == 0; i++) {
		map = bpf_map_get_fd_by_id(ids[i]);
		rc = map < 0 ? -errno : sort_in(map, found);
	}
	return rc;
}

static int read_notice(int state, struct zc_notice *notice)
{
	struct zc_state *copy = malloc(sizeof(*copy));
	const uint32_t zero = 0;
	int rc;

	if (!copy)
		return -ENOMEM;
	rc = bpf_map_lookup_elem(state, &zero, copy) < 0 ? -errno : 0;
	if (rc == 0)
		*notice = copy->notice;
	free(copy);
	return rc;
}

static int find(int prog, const struct zc_device *device, struct zc_found *found)
{
	uint32_t now;
	int rc = find_maps(prog, found);

	if (rc < 0)
		return rc;
	if (found->state < 0)
		return -ENOENT;
	rc = read_notice(found->state, &found->notice);
	if (rc < 0)
		return rc;
	if (!found->notice.magic)
		return -ENOENT; /* a capture in no group */
	if (found->notice.magic != ZC_NOTICE_MAGIC)
		return -EPROTO;
	/* A group's maker replaces the program before it lets others join: is this that one? */
	rc = zc_attach_program_id(device, &now);
	return rc < 0 ? rc : now == found->program ? 0 : -EAGAIN;
}

int zc_notice_find(const struct zc_device *device, struct zc_found *found)
{
	int prog, rc;

	*found = (struct zc_found){ .state = -1, .map = -1 };
	rc = zc_attach_program_id(device, &found->program);
	if (rc < 0)
		return rc;
	if (!found->program)
		return -ENOENT;
	prog = bpf_prog_get_fd_by_id(found->program);
	if (prog < 0)
		return errno == ENOENT ? -EAGAIN : -errno;
	rc = find(prog, device, found);
	close(prog);
	if (rc < 0)
		zc_notice_free(found);
	return rc;
}

static void close_map(int *map)
{
	if (*map >= 0)
		close(*map);
	*map = -1;
}

void zc_notice_free(struct zc_found *found)
{
	close_map(&found->state);
	close_map(&found->map);
}

bool zc_notice_is_old(const struct zc_found *found, uint32_t slot)
{
	struct zc_notice notice;

	return read_notice(found->state, &notice) < 0 ||
	       memcmp(&notice.entries[slot], &found->notice.entries[slot],
		      sizeof(notice.entries[slot])) != 0;
}
