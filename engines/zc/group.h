/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Captures that share a device: see group.c. This header is between group.c, shared.c, member.c,
 * holder.c, rendezvous.c, admission.c, guest.c and spread.c. No other part of the engine knows of groups,
 * except that zc.c chooses zc_receiver_group.
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

/** Members of a group at most; fewer on a device of many queues. */
#define ZC_SLOTS_MAX 16

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
 * struct zc_slot - a member's place
 * @life:    robust lock; the member's rendezvous thread holds it as long as it lives
 * @used:    it has a member, or one that died unnoticed
 * @started: the member takes frames
 * @mute:    the member has given up its capabilities, so that it can't prove anything to guests
 */
struct zc_slot {
	pthread_mutex_t life;
	uint32_t used;
	uint32_t started;
	uint32_t mute;
	uint32_t reserved;
};

/**
 * struct zc_layout - how the memory that a group shares is laid out
 *
 * A header, then for each slot and queue a struct zc_held, then a UMEM for each queue. A member
 * that joins is told the layout, and checks it against the file.
 */
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
 * struct zc_shared - the header
 * @lock:     robust; protects all below, the fill rings' producers and the map
 * @filter_set, @filter_count, @filter_hash: which filter the group has, for members to compare
 * @orphaned: packets lost with dead members, that no ledger has yet
 * @holder:   1 + the slot of the member that has the program on the device; 0: nobody, see holder.c
 * @over:     errno for which nobody could put the program on the device again; 0: none
 */
struct zc_shared {
	pthread_mutex_t lock;
	uint32_t filter_set;
	uint32_t filter_count;
	uint64_t filter_hash;
	uint64_t orphaned;
	uint32_t holder;
	uint32_t over;
	struct zc_slot slots[ZC_SLOTS_MAX];
};

/**
 * struct zc_group - a member's view
 * @layout:   of @shared
 * @shared:   mapped, of @bytes
 * @memory:   its file
 * @listener: where others come to join; each member has a copy
 * @wake:     eventfd that has the rendezvous thread look at @open and @leaving
 * @alarm:    eventfd that has the capture look at zc_shared.over
 * @handover: two connected sockets, in which a member that leaves puts the link for another one:
 *            from the first it is taken, into the second it is put
 * @fds:      all sockets: layout.queues times layout.slots of them
 * @sockets:  our slot's
 * @lost_before: what each queue's socket had lost when we took it
 * @lost_consumer: packets of dead members that our ledger has taken over
 * @map, @state: copies, which the rendezvous thread hands over
 * @program:  what is on the device; -1 until the filter is set, and once the device is gone
 * @link:     holds it there; only of the group's holder
 * @device:   of the capture
 * @cookie:   of its namespace, see nsr_place_cookie()
 * @uid:      whose group it is: the user when this member was opened, who may have changed since
 * @number, @slot: the group's, and ours
 * @door:     held while a member is let in; protects @link, @program and @gone
 * @gone:     the device is gone, so that nothing must be put on it
 * @mute:     as in struct zc_slot
 * @others_answer: another member is not mute
 * @wanting_since_ms: when we first failed to put the program on the device; 0: not
 * @open:     others may come
 * @leaving:  the rendezvous thread must end
 * @settled, @settled_code: posted when the rendezvous thread has a slot, or -errno why not
 */
struct zc_group {
	struct zc_layout layout;
	struct zc_shared *shared;
	size_t bytes;
	int memory;
	int listener;
	int wake;
	int alarm;
	int handover[2];
	int *fds;
	struct zc_sockets sockets;
	uint64_t lost_before[ZC_QUEUES_MAX];
	_Atomic uint64_t lost_consumer;
	int map;
	int state;
	int program;
	int link;
	const struct zc_device *device;
	uint64_t cookie;
	uid_t uid;
	uint32_t number;
	uint32_t slot;
	pthread_mutex_t door;
	bool gone;
	bool mute;
	bool others_answer;
	int64_t wanting_since_ms;
	_Atomic bool open;
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
 * zc_shared_join() - map the memory that a member has handed over
 *
 * Return: 0; -EPROTO it is not as large as its layout says, or not sealed; -errno.
 */
int zc_shared_join(struct zc_group *group);
void zc_shared_close(struct zc_group *group);

/** zc_group_lock(), zc_group_unlock() - also after a member has died with it */
void zc_group_lock(struct zc_group *group);
void zc_group_unlock(struct zc_group *group);

/** zc_group_held() - what the member of a slot has in hand of a queue */
struct zc_held *zc_group_held(const struct zc_group *group, uint32_t slot, uint32_t queue);

/** zc_group_socket() - descriptor of slot @slot's socket on a queue */
int zc_group_socket(const struct zc_group *group, uint32_t queue, uint32_t slot);

/** zc_group_map_queue() - map the rings of slot @slot's socket on queue @id, see zc_socket_map() */
int zc_group_map_queue(const struct zc_group *group, uint32_t id, uint32_t slot,
		       struct zc_queue *queue);

/** zc_member_enter() - take a slot, which the calling thread must give up; 0 or -ENOSPC */
int zc_member_enter(struct zc_group *group);

/** zc_member_leave() - give the slot up; only by the thread that took it */
void zc_member_leave(struct zc_group *group);

/** zc_member_start() - take a share of the frames, or none; 0 or -errno */
int zc_member_start(struct zc_group *group, bool started);

/** zc_group_give_back() - zc_sockets_give_back() where several return frames to the same queue */
void zc_group_give_back(struct zc_group *group, struct zc_queue *queue);

/** zc_member_stats() - add what we lost to @stats, and what dead members lost that no ledger has */
void zc_member_stats(struct zc_group *group, struct nsr_stats *stats);

/** zc_member_reap() - take dead members out; under the lock */
void zc_member_reap(struct zc_group *group);

/** zc_member_tell_mute() - tell the others that we are mute, and learn whether they are; under the lock */
void zc_member_tell_mute(struct zc_group *group);

/** zc_holder_make() - make the handover of a new group; 0 or -errno */
int zc_holder_make(struct zc_group *group);

/** zc_holder_begin() - become the holder with the link that the maker has; takes @link over */
void zc_holder_begin(struct zc_group *group, int link);

/**
 * zc_holder_inherit() - become the holder if there is none; under the lock, in the device's namespace
 *
 * Takes what the last one left to us, or else puts the program on the device again if we take
 * frames.
 *
 * Return: true if there is still none, and we must try again soon.
 */
bool zc_holder_inherit(struct zc_group *group);

/** zc_holder_leave() - leave the link to another member, if it is ours; under the lock */
void zc_holder_leave(struct zc_group *group);

/** zc_holder_drop() - the device is gone: close link and program, and put nothing on it again */
void zc_holder_drop(struct zc_group *group);

/**
 * zc_rendezvous_bind() - take a number that no group has; captures that join now must wait
 * @group: the listener is set, and the number if it is 0
 * @ifindex: the device
 *
 * Return: 0; -EADDRINUSE the number is taken; -ENOSPC all are; -errno.
 */
int zc_rendezvous_bind(struct zc_group *group, uint32_t ifindex);

/**
 * zc_rendezvous_ask() - ask a group's members for what they share
 * @group: number is set; the rest is filled in, or left alone after an error
 *
 * Waits for a group that is not open yet.
 *
 * Return: 0; -ENOENT nobody is there; -ESTALE the last member has just left; -EACCES it is somebody
 * else's; -EPERM we may load no XDP programs; -EKEYREJECTED it does not accept our proof;
 * -EKEYREVOKED its members have given up their capabilities; -EBADE it has proved nothing to us;
 * -ETIMEDOUT nobody answers; -EMFILE too few descriptors; -EPROTO; -errno.
 */
int zc_rendezvous_ask(struct zc_group *group, uint32_t ifindex);

/**
 * zc_rendezvous_start() - start the thread that takes a slot, lets others in, and notices deaths
 *
 * Return: 0, the thread has a slot; -ENOSPC all are taken; -errno.
 */
int zc_rendezvous_start(struct zc_group *group);

/** zc_rendezvous_open() - let others in from now on; 0 or -errno */
int zc_rendezvous_open(struct zc_group *group);

/** zc_rendezvous_shut() - the device is gone: let nobody in from now on, and drop the link */
void zc_rendezvous_shut(struct zc_group *group);

/** zc_rendezvous_stop() - end the thread, which gives the slot up first; also without one */
void zc_rendezvous_stop(struct zc_group *group);

/** zc_spread_emitter() - zc_program.take for a group; @spread is not ZC_SPREAD_NONE */
zc_emit_fn *zc_spread_emitter(enum zc_spread spread);

#endif
