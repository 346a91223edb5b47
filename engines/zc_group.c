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
 * the members that there are, in turn. Until a death is noticed (zc_usher.c) the dead member's
 * frames wait in its socket. A member is alive as long as it holds a lock on its slot's byte of the
 * memory's file, of a description of its own.
 *
 * A member's rings hold a quarter of a queue's frames, so that a few that stand still lose their own
 * share only.
 *
 * No frame may be used twice, so each step is ordered such that a death between two of them leaves
 * a few frames unused until the group ends.
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

#include "filter.h"
#include "zc_group.h"
#include "zc_queues.h"
#include "zc_recv.h"

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

static struct zc_held *held_of(const struct zc_group *group, uint32_t slot, uint32_t queue)
{
	uint8_t *base = (uint8_t *)group->shared + page_up(sizeof(struct zc_shared));

	return (struct zc_held *)base + slot * group->layout.queues + queue;
}

static uint8_t *umem_of(const struct zc_group *group, uint32_t queue)
{
	return (uint8_t *)group->shared + page_up(sizeof(struct zc_shared)) +
	       held_bytes(&group->layout) + queue * umem_bytes(&group->layout);
}

static int socket_of(const struct zc_group *group, uint32_t queue, uint32_t slot)
{
	return group->sockets[queue * group->layout.slots + slot];
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

/* The members that take frames, in @slots; how many. */
static uint32_t list_started(const struct zc_group *group, uint32_t *slots)
{
	uint32_t slot, n = 0;

	for (slot = 0; slot < group->layout.slots; slot++)
		if (group->shared->slots[slot].started)
			slots[n++] = slot;
	return n;
}

/* Writes the map: whose each bucket is. Under the lock. */
static int deal(struct zc_group *group)
{
	uint32_t slots[ZC_SLOTS_MAX], n = list_started(group, slots), queue, bucket, key;
	int fd, rc = 0;

	for (queue = 0; queue < group->layout.queues; queue++) {
		for (bucket = 0; bucket < ZC_BUCKETS; bucket++) {
			key = queue * ZC_BUCKETS + bucket;
			if (!n) {
				bpf_map_delete_elem(group->map, &key);
				continue;
			}
			fd = socket_of(group, queue, slots[bucket % n]);
			if (bpf_map_update_elem(group->map, &key, &fd, 0) < 0)
				rc = -errno;
		}
	}
	return rc;
}

/* Gives frames back; under the lock. Others may have done so since we last did. */
static void refill(struct zc_ring *fill, const uint64_t *frames, uint32_t count)
{
	uint32_t i;

	fill->ours = __atomic_load_n(fill->producer, __ATOMIC_RELAXED);
	for (i = 0; i < count; i++)
		*zc_ring_address(fill, fill->ours + i) = frames[i];
	zc_ring_produce(fill, count);
}

void zc_group_give_back(struct zc_group *group, struct zc_queue *queue)
{
	uint32_t count = *queue->held_count;

	/* Others could have written there. */
	if (count > queue->held_room)
		count = queue->held_room;
	zc_group_lock(group);
	__atomic_store_n(queue->held_count, 0, __ATOMIC_RELEASE);
	refill(&queue->fill, queue->held, count);
	zc_group_unlock(group);
}

/* What waits in a socket that nobody reads. */
static void empty_socket(struct zc_queue *queue)
{
	uint64_t frame;

	queue->rx.ours = __atomic_load_n(queue->rx.consumer, __ATOMIC_RELAXED);
	while (zc_ring_waiting(&queue->rx)) {
		frame = zc_ring_desc(&queue->rx, queue->rx.ours)->addr;
		zc_ring_consume(&queue->rx, 1);
		refill(&queue->fill, &frame, 1);
	}
}

/* What a member had in hand; what it says of that is not believed. */
static void empty_hands(const struct zc_group *group, struct zc_held *held, struct zc_ring *fill)
{
	uint32_t count = __atomic_load_n(&held->count, __ATOMIC_ACQUIRE), i;

	__atomic_store_n(&held->count, 0, __ATOMIC_RELEASE);
	for (i = 0; i < count && i < ZC_HELD_ROOM; i++)
		if (held->frames[i] < umem_bytes(&group->layout))
			refill(fill, &held->frames[i], 1);
}

/* Maps the rings of a slot's socket on a queue. */
static int map_queue(const struct zc_group *group, uint32_t id, uint32_t slot,
		     struct zc_queue *queue)
{
	struct zc_memory memory = memory_of(&group->layout);

	queue->id = id;
	queue->fd = socket_of(group, id, slot);
	queue->memory = umem_of(group, id);
	return zc_socket_map(queue, socket_of(group, id, 0), &memory);
}

/* Under the lock: frames that slot @slot has, in its sockets or in hand, go back. */
static void clear_slot(struct zc_group *group, uint32_t slot)
{
	uint32_t id;

	for (id = 0; id < group->layout.queues; id++) {
		struct zc_queue queue = { 0 };

		if (map_queue(group, id, slot, &queue) == 0) {
			empty_hands(group, held_of(group, slot, id), &queue.fill);
			empty_socket(&queue);
		}
		zc_socket_unmap(&queue);
	}
}

/* Has nobody a lock on the slot's byte? */
static bool is_dead(const struct zc_group *group, uint32_t slot)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)slot, .l_len = 1
	};

	return fcntl(group->alive, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
}

void zc_group_bury(struct zc_group *group)
{
	struct zc_slot *slots = group->shared->slots;
	bool any = false, died[ZC_SLOTS_MAX] = { false };
	uint32_t slot;

	for (slot = 0; slot < group->layout.slots; slot++) {
		if ((group->joined && slot == group->slot) || !slots[slot].used ||
		    !is_dead(group, slot))
			continue;
		slots[slot].started = 0;
		died[slot] = any = true;
	}
	/* Also for one that took nothing: it may have died while it dealt. */
	if (any)
		deal(group);
	/* Free only now: who dies on the way leaves it all to the next. */
	for (slot = 0; slot < group->layout.slots; slot++) {
		if (!died[slot])
			continue;
		clear_slot(group, slot);
		slots[slot].used = 0;
	}
}

/* A description of the file of our own, for the lock that tells that we live. */
static int open_again(struct zc_group *group)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", group->memory);
	group->alive = open(path, O_RDWR | O_CLOEXEC);
	return group->alive < 0 ? -errno : 0;
}

static int take_slot(struct zc_group *group)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	uint32_t slot;

	zc_group_bury(group);
	for (slot = 0; slot < group->layout.slots; slot++)
		if (!group->shared->slots[slot].used)
			break;
	if (slot == group->layout.slots)
		return -ENOSPC;
	lock.l_start = (off_t)slot;
	if (fcntl(group->alive, F_OFD_SETLK, &lock) < 0)
		return -errno;
	/* Frames that were on their way when its last member left. */
	clear_slot(group, slot);
	group->shared->slots[slot] = (struct zc_slot){ .used = 1 };
	group->slot = slot;
	group->joined = true;
	return 0;
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
	for (id = 0; id < group->layout.queues; id++) {
		queue = &zc->queues[id];
		zc->queue_count = id + 1;
		rc = map_queue(group, id, group->slot, queue);
		if (rc < 0)
			return rc;
		queue->rx.ours = __atomic_load_n(queue->rx.consumer, __ATOMIC_RELAXED);
		held = held_of(group, group->slot, id);
		queue->held = held->frames;
		queue->held_count = &held->count;
		queue->held_room = ZC_HELD_ROOM;
		queue->lost_before = zc_socket_lost(queue->fd);
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

static int make_lock(struct zc_shared *shared)
{
	pthread_mutexattr_t attr;
	int rc;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	rc = pthread_mutex_init(&shared->lock, &attr);
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
	return rc < 0 ? rc : make_lock(group->shared);
}

/* All sockets of one queue; the first one registers the UMEM. */
static int make_sockets(struct zc *zc, struct zc_group *group, uint32_t id, uint32_t wanted)
{
	struct zc_memory memory = memory_of(&group->layout);
	struct zc_socket_spec spec = { .ifindex = zc->device.ifindex,
				       .queue = id,
				       .base = umem_of(group, id),
				       .memory = &memory,
				       .receive = true };
	int *fds = group->sockets + id * group->layout.slots;
	uint32_t slot;

	fds[0] = zc_bind(zc, &spec, wanted, &zc->xdp);
	for (slot = 1; slot < group->layout.slots && fds[slot - 1] >= 0; slot++)
		fds[slot] = zc_socket_share(&spec, fds[0]);
	return fds[slot - 1] < 0 ? fds[slot - 1] : 0;
}

static int fill_queue(const struct zc_group *group, uint32_t id)
{
	struct zc_memory memory = memory_of(&group->layout);
	struct zc_queue queue = { 0 };
	int rc = map_queue(group, id, 0, &queue);

	if (rc == 0)
		zc_fill(&queue, &memory);
	zc_socket_unmap(&queue);
	return rc;
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

	zc_memory_plan(&memory, &zc->device, zc->device.queues, opts);
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

static int make_group(struct zc *zc, struct zc_group *group, const struct nsr_options *opts,
		      struct nsr_error *err)
{
	uint32_t wanted = zc->xdp == NSR_XDP_GENERIC ? NSR_XDP_GENERIC : opts->xdp, id;
	int rc = make_memory(group);

	if (rc < 0)
		return nsr_error_set(err, rc, "memory of the fanout group: %s", strerror(-rc));
	for (id = 0; id < group->layout.queues; id++) {
		rc = make_sockets(zc, group, id, wanted);
		if (rc < 0)
			return zc_bind_say(zc, rc, id, err);
		rc = fill_queue(group, id);
		if (rc == -EBUSY)
			return nsr_error_set(err, -EOPNOTSUPP,
					     "fanout groups of the engine zc need Linux 6.4: use "
					     "packet:%s",
					     zc->device.name);
		if (rc < 0)
			return nsr_error_set(err, rc, "rings of queue %u: %s", id, strerror(-rc));
		wanted = zc->xdp;
	}
	group->layout.xdp = zc->xdp;
	group->layout.flags = zc->program.flags;
	group->layout.stamp = zc->program.stamp;
	rc = zc_usher_listen(group, zc->device.ifindex);
	return rc < 0 ? nsr_error_set(err, rc, "fanout group: %s", strerror(-rc)) : 0;
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
	int rc = zc_usher_ask(group, zc->device.ifindex);

	if (rc == 0)
		rc = check_memory(group);
	if (rc == 0)
		rc = map_shared(group);
	if (rc < 0)
		return say_ask(zc, group, rc, err);
	rc = check_kind(zc, group, spread, opts, err);
	if (rc < 0)
		return rc;
	zc->xdp = group->layout.xdp;
	zc->program.flags = group->layout.flags;
	zc->program.stamp = group->layout.stamp;
	zc->link = fcntl(group->link, F_DUPFD_CLOEXEC, 0);
	zc->program.sockets = fcntl(group->map, F_DUPFD_CLOEXEC, 0);
	zc->program.state = fcntl(group->state, F_DUPFD_CLOEXEC, 0);
	if (zc->link < 0 || zc->program.sockets < 0 || zc->program.state < 0)
		return nsr_error_set(err, -errno, "fanout group: %s", strerror(errno));
	return 0;
}

/* The capture has its own copies of what the group's usher uses. */
static int copy_fds(const struct zc *zc, struct zc_group *group)
{
	group->link = fcntl(zc->link, F_DUPFD_CLOEXEC, 0);
	group->map = fcntl(zc->program.sockets, F_DUPFD_CLOEXEC, 0);
	group->state = fcntl(zc->program.state, F_DUPFD_CLOEXEC, 0);
	return group->link < 0 || group->map < 0 || group->state < 0 ? -errno : 0;
}

/* As a member: a slot, its queues, and the usher. */
static int settle(struct zc *zc, struct zc_group *group, struct nsr_error *err)
{
	int rc = open_again(group);

	if (rc == 0) {
		zc_group_lock(group);
		rc = take_slot(group);
		zc_group_unlock(group);
	}
	if (rc == -ENOSPC)
		return nsr_error_set(err, rc, "fanout group %u of %s is full: it has %u members",
				     group->number, zc->device.name, group->layout.slots);
	if (rc == 0)
		rc = take_queues(zc, group);
	if (rc == 0)
		rc = zc_usher_start(group);
	return rc < 0 ? nsr_error_set(err, rc, "fanout group: %s", strerror(-rc)) : 0;
}

static struct zc_group *new_group(uint32_t number, const struct zc_layout *layout)
{
	uint32_t sockets = layout->queues * layout->slots, i;
	struct zc_group *group = calloc(1, sizeof(*group));

	if (!group)
		return NULL;
	group->number = number;
	group->layout = *layout;
	group->memory = group->alive = group->listener = group->wake = -1;
	group->map = group->state = group->link = -1;
	if (number)
		return group; /* zc_usher_ask() makes room for the sockets */
	group->sockets = malloc(sockets * sizeof(int));
	if (!group->sockets) {
		free(group);
		return NULL;
	}
	for (i = 0; i < sockets; i++)
		group->sockets[i] = -1;
	return group;
}

int zc_group_open(struct zc *zc, const struct nsr_options *opts,
		  int (*make)(struct zc *zc, const struct nsr_options *opts, struct nsr_error *err),
		  struct nsr_error *err)
{
	struct zc_layout layout;
	int rc;

	plan(zc, opts, &layout);
	zc->program.spread = layout.spread;
	zc->group = new_group(opts->fanout_group, &layout);
	if (!zc->group)
		return nsr_error_set(err, -ENOMEM, "out of memory");
	if (opts->fanout_group) {
		rc = join_group(zc, zc->group, layout.spread, opts, err);
	} else {
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

static int set_started(struct zc_group *group, bool started)
{
	int rc;

	zc_group_lock(group);
	group->shared->slots[group->slot].started = started;
	rc = deal(group);
	zc_group_unlock(group);
	return rc;
}

int zc_group_start(struct zc *zc)
{
	return set_started(zc->group, true);
}

int zc_group_stop(struct zc *zc)
{
	return set_started(zc->group, false);
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void zc_group_detach(struct zc_group *group)
{
	zc_usher_stop(group);
	close_fd(group->link);
	group->link = -1;
}

static void leave(struct zc_group *group)
{
	zc_group_lock(group);
	group->shared->slots[group->slot].started = 0;
	deal(group);
	clear_slot(group, group->slot);
	group->shared->slots[group->slot].used = 0;
	zc_group_unlock(group);
}

void zc_group_close(struct zc *zc)
{
	struct zc_group *group = zc->group;
	uint32_t i;

	zc_usher_stop(group);
	for (i = 0; i < zc->queue_count; i++)
		zc_socket_unmap(&zc->queues[i]);
	free(zc->queues);
	if (group->joined)
		leave(group);
	if (group->shared)
		munmap(group->shared, group->bytes);
	for (i = 0; group->sockets && i < group->layout.queues * group->layout.slots; i++)
		close_fd(group->sockets[i]);
	free(group->sockets);
	close_fd(group->memory);
	close_fd(group->alive);
	close_fd(group->listener);
	close_fd(group->wake);
	close_fd(group->map);
	close_fd(group->state);
	close_fd(group->link);
	free(group);
}
