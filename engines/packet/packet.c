/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Engine `packet`: AF_PACKET sockets with a memory-mapped receive ring. Works on every kernel and
 * device, changes no traffic, and dies with the process: the socket owns the ring, the filter, the
 * promiscuous flag and the place in the fanout group.
 *
 * Needs CAP_NET_RAW in the namespace.
 *
 * TPACKET_V3 hands over blocks of many packets, when full or after batch_ms: cheap, and small
 * packets waste nothing. In immediate mode TPACKET_V2 hands over each packet as it comes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/membarrier.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/link_type.h"
#include "sys/caps.h"
#include "sys/clock.h"
#include "sys/compat.h"
#include "sys/link.h"
#include "packet.h"

static int open_socket(struct packet *p, struct nsr_error *err)
{
	p->fd = socket(AF_PACKET,
		       (p->view == NSR_SKB_COOKED ? SOCK_DGRAM : SOCK_RAW) | SOCK_CLOEXEC, 0);
	if (p->fd >= 0)
		return 0;
	if (errno == EPERM || errno == EACCES)
		return nsr_caps_advise(
			err, nsr_error_set(err, -errno, "packet sockets need CAP_NET_RAW"), NULL,
			NSR_CAP_BIT(NET_RAW), NULL);
	return nsr_error_set(err, -errno, "packet socket: %s", strerror(errno));
}

static int set_int(struct packet *p, int option, int value, const char *what, struct nsr_error *err)
{
	if (setsockopt(p->fd, SOL_PACKET, option, &value, sizeof(value)) == 0)
		return 0;
	return nsr_error_set(err, -errno, "%s: %s", what, strerror(errno));
}

static bool ask_name(void *arg, struct nsr_iface *iface)
{
	struct ifreq req = { .ifr_ifindex = (int)iface->ifindex };
	const struct packet *p = arg;

	if (ioctl(p->fd, SIOCGIFNAME, &req) < 0)
		return false;
	memcpy(iface->name, req.ifr_name, sizeof(iface->name));
	return true;
}

/* Fills in what depends on the device; returns its longest packet. */
static int look_at_device(struct packet *p, struct nsr_error *err)
{
	struct nsr_link link;
	int rc;

	p->link_fd = nsr_link_open();
	if (p->link_fd < 0)
		return nsr_error_set(err, p->link_fd, "netlink socket: %s", strerror(-p->link_fd));
	if (strcmp(p->device, "any") == 0) {
		p->any_iface = true;
		p->view = NSR_SKB_COOKED;
		p->linktype = LINKTYPE_LINUX_SLL2;
		p->watch_fd = nsr_link_watch();
		if (p->watch_fd < 0)
			return nsr_error_set(err, p->watch_fd, "watching interfaces: %s",
					     strerror(-p->watch_fd));
		rc = nsr_link_max_frame(p->link_fd);
		return rc < 0 ? nsr_error_set(err, rc, "listing interfaces: %s", strerror(-rc))
			      : rc;
	}
	rc = nsr_link_find(p->link_fd, p->device, &link, err);
	if (rc < 0)
		return rc;
	p->ifindex = link.ifindex;
	p->missed_before = link.missed;
	p->linktype = nsr_link_type(link.arphrd, &p->view);
	rc = nsr_ifaces_id(&p->ifaces, 0, link.ifindex);
	if (rc < 0)
		return nsr_error_set(err, rc, "out of memory");
	memcpy(p->ifaces.list[0].name, link.name, sizeof(link.name));
	/* On a loopback device each packet that is sent comes in again: take it once. */
	if (link.flags & IFF_LOOPBACK && p->direction == NSR_BOTH)
		p->direction = NSR_IN;
	return (int)link.max_frame;
}

static int open_receiver(struct packet *p, const struct nsr_options *opts, uint32_t max_frame,
			 struct nsr_error *err)
{
	int rc = 0;

	if (opts->stamp == NSR_STAMP_DEVICE)
		return nsr_error_set(err, -EOPNOTSUPP,
				     "a packet socket takes the device's stamps where there are "
				     "some: it can't insist on them");
	if (p->direction == NSR_IN)
		rc = set_int(p, PACKET_IGNORE_OUTGOING, 1, "direction", err);
	/* The clocks of several devices differ. This uses stamps, but does not turn them on. */
	if (rc == 0 && opts->stamp == NSR_STAMP_AUTO && !p->any_iface)
		rc = set_int(p, PACKET_TIMESTAMP, SOF_TIMESTAMPING_RAW_HARDWARE, "timestamps", err);
	if (rc == 0)
		rc = packet_ring_open(p, opts, max_frame, err);
	return rc;
}

static int open_sender(struct packet *p, const struct nsr_options *opts, struct nsr_error *err)
{
	int rc;

	if (p->any_iface)
		return nsr_error_advise(err, nsr_error_set(err, -EINVAL, "\"any\" can't send"),
					"name a device");
	if (p->view == NSR_SKB_COOKED)
		return nsr_error_set(err, -EOPNOTSUPP,
				     "device \"%s\" has a link layer that can't be sent on",
				     p->device);
	p->sender.fd = p->fd;
	p->sender.device = p->device;
	p->sender.ifindex = p->ifindex;
	rc = nsr_socket_send_open(&p->sender);
	if (rc < 0)
		return nsr_error_set(err, rc, "out of memory");
	return opts->qdisc_bypass ? set_int(p, PACKET_QDISC_BYPASS, 1, "qdisc bypass", err) : 0;
}

static void packet_close(void *priv)
{
	struct packet *p = priv;

	packet_ring_close(&p->ring);
	if (p->fd >= 0)
		close(p->fd);
	if (p->link_fd >= 0)
		close(p->link_fd);
	if (p->watch_fd >= 0)
		close(p->watch_fd);
	nsr_socket_send_close(&p->sender);
	nsr_ifaces_free(&p->ifaces);
	pthread_mutex_destroy(&p->link_lock);
	pthread_mutex_destroy(&p->count_lock);
	free(p);
}

static int packet_open(const struct nsr_engine_args *args, void **priv, struct nsr_error *err)
{
	const struct nsr_options *opts = args->opts;
	struct packet *p = calloc(1, sizeof(*p));
	int max_frame, rc;

	if (!p)
		return nsr_error_set(err, -ENOMEM, "out of memory");
	p->fd = p->link_fd = p->watch_fd = -1;
	p->ifaces = (struct nsr_ifaces){ .name = ask_name, .arg = p };
	pthread_mutex_init(&p->link_lock, NULL);
	pthread_mutex_init(&p->count_lock, NULL);
	p->mode = opts->mode;
	p->snaplen = opts->snaplen;
	p->batch_ms = opts->immediate ? 0 : opts->batch_ms;
	p->direction = opts->direction;
	p->fanout = opts->fanout;
	p->fanout_group = opts->fanout ? opts->fanout_group : 0;
	snprintf(p->device, sizeof(p->device), "%s", args->device);
	rc = max_frame = look_at_device(p, err);
	p->promiscuous = opts->promiscuous && !p->any_iface;
	if (rc >= 0)
		rc = open_socket(p, err);
	if (rc == 0 && p->mode & NSR_RECV)
		rc = open_receiver(p, opts, (uint32_t)max_frame, err);
	if (rc == 0 && p->mode & NSR_SEND)
		rc = open_sender(p, opts, err);
	if (rc < 0) {
		packet_close(p);
		return rc;
	}
	*priv = p;
	return 0;
}

static int bind_device(struct packet *p, uint16_t protocol, struct nsr_error *err)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = (int)p->ifindex,
	};

	if (bind(p->fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return 0;
	return nsr_error_set(err, -errno, "binding to device \"%s\": %s", p->device,
			     strerror(errno));
}

static int join_fanout(struct packet *p, struct nsr_error *err)
{
	static const uint32_t types[] = {
		[NSR_FANOUT_FLOW] = PACKET_FANOUT_HASH, /* symmetric since Linux 4.3 */
		[NSR_FANOUT_CPU] = PACKET_FANOUT_CPU,
		[NSR_FANOUT_ROUND_ROBIN] = PACKET_FANOUT_LB,
		[NSR_FANOUT_QUEUE] = PACKET_FANOUT_QM,
	};
	uint32_t type = types[p->fanout];
	uint32_t value = type << 16;
	socklen_t len = sizeof(value);

	if (p->fanout_group)
		value |= p->fanout_group - 1;
	else
		value |= PACKET_FANOUT_FLAG_UNIQUEID << 16;
	if (setsockopt(p->fd, SOL_PACKET, PACKET_FANOUT, &value, sizeof(value)) < 0)
		return nsr_error_advise(
			err,
			nsr_error_set(err, -errno, "joining fanout group %u: %s", p->fanout_group,
				      strerror(errno)),
			"it needs a device that is up, and members alike in device and kind");
	if (getsockopt(p->fd, SOL_PACKET, PACKET_FANOUT, &value, &len) == 0)
		p->fanout_group = (value & 0xffff) + 1; /* the kernel's number may be 0 */
	return 0;
}

static int be_promiscuous(struct packet *p, struct nsr_error *err)
{
	struct packet_mreq mreq = {
		.mr_ifindex = (int)p->ifindex,
		.mr_type = PACKET_MR_PROMISC,
	};

	if (setsockopt(p->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mreq, sizeof(mreq)) == 0)
		return 0;
	return nsr_error_set(err, -errno, "promiscuous mode on device \"%s\": %s", p->device,
			     strerror(errno));
}

/*
 * A bound socket gets every packet until it has joined its fanout group, so it refuses them all
 * until then.
 */
static int start_fanout(struct packet *p, struct nsr_error *err)
{
	int rc;

	rc = packet_filter_refuse(p, err);
	if (rc == 0)
		rc = bind_device(p, ETH_P_ALL, err);
	if (rc == 0)
		rc = join_fanout(p, err);
	if (rc == 0)
		rc = packet_filter_attach(p, err);
	return rc;
}

static int ask_link(struct packet *p, struct nsr_link *link)
{
	int rc;

	pthread_mutex_lock(&p->link_lock);
	rc = nsr_link_get(p->link_fd, NULL, p->ifindex, link);
	pthread_mutex_unlock(&p->link_lock);
	return rc;
}

/* Packets that the device has carried in the directions that are captured. */
static uint64_t carried(const struct packet *p, const struct nsr_link *link)
{
	return (p->direction != NSR_OUT ? link->received : 0) +
	       (p->direction != NSR_IN ? link->transmitted : 0);
}

static int packet_start(void *priv, struct nsr_error *err)
{
	struct packet *p = priv;
	struct nsr_link link;
	int rc;

	if (!(p->mode & NSR_RECV))
		return bind_device(p, 0, err);
	rc = p->fanout ? start_fanout(p, err) : bind_device(p, ETH_P_ALL, err);
	if (rc == 0 && p->promiscuous)
		rc = be_promiscuous(p, err);
	p->started = rc == 0;
	if (p->started && p->ifindex && ask_link(p, &link) == 0)
		p->carried_before = carried(p, &link);
	return rc;
}

static int packet_recv(void *priv, struct nsr_packet *packets, uint32_t max, struct nsr_error *err)
{
	int n = packet_ring_recv(priv, packets, max);

	return n < 0 ? nsr_error_set(err, n, "out of memory") : n;
}

static int packet_send(void *priv, const struct nsr_frame *frames, uint32_t count,
		       struct nsr_error *err)
{
	return nsr_socket_send(&((struct packet *)priv)->sender, frames, count, err);
}

static int packet_fd(void *priv)
{
	return ((struct packet *)priv)->fd;
}

/*
 * A device that is set down and one that is gone look alike: the kernel reports the former, which
 * comes first, and then unbinds the socket silently (packet_notifier() in net/packet/af_packet.c).
 */
static int packet_check(void *priv, struct nsr_error *err)
{
	struct packet *p = priv;
	struct sockaddr_ll addr = { 0 };
	socklen_t len = sizeof(addr);
	struct nsr_link link;
	int pending;
	socklen_t size = sizeof(pending);

	getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &pending, &size); /* takes it off the socket */
	if (!p->ifindex || getsockname(p->fd, (struct sockaddr *)&addr, &len) < 0)
		return 0;
	if (addr.sll_ifindex != (int)p->ifindex) {
		if (!p->over_ns)
			p->over_ns = nsr_clock_ns();
		return nsr_error_set(
			err, -ENODEV,
			"device \"%s\" is gone (deleted, or moved to another namespace)",
			p->device);
	}
	return ask_link(p, &link) < 0 || !(link.flags & IFF_UP);
}

/*
 * Reads the device's counters. They keep their last values when the device is gone, or when its
 * driver has begun to count anew.
 */
static void look_at_counters(struct packet *p)
{
	struct nsr_link link;

	if (!p->ifindex || ask_link(p, &link) < 0)
		return;
	if (link.missed >= p->missed_before)
		atomic_store(&p->missed, link.missed - p->missed_before);
	if (!p->stopped && carried(p, &link) >= p->carried_before)
		atomic_store(&p->carried, carried(p, &link) - p->carried_before);
}

/* The kernel doesn't tell what its filter refused: that is what the device counted beyond. */
static void add_filtered(const struct packet *p, struct nsr_stats *stats)
{
	uint64_t carried = p->carried, accepted = p->accepted;

	if (!p->filtered)
		return;
	if (!p->ifindex || p->fanout)
		stats->filtered = NSR_UNKNOWN;
	else
		stats->filtered += p->refused + (carried > accepted ? carried - accepted : 0);
}

/* Adds up the socket's counters, which reading resets. Returns how many packets came into the ring. */
static uint64_t count_accepted(struct packet *p)
{
	struct tpacket_stats_v3 now = { 0 };
	socklen_t len = sizeof(now);
	uint64_t in_ring;

	pthread_mutex_lock(&p->count_lock);
	if (getsockopt(p->fd, SOL_PACKET, PACKET_STATISTICS, &now, &len) == 0) {
		atomic_fetch_add(&p->lost_ring, now.tp_drops);
		atomic_fetch_add(&p->accepted, now.tp_packets);
	}
	in_ring = p->accepted - p->lost_ring;
	pthread_mutex_unlock(&p->count_lock);
	return in_ring;
}

static void packet_stats(void *priv, struct nsr_stats *stats)
{
	struct packet *p = priv;

	/* Before the socket, so that a packet that comes in between does not count as refused. */
	look_at_counters(p);
	if (p->mode & NSR_RECV)
		count_accepted(p);
	stats->lost_ring = atomic_load(&p->lost_ring);
	stats->lost_nic = atomic_load(&p->missed);
	if (p->mode & NSR_RECV)
		add_filtered(p, stats);
}

static int packet_stop(void *priv, struct nsr_error *err)
{
	struct packet *p = priv;
	int rc = p->mode & NSR_RECV ? packet_filter_refuse(p, err) : 0;

	/* From now on it is not the user's filter that refuses packets. */
	look_at_counters(p);
	p->stopped = rc == 0;
	p->over_ns = nsr_clock_ns();
	return rc;
}

/* Each barrier serves all captures that were over when it began, so a thousand need only one. */
static _Atomic uint64_t barrier_ns;

/*
 * Waits until the packets are counted that had met the old filter, or the device, when the capture
 * was over. False: this kernel can't wait for that.
 */
static bool let_arrive(const struct packet *p)
{
	uint64_t now = nsr_clock_ns();

	if (barrier_ns && p->over_ns <= barrier_ns)
		return true;
	/* A grace period of RCU: the kernel takes a packet to the ring within a section of it. */
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0) < 0)
		return false;
	barrier_ns = now;
	return true;
}

/* Without this the end takes as long as a block that is not full may wait. */
static bool packet_drained(void *priv)
{
	struct packet *p = priv;

	return p->mode & NSR_RECV && count_accepted(p) == p->ring.taken && let_arrive(p) &&
	       count_accepted(p) == p->ring.taken;
}

static void packet_info(void *priv, struct nsr_info *info)
{
	const struct packet *p = priv;

	if (p->mode & NSR_RECV)
		snprintf(info->mode, sizeof(info->mode), "%s%s",
			 p->ring.version == TPACKET_V3 ? "TPACKET_V3" : "TPACKET_V2, immediate",
			 p->judge_all ? ", filter in user space" : "");
	else
		snprintf(info->mode, sizeof(info->mode), "send only");
	info->linktype = p->linktype;
	info->snaplen = p->snaplen;
	info->ring_bytes = p->ring.bytes;
	info->fanout_group = p->fanout_group;
	info->queued = p->mode & NSR_SEND;
}

static int packet_interface(void *priv, uint32_t id, struct nsr_interface *iface)
{
	const struct packet *p = priv;

	if (id >= p->ifaces.count)
		return -ENOENT;
	memcpy(iface->name, p->ifaces.list[id].name, sizeof(p->ifaces.list[id].name));
	iface->ifindex = p->ifaces.list[id].ifindex;
	iface->linktype = p->linktype;
	iface->snaplen = p->snaplen;
	return 0;
}

/* A block's time is up after batch_ms, counted in ticks of the kernel's clock (10 ms at most). */
static uint32_t packet_drain_ms(void *priv)
{
	return ((struct packet *)priv)->batch_ms * 2 + 20;
}

static int packet_idle(void *priv, bool coalesce, int *fd)
{
	struct packet *p = priv;

	return coalesce && p->batch_ms ? (int)packet_ring_pause_us(&p->ring, p->batch_ms) : 0;
}

const struct nsr_engine_ops nsr_engine_packet = {
	.abi = NSR_ENGINE_ABI,
	.size = sizeof(struct nsr_engine_ops),
	.name = "packet",
	.flags = NSR_ENGINE_SENDS_ALONG,
	.open = packet_open,
	.set_filter = packet_filter_set,
	.start = packet_start,
	.recv = packet_recv,
	.send = packet_send,
	.fd = packet_fd,
	.check = packet_check,
	.stop = packet_stop,
	.stats = packet_stats,
	.info = packet_info,
	.interface = packet_interface,
	.close = packet_close,
	.drain_ms = packet_drain_ms,
	.idle = packet_idle,
	.drained = packet_drained,
};
