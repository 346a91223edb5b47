/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A group's members: which slots they have, which of them have died, and whose frames are whose.
 * All of it is written under the group's lock.
 *
 * Slots. A member has a slot as long as its reaper lives, the thread that holds the slot's lock.
 * That is a robust lock and belongs to a thread: the kernel releases it however the thread ends,
 * and a child of fork(2) does not inherit it. It holds the thread's number, so all members must be
 * in one PID namespace. A member that gets the lock of a slot in use (EOWNERDEAD) has found a dead
 * member.
 *
 * Buckets. deal() gives all buckets of each queue to the members that have started, in turn. It
 * writes the whole map, so a member that died halfway through leaves nothing that the next deal()
 * does not mend.
 *
 * Frames. At any time a frame belongs to the kernel (fill ring, or on its way), to a socket
 * (receive ring), or to a member's hands (struct zc_held). A member moves frames from its receive
 * ring into its hands without the lock, as only it reads that ring. It gives them back to the fill
 * ring under the lock, as all members write there: zc_ring.ours of a fill ring is stale until the
 * lock is held.
 *
 * No frame may be in two places. So each move takes frames from the old place before it adds them
 * to the new one: a member that dies in between leaves a few frames unused until the group ends,
 * and none that is used twice.
 */
#include <bpf/bpf.h>
#include <errno.h>

#include "sys/compat.h"
#include "group.h"

/* Lists the slots of members that take frames; returns how many. */
static uint32_t list_started(const struct zc_group *group, uint32_t *slots)
{
	uint32_t slot, n = 0;

	for (slot = 0; slot < group->layout.slots; slot++)
		if (group->shared->slots[slot].started)
			slots[n++] = slot;
	return n;
}

/* Writes into the map which socket has each bucket. Under the lock. */
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
			fd = zc_group_socket(group, queue, slots[bucket % n]);
			if (bpf_map_update_elem(group->map, &key, &fd, 0) < 0)
				rc = -errno;
		}
	}
	return rc;
}

/* Gives frames back; under the lock. Other members may have done so since we last did. */
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

	/* Other members could have written there. */
	if (count > queue->held_room)
		count = queue->held_room;
	zc_group_lock(group);
	__atomic_store_n(queue->held_count, 0, __ATOMIC_RELEASE);
	refill(&queue->fill, queue->held, count);
	zc_group_unlock(group);
}

/* Gives back a frame of a dead member, which could have written any address. */
static void refill_one(const struct zc_group *group, struct zc_ring *fill, uint64_t frame)
{
	if (frame < (uint64_t)group->layout.chunk_bytes * group->layout.rx_frames)
		refill(fill, &frame, 1);
}

/* Gives back what waits in a socket that nobody reads; returns how many packets. */
static uint32_t empty_socket(const struct zc_group *group, struct zc_queue *queue)
{
	uint32_t waiting, packets = 0;
	struct xdp_desc desc;

	queue->rx.ours = __atomic_load_n(queue->rx.consumer, __ATOMIC_RELAXED);
	waiting = zc_ring_waiting(&queue->rx);
	if (waiting > queue->rx.mask + 1)
		waiting = queue->rx.mask + 1;
	for (; waiting; waiting--) {
		desc = *zc_ring_desc(&queue->rx, queue->rx.ours);
		zc_ring_consume(&queue->rx, 1);
		refill_one(group, &queue->fill, desc.addr);
		packets += !(desc.options & XDP_PKT_CONTD);
	}
	return packets;
}

/* Gives back what a dead member had in hand; returns how many frames. */
static uint32_t empty_hands(const struct zc_group *group, struct zc_held *held,
			    struct zc_ring *fill)
{
	uint32_t count = __atomic_load_n(&held->count, __ATOMIC_ACQUIRE), i;

	__atomic_store_n(&held->count, 0, __ATOMIC_RELEASE);
	if (count > ZC_HELD_ROOM)
		count = ZC_HELD_ROOM;
	for (i = 0; i < count; i++)
		refill_one(group, fill, held->frames[i]);
	return count;
}

/* How many frames found no room in a socket, and are in no ledger. */
static uint64_t untold(const struct zc_queue *queue, struct zc_held *held)
{
	uint64_t lost = zc_socket_lost(queue->fd), told = held->lost_told;

	held->lost_told = lost;
	return lost > told ? lost - told : 0;
}

/*
 * Gives back the frames that a slot has in its sockets and in hand; under the lock. Returns how
 * many packets were lost that are in no ledger.
 */
static uint64_t clear_slot(struct zc_group *group, uint32_t slot)
{
	struct zc_held *held;
	uint64_t packets = 0;
	uint32_t id;

	for (id = 0; id < group->layout.queues; id++) {
		struct zc_queue queue = { 0 };

		held = zc_group_held(group, slot, id);
		if (zc_group_map_queue(group, id, slot, &queue) == 0) {
			packets += empty_hands(group, held, &queue.fill);
			packets += empty_socket(group, &queue);
			packets += untold(&queue, held);
		}
		zc_socket_unmap(&queue);
	}
	return packets;
}

/* The member whose ledger is asked for next takes them over. */
static void leave_to_others(struct zc_group *group, uint64_t packets)
{
	__atomic_fetch_add(&group->shared->orphaned, packets, __ATOMIC_RELAXED);
}

/* Takes the slot's lock if nobody has it. */
static bool take_life(struct zc_slot *slot)
{
	int rc = pthread_mutex_trylock(&slot->life);

	if (rc == EOWNERDEAD)
		rc = pthread_mutex_consistent(&slot->life);
	return rc == 0;
}

/* A member that dies on the way holds the locks that it took: it leaves all of this to the next. */
void zc_member_reap(struct zc_group *group)
{
	struct zc_slot *slots = group->shared->slots;
	bool any = false, died[ZC_SLOTS_MAX] = { false };
	uint32_t slot;

	for (slot = 0; slot < group->layout.slots; slot++) {
		if (!slots[slot].used || !take_life(&slots[slot]))
			continue;
		slots[slot].started = 0;
		died[slot] = any = true;
	}
	/* Also when the dead member took no frames: it may have died while it dealt. */
	if (any)
		deal(group);
	for (slot = 0; slot < group->layout.slots; slot++) {
		if (!died[slot])
			continue;
		leave_to_others(group, clear_slot(group, slot));
		zc_notice_clear(group, slot);
		slots[slot].used = 0;
		pthread_mutex_unlock(&slots[slot].life);
	}
}

static int take_slot(struct zc_group *group)
{
	struct zc_slot *slots = group->shared->slots;
	uint32_t slot;

	for (slot = 0; slot < group->layout.slots; slot++) {
		if (slots[slot].used || !take_life(&slots[slot]))
			continue;
		slots[slot].started = 0;
		slots[slot].used = 1;
		slots[slot].fds = group->fds;
		group->slot = slot;
		/* Some frames may have been on their way when the slot's last member left. */
		leave_to_others(group, clear_slot(group, slot));
		return 0;
	}
	return -ENOSPC;
}

int zc_member_enter(struct zc_group *group)
{
	int rc = zc_group_lock_in_time(group);

	if (rc < 0)
		return rc;
	zc_member_reap(group);
	rc = take_slot(group);
	zc_group_unlock(group);
	return rc;
}

int zc_member_start(struct zc_group *group)
{
	int rc = zc_group_lock_in_time(group);

	if (rc < 0)
		return rc;
	group->shared->slots[group->slot].started = 1;
	rc = deal(group);
	/* Last, when there is nothing left to set that others would have to wait for. */
	if (rc == 0)
		zc_notice_enter(group);
	zc_group_unlock(group);
	return rc;
}

int zc_member_stop(struct zc_group *group)
{
	int rc;

	zc_group_lock(group);
	group->shared->slots[group->slot].started = 0;
	rc = deal(group);
	zc_group_unlock(group);
	return rc;
}

void zc_member_leave(struct zc_group *group)
{
	struct zc_slot *slot = &group->shared->slots[group->slot];

	zc_group_lock(group);
	zc_notice_clear(group, group->slot);
	slot->started = 0;
	deal(group);
	/* Packets that it has not read are not lost: it stopped. */
	clear_slot(group, group->slot);
	slot->used = 0;
	pthread_mutex_unlock(&slot->life);
	zc_group_unlock(group);
}

void zc_member_stats(struct zc_group *group, struct nsr_stats *stats)
{
	struct zc_held *held;
	uint64_t lost;
	uint32_t id;

	for (id = 0; id < group->sockets.count; id++) {
		held = zc_group_held(group, group->slot, id);
		lost = zc_socket_lost(group->sockets.queues[id].fd);
		stats->lost_ring += lost - group->lost_before[id];
		held->lost_told = lost;
	}
	group->lost_consumer += __atomic_exchange_n(&group->shared->orphaned, 0, __ATOMIC_RELAXED);
	stats->lost_consumer = group->lost_consumer;
	/* Nobody knows which member a refused frame would have come to. */
	if (group->shared->filter_count)
		stats->filtered = NSR_UNKNOWN;
}
