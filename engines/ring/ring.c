/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Engine `ring`: sockets of the kernel module nsring.ko, which writes packets into memory that is
 * mapped here, a lane for each processor, without a lock. Changes no traffic, and dies with the
 * process: the socket owns ring, filter, promiscuous mode and the place in a cluster.
 *
 * Needs CAP_NET_RAW in the namespace, as a packet socket does. Beyond those it can sample, share
 * one ring between captures, spread packets by what is inside tunnels, capture all namespaces at
 * once, and hand frames to the stack.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/link_type.h"
#include "sys/link.h"
#include "ring.h"

/* Exists where the module is loaded; quicker than asking it. */
#define PROOF "/sys/module/nsring"

/* Time for packets that other processors are still writing when the capture stops. */
#define DRAIN_MS 20

/* Sending alone gains nothing by the module. */
static bool ring_usable(const struct nsr_options *opts)
{
	return access(PROOF, F_OK) == 0 && !opts->qdisc_bypass &&
	       (opts->mode & NSR_RECV || opts->inject);
}

static bool ask_name(void *arg, struct nsr_iface *iface)
{
	struct nsring_device device = { .netns = iface->netns, .ifindex = iface->ifindex };
	socklen_t size = sizeof(device);
	const struct ring *r = arg;

	if (getsockopt(r->fd, SOL_NSRING, NSRING_DEVICE, &device, &size) < 0)
		return false;
	memcpy(iface->name, device.name, sizeof(iface->name));
	iface->name[sizeof(iface->name) - 1] = '\0';
	return true;
}

static int look_at_device(struct ring *r, struct nsr_error *err)
{
	struct nsr_link link;
	int rc;

	r->link_fd = nsr_link_open();
	if (r->link_fd < 0)
		return nsr_error_set(err, r->link_fd, "netlink socket: %s", strerror(-r->link_fd));
	if (strcmp(r->device, "any") == 0) {
		r->any_iface = true;
		r->view = NSR_SKB_COOKED;
		r->linktype = LINKTYPE_LINUX_SLL2;
		r->watch_fd = nsr_link_watch();
		return r->watch_fd < 0 ? nsr_error_set(err, r->watch_fd, "watching interfaces: %s",
						       strerror(-r->watch_fd))
				       : 0;
	}
	rc = nsr_link_find(r->link_fd, r->device, &link, err);
	if (rc < 0)
		return rc;
	r->ifindex = link.ifindex;
	r->missed_before = link.missed;
	r->linktype = nsr_link_type(link.arphrd, &r->view);
	rc = nsr_ifaces_id(&r->ifaces, 0, link.ifindex);
	if (rc < 0)
		return nsr_error_set(err, rc, "out of memory");
	memcpy(r->ifaces.list[0].name, link.name, sizeof(link.name));
	return 0;
}

static int check_options(const struct ring *r, const struct nsr_options *opts,
			 struct nsr_error *err)
{
	if (r->mode & NSR_RECV && opts->stamp == NSR_STAMP_DEVICE)
		return nsr_error_set(err, -EOPNOTSUPP,
				     "the engine ring takes the device's stamps where there are "
				     "some: it can't insist on them");
	if (!(r->mode & NSR_SEND))
		return 0;
	if (r->any_iface)
		return nsr_error_advise(err, nsr_error_set(err, -EINVAL, "\"any\" can't send"),
					"name a device");
	if (r->view == NSR_SKB_COOKED)
		return nsr_error_set(err, -EOPNOTSUPP,
				     "device \"%s\" has a link layer that can't be sent on",
				     r->device);
	if (opts->qdisc_bypass)
		return nsr_error_advise(
			err,
			nsr_error_set(err, -EOPNOTSUPP,
				      "the engine ring sends by way of the queueing discipline"),
			"to bypass it use packet:%s", r->device);
	return 0;
}

static void ring_close(void *priv)
{
	struct ring *r = priv;

	ring_unmap(r);
	if (r->fd >= 0)
		close(r->fd);
	if (r->link_fd >= 0)
		close(r->link_fd);
	if (r->watch_fd >= 0)
		close(r->watch_fd);
	nsr_socket_send_close(&r->sender);
	nsr_ifaces_free(&r->ifaces);
	pthread_mutex_destroy(&r->link_lock);
	free(r);
}

static int open_sender(struct ring *r, struct nsr_error *err)
{
	r->sender.fd = r->fd;
	r->sender.device = r->device;
	r->sender.ifindex = r->ifindex;
	return nsr_socket_send_open(&r->sender) < 0 ? nsr_error_set(err, -ENOMEM, "out of memory")
						    : 0;
}

static int ring_open(const struct nsr_engine_args *args, void **priv, struct nsr_error *err)
{
	struct ring *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return nsr_error_set(err, -ENOMEM, "out of memory");
	r->fd = r->link_fd = r->watch_fd = -1;
	r->ifaces = (struct nsr_ifaces){ .name = ask_name, .arg = r };
	pthread_mutex_init(&r->link_lock, NULL);
	r->mode = args->opts->mode;
	r->snaplen = args->opts->snaplen;
	snprintf(r->device, sizeof(r->device), "%s", args->device);
	rc = look_at_device(r, err);
	if (rc == 0)
		rc = check_options(r, args->opts, err);
	if (rc == 0)
		rc = ring_setup(r, args, err);
	if (rc == 0 && r->mode & NSR_SEND)
		rc = open_sender(r, err);
	if (rc < 0) {
		ring_close(r);
		return rc;
	}
	*priv = r;
	return 0;
}

static int ring_start(void *priv, struct nsr_error *err)
{
	return ring_bind(priv, err);
}

static int ring_send(void *priv, const struct nsr_frame *frames, uint32_t count,
		     struct nsr_error *err)
{
	return nsr_socket_send(&((struct ring *)priv)->sender, frames, count, err);
}

static int ring_fd(void *priv)
{
	return ((struct ring *)priv)->fd;
}

static int ring_check(void *priv, struct nsr_error *err)
{
	const struct ring *r = priv;
	socklen_t size = sizeof(int);
	int error = 0;

	if (getsockopt(r->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || !error)
		return 0;
	/* Any other error passes: the socket goes on capturing. */
	if (error != ENODEV)
		return 0;
	return nsr_error_set(err, -ENODEV,
			     "device \"%s\" is gone (deleted, or moved to another namespace)",
			     r->device);
}

static int ring_stop(void *priv, struct nsr_error *err)
{
	const struct ring *r = priv;

	if (setsockopt(r->fd, SOL_NSRING, NSRING_STOP, NULL, 0) == 0)
		return 0;
	return nsr_error_set(err, -errno, "%s: stopping: %s", r->device, strerror(errno));
}

/* The counter keeps its last value when the device is gone, or its driver counts anew. */
static void look_at_counters(struct ring *r)
{
	struct nsr_link link;
	int rc;

	if (!r->ifindex)
		return;
	pthread_mutex_lock(&r->link_lock);
	rc = nsr_link_get(r->link_fd, NULL, r->ifindex, &link);
	pthread_mutex_unlock(&r->link_lock);
	if (rc == 0 && link.missed >= r->missed_before)
		atomic_store(&r->missed, link.missed - r->missed_before);
}

/* All 0 where the kernel doesn't tell. */
static struct nsring_stats kernel_stats(const struct ring *r)
{
	struct nsring_stats now = { 0 };
	socklen_t size = sizeof(now);

	if (getsockopt(r->fd, SOL_NSRING, NSRING_STATS, &now, &size) < 0)
		memset(&now, 0, sizeof(now));
	return now;
}

static void ring_stats(void *priv, struct nsr_stats *stats)
{
	struct ring *r = priv;
	struct nsring_stats now;

	if (!r->reader)
		return;
	look_at_counters(r);
	now = kernel_stats(r);
	stats->lost_ring += now.full + nsr_ring_missed(r->reader);
	stats->filtered += now.filtered + atomic_load(&r->refused);
	stats->sampled = now.sampled;
	stats->lost_nic = atomic_load(&r->missed);
}

static void ring_info(void *priv, struct nsr_info *info)
{
	const struct ring *r = priv;

	if (r->mode & NSR_RECV)
		snprintf(info->mode, sizeof(info->mode), "nsring.ko%s%s",
			 r->setup.share ? ", shared" : "",
			 r->judge_all ? ", filter in user space" : "");
	else
		snprintf(info->mode, sizeof(info->mode), "nsring.ko, send only%s",
			 r->setup.flags & NSRING_INJECT ? ", into the stack" : "");
	info->linktype = r->linktype;
	info->snaplen = r->reader && r->ring_snaplen < r->snaplen ? r->ring_snaplen : r->snaplen;
	info->ring_bytes = r->memory_bytes;
	info->fanout_group = r->fanout_group;
	info->queued = r->mode & NSR_SEND && !(r->setup.flags & NSRING_INJECT);
}

static int ring_interface(void *priv, uint32_t id, struct nsr_interface *iface)
{
	const struct ring *r = priv;

	if (id >= r->ifaces.count)
		return -ENOENT;
	memcpy(iface->name, r->ifaces.list[id].name, sizeof(r->ifaces.list[id].name));
	iface->ifindex = r->ifaces.list[id].ifindex;
	iface->linktype = r->linktype;
	iface->snaplen = r->snaplen;
	if (r->setup.flags & NSRING_ALL_NETNS)
		iface->netns_cookie = r->ifaces.list[id].netns;
	return 0;
}

static uint32_t ring_drain_ms(void *priv)
{
	return DRAIN_MS;
}

const struct nsr_engine_ops nsr_engine_ring = {
	.abi = NSR_ENGINE_ABI,
	.size = sizeof(struct nsr_engine_ops),
	.name = "ring",
	.flags = NSR_ENGINE_SHARE | NSR_ENGINE_ALL | NSR_ENGINE_SENDS_ALONG,
	.open = ring_open,
	.set_filter = ring_set_filter,
	.start = ring_start,
	.recv = ring_recv,
	.send = ring_send,
	.fd = ring_fd,
	.check = ring_check,
	.stop = ring_stop,
	.stats = ring_stats,
	.info = ring_info,
	.interface = ring_interface,
	.close = ring_close,
	.drain_ms = ring_drain_ms,
	.usable = ring_usable,
};
