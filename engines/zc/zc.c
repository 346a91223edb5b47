/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Engine `zc`: a program in XDP judges each frame that the device receives, before the network
 * stack has seen it. Those that match come into memory shared with this process, and are taken away
 * from the stack; by a tap they go on to it, too. What the filter refuses goes on untouched.
 *
 * A driver that can do so puts frames there itself, by an AF_XDP socket (zero-copy). For all others
 * the program copies them (copy.c). AF_XDP sockets that copy serve captures in a fanout group or
 * that poll busily, and kernels older than 5.18.
 *
 * The life of a capture: a program is attached that lets all pass; the filter's replaces it; start
 * puts the sockets in place, where there are some. All of it hangs on descriptors of this process.
 *
 * Needs CAP_NET_RAW (AF_XDP sockets), CAP_BPF (maps and programs) and CAP_NET_ADMIN (XDP programs,
 * and attaching them); with CAP_PERFMON filters that read at variable offsets are faster. Linux
 * 5.15; taps 5.18, frames of several buffers 5.18 or, in sockets, 6.6, the device's time stamps 6.3.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/filter/xdp.h"
#include "emit.h"
#include "group.h"
#include "queues.h"
#include "recv.h"

#define LINKTYPE_ETHERNET 1

/* A frame is on its way into the ring for as long as the kernel polls the device once. */
#define DRAIN_MS 20

/* A reader that rests is woken when this part of the ring is full: the rest is for it to get up. */
#define DOORBELL_PART 4

#ifndef SO_PREFER_BUSY_POLL
#define SO_PREFER_BUSY_POLL 69 /* asm-generic/socket.h since 5.11 */
#define SO_BUSY_POLL_BUDGET 70
#endif

#define BUSY_POLL_BUDGET 64

static void zc_close(void *priv)
{
	struct zc *zc = priv;

	if (zc->group)
		zc_group_close(zc);
	else
		zc_queues_close(zc);
	zc_copy_close(zc);
	zc_doorbell_close(zc);
	if (zc->link >= 0)
		close(zc->link);
	if (zc->state)
		munmap(zc->state, sizeof(*zc->state));
	if (zc->program.state >= 0)
		close(zc->program.state);
	if (zc->program.sockets >= 0)
		close(zc->program.sockets);
	if (zc->program.netns >= 0)
		close(zc->program.netns);
	if (zc->epoll >= 0)
		close(zc->epoll);
	zc_device_close(&zc->device);
	free(zc->bounce);
	free(zc);
}

/* What this engine can't do, before anything is opened. */
static int check_options(const struct nsr_engine_args *args, struct nsr_error *err)
{
	const struct nsr_options *opts = args->opts;

	if (opts->direction == NSR_OUT)
		return nsr_error_set(err, -EOPNOTSUPP,
				     "XDP sees what a device receives, not what it sends: leave "
				     "the direction out, or use packet:%s",
				     args->device);
	if (opts->mode & NSR_SEND && opts->fanout)
		return nsr_error_set(err, -EOPNOTSUPP,
				     "a capture in a fanout group can't send: open another one");
	if (args->queue >= 0 && opts->fanout)
		return nsr_error_set(err, -EOPNOTSUPP,
				     "a fanout group takes all queues: leave \"@%d\" out",
				     args->queue);
	if (opts->tap && opts->fanout)
		return nsr_error_set(err, -EOPNOTSUPP,
				     "a tap can't be in a fanout group: use "
				     "packet:%s",
				     args->device);
	if (opts->tap && opts->mode & NSR_SEND)
		return nsr_error_set(err, -EOPNOTSUPP, "a tap can't send: open another capture");
	if (opts->tap && (opts->xdp == NSR_XDP_ZEROCOPY || opts->busy_poll_us))
		return nsr_error_set(err, -EOPNOTSUPP,
				     "a tap copies: it has no zero-copy or busy polling");
	return 0;
}

static int look_at_device(struct zc *zc, const struct nsr_engine_args *args, struct nsr_error *err)
{
	int rc = zc_device_open(&zc->device, args->device, args->opts->promiscuous, err);

	if (rc < 0)
		return rc;
	if (args->queue >= 0 && (uint32_t)args->queue >= zc->device.queues)
		return nsr_error_set(err, -EINVAL, "%s has no queue %d: it has %u, from 0 on",
				     zc->device.name, args->queue, zc->device.queues);
	if (args->queue < 0 && zc->mode & NSR_RECV && zc->device.queues > ZC_QUEUES_MAX)
		return nsr_error_set(err, -EOPNOTSUPP,
				     "%s has %u queues, and the engine zc takes %u: name one "
				     "(zc:%s@0), make them fewer (ethtool -L), or use packet:%s",
				     zc->device.name, zc->device.queues, ZC_QUEUES_MAX,
				     zc->device.name, zc->device.name);
	return 0;
}

/* Whether the device is to stamp: AUTO uses its stamps where they are on, never switches them on. */
static int choose_stamp(struct zc *zc, uint32_t stamp, struct nsr_error *err)
{
	bool demanded = stamp == NSR_STAMP_DEVICE;

	if (stamp == NSR_STAMP_KERNEL)
		zc->program.stamp = ZC_STAMP_KERNEL;
	if (stamp == NSR_STAMP_KERNEL || !(demanded || zc_device_stamps(&zc->device)))
		return 0;
	if (zc->xdp == NSR_XDP_GENERIC)
		return demanded ? nsr_error_set(err, -EOPNOTSUPP,
						"the device's time stamps need native mode")
				: 0;
	zc->program.stamp_kfunc = zc_stamp_find();
	zc->program.netns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (zc->program.stamp_kfunc >= 0 && zc->program.netns >= 0)
		zc->program.stamp = ZC_STAMP_DEVICE;
	else if (demanded)
		return nsr_error_set(err, -EOPNOTSUPP,
				     "this kernel can't ask devices for time stamps in XDP (Linux "
				     "6.3, with BTF): leave the stamp option out");
	return 0;
}

static int make_state(struct zc *zc, struct nsr_error *err)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	uint32_t i;

	zc->program.state = bpf_map_create(BPF_MAP_TYPE_ARRAY, "nsring_state", sizeof(uint32_t),
					   sizeof(struct zc_state), 1, &opts);
	if (zc->program.state < 0)
		return errno == EPERM
			       ? nsr_error_set(err, -EPERM,
					       "the engine zc needs CAP_BPF and CAP_NET_ADMIN in "
					       "the initial user namespace: run as root, or grant "
					       "them to the program: setcap "
					       "cap_net_raw,cap_net_admin,cap_bpf+ep PROGRAM")
			       : nsr_error_set(err, -errno, "BPF map: %s", strerror(errno));
	zc->state = mmap(NULL, sizeof(*zc->state), PROT_READ | PROT_WRITE, MAP_SHARED,
			 zc->program.state, 0);
	if (zc->state == MAP_FAILED) {
		zc->state = NULL;
		return nsr_error_set(err, -errno, "mapping a BPF map: %s", strerror(errno));
	}
	for (i = 0; i < ZC_QUEUES_MAX; i++)
		zc->state->lanes[i].ring_at = UINT64_MAX;
	return 0;
}

/* @most: of a queue */
static int make_sockets_map(struct zc *zc, uint32_t most, struct nsr_error *err)
{
	uint32_t entries = zc->device.queues * most;

	zc->program.sockets = bpf_map_create(BPF_MAP_TYPE_XSKMAP, "nsring_sockets",
					     sizeof(uint32_t), sizeof(uint32_t), entries, NULL);
	if (zc->program.sockets < 0 && errno == EPERM)
		return nsr_error_set(err, -EPERM,
				     "XDP needs CAP_NET_ADMIN: run as root, or grant it to the "
				     "program: setcap cap_net_raw,cap_net_admin,cap_bpf+ep "
				     "PROGRAM");
	if (zc->program.sockets < 0)
		return nsr_error_set(err, -errno, "map of sockets: %s", strerror(errno));
	return 0;
}

static int try_attach(struct zc *zc, struct nsr_error *err)
{
	int prog = zc_program_load(&zc->program, NULL, true, err);
	uint32_t xdp = zc->xdp;

	if (prog < 0)
		return prog;
	zc->link = zc_attach(&zc->device, prog, &xdp, err);
	close(prog);
	if (zc->link < 0)
		return zc->link;
	zc->xdp = xdp;
	return 0;
}

/*
 * Attaches a program that lets all pass. One that asks the device for stamps can't be in generic
 * mode, and the driver may not know how to answer: unless the stamps were demanded, it goes without.
 */
static int attach(struct zc *zc, uint32_t stamp, struct nsr_error *err)
{
	int rc = try_attach(zc, err);

	if (rc < 0 && rc != -EBUSY && zc->program.stamp == ZC_STAMP_DEVICE &&
	    stamp == NSR_STAMP_AUTO) {
		zc->program.stamp = ZC_STAMP_NONE;
		rc = try_attach(zc, err);
	}
	return rc;
}

/* Whether the program must be one for frames of several buffers: before it is loaded. */
static void choose_buffers(struct zc *zc, const struct nsr_options *opts)
{
	zc_memory_plan(&zc->memory, &zc->device, 1, opts->mode, opts);
	zc->frags = !zc_memory_holds(&zc->memory, &zc->device);
	if (zc->frags || zc->is_tap)
		zc->program.flags |= NSR_XDP_FRAGS;
}

static int prepare_joining(struct zc *zc, struct nsr_error *err)
{
	if (!(zc->socket_mode & NSR_RECV) || !zc_may_join(zc))
		return 0;
	zc->bounce = malloc(ZC_BOUNCE_BYTES);
	return zc->bounce ? 0 : nsr_error_set(err, -ENOMEM, "out of memory");
}

/* Of a lane's bytes, as records are of any length; of a socket's frames. */
static void set_doorbell_step(struct zc *zc)
{
	uint32_t ring =
		zc->copies ? zc->program.lane_bytes : zc->memory.rx_frames / zc_frame_buffers(zc);

	zc->program.doorbell_step = ring / DOORBELL_PART ? ring / DOORBELL_PART : 1;
}

static int open_doorbell(struct zc *zc, struct nsr_error *err)
{
	int rc = zc_doorbell_open(zc);

	set_doorbell_step(zc);
	return rc < 0 ? nsr_error_set(err, rc, "BPF ring buffer: %s", strerror(-rc)) : 0;
}

static int open_receiver(struct zc *zc, const struct nsr_options *opts, struct nsr_error *err)
{
	int rc = choose_stamp(zc, opts->stamp, err);

	zc->program.ifindex = zc->device.ifindex;
	if (rc == 0)
		rc = make_state(zc, err);
	return rc < 0 ? rc : attach(zc, opts->stamp, err);
}

/* A group has one program for several readers, which can't wake one of them: they have no doorbell. */
static int open_group_receiver(struct zc *zc, const struct nsr_options *opts, struct nsr_error *err)
{
	int rc = open_receiver(zc, opts, err);

	return rc < 0 ? rc : make_sockets_map(zc, ZC_BUCKETS, err);
}

static int open_copy(struct zc *zc, int queue, const struct nsr_options *opts,
		     struct nsr_error *err)
{
	int rc;

	zc->copies = true;
	zc->program.take = zc_emit_copy;
	rc = zc_copy_open(zc, opts, err);
	if (rc == 0)
		rc = open_doorbell(zc, err);
	if (rc == 0)
		zc_copy_watch(zc);
	if (rc == 0 && zc->mode & NSR_SEND)
		rc = zc_queues_open(zc, queue, opts, NSR_SEND, err);
	return rc;
}

static int open_sockets(struct zc *zc, int queue, const struct nsr_options *opts,
			struct nsr_error *err)
{
	int rc = make_sockets_map(zc, 1, err);

	zc->program.take = zc_emit_redirect;

	if (rc == 0)
		rc = zc_queues_open(zc, queue, opts, zc->mode, err);
	if (rc == 0 && !zc->immediate && !zc->busy_poll_us)
		rc = open_doorbell(zc, err);
	return rc;
}

/* Whether the driver takes sockets without copying; it is asked by trying. */
static bool open_zero_copy(struct zc *zc, int queue, const struct nsr_options *opts)
{
	struct nsr_options zero_copy = *opts;

	if (zc->xdp != NSR_XDP_NATIVE || opts->xdp == NSR_XDP_NATIVE || !zc->device.may_zero_copy)
		return false;
	zero_copy.xdp = NSR_XDP_ZEROCOPY;
	if (open_sockets(zc, queue, &zero_copy, NULL) == 0)
		return true;
	zc_queues_close(zc);
	zc_doorbell_close(zc);
	if (zc->program.sockets >= 0)
		close(zc->program.sockets);
	zc->program.sockets = -1;
	zc->xdp = NSR_XDP_NATIVE;
	return false;
}

static bool kernel_copies(void)
{
	return libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_load_bytes, NULL) == 1;
}

/* A capture of its own: in the best way that there is. */
static int open_own(struct zc *zc, int queue, const struct nsr_options *opts, struct nsr_error *err)
{
	int rc;

	if (!(zc->mode & NSR_RECV))
		return zc_queues_open(zc, queue, opts, zc->mode, err);
	rc = open_receiver(zc, opts, err);
	if (rc < 0)
		return rc;
	if (zc->is_tap)
		return open_copy(zc, queue, opts, err);
	if (opts->xdp == NSR_XDP_ZEROCOPY || zc->busy_poll_us)
		return open_sockets(zc, queue, opts, err);
	if (open_zero_copy(zc, queue, opts))
		return 0;
	return kernel_copies() ? open_copy(zc, queue, opts, err)
			       : open_sockets(zc, queue, opts, err);
}

static int watch(struct zc *zc, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events };

	return epoll_ctl(zc->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* What nsr_fd() of the core will be ready for. */
static int watch_all(struct zc *zc, struct nsr_error *err)
{
	uint32_t i;
	int rc = 0;

	zc->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (zc->epoll < 0)
		return nsr_error_set(err, -errno, "epoll: %s", strerror(errno));
	for (i = 0; i < zc->queue_count && rc == 0 && zc->socket_mode & NSR_RECV; i++)
		rc = watch(zc, zc->queues[i].fd, EPOLLIN);
	if (rc == 0 && zc->copies)
		rc = watch(zc, zc->program.doorbell, EPOLLIN);
	if (rc == 0 && zc->copies)
		rc = watch(zc, zc->copy.more, EPOLLIN);
	/* Errors only, which come unasked. */
	if (rc == 0)
		rc = watch(zc, zc->device.watch_fd, 0);
	return rc < 0 ? nsr_error_set(err, rc, "epoll: %s", strerror(-rc)) : 0;
}

static void set_busy_poll(struct zc *zc)
{
	int on = 1, us = (int)zc->busy_poll_us, budget = BUSY_POLL_BUDGET;
	uint32_t i;

	for (i = 0; i < zc->queue_count; i++) {
		setsockopt(zc->queues[i].fd, SOL_SOCKET, SO_PREFER_BUSY_POLL, &on, sizeof(on));
		setsockopt(zc->queues[i].fd, SOL_SOCKET, SO_BUSY_POLL, &us, sizeof(us));
		setsockopt(zc->queues[i].fd, SOL_SOCKET, SO_BUSY_POLL_BUDGET, &budget,
			   sizeof(budget));
	}
}

static void set_up(struct zc *zc, const struct nsr_options *opts)
{
	zc->program = (struct zc_program){
		.sockets = -1, .state = -1, .records = -1, .doorbell = -1, .queue = -1, .netns = -1
	};
	zc->copy.more = zc->link = zc->epoll = zc->device.link_fd = zc->device.watch_fd = -1;
	zc->mode = opts->mode;
	zc->snaplen = opts->snaplen;
	zc->batch_ms = opts->batch_ms;
	zc->immediate = opts->immediate;
	zc->busy_poll_us = opts->busy_poll_us;
	zc->is_tap = opts->tap && opts->mode & NSR_RECV;
	/* Zero-copy sockets need a program in the driver. */
	zc->xdp = opts->xdp == NSR_XDP_ZEROCOPY ? NSR_XDP_NATIVE : opts->xdp;
}

static int open_parts(struct zc *zc, const struct nsr_engine_args *args, struct nsr_error *err)
{
	const struct nsr_options *opts = args->opts;
	int rc = look_at_device(zc, args, err);

	zc->program.queue = args->queue;
	if (rc == 0)
		choose_buffers(zc, opts);
	if (rc == 0 && opts->fanout)
		rc = zc_group_open(zc, opts, open_group_receiver, err);
	else if (rc == 0)
		rc = open_own(zc, args->queue, opts, err);
	if (rc == 0)
		rc = prepare_joining(zc, err);
	if (rc == 0)
		rc = watch_all(zc, err);
	if (rc == 0 && zc->busy_poll_us)
		set_busy_poll(zc);
	return rc;
}

static int zc_open(const struct nsr_engine_args *args, void **priv, struct nsr_error *err)
{
	struct zc *zc;
	int rc = check_options(args, err);

	if (rc < 0)
		return rc;
	zc = calloc(1, sizeof(*zc));
	if (!zc)
		return nsr_error_set(err, -ENOMEM, "out of memory");
	set_up(zc, args->opts);
	rc = open_parts(zc, args, err);
	if (rc < 0) {
		zc_close(zc);
		return rc;
	}
	*priv = zc;
	return 0;
}

/*
 * The new program replaces the old one at once. What the old one has let in and waits in the ring,
 * or is on its way there, lies within one turn of the ring.
 */
static int zc_set_filter(void *priv, const struct nsr_filter *filter, struct nsr_error *err)
{
	struct zc *zc = priv;
	uint32_t i;
	int prog, rc;

	if (!(zc->mode & NSR_RECV))
		return filter ? nsr_error_set(err, -EINVAL, "a filter needs receiving") : 0;
	if (zc->group)
		return zc_group_filter(zc, filter, err);
	zc->program.generation++;
	prog = zc_program_load(&zc->program, filter, zc->copies && zc->stopped, err);
	rc = prog < 0 ? prog : zc_attach_replace(zc->link, prog, err);
	if (prog >= 0)
		close(prog);
	if (rc < 0) {
		zc->program.generation--;
		return rc;
	}
	zc->filter = filter;
	for (i = 0; i < zc->queue_count; i++)
		zc->queues[i].recheck = zc->memory.rx_frames;
	return 0;
}

static int take_frames(struct zc *zc)
{
	uint32_t i;

	/* Nothing has come so far. */
	for (i = 0; i < zc->queue_count; i++)
		zc->queues[i].recheck = 0;
	if (zc->group)
		return zc_group_start(zc);
	for (i = 0; i < zc->queue_count; i++)
		if (bpf_map_update_elem(zc->program.sockets, &zc->queues[i].id, &zc->queues[i].fd,
					0) < 0)
			return -errno;
	return 0;
}

static int zc_start(void *priv, struct nsr_error *err)
{
	struct zc *zc = priv;
	int rc = 0;

	if (zc->socket_mode & NSR_RECV)
		rc = take_frames(zc);
	if (rc < 0)
		return nsr_error_set(err, rc, "starting: %s", strerror(-rc));
	/* Last, so that whoever looks for its socket finds a capture that has begun. */
	return zc_device_watch(&zc->device, err);
}

static int zc_engine_recv(void *priv, struct nsr_packet *packets, uint32_t max,
			  struct nsr_error *err)
{
	struct zc *zc = priv;

	zc_doorbell_silence(zc);
	return zc->copies ? zc_copy_recv(zc, packets, max) : zc_recv(zc, packets, max);
}

/* A capture that polls busily never waits. */
static int zc_fd(void *priv)
{
	const struct zc *zc = priv;

	return zc->busy_poll_us ? -1 : zc->epoll;
}

static int zc_check(void *priv, struct nsr_error *err)
{
	struct zc *zc = priv;
	int rc = zc_device_check(&zc->device, err);

	/* It may live on in another namespace, where the program would throw frames away. */
	if (rc < 0 && zc->link >= 0) {
		close(zc->link);
		zc->link = -1;
		if (zc->group)
			zc_group_detach(zc->group);
	}
	return rc;
}

static int stop_copying(struct zc *zc, struct nsr_error *err)
{
	int prog = zc_program_load(&zc->program, NULL, true, err);
	int rc;

	if (prog < 0)
		return prog;
	rc = zc->link < 0 ? 0 : zc_attach_replace(zc->link, prog, err);
	close(prog);
	return rc;
}

static int zc_stop(void *priv, struct nsr_error *err)
{
	struct zc *zc = priv;
	uint32_t i;

	if (zc->stopped || !(zc->mode & NSR_RECV))
		return 0;
	zc->stopped = true;
	if (zc->copies)
		return stop_copying(zc, err);
	if (zc->group)
		return zc_group_stop(zc);
	for (i = 0; i < zc->queue_count; i++)
		bpf_map_delete_elem(zc->program.sockets, &zc->queues[i].id);
	return 0;
}

/* By the program, on each queue's lane, and of what waited. */
static uint64_t filtered(const struct zc *zc)
{
	uint64_t sum = zc->refused;
	uint32_t i;

	for (i = 0; i < ZC_QUEUES_MAX; i++)
		if (zc->program.queue < 0 || (uint32_t)zc->program.queue == i)
			sum += __atomic_load_n(&zc->state->lanes[i].refused, __ATOMIC_RELAXED);
	return sum;
}

static void zc_stats(void *priv, struct nsr_stats *stats)
{
	struct zc *zc = priv;
	uint32_t i;

	stats->lost_nic = zc_device_missed(&zc->device);
	if (zc->copies)
		stats->lost_ring = zc_copy_lost(zc);
	if (zc->group) {
		zc_group_stats(zc, stats);
		return;
	}
	stats->filtered = zc->state ? filtered(zc) : 0;
	for (i = 0; i < zc->queue_count && zc->socket_mode & NSR_RECV; i++)
		stats->lost_ring += zc_socket_lost(zc->queues[i].fd);
}

static const char *mode_name(const struct zc *zc)
{
	switch (zc->xdp) {
	case NSR_XDP_ZEROCOPY:
		return "zero-copy";
	case NSR_XDP_GENERIC:
		return zc->is_tap ? "generic tap" : "generic copy";
	case NSR_XDP_NATIVE:
		return zc->is_tap ? "native tap" : "native copy";
	default:
		return "copy";
	}
}

static void describe_mode(const struct zc *zc, char *mode, size_t size)
{
	const char *kind = zc->copies ? "XDP" : "AF_XDP";

	if (!(zc->mode & NSR_RECV))
		snprintf(mode, size, "%s %s, send only", kind, mode_name(zc));
	else if (zc->program.queue >= 0)
		snprintf(mode, size, "%s %s, queue %d of %u", kind, mode_name(zc),
			 zc->program.queue, zc->device.queues);
	else
		snprintf(mode, size, "%s %s, %u queue%s", kind, mode_name(zc), zc->device.queues,
			 zc->device.queues == 1 ? "" : "s");
}

static void zc_info(void *priv, struct nsr_info *info)
{
	const struct zc *zc = priv;

	describe_mode(zc, info->mode, sizeof(info->mode));
	info->linktype = LINKTYPE_ETHERNET;
	info->snaplen = zc->snaplen;
	if (zc->copies)
		info->ring_bytes = (uint64_t)zc->program.lanes * zc->program.lane_bytes;
	else
		info->ring_bytes = (uint64_t)zc->queue_count * zc_memory_bytes(&zc->memory);
	info->diverts = zc->mode & NSR_RECV && !zc->is_tap;
	info->fanout_group = zc->group ? zc_group_number(zc->group) : 0;
}

static int zc_interface(void *priv, uint32_t id, struct nsr_interface *iface)
{
	const struct zc *zc = priv;

	if (id)
		return -ENOENT;
	memcpy(iface->name, zc->device.name, sizeof(zc->device.name));
	iface->ifindex = zc->device.ifindex;
	iface->linktype = LINKTYPE_ETHERNET;
	iface->snaplen = zc->snaplen;
	return 0;
}

static uint32_t zc_drain_ms(void *priv)
{
	return DRAIN_MS;
}

/* With a doorbell as long as a batch may wait; without, the ring must not fill at 8 million/s. */
static int coalesce_us(struct zc *zc, int *fd)
{
	uint32_t us = zc->batch_ms * 1000, fills_us = zc->memory.ring_frames / 8;

	if (zc->program.doorbell < 0)
		return (int)(us < fills_us ? us : fills_us);
	*fd = zc->program.doorbell;
	return zc_doorbell_arm(zc) ? (int)us : -EAGAIN;
}

static int zc_idle(void *priv, bool coalesce, int *fd)
{
	struct zc *zc = priv;

	if (coalesce && zc->batch_ms && !zc->immediate && !zc->busy_poll_us)
		return coalesce_us(zc, fd);
	return zc->copies ? zc_copy_watch(zc) : 0;
}

const struct nsr_engine_ops nsr_engine_zc = {
	.abi = NSR_ENGINE_ABI,
	.size = sizeof(struct nsr_engine_ops),
	.name = "zc",
	.flags = NSR_ENGINE_QUEUE | NSR_ENGINE_XDP,
	.open = zc_open,
	.set_filter = zc_set_filter,
	.start = zc_start,
	.recv = zc_engine_recv,
	.send = zc_send,
	.fd = zc_fd,
	.check = zc_check,
	.stop = zc_stop,
	.stats = zc_stats,
	.info = zc_info,
	.interface = zc_interface,
	.close = zc_close,
	.drain_ms = zc_drain_ms,
	.idle = zc_idle,
};
