/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "ring_writer.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* As nsring.ko has it: each lane's head in a page before its data. */
#define USED_OFFSET   64
#define LANE_OFFSET   4096
#define CURSOR_STRIDE 64
#define DATA_OFFSET   8192

#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wtsan" /* knows no fences; all that one orders here is atomic */
#endif

#define STORE(field, value)	    __atomic_store_n(&(field), value, __ATOMIC_RELAXED)
#define STORE_RELEASE(field, value) __atomic_store_n(&(field), value, __ATOMIC_RELEASE)

void ring_writer_open(struct ring_writer *w, uint32_t lanes, uint64_t lane_bytes, uint32_t flags)
{
	size_t bytes = LANE_OFFSET + lanes * (4096 + lane_bytes);

	memset(w, 0, sizeof(*w));
	w->ring = aligned_alloc(4096, bytes);
	w->map.cursors = aligned_alloc(4096, 4096);
	if (!w->ring || !w->map.cursors)
		abort();
	memset(w->ring, 0, bytes);
	memset(w->map.cursors, 0, 4096);
	*w->ring = (struct nsring_ring){
		.magic = NSRING_MAGIC,
		.version = NSRING_ABI,
		.header_bytes = sizeof(struct nsring_record),
		.flags = flags,
		.lanes = lanes,
		.lane_bytes = lane_bytes,
		.lane_offset = LANE_OFFSET,
		.lane_stride = (uint32_t)(4096 + lane_bytes),
		.data_offset = DATA_OFFSET,
		.data_stride = 4096 + lane_bytes,
		.used_offset = USED_OFFSET,
		.snaplen = NSRING_SNAPLEN_MAX,
		.cursor_stride = CURSOR_STRIDE,
	};
	w->map.ring = w->ring;
	w->map.ring_bytes = bytes;
	w->map.cursor_bytes = 4096;
}

void ring_writer_close(struct ring_writer *w)
{
	free(w->ring);
	free(w->map.cursors);
}

struct nsring_lane *ring_writer_lane(const struct ring_writer *w, uint32_t lane)
{
	return (void *)((uint8_t *)w->ring + LANE_OFFSET + lane * (size_t)w->ring->lane_stride);
}

struct nsring_record *ring_writer_at(const struct ring_writer *w, uint32_t lane, uint64_t pos)
{
	return (void *)((uint8_t *)w->ring + DATA_OFFSET + lane * w->ring->data_stride +
			(pos & (w->ring->lane_bytes - 1)));
}

uint64_t *ring_writer_used(const struct ring_writer *w)
{
	return (void *)((uint8_t *)w->ring + USED_OFFSET);
}

uint64_t ring_writer_tail(const struct ring_writer *w, uint32_t lane)
{
	struct nsring_cursor *cursor = (void *)((uint8_t *)w->map.cursors + lane * CURSOR_STRIDE);

	return __atomic_load_n(&cursor->tail, __ATOMIC_ACQUIRE);
}

static void store_words(void *to, const void *from, size_t bytes)
{
	uint64_t word, *out = to;
	size_t i;

	for (i = 0; i < bytes; i += 8) {
		word = 0;
		memcpy(&word, (const uint8_t *)from + i, bytes - i < 8 ? bytes - i : 8);
		STORE(out[i / 8], word);
	}
}

/* Gives up the oldest records, so that there is room up to @claim; publishes both. */
static void claim(struct ring_writer *w, uint32_t lane, uint64_t claim)
{
	struct nsring_lane *shared = ring_writer_lane(w, lane);

	while (claim - w->oldest[lane] > w->ring->lane_bytes)
		w->oldest[lane] += ring_writer_at(w, lane, w->oldest[lane])->bytes;
	STORE_RELEASE(shared->oldest, w->oldest[lane]);
	STORE_RELEASE(shared->claimed, claim);
	atomic_thread_fence(memory_order_release);
}

static void write_pad(struct ring_writer *w, uint32_t lane, uint64_t pad)
{
	struct nsring_record record = { .bytes = (uint32_t)pad, .type = NSRING_PAD };

	store_words(ring_writer_at(w, lane, w->head[lane]), &record, 8);
}

static void count(struct ring_writer *w, uint32_t lane, uint32_t readers)
{
	struct nsring_lane *shared = ring_writer_lane(w, lane);
	uint32_t i;

	for (i = 0; i < NSRING_READERS_MAX; i++)
		if (!(readers >> i & 1))
			STORE(shared->others[i], ++w->others[lane][i]);
	STORE(shared->written, ++w->written[lane]);
}

bool ring_writer_put(struct ring_writer *w, uint32_t lane, uint64_t stamp, const void *data,
		     uint32_t caplen, uint32_t readers)
{
	struct nsring_lane *shared = ring_writer_lane(w, lane);
	bool is_shared = w->ring->flags & NSRING_RING_SHARED;
	uint64_t bytes = (w->ring->header_bytes + caplen + 15) / 16 * 16;
	uint64_t room = w->ring->lane_bytes - (w->head[lane] & (w->ring->lane_bytes - 1));
	uint64_t pad = room < bytes ? room : 0;
	struct nsring_record record = {
		.bytes = (uint32_t)bytes,
		.type = NSRING_PACKET,
		.stamp_ns = stamp,
		.len = caplen,
		.caplen = caplen,
		.ifindex = lane + 1,
		.readers = readers,
	};
	uint8_t *at;

	if (is_shared)
		claim(w, lane, w->head[lane] + pad + bytes);
	else if (w->head[lane] + pad + bytes - ring_writer_tail(w, lane) > w->ring->lane_bytes)
		return false;
	if (pad)
		write_pad(w, lane, pad);
	at = (uint8_t *)ring_writer_at(w, lane, w->head[lane] + pad);
	store_words(at, &record, sizeof(record));
	store_words(at + w->ring->header_bytes, data, caplen);
	count(w, lane, readers);
	if (!w->head[lane])
		__atomic_fetch_or(ring_writer_used(w), 1ull << lane, __ATOMIC_RELEASE);
	w->head[lane] += pad + bytes;
	STORE_RELEASE(shared->head, w->head[lane]);
	return true;
}
