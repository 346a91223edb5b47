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
 * in turn (member.c). Until somebody notices a death (rendezvous.c) the dead member's frames wait in
 * its socket.
 *
 * A member's receive ring holds a quarter of a queue's frames, so that members that stand still
 * lose their own share only.
 *
 * Members belong to one user, have proved to each other that they may capture (greeting.h), and then
 * trust each other: each uses what the others write into the shared memory and rings, and any of
 * them can hold the lock for ever.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/filter/filter.h"
#include "lib/filter/xdp.h"
#include "sys/place.h"
#include "group.h"
#include "receiver.h"

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

/* Why one side does not trust the other. */
static int say_refusal(const struct zc *zc, const struct zc_group *group, int code,
		       struct nsr_error *err)
{
	const char *device = zc->device.name;
	uint32_t number = group->number;

	switch (code) {
	case -EACCES:
		return nsr_error_set(err, code, "fanout group %u of %s is another user's", number,
				     device);
	case -EPERM:
		nsr_error_set(err, code,
			      "joining fanout group %u of %s needs CAP_BPF and CAP_NET_ADMIN in "
			      "the initial user namespace, as making one does",
			      number, device);
		return nsr_error_advise(err, code, ZC_GRANT);
	case -EKEYREJECTED:
		nsr_error_set(err, -EPERM,
			      "fanout group %u of %s can't see that this process may capture",
			      number, device);
		return nsr_error_advise(err, -EPERM,
					"see that its members have the same version of nsring, and "
					"/proc");
	case -EKEYREVOKED:
		nsr_error_set(err, -EPERM,
			      "the members of fanout group %u of %s have given up their "
			      "capabilities, and let nobody in",
			      number, device);
		return nsr_error_advise(err, -EPERM, "join before they do, or make another group");
	case -EBADE:
		nsr_error_set(err, -EACCES,
			      "the process that answers as fanout group %u of %s can't prove that "
			      "it may capture",
			      number, device);
		return nsr_error_advise(err, -EACCES,
					"see by ss -xlp which one has @nsring-zc-%u-%u, and that "
					"this one has /proc",
					zc->device.ifindex, number);
	default:
		return nsr_error_set(err, code, "joining fanout group %u of %s: %s", number, device,
				     strerror(-code));
	}
}

static int say_ask(const struct zc *zc, const struct zc_group *group, int code,
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
		nsr_error_set(err, code, "fanout group %u of %s did not say what it shares", number,
			      device);
		return nsr_error_advise(err, code,
					"see that its members have the same version of nsring");
	default:
		return say_refusal(zc, group, code, err);
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

static int copy_fd(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

/* The capture takes over how the group receives, as its program is on the device already. */
static int adopt(struct zc *zc, struct zc_group *group)
{
	const struct zc_layout *layout = &group->layout;

	group->sockets.zero_copy = layout->xdp == NSR_XDP_ZEROCOPY;
	zc->xdp = group->sockets.zero_copy ? NSR_XDP_NATIVE : layout->xdp;
	zc->program.flags = layout->flags;
	/* The device may have had another MTU when the group was made. */
	zc->frags = layout->flags & NSR_XDP_FRAGS;
	zc->program.stamp = layout->stamp;
	group->sockets.joins = zc_sockets_may_join(zc);
	zc->program.sockets = copy_fd(group->map);
	zc->program.state = copy_fd(group->state);
	return zc->program.sockets < 0 || zc->program.state < 0 ? -errno : 0;
}

static int join_group(struct zc *zc, struct zc_group *group, const struct nsr_options *opts,
		      struct nsr_error *err)
{
	uint32_t spread = group->layout.spread;
	int rc = zc_rendezvous_ask(group, zc->device.ifindex);

	if (rc == 0)
		rc = zc_shared_join(group);
	if (rc == -ESTALE)
		return rc;
	if (rc < 0)
		return say_ask(zc, group, rc, err);
	rc = check_kind(zc, group, spread, opts, err);
	if (rc < 0)
		return rc;
	rc = adopt(zc, group);
	return rc < 0 ? nsr_error_set(err, rc, "fanout group: %s", strerror(-rc)) : 0;
}

/* The rendezvous thread uses copies of its own. */
static int copy_fds(const struct zc *zc, struct zc_group *group)
{
	group->map = copy_fd(zc->program.sockets);
	group->state = copy_fd(zc->program.state);
	return group->map < 0 || group->state < 0 ? -errno : 0;
}

static int make_group(struct zc *zc, struct zc_group *group, const struct nsr_options *opts,
		      struct nsr_error *err)
{
	int rc = zc_attach(zc, opts->stamp, err);

	group->sockets.joins = zc_sockets_may_join(zc);
	if (rc == 0)
		rc = zc_sockets_make_map(zc, ZC_BUCKETS, err);
	if (rc == 0)
		rc = zc_shared_make(zc, group, opts, err);
	if (rc < 0)
		return rc;
	rc = copy_fds(zc, group);
	if (rc == 0)
		rc = zc_holder_make(group);
	return rc < 0 ? nsr_error_set(err, rc, "fanout group: %s", strerror(-rc)) : 0;
}

/* Becomes a member: a rendezvous thread takes a slot, and then its queues are ours. */
static int settle(struct zc *zc, struct zc_group *group, struct nsr_error *err)
{
	int rc = zc_rendezvous_start(group);

	if (rc == -ENOSPC)
		return nsr_error_advise(
			err,
			nsr_error_set(err, rc, "fanout group %u of %s is full: it has %u members",
				      group->number, zc->device.name, group->layout.slots),
			"end one of them, or make another group");
	if (rc == 0)
		rc = take_queues(group);
	if (rc == 0)
		rc = zc_watch(zc, group->alarm);
	if (rc < 0)
		return nsr_error_set(err, rc, "fanout group: %s", strerror(-rc));
	return zc_sockets_prepare(zc, &group->sockets, err);
}

static struct zc_group *new_group(const struct zc *zc, const struct nsr_options *opts)
{
	struct zc_group *group = calloc(1, sizeof(*group));

	if (!group)
		return NULL;
	group->number = opts->fanout_group;
	zc_shared_plan(zc, opts, &group->layout);
	group->sockets.mode = NSR_RECV;
	group->device = &zc->device;
	group->cookie = nsr_place_cookie();
	group->uid = geteuid();
	group->memory = group->listener = group->wake = group->alarm = -1;
	group->handover[0] = group->handover[1] = -1;
	group->map = group->state = group->program = group->link = -1;
	pthread_mutex_init(&group->door, NULL);
	return group;
}

/*
 * Joins a group, or takes the number to make one under. When the last member leaves while we join,
 * we make the group anew under its number, as if it had never been; having the number, nobody
 * else can.
 */
static int find_group(struct zc *zc, struct zc_group *group, const struct nsr_options *opts,
		      struct nsr_error *err)
{
	int rc;

	do {
		rc = opts->fanout_group ? join_group(zc, group, opts, err) : -ESTALE;
		if (rc != -ESTALE)
			return rc;
		rc = zc_rendezvous_bind(group, zc->device.ifindex);
	} while (rc == -EADDRINUSE);
	return rc < 0 ? nsr_error_set(err, rc, "fanout group: %s", strerror(-rc)) : 0;
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
	rc = find_group(zc, group, opts, err);
	if (rc == 0 && !group->shared)
		rc = make_group(zc, group, opts, err);
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

static int set_first_filter(struct zc *zc, const struct nsr_filter *filter, struct nsr_error *err)
{
	int prog = zc_attach_program(zc, filter, false, err);

	if (prog < 0)
		return prog;
	group_of(zc)->program = prog;
	return 0;
}

static int group_set_filter(struct zc *zc, const struct nsr_filter *filter, struct nsr_error *err)
{
	struct zc_group *group = group_of(zc);
	struct zc_shared *shared = group->shared;
	unsigned int count = 0;
	const void *code = filter ? nsr_filter_code(filter, &count) : NULL;
	uint64_t hash = hash_of(code, count * 8ull);
	int rc = 0;

	zc_group_lock(group);
	if (shared->slots[group->slot].started)
		rc = nsr_error_advise(err,
				      nsr_error_set(err, -EOPNOTSUPP,
						    "the filter of a fanout group can't be "
						    "changed: it is all members'"),
				      "end the group, and make one with the new filter");
	else if (!shared->filter_set)
		rc = set_first_filter(zc, filter, err);
	else if (shared->filter_count != count || shared->filter_hash != hash)
		rc = nsr_error_advise(err,
				      nsr_error_set(err, -EINVAL,
						    "fanout group %u has another filter",
						    group->number),
				      "give the same, as all members must");
	if (rc == 0) {
		shared->filter_set = 1;
		shared->filter_count = count;
		shared->filter_hash = hash;
	}
	zc_group_unlock(group);
	return rc;
}

/* Lets others in last, when there is nothing left to set. */
static int group_start(struct zc *zc)
{
	struct zc_group *group = group_of(zc);
	int rc;

	if (zc->link >= 0)
		zc_holder_begin(group, zc->link);
	zc->link = -1;
	rc = zc_member_start(group, true);
	return rc < 0 ? rc : zc_rendezvous_open(group);
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
	return zc_member_start(group_of(zc), false);
}

static void group_gone(struct zc *zc)
{
	zc_rendezvous_shut(group_of(zc));
}

static int group_check(struct zc *zc, struct nsr_error *err)
{
	struct zc_group *group = group_of(zc);
	int over = (int)__atomic_load_n(&group->shared->over, __ATOMIC_RELAXED);
	eventfd_t told;

	if (!over)
		return 0;
	eventfd_read(group->alarm, &told);
	return nsr_error_advise(
		err,
		nsr_error_set(err, -over,
			      "fanout group %u of %s is over: the member that held its program on "
			      "the device was killed, and no other could put it there again (%s)",
			      group->number, zc->device.name, strerror(over)),
		"detach what took its place, and make a group anew");
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

/* Gives up the group's name last: whoever takes it then finds the device free. */
static void group_close(struct zc *zc)
{
	struct zc_group *group = group_of(zc);
	uint32_t i;

	if (!group)
		return;
	zc_rendezvous_stop(group);
	for (i = 0; i < group->sockets.count; i++)
		zc_socket_unmap(&group->sockets.queues[i]);
	free(group->sockets.queues);
	free(group->sockets.bounce);
	zc_shared_close(group);
	close_fd(group->wake);
	close_fd(group->alarm);
	close_fd(group->map);
	close_fd(group->state);
	close_fd(group->program);
	close_fd(group->link);
	close_fd(group->handover[0]);
	close_fd(group->handover[1]);
	close_fd(zc->link);
	zc->link = -1;
	close_fd(zc->program.sockets);
	zc->program.sockets = -1;
	close_fd(group->listener);
	pthread_mutex_destroy(&group->door);
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
	.check = group_check,
	.stats = group_stats,
	.info = group_info,
	.close = group_close,
};
