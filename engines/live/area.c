/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Laying frames out for a run. */
#include <string.h>

#include "live.h"

static bool same(const struct nsr_frame *a, const struct nsr_frame *b)
{
	return a->data == b->data && a->len == b->len;
}

/* Whether all of @frames goes on as it began: with @period frames over and over. */
static bool repeats(const struct nsr_frame *frames, uint32_t count, uint32_t period)
{
	uint32_t i;

	for (i = period; i < count; i++)
		if (!same(&frames[i], &frames[i - period]))
			return false;
	return true;
}

static uint32_t slot_bytes(uint32_t len)
{
	return (uint32_t)(sizeof(struct live_slot) + len + LIVE_ALIGN - 1) & ~(LIVE_ALIGN - 1);
}

void live_area_fill(uint8_t *area, const struct nsr_frame *frames, uint32_t count, uint32_t max_len,
		    struct live_chunk *chunk)
{
	bool may_repeat = true;
	uint32_t i;

	*chunk = (struct live_chunk){ 0 };
	for (i = 0; i < count; i++) {
		struct live_slot *slot = (void *)(area + chunk->bytes);

		if (i && may_repeat && same(&frames[i], &frames[0])) {
			if (repeats(frames, count, i)) {
				chunk->frames = count;
				return;
			}
			may_repeat = false; /* to look at each frame once more, not n times */
		}
		if (!live_frame_fits(&frames[i], max_len) ||
		    slot_bytes(frames[i].len) > LIVE_AREA_BYTES - chunk->bytes)
			break;
		slot->len = frames[i].len;
		memcpy(slot->data, frames[i].data, frames[i].len);
		chunk->bytes += slot_bytes(frames[i].len);
		if (frames[i].len > chunk->longest)
			chunk->longest = frames[i].len;
	}
	chunk->frames = i;
}
