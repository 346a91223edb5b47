/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The ring that the program copies frames into. AF_XDP sockets that copy do more for each frame (a
 * redirect, a buffer to take and to give back) and hold as many frames, of any length, as they have
 * buffers. So zc uses sockets only where the driver needs no copy (docs/bench.md).
 *
 * Each queue has a lane: a ring of bytes that holds records one behind the other. Positions count
 * bytes and never wrap; a record lies at its position modulo the size of the lane.
 *
 *	tail ──▶ [handed out] ◀── next ──▶ [record][record][being filled] ◀── head
 *
 *	head  the program's: it moves the head to take room (emit_copy.c), never beyond tail + size
 *	next  the reader's: the first record that it has not handed out
 *	tail  the reader's: moved to next at the next call, which frees what was handed out
 *
 * The program fills a record and writes its mark last. The reader takes a record once its mark is
 * right: the record's position XOR a secret. The position tells the record from one of the turn
 * before at the same place. The secret, which only this process and its program know, keeps a
 * sender from forging a record with the bytes of a packet.
 *
 * Each record tells the generation of the filter that let it in. When the filter is changed the
 * generation goes up, and the reader judges the records of older ones itself.
 *
 * A lane consists of blocks, which are the elements of one array map. A record that begins in a
 * block may reach beyond its end: behind each block there is room for one record.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "sys/clock.h"
#include "lanes.h"

/* For a queue, and for all queues together. */
#define DEFAULT_LANE_BYTES (8u << 20)
#define DEFAULT_MOST_BYTES (128u << 20)

#define LEAST_LANE_BYTES (256u << 10) /* a record of the longest frame, and more */
#define MOST_LANE_BYTES	 (1u << 30)
#define MOST_BLOCK_BITS	 20

/* bpf_xdp_load_bytes() copies no more. Frames that the stack has joined can be longer (BIG TCP), and are cut. */
#define LONGEST UINT16_MAX

static uint32_t choose_lane_bytes(const struct nsr_options *opts, uint32_t lanes)
{
	uint64_t bytes = opts->ring_bytes, spare = nsr_spare_memory() / 4;
	uint32_t power = LEAST_LANE_BYTES;

	if (!bytes) {
		bytes = (uint64_t)DEFAULT_LANE_BYTES * lanes;
		bytes = bytes < DEFAULT_MOST_BYTES ? bytes : DEFAULT_MOST_BYTES;
	}
	if (spare && bytes > spare)
		bytes = spare;
	while (power < MOST_LANE_BYTES && power * 2ull <= bytes / lanes)
		power *= 2;
	return power;
}

static void lay_out(struct zc_lanes *lanes, uint32_t lane_bytes)
{
	lanes->lane_bytes = lane_bytes;
	lanes->block_bits = (uint32_t)__builtin_ctz(lane_bytes);
	if (lanes->block_bits > MOST_BLOCK_BITS)
		lanes->block_bits = MOST_BLOCK_BITS;
	lanes->blocks = lane_bytes >> lanes->block_bits;
	lanes->stride = (1u << lanes->block_bits) + zc_record_bytes(lanes->room);
	lanes->mapped = lanes->stride * lanes->blocks * lanes->count;
}

/* Takes half as much memory again and again, until the kernel has that much. */
static int make_map(struct zc_lanes *lanes, uint32_t lane_bytes)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);

	for (;; lane_bytes /= 2) {
		lay_out(lanes, lane_bytes);
		lanes->map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "nsring_frames", sizeof(uint32_t),
					    (uint32_t)lanes->stride, lanes->blocks * lanes->count,
					    &opts);
		if (lanes->map >= 0)
			return 0;
		if (errno != ENOMEM || lane_bytes < 2 * LEAST_LANE_BYTES)
			return -errno;
	}
}

static int map(struct zc_lanes *lanes)
{
	void *at = mmap(NULL, lanes->mapped, PROT_READ, MAP_SHARED, lanes->map, 0);

	if (at == MAP_FAILED)
		return -errno;
	lanes->data = at;
	lanes->next = calloc(lanes->count, sizeof(*lanes->next));
	return lanes->next ? 0 : -ENOMEM;
}

/* Above all positions, so that memory that was never written, 0, is no mark. */
static int choose_secret(struct zc_lanes *lanes)
{
	if (getrandom(&lanes->secret, sizeof(lanes->secret), 0) != sizeof(lanes->secret))
		return -errno;
	lanes->secret |= UINT64_C(1) << 63;
	return 0;
}

int zc_lanes_open(struct zc_lanes *lanes, const struct zc *zc, const struct nsr_options *opts,
		  struct nsr_error *err)
{
	uint32_t lane_bytes;
	int rc;

	*lanes = (struct zc_lanes){ .map = -1 };
	lanes->most = opts->snaplen < LONGEST ? opts->snaplen : LONGEST;
	for (lanes->room = 1; lanes->room < lanes->most;)
		lanes->room *= 2;
	lanes->count = zc->program.queue >= 0 ? 1 : zc->device.queues;
	lane_bytes = choose_lane_bytes(opts, lanes->count);
	rc = choose_secret(lanes);
	if (rc == 0)
		rc = make_map(lanes, lane_bytes);
	if (rc < 0)
		return nsr_error_set(err, rc, "ring of %u times %u bytes: %s", lanes->count,
				     lane_bytes, strerror(-rc));
	rc = map(lanes);
	return rc < 0 ? nsr_error_set(err, rc, "mapping the ring: %s", strerror(-rc)) : 0;
}

void zc_lanes_close(struct zc_lanes *lanes)
{
	if (lanes->data)
		munmap((void *)lanes->data, lanes->mapped);
	if (lanes->map >= 0)
		close(lanes->map);
	free(lanes->next);
}

uint64_t zc_lanes_waiting(const struct zc *zc, const struct zc_lanes *lanes, uint32_t lane)
{
	return __atomic_load_n(&zc->state->lanes[lane].head, __ATOMIC_RELAXED) - lanes->next[lane];
}

uint64_t zc_lanes_lost(const struct zc *zc, const struct zc_lanes *lanes)
{
	uint64_t lost = atomic_load_explicit(&lanes->uncopied, memory_order_relaxed);
	uint32_t i;

	for (i = 0; i < lanes->count; i++)
		lost += __atomic_load_n(&zc->state->lanes[i].lost, __ATOMIC_RELAXED);
	return lost;
}

/*
 * Whether an older filter let the record in, and the filter of now refuses what was copied of it.
 */
static bool refuses(const struct zc *zc, const struct zc_record *record)
{
	return record->generation != zc->program.generation && zc->filter &&
	       !nsr_filter_match(zc->filter, (const uint8_t *)(record + 1), record->len,
				 record->caplen);
}

static void describe(const struct zc *zc, const struct zc_record *record, uint64_t stamp_ns,
		     struct nsr_packet *packet)
{
	*packet = (struct nsr_packet){
		.data = (const uint8_t *)(record + 1),
		.stamp_ns = stamp_ns,
		.len = record->len,
		.caplen = record->caplen < zc->snaplen ? record->caplen : zc->snaplen,
		.flags = NSR_PKT_STAMP_READ,
	};
	if (!record->stamp_ns)
		return;
	packet->stamp_ns = record->stamp_ns;
	packet->flags = NSR_PKT_STAMP_HW;
	if (zc->program.stamp == ZC_STAMP_KERNEL) {
		packet->stamp_ns += (uint64_t)zc->clock_offset_ns;
		packet->flags = 0;
	}
}

static const struct zc_record *record_at(const struct zc_lanes *lanes, uint32_t lane, uint64_t at)
{
	size_t block =
		(size_t)lane * lanes->blocks + ((at >> lanes->block_bits) & (lanes->blocks - 1));

	return (const void *)(lanes->data + block * lanes->stride +
			      (at & ((1u << lanes->block_bits) - 1)));
}

/* Hands out packets of one lane; returns how many. */
static uint32_t take(struct zc *zc, struct zc_lanes *lanes, uint32_t lane, uint64_t stamp_ns,
		     struct nsr_packet *packets, uint32_t max)
{
	uint64_t at = lanes->next[lane];
	const struct zc_record *record;
	uint32_t n = 0;

	while (n < max) {
		record = record_at(lanes, lane, at);
		if (__atomic_load_n(&record->mark, __ATOMIC_ACQUIRE) != (at ^ lanes->secret))
			break;
		describe(zc, record, stamp_ns, &packets[n]);
		if (!record->len)
			atomic_fetch_add_explicit(&lanes->uncopied, 1, memory_order_relaxed);
		else if (refuses(zc, record))
			zc_count_refused(zc);
		else
			n++;
		at += zc_record_bytes(record->caplen);
	}
	lanes->next[lane] = at;
	return n;
}

static uint32_t take_all(struct zc *zc, struct zc_lanes *lanes, struct nsr_packet *packets,
			 uint32_t max)
{
	uint64_t stamp_ns = nsr_clock_wall_ns();
	uint32_t i, n = 0;

	for (i = 0; i < lanes->count && n < max; i++) {
		n += take(zc, lanes, lanes->first, stamp_ns, packets + n, max - n);
		lanes->first = lanes->first + 1 == lanes->count ? 0 : lanes->first + 1;
	}
	return n;
}

static void give_back_all(struct zc *zc, const struct zc_lanes *lanes)
{
	uint32_t i;

	for (i = 0; i < lanes->count; i++)
		if (zc->state->lanes[i].tail != lanes->next[i])
			__atomic_store_n(&zc->state->lanes[i].tail, lanes->next[i],
					 __ATOMIC_RELEASE);
}

bool zc_lanes_are_empty(const struct zc_lanes *lanes)
{
	uint64_t at, mark;
	uint32_t i;

	for (i = 0; i < lanes->count; i++) {
		at = lanes->next[i];
		mark = __atomic_load_n(&record_at(lanes, i, at)->mark, __ATOMIC_ACQUIRE);
		if (mark == (at ^ lanes->secret))
			return false;
	}
	return true;
}

int zc_lanes_recv(struct zc *zc, struct zc_lanes *lanes, struct nsr_packet *packets, uint32_t max)
{
	give_back_all(zc, lanes);
	if (zc->program.stamp == ZC_STAMP_KERNEL)
		zc->clock_offset_ns = zc_stamp_offset_ns();
	return (int)take_all(zc, lanes, packets, max);
}
