/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The receiver for captures that share a device, in one process or several.
 *
 * AF_XDP allows several sockets on one queue if they share its UMEM, and with it the fill ring, by
 * which frames go back to the kernel. So a group has one UMEM a queue, in memory that all members
 * map, and for each queue as many sockets as the group may have members (shared.c). All sockets
 * exist from the start, and every member has a descriptor of each. So no member depends on the one
 * that made the group, and any member can put right what a dead one leaves:
 *
 *	program ─ bucket ─▶ XSKMAP[queue][bucket] ─▶ socket[queue][slot] ─▶ the slot's member
 *	                                                                        │ frames
 *	                  fill ring of the queue ◀── under the group's lock ────┘
 *
 * Each member has a slot, from 0 on. The program puts each frame into one of ZC_BUCKETS buckets
 * (spread.c), and the XSKMAP says which slot's socket has the bucket. A member that joins, leaves
 * or finds a dead one writes the map anew: it deals the buckets to the members that have started,
 * in turn (member.c). Until somebody notices a death (reaper.c) the dead member's frames wait in
 * its socket. Each member has a descriptor of the program's link, too, so that the program is on
 * the device as long as any of them lives.
 *
 * A member's receive ring holds a quarter of a queue's frames, so that members that stand still
 * lose their own share only.
 *
 * Nobody is let in: a newcomer takes what members share, if the kernel lets it (newcomer.c).
 * Members then trust each other: each uses what the others write into the shared memory and rings,
 * and any of them can hold the lock for ever.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/filter/filter.h"
#include "lib/filter/xdp.h"
#include "sys/caps.h"
#include "sys/clock.h"
#include "sys/place.h"
#include "group.h"
#include "receiver.h"

/* A device takes one XDP program, and so has one group at most. */
#define NUMBER 1

/* What another process's group takes beyond the engine's capabilities. */
#define JOINING (NSR_CAP_BIT(SYS_ADMIN) | NSR_CAP_BIT(SYS_PTRACE))

static struct zc_group *group_of(const struct zc *zc)
{
	return zc->receiving;
}

static int group_check_options(const struct nsr_engine_args *args, struct nsr_error *err)
{
	const struct nsr_options *opts = args->opts;

	if (opts->mode & NSR_SEND)
		return nsr_error_advise(
			err,
			nsr_error_set(err, -EOPNOTSUPP, "a capture in a fanout group can't send"),
			"open another one");
	if (args->queue >= 0)
		return nsr_error_advise(
			err, nsr_error_set(err, -EOPNOTSUPP, "a fanout group takes all queues"),
			"leave \"@%d\" out", args->queue);
	return 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* Our slot's sockets become the capture's queues. */
static int take_queues(struct zc_group *group)
{
	struct zc_sockets *sockets = &group->sockets;
	struct zc_held *held;
	struct zc_queue *queue;
	uint32_t id;
	int rc;

	sockets->queues = calloc(group->layout.queues, sizeof(*sockets->queues));
	if (!sockets->queues)
		return -ENOMEM;
	sockets->memory = zc_layout_memory(&group->layout);
	for (id = 0; id < group->layout.queues; id++) {
		queue = &sockets->queues[id];
		sockets->count = id + 1;
		rc = zc_group_map_queue(group, id, group->slot, queue);
		if (rc < 0)
			return rc;
		queue->rx.ours = __atomic_load_n(queue->rx.consumer, __ATOMIC_RELAXED);
		held = zc_group_held(group, group->slot, id);
		queue->held = held->frames;
		queue->held_count = &held->count;
		queue->held_room = ZC_HELD_ROOM;
		group->lost_before[id] = held->lost_told;
	}
	return 0;
}

/* Why the kernel did not let us take what another process has. */
static int say_refusal(const struct zc *zc, const struct zc_group *group, struct nsr_error *err)
{
	char missing[NSR_CAPS_TEXT];
	struct nsr_caps caps;
	uint64_t lacks;

	nsr_caps_read(&caps);
	lacks = nsr_caps_missing(&caps, JOINING);
	nsr_error_set(
		err, -EPERM,
		"joining fanout group %u of %s, which another process has, needs CAP_SYS_ADMIN "
		"and CAP_SYS_PTRACE%s%s",
		group->number, zc->device.name,
		lacks ? ": this one lacks " : ", and was refused although this one has both",
		lacks ? nsr_caps_names(lacks, missing) : "");
	return nsr_error_advise(err, -EPERM,
				"%s, or have one process take all shares (the same target several "
				"times, with --fanout)",
				lacks ? "run as root"
				      : "see whether seccomp, Yama or another module refuses it");
}

/* Why thread numbers can't be told apart, or nobody can say. */
static int say_namespace(const struct zc *zc, const struct zc_group *group, int code,
			 struct nsr_error *err)
{
	if (code == -ENOSYS)
		return nsr_error_advise(
			err,
			nsr_error_set(err, -EOPNOTSUPP,
				      "joining fanout group %u of %s, which another process has, "
				      "needs /proc of the own PID namespace",
				      group->number, zc->device.name),
			"mount it");
	return nsr_error_advise(
		err,
		nsr_error_set(err, -EOPNOTSUPP,
			      "fanout group %u of %s is of processes in another PID namespace",
			      group->number, zc->device.name),
		"join from a process in theirs");
}

static int say_join(const struct zc *zc, const struct zc_group *group, int code,
		    struct nsr_error *err)
{
	const char *device = zc->device.name;
	uint32_t number = group->number;

	switch (code) {
	case -ENOENT:
		nsr_error_set(err, code, "%s has no fanout group %u", device, number);
		return nsr_error_advise(err, code, "leave the number out to make one");
	case -ETIMEDOUT:
		nsr_error_set(err, code, "nobody in fanout group %u of %s answers", number, device);
		return nsr_error_advise(err, code, "has it started, and are its members running?");
	case -EMFILE:
		nsr_error_set(err, code, "too few descriptors to join fanout group %u of %s",
			      number, device);
		return nsr_error_advise(err, code, "raise the limit (ulimit -n, LimitNOFILE=)");
	case -EPROTO:
		nsr_error_set(err, code, "fanout group %u of %s does not share what it should",
			      number, device);
		return nsr_error_advise(err, code,
					"see that its members have the same version of nsring");
	case -EACCES:
		nsr_error_set(err, code, "fanout group %u of %s is another user's", number, device);
		return nsr_error_advise(err, code,
					"have a process of root or of this user in it when others "
					"join");
	case -EPERM:
		return say_refusal(zc, group, err);
	case -EXDEV:
	case -ENOSYS:
		return say_namespace(zc, group, code, err);
	default:
		return nsr_error_set(err, code, "joining fanout group %u of %s: %s", number, device,
				     strerror(-code));
	}
}

/* One program serves all members, so it must do what each of them demands. */
static int check_kind(const struct zc *zc, const struct zc_group *group, uint32_t spread,
		      const struct nsr_options *opts, struct nsr_error *err)
{
	static const uint32_t stamps[] = {
		[NSR_STAMP_KERNEL] = ZC_STAMP_KERNEL,
		[NSR_STAMP_DEVICE] = ZC_STAMP_DEVICE,
	};
	const struct zc_layout *layout = &group->layout;
	const char *what = NULL, *advice = NULL;

	if (layout->spread != spread) {
		what = "spreads in another way";
		advice = "join with the same --fanout";
	} else if (opts->xdp && opts->xdp != layout->xdp) {
		what = "takes packets in another mode";
		advice = "leave --xdp out";
	} else if (opts->stamp && stamps[opts->stamp] != layout->stamp) {
		what = "stamps by another clock";
		advice = "leave --stamp out";
	}
	if (!what)
		return 0;
	return nsr_error_advise(err,
				nsr_error_set(err, -EINVAL, "fanout group %u of %s %s",
					      group->number, zc->device.name, what),
				"%s", advice);
}

/* See roster.c. */
static int keep_from_children(const struct zc *zc)
{
	return madvise(zc->state, sizeof(*zc->state), MADV_DONTFORK) < 0 ? -errno : 0;
}

/* The capture takes over how the group receives, as its program is on the device already. */
static int adopt(struct zc *zc, struct zc_group *group)
{
	const struct zc_layout *layout = &group->layout;
	int rc;

	group->sockets.zero_copy = layout->xdp == NSR_XDP_ZEROCOPY;
	zc->xdp = group->sockets.zero_copy ? NSR_XDP_NATIVE : layout->xdp;
	zc->program.flags = layout->flags;
	/* The device may have had another MTU when the group was made. */
	zc->frags = layout->flags & NSR_XDP_FRAGS;
	zc->program.stamp = layout->stamp;
	group->sockets.joins = zc_sockets_may_join(zc);
	zc->link = group->fds.link;
	zc->program.sockets = group->map;
	zc->program.state = group->state;
	rc = zc_state_map(zc);
	if (rc < 0)
		return rc;
	group->notice = &zc->state->notice;
	return keep_from_children(zc);
}

static int join_group(struct zc *zc, struct zc_group *group, const struct nsr_options *opts,
		      struct nsr_error *err)
{
	uint32_t spread = group->layout.spread;
	int rc = zc_newcomer_join(group);

	if (rc < 0)
		return say_join(zc, group, rc, err);
	zc_roster_add(group);
	rc = adopt(zc, group);
	if (rc < 0)
		return nsr_error_set(err, rc, "fanout group: %s", strerror(-rc));
	return check_kind(zc, group, spread, opts, err);
}

static int make_group(struct zc *zc, struct zc_group *group, const struct nsr_options *opts,
		      struct nsr_error *err)
{
	int rc = zc_state_open(zc, err);

	if (rc < 0)
		return rc;
	rc = keep_from_children(zc);
	if (rc < 0)
		return nsr_error_set(err, rc, "fanout group: %s", strerror(-rc));
	/* Captures of this process that want to join find one that is not ready, and wait. */
	zc_roster_add(group);
	group->state = zc->program.state;
	group->identity.state = zc_map_id(group->state);
	group->notice = &zc->state->notice;
	/* Before the program is there for others to see. */
	zc_notice_begin(group->notice, group->number);
	rc = zc_attach(zc, opts->stamp, err);
	if (rc < 0)
		return rc;
	group->fds.link = zc->link;
	group->sockets.joins = zc_sockets_may_join(zc);
	rc = zc_sockets_make_map(zc, ZC_BUCKETS, err);
	group->map = zc->program.sockets;
	return rc < 0 ? rc : zc_shared_make(zc, group, opts, err);
}

/* Becomes a member: a reaper takes a slot, and then its queues are ours. */
static int settle(struct zc *zc, struct zc_group *group, struct nsr_error *err)
{
	int rc = zc_reaper_start(group);

	if (rc == -ENOSPC)
		return nsr_error_advise(
			err,
			nsr_error_set(err, rc, "fanout group %u of %s is full: it has %u members",
				      group->number, zc->device.name, group->layout.slots),
			"end one of them, or make another group");
	if (rc == -ETIMEDOUT)
		return say_join(zc, group, rc, err);
	if (rc == 0)
		rc = take_queues(group);
	if (rc < 0)
		return nsr_error_set(err, rc, "fanout group: %s", strerror(-rc));
	return zc_sockets_prepare(zc, &group->sockets, err);
}

static struct zc_group *new_group(const struct zc *zc, const struct nsr_options *opts)
{
	struct zc_group *group = calloc(1, sizeof(*group));

	if (!group)
		return NULL;
	group->number = opts->fanout_group ? opts->fanout_group : NUMBER;
	zc_shared_plan(zc, opts, &group->layout);
	group->identity.cookie = nsr_place_cookie();
	group->identity.ifindex = zc->device.ifindex;
	group->sockets.mode = NSR_RECV;
	group->device = &zc->device;
	group->memory = group->map = group->state = group->wake = -1;
	memset(&group->fds, 0xff, sizeof(group->fds)); /* all are -1 */
	group->deadline_ms = nsr_clock_ms() + ZC_PATIENCE_MS;
	return group;
}

static int group_open(struct zc *zc, const struct nsr_options *opts, struct nsr_error *err)
{
	struct zc_group *group;
	int rc = zc_device_takes_sockets(&zc->device, err);

	if (rc < 0)
		return rc;
	group = new_group(zc, opts);
	if (!group)
		return nsr_error_set(err, -ENOMEM, "out of memory");
	zc->receiving = group;
	zc->program.take = zc_spread_emitter(group->layout.spread);
	rc = opts->fanout_group ? join_group(zc, group, opts, err)
				: make_group(zc, group, opts, err);
	return rc < 0 ? rc : settle(zc, group, err);
}

/* FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/), to tell filters apart. */
static uint64_t hash_of(const void *data, size_t bytes)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	const uint8_t *at = data;

	for (; bytes; bytes--)
		hash = (hash ^ *at++) * UINT64_C(0x100000001b3);
	return hash;
}

/* The group's filter is set with its first member's, and then stays. Under the lock. */
static int agree_on_filter(struct zc *zc, const struct nsr_filter *filter, struct nsr_error *err)
{
	struct zc_shared *shared = group_of(zc)->shared;
	unsigned int count = 0;
	const void *code = filter ? nsr_filter_code(filter, &count) : NULL;
	uint64_t hash = hash_of(code, count * 8ull);
	int rc;

	if (shared->filter_set && shared->filter_count == count && shared->filter_hash == hash)
		return 0;
	if (shared->filter_set)
		return nsr_error_advise(err,
					nsr_error_set(err, -EINVAL,
						      "fanout group %u has another filter",
						      group_of(zc)->number),
					"give the same, as all members must");
	rc = zc_attach_replace(zc, filter, false, err);
	if (rc < 0)
		return rc;
	shared->filter_set = 1;
	shared->filter_count = count;
	shared->filter_hash = hash;
	return 0;
}

static int group_set_filter(struct zc *zc, const struct nsr_filter *filter, struct nsr_error *err)
{
	struct zc_group *group = group_of(zc);
	int rc;

	if (group->started)
		return nsr_error_advise(err,
					nsr_error_set(err, -EOPNOTSUPP,
						      "the filter of a fanout group can't be "
						      "changed: it is all members'"),
					"end the group, and make one with the new filter");
	rc = zc_group_lock_in_time(group);
	if (rc < 0)
		return say_join(zc, group, rc, err);
	rc = agree_on_filter(zc, filter, err);
	zc_group_unlock(group);
	return rc;
}

static int group_start(struct zc *zc)
{
	struct zc_group *group = group_of(zc);
	int rc = zc_member_start(group);

	if (rc < 0)
		return rc;
	group->started = true;
	zc_roster_ready(group);
	return 0;
}

static int group_recv(struct zc *zc, struct nsr_packet *packets, uint32_t max)
{
	struct zc_group *group = group_of(zc);
	struct zc_sockets *sockets = &group->sockets;
	uint32_t i;

	for (i = 0; i < sockets->count; i++)
		if (*sockets->queues[i].held_count)
			zc_group_give_back(group, &sockets->queues[i]);
	return zc_sockets_recv(zc, sockets, packets, max);
}

/* One program serves several readers and can't wake a certain one, so groups have no doorbell. */
static int group_idle(struct zc *zc, uint32_t us, int *fd)
{
	return zc_sockets_idle_us(&group_of(zc)->sockets, us);
}

static int group_stop(struct zc *zc, struct nsr_error *err)
{
	return zc_member_stop(group_of(zc));
}

/* Without the lock, which a member that is stopped may hold: the program must go off the device. */
static void group_gone(struct zc *zc)
{
	struct zc_group *group = group_of(zc);

	zc_roster_remove(group);
	zc_notice_clear(group, group->slot);
	__atomic_store_n(&group->shared->slots[group->slot].fds.link, -1, __ATOMIC_RELEASE);
}

static void group_stats(struct zc *zc, struct nsr_stats *stats)
{
	zc_member_stats(group_of(zc), stats);
}

static void group_info(const struct zc *zc, struct nsr_info *info)
{
	const struct zc_group *group = group_of(zc);

	zc_sockets_info(zc, &group->sockets, info);
	info->diverts = true;
	info->fanout_group = group->number;
}

static void group_close(struct zc *zc)
{
	struct zc_group *group = group_of(zc);
	uint32_t i;

	if (!group)
		return;
	zc_roster_remove(group);
	zc_reaper_stop(group);
	for (i = 0; i < group->sockets.count; i++)
		zc_socket_unmap(&group->sockets.queues[i]);
	free(group->sockets.queues);
	free(group->sockets.bounce);
	zc_shared_close(group);
	close_fd(group->wake);
	close_fd(zc->link);
	zc->link = -1;
	close_fd(zc->program.sockets);
	zc->program.sockets = -1;
	free(group);
	zc->receiving = NULL;
}

const struct zc_receiver_ops zc_receiver_group = {
	.check_options = group_check_options,
	.open = group_open,
	.set_filter = group_set_filter,
	.start = group_start,
	.recv = group_recv,
	.idle = group_idle,
	.stop = group_stop,
	.gone = group_gone,
	.stats = group_stats,
	.info = group_info,
	.close = group_close,
};
