// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hot path: a packet into a ring. Runs on the lane's own CPU with bottom halves off, so nothing
 * here is shared with another CPU but what readers look at.
 */
#include <linux/align.h>
#include <linux/filter.h>

#include "ring.h"
#include "sock.h"
#include "wake.h"

/* The filter of one reader: bytes to keep, 0 if it refuses. */
static u32 judge(const struct nsr_ring *ring, struct nsr_lane *lane, struct nsr_view *view,
		 const struct nsr_sock *reader, u32 index)
{
	struct sk_filter *filter = rcu_dereference(reader->sk.sk_filter);
	u32 keep = U32_MAX;

	if (filter)
		keep = nsr_view_filter(view, filter->prog, ring->cooked);
	if (!keep)
		WRITE_ONCE(lane->refused[index], lane->refused[index] + 1);
	return keep;
}

/* A socket doesn't see what it has sent itself. */
static bool is_own(const struct nsr_view *view, const struct nsr_sock *reader)
{
	return view->sender == &reader->sk;
}

/* Who of the readers wants it: their bits; *keep: bytes to keep. */
static u32 judge_all(const struct nsr_ring *ring, struct nsr_lane *lane, struct nsr_view *view,
		     u32 *keep)
{
	const struct nsr_sock *reader;
	u32 end = READ_ONCE(ring->readers_end);
	u32 readers = 0, index, bytes;

	*keep = 0;
	for (index = 0; index < end; index++) {
		reader = rcu_dereference(ring->readers[index]);
		if (!reader || is_own(view, reader))
			continue;
		bytes = judge(ring, lane, view, reader, index);
		if (!bytes)
			continue;
		readers |= 1U << index;
		*keep = max(*keep, bytes);
	}
	return readers;
}

/* Every nth packet is kept. */
static bool left_out(const struct nsr_ring *ring, struct nsr_lane *lane)
{
	if (lane->countdown == 0) {
		lane->countdown = ring->sample - 1;
		return false;
	}
	lane->countdown--;
	WRITE_ONCE(lane->sampled, lane->sampled + 1);
	return true;
}

/*
 * Is there room up to position @end? The reader's tail is in its own hands: a value that can't be
 * is as good as a full ring, and does not become ours.
 */
static bool has_room(const struct nsr_ring *ring, struct nsr_lane *lane, u64 end)
{
	u64 tail = smp_load_acquire(&lane->cursor->tail);

	if (lane->head - tail > ring->lane_bytes)
		return false;
	lane->tail = tail;
	return end - tail <= ring->lane_bytes;
}

/* Tell readers that what lies one turn before @end is no more; then it may be overwritten. */
static void overwrite(const struct nsr_ring *ring, struct nsr_lane *lane, u64 end)
{
	u64 mask = ring->lane_bytes - 1;
	const struct nsring_record *record;

	while (end - lane->oldest > ring->lane_bytes) {
		record = (const void *)(lane->data + (lane->oldest & mask));
		lane->oldest += record->bytes;
	}
	WRITE_ONCE(lane->shown->claimed, end);
	WRITE_ONCE(lane->shown->oldest, lane->oldest);
	/* Before what follows is written. Pairs with the readers' barrier behind their copy. */
	smp_wmb();
}

static void pad(struct nsr_lane *lane, u64 mask, u32 bytes)
{
	struct nsring_record *record = (void *)(lane->data + (lane->head & mask));

	record->bytes = bytes;
	record->type = NSRING_PAD;
	record->flags = 0;
}

static void fill(const struct nsr_ring *ring, struct nsring_record *record, struct nsr_view *view,
		 u32 readers, u32 bytes, u32 caplen)
{
	const struct nsr_image *image = &view->image[ring->cooked];

	if (!view->described)
		nsr_view_describe(view);
	view->record.bytes = bytes;
	view->record.len = image->len;
	view->record.readers = readers;
	view->record.caplen = nsr_view_copy(view, image, (u8 *)(record + 1), caplen);
	*record = view->record;
	if (ring->kernel_stamps && (record->flags & NSRING_STAMP_HW)) {
		record->flags &= ~NSRING_STAMP_HW;
		record->stamp_ns = nsr_view_kernel_stamp(view);
	}
}

static void publish(struct nsr_ring *ring, struct nsr_lane *lane, u64 head, u32 readers)
{
	struct nsr_sock *reader;
	u32 end = READ_ONCE(ring->readers_end);
	unsigned int cpu = smp_processor_id();
	u32 index;

	WRITE_ONCE(lane->head, head);
	/* What is before head is whole. */
	smp_store_release(&lane->shown->head, head);
	/* Either a reader on its way to sleep sees the head, or we see that it waits: see wake.c. */
	smp_mb();
	for (index = 0; index < end; index++) {
		reader = rcu_dereference(ring->readers[index]);
		if (reader && (readers & (1U << index)) && READ_ONCE(reader->wake.state))
			nsr_wake(reader, cpu, head);
	}
}

static void count_matched(struct nsr_lane *lane, u32 readers)
{
	u64 *matched = lane->shown->matched;
	u32 index;

	for (; readers; readers &= readers - 1) {
		index = __ffs(readers);
		WRITE_ONCE(matched[index], matched[index] + 1);
	}
}

/**
 * nsr_ring_put_packet() - write a packet into a ring, if its readers want it
 * @ring: the ring
 * @view: the packet
 *
 * Under rcu_read_lock, bottom halves off.
 */
void nsr_ring_put_packet(struct nsr_ring *ring, struct nsr_view *view)
{
	struct nsr_lane *lane = this_cpu_ptr(ring->lanes);
	u64 mask = ring->lane_bytes - 1;
	const struct nsr_image *image;
	u32 readers, keep, caplen, bytes, room;
	u64 end;

	readers = judge_all(ring, lane, view, &keep);
	if (!readers)
		return;
	if (unlikely(ring->sample > 1) && left_out(ring, lane))
		return;

	image = nsr_view_image(view, ring->cooked);
	caplen = min3(image->len, keep, ring->snaplen);
	bytes = ALIGN(sizeof(struct nsring_record) + caplen, NSRING_ALIGN);
	room = ring->lane_bytes - (lane->head & mask);
	end = lane->head + bytes + (bytes > room ? room : 0);
	if (ring->shared) {
		overwrite(ring, lane, end);
	} else if (end - lane->tail > ring->lane_bytes && !has_room(ring, lane, end)) {
		WRITE_ONCE(lane->full, lane->full + 1);
		WRITE_ONCE(lane->shown->full, lane->full);
		return;
	}
	if (bytes > room) {
		pad(lane, mask, room);
		lane->head += room;
	}
	fill(ring, (void *)(lane->data + (lane->head & mask)), view, readers, bytes, caplen);
	WRITE_ONCE(lane->written, lane->written + 1);
	WRITE_ONCE(lane->bytes, lane->bytes + image->len);
	WRITE_ONCE(lane->shown->written, lane->written);
	if (ring->shared)
		count_matched(lane, readers);
	publish(ring, lane, end, readers);
}
