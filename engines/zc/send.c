/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Sending through AF_XDP: frames are copied into the part of the UMEM that is kept for them, and
 * leave by the socket of one queue, past the queueing discipline.
 */
#include <errno.h>
#include <linux/if_xdp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "sockets.h"

/* As packet sockets do: a caller has signals and deadlines of its own to look at. */
#define RETRY_MS     1
#define WAIT_MOST_MS 100

#define LEAST_FRAME 14

int zc_sender_open(struct zc *zc, uint32_t wanted, bool joins, const struct nsr_options *opts,
		   struct nsr_error *err)
{
	int rc;

	zc->sender = calloc(1, sizeof(*zc->sender));
	if (!zc->sender)
		return nsr_error_set(err, -ENOMEM, "out of memory");
	zc->sender->mode = NSR_SEND;
	zc->sender->joins = joins;
	rc = zc_queues_open(zc, zc->sender, wanted, opts, err);
	if (rc == 0)
		zc_sockets_busy_poll(zc, zc->sender);
	return rc;
}

void zc_sender_close(struct zc *zc)
{
	if (zc->sender)
		zc_queues_close(zc->sender);
	free(zc->sender);
	zc->sender = NULL;
}

/* Takes back frames that the device is done with. */
static void reap(struct zc_queue *queue)
{
	zc_ring_consume(&queue->completion, zc_ring_waiting(&queue->completion));
}

/* How many frames may be written: those that are not on their way. */
static uint32_t room(const struct zc_queue *queue)
{
	return queue->tx.mask + 1 - (queue->tx.ours - queue->completion.ours);
}

/* Has the kernel send what is in the ring; 0, or -errno of the device. */
static int kick(const struct zc_sockets *sender, const struct zc_queue *queue)
{
	/* The driver looks by itself. Where the kernel copies, this call sends. */
	if (sender->zero_copy && !zc_ring_wants_wakeup(&queue->tx))
		return 0;
	if (sendto(queue->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) >= 0)
		return 0;
	/* The kernel has more to send, or no room just now. */
	if (errno == EAGAIN || errno == ENOBUFS)
		return 0;
	return -errno;
}

static int say(const struct zc *zc, int code, uint32_t len, struct nsr_error *err)
{
	const char *device = zc->device.name;

	switch (code) {
	case -EMSGSIZE:
		nsr_error_set(err, code, "%s: a frame of %u bytes is longer than it takes", device,
			      len);
		return nsr_error_advise(err, code, "send shorter frames, or raise its MTU of %u",
					zc->device.mtu);
	case -EINVAL:
		return nsr_error_set(
			err, code, "%s: a frame of %u bytes has no room for the link-layer header",
			device, len);
	case -ENETDOWN:
		nsr_error_set(err, code, "%s: the device is down", device);
		return nsr_error_advise(err, code, "ip link set %s up", device);
	case -ENXIO:
	case -ENODEV:
		return nsr_error_set(err, -ENODEV,
				     "%s: the device is gone (deleted, or moved to another "
				     "namespace)",
				     device);
	case -EAGAIN:
		return nsr_error_set(err, code, "%s: its queue stays full", device);
	case -EBUSY:
		nsr_error_set(err, -ENETDOWN, "%s drops what is sent", device);
		return nsr_error_advise(err, -ENETDOWN,
					"see that it has a carrier, and that the other side of a "
					"veth pair is up");
	case -EINTR:
		return nsr_error_set(err, code, "interrupted");
	default:
		return nsr_error_set(err, code, "%s: sending: %s", device, strerror(-code));
	}
}

/* 0, or why this frame can't be sent. */
static int check(const struct zc *zc, const struct nsr_frame *frame)
{
	if (frame->len < LEAST_FRAME)
		return -EINVAL;
	/* As packet sockets do: one VLAN tag more than the MTU says. */
	if (frame->len > zc->device.mtu + 18 || frame->len > zc->sender->memory.chunk_bytes)
		return -EMSGSIZE;
	return 0;
}

/* Entry @index of the ring always uses the same frame, behind those for receiving. */
static void put(const struct zc *zc, struct zc_queue *queue, uint32_t index,
		const struct nsr_frame *frame)
{
	struct xdp_desc *desc = zc_ring_desc(&queue->tx, index);

	desc->addr = (uint64_t)(zc->sender->memory.rx_frames + (index & queue->tx.mask)) *
		     zc->sender->memory.chunk_bytes;
	desc->len = frame->len;
	desc->options = 0;
	memcpy(queue->memory + desc->addr, frame->data, frame->len);
}

/* Puts frames into the ring while there is room; returns how many, and in *rc why not the next. */
static uint32_t put_some(const struct zc *zc, struct zc_queue *queue,
			 const struct nsr_frame *frames, uint32_t count, int *rc)
{
	uint32_t n, most = room(queue);

	for (n = 0; n < count && n < most; n++) {
		*rc = check(zc, &frames[n]);
		if (*rc < 0)
			break;
		put(zc, queue, queue->tx.ours + n, &frames[n]);
	}
	zc_ring_produce(&queue->tx, n);
	return n;
}

/* Waits until the device may be done with some frames; 0 or -EINTR. */
static int wait_for_room(const struct zc_queue *queue)
{
	struct pollfd room = { .fd = queue->fd };

	return poll(&room, 1, RETRY_MS) < 0 ? -errno : 0;
}

/*
 * Waits until the device has taken over all that is in the ring; returns 0, or why it has not.
 * @dropped counts frames that the kernel took and could not send (NET_XMIT_DROP in net/xdp/xsk.c):
 * without a carrier, all of them.
 */
static int flush(const struct zc_sockets *sender, struct zc_queue *queue, uint32_t *waits_left,
		 uint32_t *dropped)
{
	uint32_t left = zc_ring_untaken(&queue->tx), before;
	int rc = 0;

	while (left && rc == 0) {
		before = left;
		rc = kick(sender, queue);
		reap(queue);
		left = zc_ring_untaken(&queue->tx);
		if (rc == -EBUSY) {
			++*dropped;
			rc = 0;
			continue;
		}
		if (rc < 0 || left < before)
			continue;
		rc = *waits_left ? wait_for_room(queue) : -EAGAIN;
		*waits_left -= *waits_left > 0;
	}
	return rc;
}

/* Sends frames that earlier calls left in the ring; a device that is down says so. */
static int flush_old(const struct zc_sockets *sender, struct zc_queue *queue)
{
	int rc = kick(sender, queue);

	return rc == -EBUSY ? 0 : rc;
}

int zc_send(void *priv, const struct nsr_frame *frames, uint32_t count, struct nsr_error *err)
{
	uint32_t waits_left = WAIT_MOST_MS / RETRY_MS, done = 0, dropped = 0;
	struct zc *zc = priv;
	struct zc_queue *queue = &zc->sender->queues[0];
	int refused = 0, rc = flush_old(zc->sender, queue);

	while (done < count && rc == 0 && refused == 0 && !dropped) {
		reap(queue);
		done += put_some(zc, queue, frames + done, count - done, &refused);
		rc = flush(zc->sender, queue, &waits_left, &dropped);
		/* Frames in the ring count as sent: the kernel may have looked at them already. */
		if (rc == 0 && room(queue) == 0)
			rc = waits_left-- ? wait_for_room(queue) : -EAGAIN;
	}
	/* The caller sends as many again as were dropped, though not the same ones. */
	if (done > dropped || !count)
		return (int)(done - dropped);
	return say(zc, dropped ? -EBUSY : rc ? rc : refused, frames[0].len, err);
}
