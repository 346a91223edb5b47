/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <errno.h>

#include <nsring/engine.h>

#include "ring_layout.h"

/* Copies the ring's header; false: this can't be one. */
static bool read_layout(const struct nsr_ring_map *map, struct nsring_ring *ring)
{
	const struct nsring_ring *from = map->ring;

	if ((uintptr_t)map->ring % 64 || (uintptr_t)map->cursors % 64 ||
	    map->ring_bytes < sizeof(*ring))
		return false;
	ring->magic = NSR_RING_READ(from->magic);
	ring->version = NSR_RING_READ(from->version);
	ring->header_bytes = NSR_RING_READ(from->header_bytes);
	ring->flags = NSR_RING_READ(from->flags);
	ring->lanes = NSR_RING_READ(from->lanes);
	ring->lane_bytes = NSR_RING_READ(from->lane_bytes);
	ring->lane_offset = NSR_RING_READ(from->lane_offset);
	ring->lane_stride = NSR_RING_READ(from->lane_stride);
	ring->data_offset = NSR_RING_READ(from->data_offset);
	ring->cursor_stride = NSR_RING_READ(from->cursor_stride);
	ring->used_offset = NSR_RING_READ(from->used_offset);
	ring->data_stride = NSR_RING_READ(from->data_stride);
	return ring->magic == NSRING_MAGIC;
}

uint32_t nsr_ring_used_words(const struct nsring_ring *ring)
{
	return (ring->lanes + 63) / 64;
}

/* Whether @count parts of @part bytes lie within @bytes, from @offset on, a @stride from each other. */
static bool fits(uint64_t bytes, uint64_t offset, uint64_t stride, uint32_t count, uint64_t part)
{
	if (offset > bytes || part > bytes - offset)
		return false;
	return count == 1 || stride <= (bytes - offset - part) / (count - 1);
}

/* Whether all parts are where they should be, and lie within the mappings. */
static bool check_layout(const struct nsr_ring_map *map, const struct nsring_ring *ring)
{
	uint64_t lane_bytes = ring->lane_bytes;

	if (ring->header_bytes < sizeof(struct nsring_record) || ring->header_bytes % 8)
		return false;
	if (ring->lanes < 1 || ring->lanes > NSRING_LANES_MAX || map->reader >= NSRING_READERS_MAX)
		return false;
	if (lane_bytes < NSRING_LANE_MIN || lane_bytes & (lane_bytes - 1))
		return false;
	if (ring->lane_offset < sizeof(*ring) || ring->lane_offset % 64 ||
	    ring->lane_stride < sizeof(struct nsring_lane) || ring->lane_stride % 64 ||
	    ring->cursor_stride < sizeof(struct nsring_cursor) || ring->cursor_stride % 64)
		return false;
	if (ring->used_offset < sizeof(*ring) || ring->used_offset % 8 ||
	    ring->used_offset + nsr_ring_used_words(ring) * 8ull > map->ring_bytes)
		return false;
	if (ring->data_offset % 4096 || ring->data_stride % 4096 ||
	    ring->data_stride < lane_bytes ||
	    !fits(map->ring_bytes, ring->data_offset, ring->data_stride, ring->lanes, lane_bytes))
		return false;
	return fits(map->ring_bytes, ring->lane_offset, ring->lane_stride, ring->lanes,
		    sizeof(struct nsring_lane)) &&
	       (uint64_t)ring->lanes * ring->cursor_stride <= map->cursor_bytes;
}

int nsr_ring_say_damaged(struct nsr_error *err)
{
	return nsr_error_set(err, -EBADMSG, "this is no ring, or one with a damaged header");
}

int nsr_ring_read_layout(const struct nsr_ring_map *map, struct nsring_ring *ring,
			 struct nsr_error *err)
{
	if (!read_layout(map, ring))
		return nsr_ring_say_damaged(err);
	if (ring->version != NSRING_ABI || ring->flags & ~NSRING_RING_SHARED)
		return nsr_error_advise(
			err,
			nsr_error_set(err, -EPROTO,
				      "a ring of version %u with flags %#x, this libnsring (%s) "
				      "reads version %u",
				      ring->version, ring->flags, NSR_VERSION, NSRING_ABI),
			"take both from one release");
	return check_layout(map, ring) ? 0 : nsr_ring_say_damaged(err);
}

struct nsr_ring_lane nsr_ring_lane_at(const struct nsr_ring_map *map,
				      const struct nsring_ring *ring, uint32_t i)
{
	const uint8_t *area = map->ring;

	return (struct nsr_ring_lane){
		.shared = (const void *)(area + ring->lane_offset + (size_t)i * ring->lane_stride),
		.data = area + ring->data_offset + i * ring->data_stride,
		.cursor = (void *)((uint8_t *)map->cursors + (size_t)i * ring->cursor_stride),
	};
}
