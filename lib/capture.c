/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Sending, and what a capture tells about itself: totals, facts, interfaces, the last error. */
#include "capture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sized.h"

/* The capture whose nsr_send() failed in this thread, after which no other call on it has. */
static _Thread_local const struct nsr_capture *send_failed_on;

int nsr_capture_failed(struct nsr_capture *cap, int rc)
{
	if (send_failed_on == cap)
		send_failed_on = NULL;
	/* An interruption ends nothing: @last may hold words about an end yet to be told. */
	if (cap->last.code == rc || rc == -EINTR)
		return rc;
	return nsr_error_set(&cap->last, rc, "%s", strerror(-rc));
}

static int send_failed(struct nsr_capture *cap, int rc)
{
	send_failed_on = cap;
	return cap->send_last.code == rc ? rc
					 : nsr_error_set(&cap->send_last, rc, "%s", strerror(-rc));
}

void nsr_wake(struct nsr_capture *cap)
{
	nsr_wait_wake(&cap->wait);
}

int nsr_fd(const struct nsr_capture *cap)
{
	return cap->wait.epoll;
}

int nsr_set_direction(struct nsr_capture *cap, enum nsr_direction direction, struct nsr_error *err)
{
	if ((unsigned int)direction > NSR_OUT)
		return nsr_error_set(err, -EINVAL, "there is no direction %d", (int)direction);
	if (cap->opts.direction != NSR_BOTH && cap->opts.direction != direction)
		return nsr_error_set(err, -EINVAL,
				     "the capture was opened for packets of one direction, and has "
				     "no others");
	cap->only = direction;
	return 0;
}

int nsr_send(struct nsr_capture *cap, const struct nsr_frame *frames, uint32_t n)
{
	uint64_t bytes = 0;
	int i, sent;

	if (!(cap->opts.mode & NSR_SEND))
		return send_failed(
			cap, nsr_error_set(&cap->send_last, -EBADF, "not opened for sending"));
	/* One that receives is looked after by its reader, which may be another thread. */
	if (!(cap->opts.mode & NSR_RECV))
		nsr_capture_look_after(cap);
	/* After nsr_stop() and the like sending goes on. */
	if (cap->end == -ENETDOWN) {
		if (!(cap->opts.mode & NSR_RECV))
			cap->send_last = cap->last;
		return send_failed(cap, -ENETDOWN);
	}
	if (!n)
		return 0;
	if (n > INT32_MAX)
		n = INT32_MAX;
	sent = cap->ops->send(cap->priv, frames, n, &cap->send_last);
	if (sent <= 0)
		return sent < 0 ? send_failed(cap, sent) : 0;
	for (i = 0; i < sent; i++)
		bytes += frames[i].len;
	nsr_capture_count(&cap->n_sent, (uint64_t)sent);
	nsr_capture_count(&cap->n_sent_bytes, bytes);
	return sent;
}

int nsr_stats_get(struct nsr_capture *cap, struct nsr_stats *stats)
{
	struct nsr_stats all = NSR_STATS_INIT;

	all.packets = atomic_load_explicit(&cap->n_packets, memory_order_relaxed);
	all.bytes = atomic_load_explicit(&cap->n_bytes, memory_order_relaxed);
	all.filtered = atomic_load_explicit(&cap->n_filtered, memory_order_relaxed);
	all.unasked = atomic_load_explicit(&cap->n_unasked, memory_order_relaxed);
	all.sent = atomic_load_explicit(&cap->n_sent, memory_order_relaxed);
	all.sent_bytes = atomic_load_explicit(&cap->n_sent_bytes, memory_order_relaxed);
	if (cap->ops->stats)
		cap->ops->stats(cap->priv, &all);
	nsr_publish_stats(&cap->publisher, &all);
	return nsr_struct_give(stats, &all, sizeof(all));
}

int nsr_info_get(const struct nsr_capture *cap, struct nsr_info *info)
{
	struct nsr_info all = NSR_INFO_INIT;

	snprintf(all.engine, sizeof(all.engine), "%s", cap->ops->name);
	snprintf(all.place, sizeof(all.place), "%s", cap->target.place);
	snprintf(all.device, sizeof(all.device), "%s", cap->target.device);
	all.batch_packets = cap->opts.batch_packets;
	all.snaplen = cap->opts.snaplen;
	all.offline = cap->ops->flags & NSR_ENGINE_OFFLINE;
	all.netns_inode = cap->place.inode;
	all.netns_cookie = cap->netns_cookie;
	cap->ops->info(cap->priv, &all);
	if (all.snaplen > cap->opts.snaplen)
		all.snaplen = cap->opts.snaplen;
	return nsr_struct_give(info, &all, sizeof(all));
}

int nsr_interface_get(struct nsr_capture *cap, uint32_t id, struct nsr_interface *iface)
{
	struct nsr_interface all = NSR_INTERFACE_INIT;
	int rc = cap->ops->interface(cap->priv, id, &all);

	if (rc == 0 && all.snaplen > cap->opts.snaplen)
		all.snaplen = cap->opts.snaplen;
	if (rc == 0 && cap->soft_filter)
		all.unasked = !nsr_filter_set_asks(cap->soft_filter, all.linktype);
	return rc < 0 ? rc : nsr_struct_give(iface, &all, sizeof(all));
}

int nsr_saved_get(struct nsr_capture *cap, uint32_t id, struct nsr_saved *saved)
{
	struct nsr_saved all = NSR_SAVED_INIT;
	int rc = cap->ops->saved ? cap->ops->saved(cap->priv, id, &all) : -ENOENT;

	return rc < 0 ? rc : nsr_struct_give(saved, &all, sizeof(all));
}

const struct nsr_error *nsr_last_error(const struct nsr_capture *cap)
{
	return send_failed_on == cap ? &cap->send_last : &cap->last;
}
