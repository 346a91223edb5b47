/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The reader of rings: an area of any bytes, which change while it is read. What is handed out must
 * be memory of the area, and every look at it must come to an end.
 *
 * The input: XORed to a sound header (64 bytes); then steps of 24 bytes, each of which writes 8
 * bytes somewhere and has the reader go on for a while. A step may write a record's header.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ring_reader.h"
#include "uapi/nsring_uapi.h"

#define LANES	    2u
#define LANE_BYTES  65536u
#define LANE_OFFSET 4096u
#define DATA_OFFSET 8192u
#define STRIDE	    (4096u + LANE_BYTES)
#define AREA_BYTES  (LANE_OFFSET + LANES * STRIDE)

struct step {
	uint8_t kind; /* what is written */
	uint8_t lane;
	uint16_t turns; /* packets to read then */
	uint32_t where;
	uint64_t value;
	uint64_t more;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *area;
static struct nsring_cursor *cursors;

static void make_area(const uint8_t *data)
{
	struct nsring_ring ring = {
		.magic = NSRING_MAGIC,
		.version = NSRING_ABI,
		.header_bytes = sizeof(struct nsring_record),
		.flags = NSRING_RING_SHARED,
		.lanes = LANES,
		.lane_bytes = LANE_BYTES,
		.lane_offset = LANE_OFFSET,
		.lane_stride = STRIDE,
		.data_offset = DATA_OFFSET,
		.data_stride = STRIDE,
		.used_offset = sizeof(ring),
		.cursor_stride = sizeof(struct nsring_cursor),
	};
	uint8_t *bytes = (uint8_t *)&ring;
	size_t i;

	for (i = 0; i < sizeof(ring); i++)
		bytes[i] ^= data[i];
	/* Just as large, so that a sanitizer sees what is read beyond. */
	area = aligned_alloc(64, AREA_BYTES);
	cursors = aligned_alloc(64, LANES * sizeof(*cursors));
	if (!area || !cursors)
		abort();
	memset(area, 0, AREA_BYTES);
	memset(cursors, 0, LANES * sizeof(*cursors));
	memcpy(area, &ring, sizeof(ring));
}

static struct nsring_lane *lane_of(const struct step *step)
{
	return (void *)(area + LANE_OFFSET + step->lane % LANES * STRIDE);
}

/* A record that may be sound, anywhere in the data. */
static void write_record(const struct step *step)
{
	struct nsring_record record = { .bytes = (uint32_t)step->value,
					.type = (uint16_t)(step->value >> 32 & 3),
					.len = (uint32_t)(step->more >> 32),
					.caplen = (uint32_t)step->more,
					.stamp_ns = step->where,
					.readers = (uint32_t)(step->value >> 40) };
	size_t at = step->where % LANE_BYTES / 16 * 16;

	at += DATA_OFFSET + step->lane % LANES * STRIDE;
	memcpy(area + at, &record,
	       AREA_BYTES - at < sizeof(record) ? AREA_BYTES - at : sizeof(record));
}

static void do_write(const struct step *step)
{
	struct nsring_lane *lane = lane_of(step);

	/* Bit 5: the lane is not told of yet. */
	if (!(step->kind & 32))
		((uint64_t *)area)[sizeof(struct nsring_ring) / 8] |= 1u << step->lane % LANES;
	switch (step->kind % 8) {
	case 0:
		lane->head = step->value;
		break;
	case 1:
		lane->claimed = step->value;
		lane->oldest = step->more;
		break;
	case 2:
		lane->head += step->where % LANE_BYTES / 16 * 16;
		lane->claimed = lane->head;
		break;
	case 3:
		lane->claimed += step->where;
		lane->oldest += step->value % (2 * LANE_BYTES);
		break;
	case 4:
		memcpy(area + step->where % (AREA_BYTES / 8) * 8, &step->value, 8);
		break;
	default:
		write_record(step);
	}
}

static void look_at(const struct nsr_ring_packet *packet, bool shared)
{
	static volatile uint8_t sum __attribute__((unused)); /* or the reads are left out */
	uint32_t i;

	if (packet->caplen > packet->len)
		abort();
	if (!shared && (packet->data < area + DATA_OFFSET || packet->data > area + AREA_BYTES ||
			packet->caplen > (size_t)(area + AREA_BYTES - packet->data)))
		abort();
	for (i = 0; i < packet->caplen; i += 7)
		sum ^= packet->data[i];
	if (packet->caplen)
		sum ^= packet->data[packet->caplen - 1];
}

static void read_on(struct nsr_ring_reader *reader, uint32_t turns, bool shared)
{
	struct nsr_ring_packet packet;
	uint32_t count = 0;
	int rc;

	rc = nsr_ring_begin(reader);
	while (rc > 0 && count++ < turns) {
		rc = nsr_ring_next(reader, &packet);
		if (rc > 0)
			look_at(&packet, shared);
	}
	if (rc < 0 && (!nsr_ring_broken(reader) || nsr_ring_begin(reader) != -EBADMSG))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nsr_ring_map map = { .ring_bytes = AREA_BYTES,
				    .cursor_bytes = LANES * sizeof(*cursors) };
	struct nsr_ring_reader *reader;
	struct nsr_error err;
	struct step step;
	bool shared;

	if (size < sizeof(struct nsring_ring))
		return 0;
	make_area(data);
	map.ring = area;
	map.cursors = cursors;
	shared = ((struct nsring_ring *)area)->flags & NSRING_RING_SHARED;
	if (nsr_ring_open(&map, &reader, &err) == 0) {
		data += sizeof(struct nsring_ring);
		size -= sizeof(struct nsring_ring);
		for (; size >= sizeof(step); data += sizeof(step), size -= sizeof(step)) {
			memcpy(&step, data, sizeof(step));
			do_write(&step);
			if (step.kind & 64)
				nsr_ring_mark(reader);
			if (step.kind & 128)
				read_on(reader, step.turns, shared);
		}
		read_on(reader, UINT32_MAX, shared);
		nsr_ring_close(reader);
	} else if (!*err.text) {
		abort();
	}
	free(area);
	free(cursors);
	return 0;
}
