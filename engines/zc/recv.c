/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Receiving from sockets: packets are views of the frames in the UMEM, which go back to the kernel
 * all at once at the next call.
 *
 * This reads no packet's bytes, which would have to come from the cache of the CPU that copied
 * them. The one exception is frames of several buffers, which it copies into one piece.
 */
#include <string.h>
#include <sys/socket.h>

#include "sys/clock.h"
#include "sys/compat.h"
#include "sockets.h"

void zc_sockets_give_back(struct zc_queue *queue)
{
	uint32_t count = *queue->held_count, i;

	for (i = 0; i < count; i++)
		*zc_ring_address(&queue->fill, queue->fill.ours + i) = queue->held[i];
	*queue->held_count = 0;
	zc_ring_produce(&queue->fill, count);
}

/*
 * A zero-copy driver that ran out of frames asks to be woken when there are some. The barrier is
 * for one that asks while we give some back.
 */
static void wake_drivers(const struct zc_sockets *sockets)
{
	uint32_t i;

	if (!sockets->zero_copy)
		return;
	__sync_synchronize();
	for (i = 0; i < sockets->count; i++)
		if (zc_ring_wants_wakeup(&sockets->queues[i].fill))
			recvfrom(sockets->queues[i].fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
}

/* How many of @waiting buffers, from @at on, are one frame; 0: they are not all there yet. */
static uint32_t frame_buffers(const struct zc_queue *queue, uint32_t at, uint32_t waiting,
			      uint32_t *bytes)
{
	const struct xdp_desc *desc;
	uint32_t n = 0;

	*bytes = 0;
	do {
		if (n == waiting)
			return 0;
		desc = zc_ring_desc(&queue->rx, at + n++);
		*bytes += desc->len;
	} while (desc->options & XDP_PKT_CONTD);
	return n;
}

/* Copies a frame of several buffers into one piece; NULL: this batch has no room left. */
static uint8_t *join_buffers(struct zc_sockets *sockets, const struct zc_queue *queue, uint32_t at,
			     uint32_t buffers, uint32_t bytes)
{
	uint8_t *start = sockets->bounce + sockets->bounce_used, *to = start;
	const struct xdp_desc *desc;
	uint32_t i;

	if (bytes > ZC_BOUNCE_BYTES - sockets->bounce_used)
		return NULL;
	for (i = 0; i < buffers; i++) {
		desc = zc_ring_desc(&queue->rx, at + i);
		memcpy(to, queue->memory + desc->addr, desc->len);
		to += desc->len;
	}
	sockets->bounce_used += (bytes + 63) & ~63u;
	return start;
}

/*
 * Takes the stamp that the program put in front of the frame; without, the time of reading stays.
 */
static void take_stamp(const struct zc *zc, uint8_t *frame, struct nsr_packet *packet)
{
	struct zc_meta *meta = (struct zc_meta *)(frame - sizeof(*meta));

	if (meta->mark != ZC_META_MARK)
		return;
	/* The next packet in this frame may have no stamp. */
	meta->mark = 0;
	if (!meta->stamp_ns)
		return;
	packet->stamp_ns = meta->stamp_ns;
	packet->flags = NSR_PKT_STAMP_HW;
	if (zc->program.stamp == ZC_STAMP_KERNEL) {
		packet->stamp_ns += (uint64_t)zc->clock_offset_ns;
		packet->flags = 0;
	}
}

/* Whether the packet, which waited while the filter was changed, is refused by the new one. */
static bool refuses(struct zc *zc, struct zc_queue *queue, const struct nsr_packet *packet)
{
	queue->recheck--;
	if (!zc->filter || nsr_filter_match(zc->filter, packet->data, packet->len, packet->len))
		return false;
	zc_count_refused(zc);
	return true;
}

static void hold(struct zc_queue *queue, uint32_t *held, uint32_t at, uint32_t buffers)
{
	uint32_t i;

	for (i = 0; i < buffers; i++)
		queue->held[(*held)++] = zc_ring_desc(&queue->rx, at + i)->addr;
}

/* Hands out packets of one queue; returns how many. */
static uint32_t take(struct zc *zc, struct zc_sockets *sockets, struct zc_queue *queue,
		     uint64_t stamp_ns, struct nsr_packet *packets, uint32_t max)
{
	uint32_t waiting = zc_ring_waiting(&queue->rx), at = queue->rx.ours;
	uint32_t n = 0, held = 0, buffers, bytes;
	struct nsr_packet *packet;
	uint8_t *frame;

	while (waiting && n < max) {
		const struct xdp_desc *desc = zc_ring_desc(&queue->rx, at);

		frame = queue->memory + desc->addr;
		bytes = desc->len;
		buffers = 1;
		packet = &packets[n];
		*packet = (struct nsr_packet){ .data = frame,
					       .stamp_ns = stamp_ns,
					       .flags = NSR_PKT_STAMP_READ };
		if (desc->options & XDP_PKT_CONTD) {
			buffers = frame_buffers(queue, at, waiting, &bytes);
			if (buffers)
				packet->data = join_buffers(sockets, queue, at, buffers, bytes);
			if (!buffers || !packet->data)
				break;
		}
		if (held + buffers > queue->held_room)
			break;
		if (zc->program.stamp)
			take_stamp(zc, frame, packet);
		packet->len = bytes;
		packet->caplen = bytes < zc->snaplen ? bytes : zc->snaplen;
		hold(queue, &held, at, buffers);
		at += buffers;
		waiting -= buffers;
		n += !queue->recheck || !refuses(zc, queue, packet);
	}
	/* In this order: a process that dies in between leaves frames unused, not used twice. */
	zc_ring_consume(&queue->rx, at - queue->rx.ours);
	__atomic_store_n(queue->held_count, held, __ATOMIC_RELEASE);
	return n;
}

/* Has the kernel poll the device now, on this CPU. */
static void busy_poll(const struct zc_sockets *sockets)
{
	uint32_t i;

	for (i = 0; i < sockets->count; i++)
		recvfrom(sockets->queues[i].fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
}

int zc_sockets_recv(struct zc *zc, struct zc_sockets *sockets, struct nsr_packet *packets,
		    uint32_t max)
{
	uint64_t stamp_ns = nsr_clock_wall_ns();
	uint32_t i, n = 0;

	sockets->bounce_used = 0;
	wake_drivers(sockets);
	if (zc->program.stamp == ZC_STAMP_KERNEL)
		zc->clock_offset_ns = zc_stamp_offset_ns();
	for (i = 0; i < sockets->count && n < max; i++) {
		n += take(zc, sockets, &sockets->queues[sockets->next], stamp_ns, packets + n,
			  max - n);
		sockets->next = sockets->next + 1 == sockets->count ? 0 : sockets->next + 1;
	}
	if (n == 0 && zc->busy_poll_us)
		busy_poll(sockets);
	return (int)n;
}
