/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Captures that share a device: see group.c. This header is between group.c, shared.c, member.c,
 * reaper.c, newcomer.c, roster.c, notice.c, peer.c and spread.c (see newcomer.h, too). No other part of the engine knows
 * of groups, except that zc.c chooses zc_receiver_group, and struct zc_state has the notice.
 */
#ifndef NSR_ENGINES_ZC_GROUP_H
#define NSR_ENGINES_ZC_GROUP_H

#include <pthread.h>
#include <semaphore.h>
#include <sys/types.h>

#include "sockets.h"

/** How frames are spread over the captures of a group. */
enum zc_spread {
	ZC_SPREAD_NONE = 0,
	ZC_SPREAD_FLOW,
	ZC_SPREAD_CPU,
	ZC_SPREAD_TURNS,
	ZC_SPREAD_QUEUE
};

/** Entries of the XSKMAP for each queue: a multiple of each count to 16 except 7, 9, 11, 13, 14. */
#define ZC_BUCKETS 240

/** Sockets of a group at most: two for each of the most queues. */
#define ZC_SOCKETS_MOST 512

/** How long joining takes at most, from the first try. */
#define ZC_PATIENCE_MS 5000

/** How many frames of one queue a member has in hand at most. */
#define ZC_HELD_ROOM 1024

/**
 * struct zc_held - what the others must know of a member's queue if it dies
 * @count, @frames: addresses of the frames that it has in hand
 * @lost_told: how many of the losses that its socket counts are in a ledger
 */
struct zc_held {
	uint32_t count;
	uint32_t reserved;
	uint64_t lost_told;
	uint64_t frames[ZC_HELD_ROOM];
};

/**
 * struct zc_fds - descriptors that each member has of its own, by their numbers in its process
 * @link:    holds the program on the device; -1: the device is gone
 * @sockets: layout.queues times layout.slots of them
 */
struct zc_fds {
	int32_t link;
	int32_t sockets[ZC_SOCKETS_MOST];
};

/**
 * struct zc_slot - a member's place
 * @life:    robust lock; the member's reaper holds it as long as it lives
 * @used:    it has a member, or one that died unnoticed
 * @started: the member takes frames
 * @fds:     the member's
 */
struct zc_slot {
	pthread_mutex_t life;
	uint32_t used;
	uint32_t started;
	struct zc_fds fds;
};

/** struct zc_layout - how the memory that a group shares is laid out, behind struct zc_shared */
struct zc_layout {
	uint32_t queues;
	uint32_t slots;
	uint32_t chunk_bytes;
	uint32_t rx_frames;
	uint32_t ring_frames;
	uint32_t spread; /* enum zc_spread */
	uint32_t xdp; /* enum nsr_xdp */
	uint32_t flags; /* of struct zc_program */
	uint32_t stamp;
	uint32_t reserved;
};

/**
 * struct zc_identity - which group the memory is of
 * @cookie:  of the device's namespace, see nsr_place_cookie()
 * @ifindex: the device
 * @state:   the kernel's number of the map of struct zc_state: no other group has that
 */
struct zc_identity {
	uint64_t cookie;
	uint32_t ifindex;
	uint32_t state;
};

/**
 * struct zc_shared - the beginning of the shared memory
 * @identity, @layout: as the maker set them; a newcomer checks them
 * @lock:     robust; protects all below, the fill rings' producers and the map
 * @filter_set, @filter_count, @filter_hash: which filter the group has, for members to compare
 * @orphaned: packets lost with dead members, that no ledger has yet
 *
 * Behind it: for each slot and queue a struct zc_held, then a UMEM for each queue.
 */
struct zc_shared {
	struct zc_identity identity;
	struct zc_layout layout;
	pthread_mutex_t lock;
	uint32_t filter_set;
	uint32_t filter_count;
	uint64_t filter_hash;
	uint64_t orphaned;
	struct zc_slot slots[ZC_SLOTS_MAX];
};

/**
 * struct zc_group - a member's view
 * @layout:   a copy of the shared one, which others could change
 * @identity: of this group
 * @shared:   mapped, of @bytes
 * @memory:   its file
 * @map, @state: of the program
 * @fds:      its link and sockets
 * @sockets:  our slot's
 * @notice:   of the mapped @state
 * @lost_before: what each queue's socket had lost when we took it
 * @lost_consumer: packets of dead members that our ledger has taken over
 * @device:   of the capture
 * @number, @slot: the group's, and ours
 * @deadline_ms: when a capture that joins gives up waiting for others
 * @next:     in the roster, whose lock protects it and @ready
 * @ready:    others may join
 * @started:  the filter is set for good
 * @wake:     eventfd that ends the reaper's rest
 * @leaving:  the reaper must end
 * @settled, @settled_code: posted when the reaper has a slot, or -errno why not
 *
 * @map, @state and the link are struct zc's, once a newcomer has joined.
 */
struct zc_group {
	struct zc_layout layout;
	struct zc_identity identity;
	struct zc_shared *shared;
	size_t bytes;
	int memory;
	int map;
	int state;
	struct zc_fds fds;
	struct zc_sockets sockets;
	struct zc_notice *notice;
	uint64_t lost_before[ZC_QUEUES_MAX];
	_Atomic uint64_t lost_consumer;
	const struct zc_device *device;
	uint32_t number;
	uint32_t slot;
	int64_t deadline_ms;
	struct zc_group *next;
	bool ready;
	bool started;
	int wake;
	_Atomic bool leaving;
	sem_t settled;
	int settled_code;
	bool has_thread;
	pthread_t thread;
};

/** zc_layout_bytes() - size of the shared memory; 0 for a layout that makes no sense */
size_t zc_layout_bytes(const struct zc_layout *layout);

/** zc_layout_memory() - the layout of each queue's UMEM */
struct zc_memory zc_layout_memory(const struct zc_layout *layout);

/** zc_shared_plan() - lay out a new group for the device, as @opts ask */
void zc_shared_plan(const struct zc *zc, const struct nsr_options *opts, struct zc_layout *layout);

/**
 * zc_shared_make() - make memory and sockets of a new group
 * @zc:    the program is attached
 * @group: its layout is planned; with little memory it becomes smaller
 *
 * Return: 0 or -errno. zc_shared_close() undoes also a part.
 */
int zc_shared_make(struct zc *zc, struct zc_group *group, const struct nsr_options *opts,
		   struct nsr_error *err);

/**
 * zc_shared_join() - check and map the memory at @group->memory, which may be any descriptor
 * @group: identity is set; layout is filled in
 *
 * Return: 0; -EPROTO it is not this group's memory, as large as its layout says, and sealed;
 * -errno.
 */
int zc_shared_join(struct zc_group *group);

/** zc_shared_is_memory() - whether @fd is memory that is sealed; never waits, whatever it is */
bool zc_shared_is_memory(int fd);

/** zc_shared_disown() - close the descriptors, in a child of the process whose they are */
void zc_shared_disown(const struct zc_group *group);

/** zc_shared_close() - unmap, and close memory and sockets; also a part, and again */
void zc_shared_close(struct zc_group *group);

/** zc_group_lock(), zc_group_unlock() - also after a member has died with it */
void zc_group_lock(struct zc_group *group);
void zc_group_unlock(struct zc_group *group);

/** zc_group_lock_in_time() - zc_group_lock() before the deadline: 0, -ETIMEDOUT or -errno */
int zc_group_lock_in_time(struct zc_group *group);

/** zc_group_held() - what the member of a slot has in hand of a queue */
struct zc_held *zc_group_held(const struct zc_group *group, uint32_t slot, uint32_t queue);

/** zc_group_socket() - descriptor of slot @slot's socket on a queue */
int zc_group_socket(const struct zc_group *group, uint32_t queue, uint32_t slot);

/** zc_group_map_queue() - map the rings of slot @slot's socket on queue @id, see zc_socket_map() */
int zc_group_map_queue(const struct zc_group *group, uint32_t id, uint32_t slot,
		       struct zc_queue *queue);

/**
 * zc_member_enter() - take a slot, which the calling thread must give up; 0, -ENOSPC or -ETIMEDOUT
 */
int zc_member_enter(struct zc_group *group);

/** zc_member_leave() - give the slot up; only by the thread that took it */
void zc_member_leave(struct zc_group *group);

/** zc_member_start() - take a share of the frames, and let others join; 0, -ETIMEDOUT or -errno */
int zc_member_start(struct zc_group *group);

/** zc_member_stop() - take none; 0 or -errno */
int zc_member_stop(struct zc_group *group);

/** zc_group_give_back() - zc_sockets_give_back() where several return frames to the same queue */
void zc_group_give_back(struct zc_group *group, struct zc_queue *queue);

/** zc_member_stats() - add what we lost to @stats, and what dead members lost that no ledger has */
void zc_member_stats(struct zc_group *group, struct nsr_stats *stats);

/** zc_member_reap() - take dead members out; under the lock */
void zc_member_reap(struct zc_group *group);

/**
 * zc_reaper_start() - start the thread that takes a slot and notices deaths
 *
 * Return: 0, the thread has a slot; -ENOSPC all are taken; -ETIMEDOUT; -errno.
 */
int zc_reaper_start(struct zc_group *group);

/** zc_reaper_stop() - end the thread, which gives the slot up first; also without one */
void zc_reaper_stop(struct zc_group *group);

/**
 * zc_newcomer_join() - take over what the members of the device's group share
 * @group: device, number and deadline are set; the rest is filled in, or left alone after an error
 *
 * Waits for a group that is not ready.
 *
 * Return: 0; -ENOENT there is none of this number; -ETIMEDOUT nobody is ready; -EACCES it is
 * another user's; -EPERM a capability is missing; -EXDEV its members are in another PID namespace;
 * -ENOSYS there is no /proc; -EMFILE too few descriptors; -EPROTO it is not what it should be;
 * -errno.
 */
int zc_newcomer_join(struct zc_group *group);

/** zc_roster_add() - list a group of this process, which is not ready */
void zc_roster_add(struct zc_group *group);

/** zc_roster_remove() - list it no longer; also if it is not listed */
void zc_roster_remove(struct zc_group *group);

/** zc_roster_ready() - let captures of this process join */
void zc_roster_ready(struct zc_group *group);

/** zc_notice_begin() - fill in a new group's notice, which lists nobody yet */
void zc_notice_begin(struct zc_notice *notice, uint32_t number);

/** zc_notice_enter() - list this member; under the lock */
void zc_notice_enter(struct zc_group *group);

/** zc_notice_clear() - list the member of a slot no longer */
void zc_notice_clear(struct zc_group *group, uint32_t slot);

/** zc_map_id() - the kernel's number of a BPF map; 0: it is none */
uint32_t zc_map_id(int map);

/** zc_spread_emitter() - zc_program.take for a group; @spread is not ZC_SPREAD_NONE */
zc_emit_fn *zc_spread_emitter(enum zc_spread spread);

#endif
