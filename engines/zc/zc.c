/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Engine `zc`: a program in XDP judges each frame that the device receives, before the network
 * stack has seen it. Those that match come into memory that the engine shares with the kernel: as
 * copies, while they themselves go on to the stack (a tap), or away from the stack, which is done
 * only when it is asked for (option take). Frames that the filter refuses go on untouched.
 *
 * Frames come by one of three receivers (receiver.h), which this file chooses. A tap has the
 * program copy them (copy.c). A capture that takes prefers a driver with zero-copy, which puts
 * them into the memory of an AF_XDP socket itself (own.c); for all other drivers the program
 * copies them, too. AF_XDP sockets that copy serve fanout groups (group.c), captures that poll
 * busily, and takers on kernels older than 5.18.
 *
 *	zc.c ─┬─▶ attach.c ──▶ stamp.c, state.c, program.c ─▶ emit.c, zc_program.take
 *	      ├─▶ own.c ─────▶ sockets.c, recv.c, queues.c ─▶ memory.c, bind.c, socket.c
 *	      │                doorbell.c
 *	      ├─▶ copy.c ────▶ lanes.c, doorbell.c
 *	      ├─▶ group.c ───▶ shared.c, member.c, reaper.c, spread.c; as own.c, except queues.c
 *	      │                newcomer.c ─▶ roster.c, notice.c, peer.c
 *	      └─▶ device.c, session.c, send.c
 *
 * The life of a capture: open attaches a program that lets all pass; set_filter replaces it by the
 * filter's; start puts the sockets in place, if there are any. All of it belongs to descriptors of
 * this process.
 *
 * Needs CAP_NET_RAW (AF_XDP sockets), CAP_BPF (maps and programs) and CAP_NET_ADMIN (XDP programs,
 * and attaching them); with CAP_PERFMON filters that read at variable offsets are faster. Linux
 * 5.15 for captures that take; taps 5.18, frames of several buffers 5.18 or, in sockets, 6.6, the
 * device's time stamps 6.3.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/filter/xdp.h"
#include "receiver.h"
#include "sockets.h"

#define LINKTYPE_ETHERNET 1

/* A frame is on its way into the ring no longer than one poll of the device takes. */
#define DRAIN_MS 20

int zc_watch(const struct zc *zc, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(zc->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static void close_receiver(struct zc *zc)
{
	if (zc->receiver)
		zc->receiver->close(zc);
	zc->receiver = NULL;
}

static void zc_close(void *priv)
{
	struct zc *zc = priv;

	close_receiver(zc);
	zc_sender_close(zc);
	zc_detach(zc);
	if (zc->epoll >= 0)
		close(zc->epoll);
	zc_device_close(&zc->device);
	free(zc);
}

/* The only receiver that can do what the options ask; NULL: whichever is best. */
static const struct zc_receiver_ops *demanded(const struct nsr_options *opts)
{
	if (opts->fanout)
		return &zc_receiver_group;
	if (!opts->take)
		return &zc_receiver_copy;
	if (opts->xdp == NSR_XDP_ZEROCOPY || opts->busy_poll_us)
		return &zc_receiver_own;
	return NULL;
}

/* The option that needs take and was demanded without it; NULL: none. */
static const char *lacks_take(const struct nsr_options *opts)
{
	if (opts->take || !(opts->mode & NSR_RECV))
		return NULL;
	if (opts->fanout)
		return "a fanout group of zc";
	if (opts->xdp == NSR_XDP_ZEROCOPY)
		return "zero-copy";
	return opts->busy_poll_us ? "busy polling" : NULL;
}

/* Refuses what this engine can't do, before anything is opened. */
static int check_options(const struct nsr_engine_args *args, struct nsr_error *err)
{
	const struct zc_receiver_ops *receiver = demanded(args->opts);
	const char *taker = lacks_take(args->opts);

	if (taker)
		return nsr_error_advise(
			err,
			nsr_error_set(err, -EOPNOTSUPP,
				      "%s takes packets away from the network stack", taker),
			"ask for that with --take (option take), or use packet:%s", args->device);
	if (args->opts->direction == NSR_OUT)
		return nsr_error_advise(
			err,
			nsr_error_set(err, -EOPNOTSUPP,
				      "XDP sees what a device receives, not what it sends"),
			"leave the direction out, or use packet:%s", args->device);
	return receiver && receiver->check_options ? receiver->check_options(args, err) : 0;
}

static int look_at_device(struct zc *zc, const struct nsr_engine_args *args, struct nsr_error *err)
{
	int rc = zc_device_open(&zc->device, args->device, args->opts->promiscuous, err);

	if (rc < 0)
		return rc;
	if (args->queue >= 0 && (uint32_t)args->queue >= zc->device.queues)
		return nsr_error_advise(
			err,
			nsr_error_set(err, -EINVAL, "%s has no queue %d: it has %u, from 0 on",
				      zc->device.name, args->queue, zc->device.queues),
			"name one of these, or none for all");
	if (args->queue < 0 && zc->mode & NSR_RECV && zc->device.queues > ZC_QUEUES_MAX)
		return nsr_error_advise(
			err,
			nsr_error_set(err, -EOPNOTSUPP,
				      "%s has %u queues, and the engine zc takes %u",
				      zc->device.name, zc->device.queues, ZC_QUEUES_MAX),
			"name one (zc:%s@0), make them fewer (ethtool -L), or use packet:%s",
			zc->device.name, zc->device.name);
	return 0;
}

/* If frames of several buffers may come, each program must be loaded as one for such frames. */
static void choose_buffers(struct zc *zc, const struct nsr_options *opts)
{
	zc->frags = zc->device.mtu > zc_memory_one_buffer_mtu(&zc->device);
	if (zc->frags || !opts->take)
		zc->program.flags |= NSR_XDP_FRAGS;
}

static int open_as(struct zc *zc, const struct zc_receiver_ops *receiver,
		   const struct nsr_options *opts, struct nsr_error *err)
{
	zc->receiver = receiver;
	return receiver->open(zc, opts, err);
}

/* Tries sockets without copying, since nothing else tells whether the driver can. */
static bool open_zero_copy(struct zc *zc, const struct nsr_options *opts)
{
	struct nsr_options zero_copy = *opts;

	if (zc->xdp != NSR_XDP_NATIVE || opts->xdp == NSR_XDP_NATIVE || !zc->device.may_zero_copy)
		return false;
	zero_copy.xdp = NSR_XDP_ZEROCOPY;
	if (open_as(zc, &zc_receiver_own, &zero_copy, NULL) == 0)
		return true;
	close_receiver(zc);
	return false;
}

static bool kernel_copies(void)
{
	return libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_load_bytes, NULL) == 1;
}

static int open_tap(struct zc *zc, const struct nsr_options *opts, struct nsr_error *err)
{
	if (!kernel_copies())
		return nsr_error_advise(
			err,
			nsr_error_set(err, -EOPNOTSUPP,
				      "this kernel can't copy packets in XDP and let them pass, "
				      "which takes Linux 5.18"),
			"take them with --take (option take), or use packet:%s", zc->device.name);
	return open_as(zc, &zc_receiver_copy, opts, err);
}

static int open_receiver(struct zc *zc, const struct nsr_options *opts, struct nsr_error *err)
{
	const struct zc_receiver_ops *receiver = demanded(opts);
	int rc = opts->take == NSR_TAKE ? zc_session_check(&zc->device, err) : 0;

	if (rc < 0)
		return rc;
	if (opts->take && receiver)
		return open_as(zc, receiver, opts, err);
	/* First, because attaching shows whether the driver takes programs. */
	rc = zc_attach(zc, opts->stamp, err);
	if (rc < 0)
		return rc;
	if (!opts->take)
		return open_tap(zc, opts, err);
	if (open_zero_copy(zc, opts))
		return 0;
	return open_as(zc, kernel_copies() ? &zc_receiver_copy : &zc_receiver_own, opts, err);
}

/* Makes what nsr_fd() of the core returns. */
static int open_epoll(struct zc *zc, struct nsr_error *err)
{
	/* No events: errors are reported anyway. */
	struct epoll_event device = { 0 };

	zc->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (zc->epoll < 0 || epoll_ctl(zc->epoll, EPOLL_CTL_ADD, zc->device.watch_fd, &device) < 0)
		return nsr_error_set(err, -errno, "epoll: %s", strerror(errno));
	return 0;
}

static void set_up(struct zc *zc, const struct nsr_engine_args *args)
{
	const struct nsr_options *opts = args->opts;

	zc->program = (struct zc_program){
		.sockets = -1, .state = -1, .doorbell = -1, .queue = args->queue, .netns = -1
	};
	zc->link = zc->epoll = zc->device.link_fd = zc->device.watch_fd = -1;
	zc->mode = opts->mode;
	zc->snaplen = opts->snaplen;
	zc->batch_ms = opts->batch_ms;
	zc->immediate = opts->immediate;
	zc->busy_poll_us = opts->busy_poll_us;
	/* Zero-copy sockets need a program in the driver. */
	zc->xdp = opts->xdp == NSR_XDP_ZEROCOPY ? NSR_XDP_NATIVE : opts->xdp;
}

static int open_parts(struct zc *zc, const struct nsr_engine_args *args, struct nsr_error *err)
{
	const struct nsr_options *opts = args->opts;
	int rc = look_at_device(zc, args, err);

	if (rc == 0)
		rc = open_epoll(zc, err);
	if (rc < 0)
		return rc;
	choose_buffers(zc, opts);
	if (zc->mode & NSR_RECV)
		return open_receiver(zc, opts, err);
	return zc_sender_open(zc, opts->xdp, zc_sockets_may_join(zc), opts, err);
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
	set_up(zc, args);
	rc = open_parts(zc, args, err);
	if (rc < 0) {
		zc_close(zc);
		return rc;
	}
	*priv = zc;
	return 0;
}

static int zc_set_filter(void *priv, const struct nsr_filter *filter, struct nsr_error *err)
{
	struct zc *zc = priv;

	if (!zc->receiver)
		return filter ? nsr_error_set(err, -EINVAL, "a filter needs receiving") : 0;
	return zc->receiver->set_filter(zc, filter, err);
}

static int zc_start(void *priv, struct nsr_error *err)
{
	struct zc *zc = priv;
	int rc = zc->receiver && zc->receiver->start ? zc->receiver->start(zc) : 0;

	if (rc < 0)
		return nsr_error_set(err, rc, "starting: %s", strerror(-rc));
	/* Last, so that a program that sees this socket knows that the capture has begun. */
	return zc_device_watch(&zc->device, err);
}

static int zc_recv(void *priv, struct nsr_packet *packets, uint32_t max, struct nsr_error *err)
{
	struct zc *zc = priv;

	return zc->receiver ? zc->receiver->recv(zc, packets, max) : 0;
}

/* A capture that polls busily never waits. */
static int zc_fd(void *priv)
{
	const struct zc *zc = priv;

	return zc->busy_poll_us ? -1 : zc->epoll;
}

/* The device may live on in another namespace, where the program would drop its frames. */
static void leave_device(struct zc *zc)
{
	if (zc->receiver && zc->receiver->gone)
		zc->receiver->gone(zc);
	zc_attach_end(zc);
}

static int zc_check(void *priv, struct nsr_error *err)
{
	struct zc *zc = priv;
	int rc = zc_device_check(&zc->device, err);

	if (rc < 0)
		leave_device(zc);
	return rc;
}

static int zc_stop(void *priv, struct nsr_error *err)
{
	struct zc *zc = priv;

	if (zc->stopped || !zc->receiver)
		return 0;
	zc->stopped = true;
	return zc->receiver->stop(zc, err);
}

static void zc_stats(void *priv, struct nsr_stats *stats)
{
	struct zc *zc = priv;

	stats->lost_nic = zc_device_missed(&zc->device);
	if (zc->receiver)
		zc->receiver->stats(zc, stats);
}

static void add_queues(const struct zc *zc, char *mode, size_t size)
{
	size_t used = strlen(mode);
	char *end = mode + used;

	size -= used;
	if (!zc->receiver)
		snprintf(end, size, ", send only");
	else if (zc->program.queue >= 0)
		snprintf(end, size, ", queue %d of %u", zc->program.queue, zc->device.queues);
	else
		snprintf(end, size, ", %u queue%s", zc->device.queues,
			 zc->device.queues == 1 ? "" : "s");
}

static void zc_info(void *priv, struct nsr_info *info)
{
	const struct zc *zc = priv;

	info->linktype = LINKTYPE_ETHERNET;
	info->snaplen = zc->snaplen;
	if (zc->receiver)
		zc->receiver->info(zc, info);
	else
		zc_sockets_info(zc, zc->sender, info);
	add_queues(zc, info->mode, sizeof(info->mode));
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

static int zc_idle(void *priv, bool coalesce, int *fd)
{
	struct zc *zc = priv;
	uint32_t us = coalesce && !zc->immediate && !zc->busy_poll_us ? zc->batch_ms * 1000 : 0;

	return zc->receiver ? zc->receiver->idle(zc, us, fd) : 0;
}

const struct nsr_engine_ops nsr_engine_zc = {
	.abi = NSR_ENGINE_ABI,
	.size = sizeof(struct nsr_engine_ops),
	.name = "zc",
	.flags = NSR_ENGINE_QUEUE | NSR_ENGINE_XDP | NSR_ENGINE_TAKE,
	.open = zc_open,
	.set_filter = zc_set_filter,
	.start = zc_start,
	.recv = zc_recv,
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
