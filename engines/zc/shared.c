/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The memory and the sockets that a group's members share.
 *
 * The memory is one file, sealed against a change of size, that each member maps: a header with
 * the lock, what each slot has in hand of each queue, and the frames of each queue (struct
 * zc_shared). The maker of the group makes all sockets at once: for each queue one a slot.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sys/clock.h"
#include "group.h"

#define PAGE 4096u

/* A group has no more sockets, except for two a queue: each member has a descriptor of each. */
#define SOCKETS_MOST 256

#define LEAST_SHARE 256

#define LOCK_PAUSE_MS 2

/* What a newcomer checks before it maps the memory. */
#define HEAD_BYTES offsetof(struct zc_shared, lock)

#define SEALS	  (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define READ_ONLY (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)

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
	    layout->slots > ZC_SLOTS_MAX || layout->queues * layout->slots > ZC_SOCKETS_MOST ||
	    layout->spread > ZC_SPREAD_QUEUE)
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
	return group->fds.sockets[queue * group->layout.slots + slot];
}

struct zc_memory zc_layout_memory(const struct zc_layout *layout)
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

int zc_group_lock_in_time(struct zc_group *group)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_MS * 1000000 };
	pthread_mutex_t *lock = &group->shared->lock;
	int rc = pthread_mutex_trylock(lock);

	/* ThreadSanitizer of gcc 12 does not know pthread_mutex_clocklock(). */
	for (; rc == EBUSY && nsr_clock_ms() < group->deadline_ms; rc = pthread_mutex_trylock(lock))
		nanosleep(&pause, NULL);
	if (rc == EBUSY)
		return -ETIMEDOUT;
	return -(rc == EOWNERDEAD ? pthread_mutex_consistent(lock) : rc);
}

void zc_group_unlock(struct zc_group *group)
{
	pthread_mutex_unlock(&group->shared->lock);
}

int zc_group_map_queue(const struct zc_group *group, uint32_t id, uint32_t slot,
		       struct zc_queue *queue)
{
	struct zc_memory memory = zc_layout_memory(&group->layout);

	queue->id = id;
	queue->fd = zc_group_socket(group, id, slot);
	queue->memory = umem_of(group, id);
	return zc_socket_map(queue, zc_group_socket(group, id, 0), &memory);
}

static int map_shared(struct zc_group *group)
{
	group->bytes = zc_layout_bytes(&group->layout);
	group->shared =
		mmap(NULL, group->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, group->memory, 0);
	if (group->shared == MAP_FAILED) {
		group->shared = NULL;
		return -errno;
	}
	/* See roster.c. */
	return madvise(group->shared, group->bytes, MADV_DONTFORK) < 0 ? -errno : 0;
}

/* Makes the group's lock, and each slot's. */
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

bool zc_shared_is_memory(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & SEALS) == SEALS && !(seals & READ_ONLY);
}

/*
 * The file must be as large as its layout says, and stay so: else reading it could kill us. Only
 * what has seals is asked any further, since another file may take for ever to answer.
 */
static int check_memory(struct zc_group *group)
{
	struct zc_shared head;
	struct stat st;

	if (!zc_shared_is_memory(group->memory) || fstat(group->memory, &st) < 0 ||
	    pread(group->memory, &head, HEAD_BYTES, 0) != HEAD_BYTES)
		return -EPROTO;
	if (memcmp(&head.identity, &group->identity, sizeof(head.identity)) != 0 ||
	    (size_t)st.st_size != zc_layout_bytes(&head.layout))
		return -EPROTO;
	group->layout = head.layout;
	return 0;
}

/* Makes all sockets of one queue; the first one registers the UMEM. */
static int make_sockets(struct zc *zc, struct zc_group *group, uint32_t id, uint32_t wanted,
			bool again)
{
	struct zc_memory memory = zc_layout_memory(&group->layout);
	struct zc_socket_spec spec = { .ifindex = zc->device.ifindex,
				       .queue = id,
				       .base = umem_of(group, id),
				       .memory = &memory,
				       .receive = true };
	int32_t *fds = group->fds.sockets + id * group->layout.slots;
	uint32_t slot;

	fds[0] = zc_bind(zc, &group->sockets, &spec, wanted, again);
	for (slot = 1; slot < group->layout.slots && fds[slot - 1] >= 0; slot++)
		fds[slot] = zc_socket_share(&spec, fds[0]);
	return fds[slot - 1] < 0 ? fds[slot - 1] : 0;
}

static int fill_queue(const struct zc_group *group, uint32_t id)
{
	struct zc_memory memory = zc_layout_memory(&group->layout);
	struct zc_queue queue = { 0 };
	int rc = zc_group_map_queue(group, id, 0, &queue);

	if (rc == 0)
		zc_fill(&queue, &memory);
	zc_socket_unmap(&queue);
	/* Members map rings of sockets that are bound; Linux before 6.4 refuses that. */
	return rc == -EBUSY ? -ENOSYS : rc;
}

/* A quarter, but at least as many as a few polls of the device bring. */
static uint32_t share_of(uint32_t frames)
{
	uint32_t least = frames < LEAST_SHARE ? frames : LEAST_SHARE;

	return frames / 4 > least ? frames / 4 : least;
}

void zc_shared_plan(const struct zc *zc, const struct nsr_options *opts, struct zc_layout *layout)
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

/* How the group takes packets: enum nsr_xdp. */
static uint32_t xdp_of(const struct zc *zc, const struct zc_group *group)
{
	return group->sockets.zero_copy ? NSR_XDP_ZEROCOPY : zc->xdp;
}

/* Makes memory and sockets, in the order of the queues; @id is the queue that it got to. */
static int make_parts(struct zc *zc, struct zc_group *group, uint32_t wanted, bool again,
		      uint32_t *id)
{
	int rc = make_memory(group);

	group->sockets.zero_copy = false;
	for (*id = 0; *id < group->layout.queues && rc == 0; ++*id) {
		rc = make_sockets(zc, group, *id, wanted, again);
		if (rc == 0)
			rc = fill_queue(group, *id);
		if (rc < 0)
			break;
		/* All queues are bound as the first could be. */
		wanted = xdp_of(zc, group);
	}
	return rc;
}

void zc_shared_close(struct zc_group *group)
{
	uint32_t i;

	if (group->shared)
		munmap(group->shared, group->bytes);
	group->shared = NULL;
	for (i = 0; i < ZC_SOCKETS_MOST; i++) {
		if (group->fds.sockets[i] >= 0)
			close(group->fds.sockets[i]);
		group->fds.sockets[i] = -1;
	}
	if (group->memory >= 0)
		close(group->memory);
	group->memory = -1;
}

int zc_shared_make(struct zc *zc, struct zc_group *group, const struct nsr_options *opts,
		   struct nsr_error *err)
{
	uint32_t wanted = zc->xdp == NSR_XDP_GENERIC ? NSR_XDP_GENERIC : opts->xdp, id = 0;
	struct zc_layout *layout = &group->layout;
	bool again = false;
	int rc;

	for (;;) {
		rc = make_parts(zc, group, wanted, again, &id);
		if ((rc != -ENOBUFS && rc != -ENOMEM) || layout->rx_frames < 2 * ZC_LEAST_FRAMES)
			break;
		/* The limit on locked memory, or the machine, has not that much. */
		zc_shared_close(group);
		layout->rx_frames /= 2;
		layout->ring_frames = share_of(layout->rx_frames);
		again = id > 0;
	}
	if (rc == -ENOSYS) {
		nsr_error_set(err, -EOPNOTSUPP, "fanout groups of the engine zc need Linux 6.4");
		return nsr_error_advise(err, -EOPNOTSUPP, "use packet:%s", zc->device.name);
	}
	if (rc < 0)
		return zc_bind_say(zc, rc, id, err);
	layout->xdp = xdp_of(zc, group);
	layout->flags = zc->program.flags;
	layout->stamp = zc->program.stamp;
	group->shared->layout = *layout;
	group->shared->identity = group->identity;
	return 0;
}

int zc_shared_join(struct zc_group *group)
{
	int rc = check_memory(group);

	return rc < 0 ? rc : map_shared(group);
}

void zc_shared_disown(const struct zc_group *group)
{
	const int single[] = { group->memory, group->map, group->state, group->fds.link };
	size_t i;

	for (i = 0; i < sizeof(single) / sizeof(*single); i++)
		if (single[i] >= 0)
			close(single[i]);
	for (i = 0; i < ZC_SOCKETS_MOST; i++)
		if (group->fds.sockets[i] >= 0)
			close(group->fds.sockets[i]);
}
