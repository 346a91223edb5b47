/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A ring of our own that the program copies frames into. AF_XDP sockets that copy do more for each
 * frame (a redirect, a buffer to take and to give back), and hold as many frames of any length as
 * they have buffers; so they are only used where the driver needs no copy (docs/bench.md).
 *
 * Each queue has a lane: a ring of bytes, of records one behind the other, whose positions run on.
 *
 *	tail ──▶ [record][record][record] ◀── head
 *
 * The program takes room at the head, fills the record and writes its mark last. The reader, who
 * moves the tail, takes a record whose mark is right. Packets can't counterfeit it, since it is of
 * the record's position and of a number that nobody outside of this process knows.
 *
 * A lane's memory is cut into blocks, the elements of one array map. A record that begins in a block
 * may reach out of it: behind each there is room for one.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "zc.h"

/* Of a queue, and of all queues together. */
#define DEFAULT_LANE_BYTES (8u << 20)
#define DEFAULT_MOST_BYTES (128u << 20)

#define LEAST_LANE_BYTES (256u << 10) /* a record of the longest frame, and more */
#define MOST_LANE_BYTES	 (1u << 30)
#define MOST_BLOCK_BITS	 20

/* What XDP may have joined to one frame is no longer. */
#define LONGEST (UINT16_MAX + 1u)

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

static void lay_out(struct zc *zc, uint32_t lane_bytes)
{
	struct zc_program *program = &zc->program;

	program->lane_bytes = lane_bytes;
	program->block_bits = (uint32_t)__builtin_ctz(lane_bytes);
	if (program->block_bits > MOST_BLOCK_BITS)
		program->block_bits = MOST_BLOCK_BITS;
	program->blocks = lane_bytes >> program->block_bits;
	zc->copy.stride = (1u << program->block_bits) + zc_record_bytes(program->copy_room);
	zc->copy.mapped = zc->copy.stride * program->blocks * program->lanes;
}

/* Less memory, where there is not that much. */
static int make_map(struct zc *zc, uint32_t lane_bytes)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	struct zc_program *program = &zc->program;

	for (;; lane_bytes /= 2) {
		lay_out(zc, lane_bytes);
		program->records = bpf_map_create(BPF_MAP_TYPE_ARRAY, "nsring_frames",
						  sizeof(uint32_t), (uint32_t)zc->copy.stride,
						  program->blocks * program->lanes, &opts);
		if (program->records >= 0)
			return 0;
		if (errno != ENOMEM || lane_bytes < 2 * LEAST_LANE_BYTES)
			return -errno;
	}
}

static int map(struct zc *zc)
{
	void *at = mmap(NULL, zc->copy.mapped, PROT_READ, MAP_SHARED, zc->program.records, 0);

	if (at == MAP_FAILED)
		return -errno;
	zc->copy.data = at;
	zc->copy.more = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (zc->copy.more < 0)
		return -errno;
	zc->copy.next = calloc(zc->program.lanes, sizeof(*zc->copy.next));
	return zc->copy.next ? 0 : -ENOMEM;
}

/* No position is as large, so that memory that was never written has no mark. */
static int choose_secret(struct zc *zc)
{
	if (getrandom(&zc->program.secret, sizeof(zc->program.secret), 0) !=
	    sizeof(zc->program.secret))
		return -errno;
	zc->program.secret |= UINT64_C(1) << 63;
	return 0;
}

int zc_copy_open(struct zc *zc, const struct nsr_options *opts, struct nsr_error *err)
{
	struct zc_program *program = &zc->program;
	uint32_t lane_bytes;
	int rc = choose_secret(zc);

	program->passes = zc->is_tap;
	program->copy_most = opts->snaplen < LONGEST ? opts->snaplen : LONGEST;
	for (program->copy_room = 1; program->copy_room < program->copy_most;)
		program->copy_room *= 2;
	program->lanes = program->queue >= 0 ? 1 : zc->device.queues;
	lane_bytes = choose_lane_bytes(opts, program->lanes);
	if (rc == 0)
		rc = make_map(zc, lane_bytes);
	if (rc < 0)
		return nsr_error_set(err, rc, "ring of %u times %u bytes: %s", program->lanes,
				     lane_bytes, strerror(-rc));
	rc = map(zc);
	return rc < 0 ? nsr_error_set(err, rc, "mapping the ring: %s", strerror(-rc)) : 0;
}

uint64_t zc_copy_waiting(const struct zc *zc, uint32_t lane)
{
	return __atomic_load_n(&zc->state->lanes[lane].head, __ATOMIC_RELAXED) -
	       zc->copy.next[lane];
}

uint64_t zc_copy_lost(const struct zc *zc)
{
	uint64_t lost = 0;
	uint32_t i;

	for (i = 0; i < zc->program.lanes; i++)
		lost += __atomic_load_n(&zc->state->lanes[i].lost, __ATOMIC_RELAXED);
	return lost;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* What an older filter let in is judged by the bytes that were copied. */
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

static const struct zc_record *record_at(const struct zc *zc, uint32_t lane, uint64_t at)
{
	const struct zc_program *program = &zc->program;
	size_t block = (size_t)lane * program->blocks +
		       ((at >> program->block_bits) & (program->blocks - 1));

	return (const void *)(zc->copy.data + block * zc->copy.stride +
			      (at & ((1u << program->block_bits) - 1)));
}

/* Packets of one lane; how many. */
static uint32_t take(struct zc *zc, uint32_t lane, uint64_t stamp_ns, struct nsr_packet *packets,
		     uint32_t max)
{
	uint64_t at = zc->copy.next[lane];
	const struct zc_record *record;
	uint32_t n = 0;

	while (n < max) {
		record = record_at(zc, lane, at);
		if (__atomic_load_n(&record->mark, __ATOMIC_ACQUIRE) != (at ^ zc->program.secret))
			break;
		describe(zc, record, stamp_ns, &packets[n]);
		if (record->len && !refuses(zc, record))
			n++;
		else if (record->len)
			zc_count_refused(zc);
		at += zc_record_bytes(record->caplen);
	}
	zc->copy.next[lane] = at;
	return n;
}

static uint32_t take_all(struct zc *zc, struct nsr_packet *packets, uint32_t max)
{
	uint64_t stamp_ns = now_ns();
	uint32_t i, n = 0;

	for (i = 0; i < zc->program.lanes && n < max; i++) {
		n += take(zc, zc->next_queue, stamp_ns, packets + n, max - n);
		zc->next_queue = zc->next_queue + 1 == zc->program.lanes ? 0 : zc->next_queue + 1;
	}
	return n;
}

static void give_back_all(struct zc *zc)
{
	uint32_t i;

	for (i = 0; i < zc->program.lanes; i++)
		if (zc->state->lanes[i].tail != zc->copy.next[i])
			__atomic_store_n(&zc->state->lanes[i].tail, zc->copy.next[i],
					 __ATOMIC_RELEASE);
}

static bool is_empty(const struct zc *zc)
{
	uint64_t at, mark;
	uint32_t i;

	for (i = 0; i < zc->program.lanes; i++) {
		at = zc->copy.next[i];
		mark = __atomic_load_n(&record_at(zc, i, at)->mark, __ATOMIC_ACQUIRE);
		if (mark == (at ^ zc->program.secret))
			return false;
	}
	return true;
}

int zc_copy_watch(struct zc *zc)
{
	uint64_t value;

	if (!zc->copy.watching && read(zc->copy.more, &value, sizeof(value)) < 0 && errno != EAGAIN)
		return -errno;
	zc->copy.watching = true;
	zc_doorbell_arm_now(zc);
	return is_empty(zc) ? 0 : -EAGAIN;
}

/* There may be more than what is handed out now. */
static void watch_no_more(struct zc *zc)
{
	const uint64_t one = 1;

	if (write(zc->copy.more, &one, sizeof(one)) == sizeof(one))
		zc->copy.watching = false;
}

int zc_copy_recv(struct zc *zc, struct nsr_packet *packets, uint32_t max)
{
	uint32_t n;

	give_back_all(zc);
	if (zc->program.stamp == ZC_STAMP_KERNEL)
		zc->clock_offset_ns = zc_stamp_offset_ns();
	n = take_all(zc, packets, max);
	if (n && zc->copy.watching)
		watch_no_more(zc);
	return (int)n;
}

void zc_copy_close(struct zc *zc)
{
	if (zc->copy.data)
		munmap((void *)zc->copy.data, zc->copy.mapped);
	if (zc->program.records >= 0)
		close(zc->program.records);
	if (zc->copy.more >= 0)
		close(zc->copy.more);
	free(zc->copy.next);
}
