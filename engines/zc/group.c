/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Captures that share a device, in one process or several.
 *
 * AF_XDP lets several sockets be on one queue if they share its UMEM and with it the fill ring, by
 * which frames go back to the kernel. So a group has one UMEM a queue, in memory that all members
 * map, and for each queue as many sockets as the group may have members. All of them exist from the
 * start and every member has a descriptor of each. Then nobody depends on who made the group, and
 * what a dead member leaves can be put right by any other:
 *
 *	program ─ bucket ─▶ XSKMAP[queue][bucket] ─▶ socket[queue][slot] ─▶ the slot's member
 *	                                                                        │ frames
 *	                  fill ring of the queue ◀── under the group's lock ────┘
 *
 * Whoever joins, leaves or finds a dead member writes the map anew, so that the buckets belong to
 * the members that there are, in turn (member.c). Until a death is noticed (rendezvous.c) the dead
 * member's frames wait in its socket.
 *
 * A member's rings hold a quarter of a queue's frames, so that a few that stand still lose their own
 * share only.
 *
 * Members trust each other, as they are one user's: what each writes into the shared memory and
 * rings the others use, and a lock there can be held for ever.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/filter/filter.h"
#include "lib/filter/xdp.h"
#include "group.h"
#include "queues.h"
#include "recv.h"

#define PAGE 4096u

/* Descriptors of sockets that each member needs at most. */
#define SOCKETS_MOST 256

#define LEAST_SHARE 256

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static size_t page_up(size_t bytes)
{
	return (bytes + PAGE - 1) / PAGE * PAGE;
}

static size_t held_bytes(const struct zc_layout *layout)
{
	return page_up((size_t)layout->slots * layout->queues * sizeof(struct zc_held));
}

static size_t umem_bytes(const struct zc_layout *layout)
{
	return (size_t)layout->chunk_bytes * layout->rx_frames;
}

size_t zc_layout_bytes(const struct zc_layout *layout)
{
	if (!layout->queues || layout->queues > ZC_QUEUES_MAX || layout->slots < 1 ||
	    layout->slots > ZC_SLOTS_MAX || layout->spread > ZC_SPREAD_QUEUE)
		return 0;
	if (layout->chunk_bytes != 2048 && layout->chunk_bytes != 4096)
		return 0;
	if (!layout->rx_frames || layout->rx_frames & (layout->rx_frames - 1) ||
	    layout->rx_frames > 1u << 17)
		return 0;
	if (!layout->ring_frames || layout->ring_frames & (layout->ring_frames - 1) ||
	    layout->ring_frames > layout->rx_frames)
		return 0;
	return page_up(sizeof(struct zc_shared)) + held_bytes(layout) +
	       layout->queues * umem_bytes(layout);
}

struct zc_held *zc_group_held(const struct zc_group *group, uint32_t slot, uint32_t queue)
{
	uint8_t *base = (uint8_t *)group->shared + page_up(sizeof(struct zc_shared));

	return (struct zc_held *)base + slot * group->layout.queues + queue;
}

static uint8_t *umem_of(const struct zc_group *group, uint32_t queue)
{
	return (uint8_t *)group->shared + page_up(sizeof(struct zc_shared)) +
	       held_bytes(&group->layout) + queue * umem_bytes(&group->layout);
}

int zc_group_socket(const struct zc_group *group, uint32_t queue, uint32_t slot)
{
	return group->sockets[queue * group->layout.slots + slot];
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static struct zc_memory memory_of(const struct zc_layout *layout)
{
	return (struct zc_memory){ .chunk_bytes = layout->chunk_bytes,
				   .rx_frames = layout->rx_frames,
				   .ring_frames = layout->ring_frames };
}

void zc_group_lock(struct zc_group *group)
{
	if (pthread_mutex_lock(&group->shared->lock) == EOWNERDEAD)
		pthread_mutex_consistent(&group->shared->lock);
}

void zc_group_unlock(struct zc_group *group)
{
	pthread_mutex_unlock(&group->shared->lock);
}

uint32_t zc_group_number(const struct zc_group *group)
{
	return group->number;
}

int zc_group_map_queue(const struct zc_group *group, uint32_t id, uint32_t slot,
		       struct zc_queue *queue)
{
	struct zc_memory memory = memory_of(&group->layout);

	queue->id = id;
	queue->fd = zc_group_socket(group, id, slot);
	queue->memory = umem_of(group, id);
	return zc_socket_map(queue, zc_group_socket(group, id, 0), &memory);
}

/* The capture's queues: our slot's sockets. */
static int take_queues(struct zc *zc, struct zc_group *group)
{
	struct zc_held *held;
	struct zc_queue *queue;
	uint32_t id;
	int rc;

	zc->queues = calloc(group->layout.queues, sizeof(*zc->queues));
	if (!zc->queues)
		return -ENOMEM;
	zc->memory = memory_of(&group->layout);
	zc->socket_mode = NSR_RECV;
	for (id = 0; id < group->layout.queues; id++) {
		queue = &zc->queues[id];
		zc->queue_count = id + 1;
		rc = zc_group_map_queue(group, id, group->slot, queue);
		if (rc < 0)
			return rc;
		queue->rx.ours = __atomic_load_n(queue->rx.consumer, __ATOMIC_RELAXED);
		held = zc_group_held(group, group->slot, id);
		queue->held = held->frames;
		queue->held_count = &held->count;
		queue->held_room = ZC_HELD_ROOM;
		queue->lost_before = held->lost_told;
	}
	return 0;
}

static int map_shared(struct zc_group *group)
{
	group->bytes = zc_layout_bytes(&group->layout);
	group->shared =
		mmap(NULL, group->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, group->memory, 0);
	if (group->shared != MAP_FAILED)
		return 0;
	group->shared = NULL;
	return -errno;
}

/* The group's lock, and each slot's. */
static int make_locks(struct zc_shared *shared)
{
	pthread_mutexattr_t attr;
	uint32_t slot;
	int rc;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	rc = pthread_mutex_init(&shared->lock, &attr);
	for (slot = 0; slot < ZC_SLOTS_MAX && rc == 0; slot++)
		rc = pthread_mutex_init(&shared->slots[slot].life, &attr);
	pthread_mutexattr_destroy(&attr);
	return -rc;
}

static int make_memory(struct zc_group *group)
{
	int rc;

	group->memory = memfd_create("nsring-zc", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (group->memory < 0 ||
	    ftruncate(group->memory, (off_t)zc_layout_bytes(&group->layout)) < 0 ||
	    fcntl(group->memory, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	rc = map_shared(group);
	return rc < 0 ? rc : make_locks(group->shared);
}

/* All sockets of one queue; the first one registers the UMEM. */
static int make_sockets(struct zc *zc, struct zc_group *group, uint32_t id, uint32_t wanted,
			bool again)
{
	struct zc_memory memory = memory_of(&group->layout);
	struct zc_socket_spec spec = { .ifindex = zc->device.ifindex,
				       .queue = id,
				       .base = umem_of(group, id),
				       .memory = &memory,
				       .receive = true };
	int *fds = group->sockets + id * group->layout.slots;
	uint32_t slot;

	fds[0] = zc_bind(zc, &spec, wanted, &zc->xdp, again);
	for (slot = 1; slot < group->layout.slots && fds[slot - 1] >= 0; slot++)
		fds[slot] = zc_socket_share(&spec, fds[0]);
	return fds[slot - 1] < 0 ? fds[slot - 1] : 0;
}

static int fill_queue(const struct zc_group *group, uint32_t id)
{
	struct zc_memory memory = memory_of(&group->layout);
	struct zc_queue queue = { 0 };
	int rc = zc_group_map_queue(group, id, 0, &queue);

	if (rc == 0)
		zc_fill(&queue, &memory);
	zc_socket_unmap(&queue);
	/* Members map rings of sockets that are bound, which older kernels refuse. */
	return rc == -EBUSY ? -ENOSYS : rc;
}

/* A quarter, but at least as many as are polled at once some times over. */
static uint32_t share_of(uint32_t frames)
{
	uint32_t least = frames < LEAST_SHARE ? frames : LEAST_SHARE;

	return frames / 4 > least ? frames / 4 : least;
}

static void plan(const struct zc *zc, const struct nsr_options *opts, struct zc_layout *layout)
{
	static const enum zc_spread spreads[] = {
		[NSR_FANOUT_FLOW] = ZC_SPREAD_FLOW,
		[NSR_FANOUT_CPU] = ZC_SPREAD_CPU,
		[NSR_FANOUT_ROUND_ROBIN] = ZC_SPREAD_TURNS,
		[NSR_FANOUT_QUEUE] = ZC_SPREAD_QUEUE,
	};
	uint32_t slots = SOCKETS_MOST / zc->device.queues;
	struct zc_memory memory;

	zc_memory_plan(&memory, &zc->device, zc->device.queues, NSR_RECV, opts);
	*layout = (struct zc_layout){
		.queues = zc->device.queues,
		.slots = slots < 2		? 2
			 : slots < ZC_SLOTS_MAX ? slots
						: ZC_SLOTS_MAX,
		.chunk_bytes = memory.chunk_bytes,
		.rx_frames = memory.rx_frames,
		.ring_frames = share_of(memory.rx_frames),
		.spread = spreads[opts->fanout],
	};
}

/* Memory and sockets, in the order of the queues; @id is the one that it got to. */
static int make_parts(struct zc *zc, struct zc_group *group, uint32_t wanted, bool again,
		      uint32_t *id)
{
	int rc = make_memory(group);

	for (*id = 0; *id < group->layout.queues && rc == 0; ++*id) {
		rc = make_sockets(zc, group, *id, wanted, again);
		if (rc == 0)
			rc = fill_queue(group, *id);
		if (rc < 0)
			break;
		/* What the first has become holds for all. */
		wanted = zc->xdp;
	}
	return rc;
}

static void unmake_parts(struct zc_group *group)
{
	uint32_t sockets = group->layout.queues * group->layout.slots, i;

	if (group->shared)
		munmap(group->shared, group->bytes);
	group->shared = NULL;
	for (i = 0; group->sockets && i < sockets; i++) {
		close_fd(group->sockets[i]);
		group->sockets[i] = -1;
	}
	close_fd(group->memory);
	group->memory = -1;
}

static int make_room(struct zc_group *group)
{
	uint32_t sockets = group->layout.queues * group->layout.slots, i;

	group->sockets = malloc(sockets * sizeof(int));
	if (!group->sockets)
		return -ENOMEM;
	for (i = 0; i < sockets; i++)
		group->sockets[i] = -1;
	return 0;
}

/* With less memory, where the limit on locked memory or the machine has not that much. */
static int make_group(struct zc *zc, struct zc_group *group, const struct nsr_options *opts,
		      struct nsr_error *err)
{
	uint32_t wanted = zc->xdp == NSR_XDP_GENERIC ? NSR_XDP_GENERIC : opts->xdp, id = 0;
	struct zc_layout *layout = &group->layout;
	bool again = false;
	int rc = make_room(group);

	while (rc == 0) {
		rc = make_parts(zc, group, wanted, again, &id);
		if ((rc != -ENOBUFS && rc != -ENOMEM) || layout->rx_frames < 2 * ZC_LEAST_FRAMES)
			break;
		unmake_parts(group);
		layout->rx_frames /= 2;
		layout->ring_frames = share_of(layout->rx_frames);
		again = id > 0;
		rc = 0;
	}
	if (rc < 0)
		return zc_bind_say(zc, rc, id, err);
	layout->xdp = zc->xdp;
	layout->flags = zc->program.flags;
	layout->stamp = zc->program.stamp;
	return 0;
}

static int say_ask(const struct zc *zc, const struct zc_group *group, int code,
		   struct nsr_error *err)
{
	switch (code) {
	case -ENOENT:
		return nsr_error_set(err, code,
				     "%s has no fanout group %u: leave the number out "
				     "to make one",
				     zc->device.name, group->number);
	case -EACCES:
		return nsr_error_set(err, code, "fanout group %u of %s is another user's",
				     group->number, zc->device.name);
	case -ETIMEDOUT:
		return nsr_error_set(err, code,
				     "nobody in fanout group %u of %s answers: has it started, and "
				     "are its members running?",
				     group->number, zc->device.name);
	case -EMFILE:
		return nsr_error_set(err, code,
				     "too few descriptors to join fanout group %u of %s: raise "
				     "the limit (ulimit -n, LimitNOFILE=)",
				     group->number, zc->device.name);
	case -EPROTO:
		return nsr_error_set(err, code,
				     "fanout group %u of %s did not say what it shares: is it of "
				     "another version of nsring?",
				     group->number, zc->device.name);
	default:
		return nsr_error_set(err, code, "joining fanout group %u of %s: %s", group->number,
				     zc->device.name, strerror(-code));
	}
}

/* The file must be as large as was said, and stay so: else touching it could kill us. */
static int check_memory(const struct zc_group *group)
{
	int seals = fcntl(group->memory, F_GET_SEALS);
	struct stat st;

	if (seals < 0 || (seals & SEALS) != SEALS || fstat(group->memory, &st) < 0 ||
	    (size_t)st.st_size != zc_layout_bytes(&group->layout))
		return -EPROTO;
	return 0;
}

/* What the group's program does holds for all members: what one demands must be that. */
static int check_kind(const struct zc *zc, const struct zc_group *group, uint32_t spread,
		      const struct nsr_options *opts, struct nsr_error *err)
{
	static const uint32_t stamps[] = {
		[NSR_STAMP_KERNEL] = ZC_STAMP_KERNEL,
		[NSR_STAMP_DEVICE] = ZC_STAMP_DEVICE,
	};
	const struct zc_layout *layout = &group->layout;
	const char *what = NULL;

	if (layout->spread != spread)
		what = "spreads in another way: join with the same --fanout";
	else if (opts->xdp && opts->xdp != layout->xdp)
		what = "takes packets in another mode: leave --xdp out";
	else if (opts->stamp && stamps[opts->stamp] != layout->stamp)
		what = "stamps by another clock: leave --stamp out";
	if (!what)
		return 0;
	return nsr_error_set(err, -EINVAL, "fanout group %u of %s %s", group->number,
			     zc->device.name, what);
}

static int join_group(struct zc *zc, struct zc_group *group, uint32_t spread,
		      const struct nsr_options *opts, struct nsr_error *err)
{
	int rc = zc_rendezvous_ask(group, zc->device.ifindex);

	if (rc == 0)
		rc = check_memory(group);
	if (rc == 0)
		rc = map_shared(group);
	if (rc == -ESTALE)
		return rc;
	if (rc < 0)
		return say_ask(zc, group, rc, err);
	rc = check_kind(zc, group, spread, opts, err);
	if (rc < 0)
		return rc;
	zc->xdp = group->layout.xdp;
	zc->program.flags = group->layout.flags;
	/* The device may have had another MTU then. */
	zc->frags = group->layout.flags & NSR_XDP_FRAGS;
	zc->program.stamp = group->layout.stamp;
	zc->link = fcntl(group->link, F_DUPFD_CLOEXEC, 0);
	zc->program.sockets = fcntl(group->map, F_DUPFD_CLOEXEC, 0);
	zc->program.state = fcntl(group->state, F_DUPFD_CLOEXEC, 0);
	if (zc->link < 0 || zc->program.sockets < 0 || zc->program.state < 0)
		return nsr_error_set(err, -errno, "fanout group: %s", strerror(errno));
	return 0;
}

/* The capture has its own copies of what the group's rendezvous thread uses. */
static int copy_fds(const struct zc *zc, struct zc_group *group)
{
	group->link = fcntl(zc->link, F_DUPFD_CLOEXEC, 0);
	group->map = fcntl(zc->program.sockets, F_DUPFD_CLOEXEC, 0);
	group->state = fcntl(zc->program.state, F_DUPFD_CLOEXEC, 0);
	return group->link < 0 || group->map < 0 || group->state < 0 ? -errno : 0;
}

/* As a member: a rendezvous thread with a slot, and its queues. */
static int settle(struct zc *zc, struct zc_group *group, struct nsr_error *err)
{
	int rc = zc_rendezvous_start(group);

	if (rc == -ENOSPC)
		return nsr_error_set(err, rc, "fanout group %u of %s is full: it has %u members",
				     group->number, zc->device.name, group->layout.slots);
	if (rc == 0)
		rc = take_queues(zc, group);
	return rc < 0 ? nsr_error_set(err, rc, "fanout group: %s", strerror(-rc)) : 0;
}

static struct zc_group *new_group(uint32_t number, const struct zc_layout *layout)
{
	struct zc_group *group = calloc(1, sizeof(*group));

	if (!group)
		return NULL;
	group->number = number;
	group->layout = *layout;
	group->memory = group->listener = group->wake = -1;
	group->map = group->state = group->link = -1;
	pthread_mutex_init(&group->door, NULL);
	return group;
}

/*
 * Joins, or has the number to make a group by: also where the last member has left while we joined,
 * as if we had been a little earlier. Nobody else can make it then.
 */
static int find_group(struct zc *zc, const struct nsr_options *opts, uint32_t spread,
		      struct nsr_error *err)
{
	struct zc_group *group = zc->group;
	int rc;

	do {
		rc = opts->fanout_group ? join_group(zc, group, spread, opts, err) : -ESTALE;
		if (rc != -ESTALE)
			return rc;
		rc = zc_rendezvous_bind(group, zc->device.ifindex);
	} while (rc == -EADDRINUSE);
	return rc < 0 ? nsr_error_set(err, rc, "fanout group: %s", strerror(-rc)) : 0;
}

int zc_group_open(struct zc *zc, const struct nsr_options *opts,
		  int (*make)(struct zc *zc, const struct nsr_options *opts, struct nsr_error *err),
		  struct nsr_error *err)
{
	struct zc_layout layout;
	int rc = zc_device_takes_sockets(&zc->device, err);

	if (rc < 0)
		return rc;
	plan(zc, opts, &layout);
	zc->program.take = zc_spread_emitter(layout.spread);
	zc->group = new_group(opts->fanout_group, &layout);
	if (!zc->group)
		return nsr_error_set(err, -ENOMEM, "out of memory");
	rc = find_group(zc, opts, layout.spread, err);
	if (rc == 0 && !zc->group->shared) {
		rc = make(zc, opts, err);
		if (rc == 0)
			rc = make_group(zc, zc->group, opts, err);
		if (rc == 0 && copy_fds(zc, zc->group) < 0)
			rc = nsr_error_set(err, -errno, "fanout group: %s", strerror(errno));
	}
	return rc < 0 ? rc : settle(zc, zc->group, err);
}

/* FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/): tells filters apart. */
static uint64_t hash_of(const void *data, size_t bytes)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	const uint8_t *at = data;

	for (; bytes; bytes--)
		hash = (hash ^ *at++) * UINT64_C(0x100000001b3);
	return hash;
}

static int replace_program(struct zc *zc, const struct nsr_filter *filter, struct nsr_error *err)
{
	int prog = zc_program_load(&zc->program, filter, false, err);
	int rc;

	if (prog < 0)
		return prog;
	rc = zc_attach_replace(zc->link, prog, err);
	close(prog);
	return rc;
}

int zc_group_filter(struct zc *zc, const struct nsr_filter *filter, struct nsr_error *err)
{
	struct zc_shared *shared = zc->group->shared;
	unsigned int count = 0;
	const void *code = filter ? nsr_filter_code(filter, &count) : NULL;
	uint64_t hash = hash_of(code, count * 8ull);
	int rc = 0;

	zc_group_lock(zc->group);
	if (shared->slots[zc->group->slot].started)
		rc = nsr_error_set(err, -EOPNOTSUPP,
				   "the filter of a fanout group can't be changed: it is all "
				   "members'");
	else if (!shared->filter_set)
		rc = replace_program(zc, filter, err);
	else if (shared->filter_count != count || shared->filter_hash != hash)
		rc = nsr_error_set(err, -EINVAL,
				   "fanout group %u has another filter: all its members have the "
				   "same",
				   zc->group->number);
	if (rc == 0) {
		shared->filter_set = 1;
		shared->filter_count = count;
		shared->filter_hash = hash;
	}
	zc_group_unlock(zc->group);
	return rc;
}

/* Others come only when there is nothing left to set. */
int zc_group_start(struct zc *zc)
{
	int rc = zc_member_start(zc->group, true);

	return rc < 0 ? rc : zc_rendezvous_open(zc->group);
}

int zc_group_stop(struct zc *zc)
{
	return zc_member_start(zc->group, false);
}

void zc_group_detach(struct zc_group *group)
{
	zc_rendezvous_shut(group);
}

/* The name goes last: whoever has it after us finds the device free. */
void zc_group_close(struct zc *zc)
{
	struct zc_group *group = zc->group;
	uint32_t i;

	zc_rendezvous_stop(group);
	for (i = 0; i < zc->queue_count; i++)
		zc_socket_unmap(&zc->queues[i]);
	free(zc->queues);
	unmake_parts(group);
	free(group->sockets);
	close_fd(group->wake);
	close_fd(group->map);
	close_fd(group->state);
	close_fd(group->link);
	close_fd(zc->link);
	zc->link = -1;
	close_fd(group->listener);
	pthread_mutex_destroy(&group->door);
	free(group);
}
