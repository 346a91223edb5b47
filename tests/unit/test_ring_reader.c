/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The reader of rings, and a writer in the same process.
 */
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "ring_writer.h"

#define LANE 65536u

/* A packet of 64 bytes takes 112, so that there are pads at the ends of lanes. */
#define PACKET_BYTES 64

static struct ring_writer w;
static struct nsr_ring_reader *reader;

static void open_ring(uint32_t lanes, uint32_t flags)
{
	struct nsr_error err;

	ring_writer_open(&w, lanes, LANE, flags);
	if (nsr_ring_open(&w.map, &reader, &err) < 0)
		fail_msg("%s", err.text);
}

static int close_ring(void **state)
{
	nsr_ring_close(reader);
	reader = NULL;
	ring_writer_close(&w);
	memset(&w, 0, sizeof(w));
	return 0;
}

static bool put_for(uint32_t lane, uint64_t stamp, uint32_t readers)
{
	uint64_t data[PACKET_BYTES / 8] = { stamp };

	return ring_writer_put(&w, lane, stamp, data, sizeof(data), readers);
}

static bool put(uint32_t lane, uint64_t stamp)
{
	return put_for(lane, stamp, 1);
}

static void assert_is(const struct nsr_ring_packet *packet, uint64_t stamp)
{
	uint64_t data;

	assert_int_equal(packet->stamp_ns, stamp);
	assert_int_equal(packet->caplen, PACKET_BYTES);
	assert_int_equal(packet->len, PACKET_BYTES);
	memcpy(&data, packet->data, sizeof(data));
	assert_int_equal(data, stamp);
}

/* The next one, beginning anew when that is needed. */
static int take(struct nsr_ring_packet *packet)
{
	int rc = nsr_ring_next(reader, packet);

	while (rc == 0) {
		rc = nsr_ring_begin(reader);
		if (rc <= 0)
			return rc;
		rc = nsr_ring_next(reader, packet);
	}
	return rc;
}

static void assert_next(uint64_t stamp)
{
	struct nsr_ring_packet packet;

	assert_int_equal(take(&packet), 1);
	assert_is(&packet, stamp);
}

static void assert_nothing(void)
{
	struct nsr_ring_packet packet;

	assert_int_equal(take(&packet), 0);
}

/* After so many packets. */
static void assert_broken(uint64_t good)
{
	struct nsr_ring_packet packet;
	uint64_t i;

	for (i = 1; i <= good; i++)
		assert_next(i);
	assert_int_equal(take(&packet), -EBADMSG);
	assert_int_equal(nsr_ring_begin(reader), -EBADMSG);
	assert_int_equal(nsr_ring_next(reader, &packet), -EBADMSG);
	assert_non_null(nsr_ring_broken(reader));
}

static void packets_of_one_lane_come_as_written_over_many_turns(void **state)
{
	uint64_t i;

	open_ring(1, 0);
	assert_nothing();
	for (i = 1; i <= 5000; i++) {
		assert_true(put(0, i));
		assert_next(i);
		if (i % 3 == 0)
			assert_nothing();
	}
}

static void every_length_of_packet_comes_whole(void **state)
{
	static uint8_t data[2000];
	struct nsr_ring_packet packet;
	uint32_t i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	open_ring(1, 0);
	for (i = 0; i <= sizeof(data); i++) {
		assert_true(ring_writer_put(&w, 0, i, data, i, 1));
		assert_int_equal(take(&packet), 1);
		assert_int_equal(packet.caplen, i);
		assert_memory_equal(packet.data, data, i);
	}
}

static void lanes_come_out_merged_by_stamp(void **state)
{
	static const uint64_t stamps[4][4] = {
		{ 1, 5, 9, 13 }, { 2, 3, 4, 16 }, { 6, 7, 8, 10 }, { 11, 12, 14, 15 }
	};
	uint32_t lane, i;
	uint64_t stamp;

	open_ring(5, 0);
	for (lane = 0; lane < 4; lane++)
		for (i = 0; i < 4; i++)
			assert_true(put(lane, stamps[lane][i]));
	for (stamp = 1; stamp <= 16; stamp++)
		assert_next(stamp);
	assert_nothing();
}

static void packets_of_equal_stamps_keep_the_order_of_their_lane(void **state)
{
	uint64_t data[PACKET_BYTES / 8] = { 0 };
	struct nsr_ring_packet packet;
	uint64_t next[2] = { 0 }, number;
	uint32_t i, lane;

	open_ring(2, 0);
	for (i = 0; i < 100; i++) {
		data[0] = i / 2;
		assert_true(ring_writer_put(&w, i % 2, 7, data, sizeof(data), 1));
	}
	for (i = 0; i < 100; i++) {
		assert_int_equal(take(&packet), 1);
		lane = packet.ifindex - 1;
		memcpy(&number, packet.data, sizeof(number));
		assert_int_equal(number, next[lane]);
		next[lane]++;
	}
}

static void tail_moves_at_the_next_call_only(void **state)
{
	open_ring(2, 0);
	assert_true(put(0, 1));
	assert_true(put(1, 2));
	assert_next(1);
	assert_next(2);
	assert_int_equal(ring_writer_tail(&w, 0), 0);
	assert_int_equal(ring_writer_tail(&w, 1), 0);
	assert_nothing();
	assert_int_equal(ring_writer_tail(&w, 0), w.head[0]);
	assert_int_equal(ring_writer_tail(&w, 1), w.head[1]);
}

static void full_ring_takes_packets_again_once_some_were_given_back(void **state)
{
	uint64_t i, count = 0;

	open_ring(1, 0);
	while (put(0, count + 1))
		count++;
	assert_int_equal(count, LANE / 112);
	for (i = 1; i <= count; i++)
		assert_next(i);
	assert_nothing();
	assert_true(put(0, count + 1));
	assert_next(count + 1);
}

static void record_of_an_unknown_type_is_skipped(void **state)
{
	open_ring(1, 0);
	assert_true(put(0, 1));
	assert_true(put(0, 2));
	assert_true(put(0, 3));
	ring_writer_at(&w, 0, 112)->type = 77;
	assert_next(1);
	assert_next(3);
	assert_nothing();
}

static void reading_goes_on_at_the_tail(void **state)
{
	open_ring(1, 0);
	assert_true(put(0, 1));
	assert_true(put(0, 2));
	assert_next(1);
	assert_int_equal(nsr_ring_begin(reader), 1);
	nsr_ring_close(reader);
	assert_int_equal(nsr_ring_open(&w.map, &reader, NULL), 0);
	assert_next(2);
	assert_nothing();
}

static void packets_of_before_a_mark_and_two_behind_are_old(void **state)
{
	struct nsr_ring_packet packet;
	uint64_t i;

	open_ring(2, 0);
	for (i = 1; i <= 3; i++)
		assert_true(put(0, i));
	nsr_ring_mark(reader);
	assert_true(nsr_ring_has_old(reader));
	for (; i <= 8; i++)
		assert_true(put(0, i));
	for (i = 1; i <= 8; i++) {
		assert_int_equal(take(&packet), 1);
		assert_int_equal(packet.old, i <= 5);
		assert_int_equal(nsr_ring_has_old(reader), i < 3);
	}
}

static void stamp(uint32_t lane, uint64_t pos, uint64_t device_ns)
{
	struct nsring_stamped_record *record = (void *)ring_writer_at(&w, lane, pos);

	record->record.flags = NSRING_STAMP_HW;
	record->device_ns = device_ns;
}

/* Lane 0: 1 and 3, lane 1: 2; the device has stamped 2 and 3, by a clock that goes back. */
static void put_stamped(void)
{
	uint64_t second;

	assert_true(put(0, 1));
	second = w.head[0];
	assert_true(put(1, 2));
	assert_true(put(0, 3));
	stamp(1, 0, 900);
	stamp(0, second, 0);
}

static void check_stamps(uint32_t flags)
{
	static const uint64_t stamps[] = { 1, 900, 0 };
	struct nsr_ring_packet packet;
	uint64_t i, data;

	ring_writer_open(&w, 2, LANE, flags);
	w.ring->header_bytes = sizeof(struct nsring_stamped_record);
	assert_int_equal(nsr_ring_open(&w.map, &reader, NULL), 0);
	put_stamped();
	for (i = 0; i < 3; i++) {
		assert_int_equal(take(&packet), 1);
		memcpy(&data, packet.data, sizeof(data));
		assert_int_equal(data, i + 1);
		assert_int_equal(packet.stamp_ns, stamps[i]);
		assert_int_equal(packet.flags, i ? NSRING_STAMP_HW : 0);
	}
	assert_nothing();
}

static void a_stamp_of_the_device_is_handed_out_and_changes_no_order(void **state)
{
	check_stamps(0);
}

static void a_stamp_of_the_device_is_handed_out_of_a_shared_ring(void **state)
{
	check_stamps(NSRING_RING_SHARED);
}

static void a_stamp_of_the_device_without_room_for_one_is_none(void **state)
{
	struct nsr_ring_packet packet;

	open_ring(1, 0);
	assert_true(put(0, 5));
	ring_writer_at(&w, 0, 0)->flags = NSRING_STAMP_HW | NSRING_OUT;
	assert_int_equal(take(&packet), 1);
	assert_is(&packet, 5);
	assert_int_equal(packet.flags, NSRING_OUT);
}

/* ---- Lanes that come later ---------------------------------------------------------------- */

static void a_lane_that_is_used_later_is_read_then(void **state)
{
	open_ring(8, 0);
	assert_true(put(3, 1));
	assert_next(1);
	assert_nothing();
	assert_true(put(0, 2));
	assert_true(put(7, 3));
	assert_true(put(3, 4));
	assert_next(2);
	assert_next(3);
	assert_next(4);
	assert_nothing();
	assert_int_equal(ring_writer_tail(&w, 7), w.head[7]);
}

/* A lane without memory is one that must not be touched: here it would break the ring. */
static void a_lane_whose_bit_is_not_set_is_not_looked_at(void **state)
{
	open_ring(8, 0);
	ring_writer_lane(&w, 5)->head = 3;
	assert_nothing();
	assert_true(put(1, 1));
	assert_next(1);
	assert_nothing();
	*ring_writer_used(&w) |= 1 << 5;
	assert_broken(0);
}

static void bits_of_no_lane_are_ignored_and_a_bit_that_goes_is_not_missed(void **state)
{
	open_ring(3, 0);
	*ring_writer_used(&w) = ~7ull;
	assert_nothing();
	assert_true(put(2, 1));
	assert_next(1);
	*ring_writer_used(&w) = 0;
	assert_true(put(2, 2));
	assert_next(2);
	assert_nothing();
}

static void a_tail_between_records_breaks_the_ring_once_its_lane_is_used(void **state)
{
	open_ring(2, 0);
	assert_true(put(0, 1));
	((struct nsring_cursor *)w.map.cursors)[1].tail = 8;
	assert_next(1);
	assert_true(ring_writer_put(&w, 1, 2, "", 0, 1));
	assert_broken(0);
	assert_string_equal(nsr_ring_broken(reader), "a tail is between records");
}

static void two_packets_of_a_lane_that_is_used_after_a_mark_are_old(void **state)
{
	struct nsr_ring_packet packet;
	uint64_t i;

	open_ring(2, 0);
	assert_true(put(0, 1));
	assert_next(1);
	/* Lane 0 is in use, lane 1 not yet. */
	for (i = 2; i <= 5; i++)
		assert_true(put(0, i));
	nsr_ring_mark(reader);
	assert_true(nsr_ring_has_old(reader));
	for (i = 6; i <= 9; i++)
		assert_true(put(1, i));
	for (i = 2; i <= 9; i++) {
		assert_int_equal(take(&packet), 1);
		assert_int_equal(packet.old, i <= 7);
	}
}

static void what_a_lane_got_before_a_mark_is_old_though_nobody_has_looked_there_yet(void **state)
{
	struct nsr_ring_packet packet;
	uint64_t i;

	open_ring(2, 0);
	for (i = 1; i <= 4; i++)
		assert_true(put(1, i));
	nsr_ring_mark(reader);
	assert_true(nsr_ring_has_old(reader));
	for (i = 1; i <= 4; i++) {
		assert_int_equal(take(&packet), 1);
		assert_true(packet.old);
	}
}

/* ---- Broken rings ------------------------------------------------------------------------ */

static void layout_that_breaks_a_rule_is_refused(void **state)
{
#define FIELD(name, value)                                                                         \
	{                                                                                          \
		offsetof(struct nsring_ring, name), sizeof(w.ring->name), value                    \
	}
	static const struct {
		size_t at, size;
		uint64_t value;
	} cases[] = {
		FIELD(magic, 0),
		FIELD(header_bytes, 40),
		FIELD(header_bytes, 52),
		FIELD(lanes, 0),
		FIELD(lanes, 3),
		FIELD(lanes, NSRING_LANES_MAX + 1),
		FIELD(lane_bytes, 0),
		FIELD(lane_bytes, LANE / 2),
		FIELD(lane_bytes, LANE * 2),
		FIELD(lane_bytes, LANE - 16),
		FIELD(lane_bytes, 1ull << 63),
		FIELD(lane_offset, 0),
		FIELD(lane_offset, 96),
		FIELD(lane_offset, 0xffffffc0),
		FIELD(lane_stride, 256),
		FIELD(lane_stride, 330),
		FIELD(lane_stride, 0xffffffc0),
		FIELD(data_offset, 100),
		FIELD(data_offset, 8192 + 4096),
		FIELD(data_offset, 0xfffffffffffff000),
		FIELD(data_stride, 0),
		FIELD(data_stride, LANE - 4096),
		FIELD(data_stride, LANE + 4096 + 4096),
		FIELD(data_stride, LANE + 64),
		FIELD(data_stride, 0xfffffffffffff000),
		FIELD(used_offset, 0),
		FIELD(used_offset, 100),
		FIELD(used_offset, 0xfffffff8),
		FIELD(cursor_stride, 0),
		FIELD(cursor_stride, 32),
		FIELD(cursor_stride, 4096),
	};
	struct nsring_ring good;
	uint32_t i;

	open_ring(2, 0);
	nsr_ring_close(reader);
	reader = NULL;
	good = *w.ring;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		*w.ring = good;
		memcpy((uint8_t *)w.ring + cases[i].at, &cases[i].value, cases[i].size);
		if (nsr_ring_open(&w.map, &reader, NULL) != -EBADMSG)
			fail_msg("case %u is taken", i);
	}
	*w.ring = good;
	w.map.reader = NSRING_READERS_MAX;
	assert_int_equal(nsr_ring_open(&w.map, &reader, NULL), -EBADMSG);
}

static void ring_of_another_version_says_so(void **state)
{
	struct nsr_error err;

	open_ring(1, 0);
	nsr_ring_close(reader);
	reader = NULL;
	w.ring->version = NSRING_ABI + 1;
	assert_int_equal(nsr_ring_open(&w.map, &reader, &err), -EPROTO);
	assert_says(&err, "version 2");
	w.ring->version = NSRING_ABI;
	w.ring->flags = 1u << 31;
	assert_int_equal(nsr_ring_open(&w.map, &reader, &err), -EPROTO);
}

static void mapping_too_small_is_refused(void **state)
{
	open_ring(1, 0);
	nsr_ring_close(reader);
	reader = NULL;
	w.map.ring_bytes -= 1;
	assert_int_equal(nsr_ring_open(&w.map, &reader, NULL), -EBADMSG);
	w.map.ring_bytes = 63;
	assert_int_equal(nsr_ring_open(&w.map, &reader, NULL), -EBADMSG);
}

static struct nsring_record *second_record(void)
{
	open_ring(1, 0);
	assert_true(put(0, 1));
	assert_true(put(0, 2));
	return ring_writer_at(&w, 0, 112);
}

static void record_of_no_bytes_breaks_the_ring(void **state)
{
	struct nsring_record *record = second_record();

	record->bytes = 0;
	record->type = 77;
	assert_broken(1);
}

static void record_of_an_odd_length_breaks_the_ring(void **state)
{
	struct nsring_record *record = second_record();

	record->bytes = 104;
	record->caplen = 40;
	assert_broken(1);
}

static void record_beyond_the_head_breaks_the_ring(void **state)
{
	second_record()->bytes = 128;
	assert_broken(1);
}

static void record_beyond_the_data_breaks_the_ring(void **state)
{
	uint64_t i;

	open_ring(1, 0);
	for (i = 1; i <= LANE / 112; i++) {
		assert_true(put(0, i));
		assert_next(i);
	}
	assert_nothing();
	assert_true(put(0, i)); /* behind a pad */
	assert_true(put(0, i + 1));
	ring_writer_at(&w, 0, LANE / 112 * 112)->bytes += 16;
	assert_broken(0);
}

static void packet_longer_than_its_record_breaks_the_ring(void **state)
{
	struct nsring_record *record = second_record();

	record->caplen = record->len = PACKET_BYTES + 1;
	assert_broken(1);
}

static void packet_with_more_bytes_than_its_length_breaks_the_ring(void **state)
{
	second_record()->len = PACKET_BYTES - 1;
	assert_broken(1);
}

static void packet_shorter_than_its_header_breaks_the_ring(void **state)
{
	struct nsring_record *record = second_record();

	record->bytes = 32;
	record->caplen = 0;
	assert_broken(1);
}

static void head_that_goes_back_breaks_the_ring(void **state)
{
	open_ring(1, 0);
	assert_true(put(0, 1));
	assert_next(1);
	ring_writer_lane(&w, 0)->head = 0;
	assert_broken(0);
}

static void head_that_runs_ahead_breaks_the_ring(void **state)
{
	open_ring(1, 0);
	assert_true(put(0, 1));
	ring_writer_lane(&w, 0)->head = LANE + 16;
	assert_broken(0);
}

static void head_between_records_breaks_the_ring(void **state)
{
	open_ring(1, 0);
	assert_true(put(0, 1));
	ring_writer_lane(&w, 0)->head += 8;
	assert_broken(1);
}

/* ---- Shared rings ------------------------------------------------------------------------ */

static void packets_for_other_readers_are_skipped(void **state)
{
	uint64_t i;

	open_ring(2, NSRING_RING_SHARED);
	for (i = 1; i <= 20; i++)
		assert_true(put_for(i % 2, i, i % 3 ? 2 : 3));
	for (i = 3; i <= 20; i += 3)
		assert_next(i);
	assert_nothing();
	assert_int_equal(nsr_ring_missed(reader), 0);
}

static void overwritten_packets_are_counted_and_reading_goes_on_at_the_oldest(void **state)
{
	uint64_t first = 0, i;
	struct nsr_ring_packet packet;

	open_ring(1, NSRING_RING_SHARED);
	for (i = 1; i <= 3000; i++)
		assert_true(put(0, i));
	assert_int_equal(take(&packet), 1);
	first = packet.stamp_ns;
	assert_in_range(first, 3000 - LANE / 112, 3000 - LANE / 112 + 3);
	for (i = first + 1; i <= 3000; i++)
		assert_next(i);
	assert_nothing();
	assert_int_equal(nsr_ring_missed(reader), first - 1);
}

static void reader_overrun_in_the_midst_goes_on_at_the_oldest(void **state)
{
	struct nsr_ring_packet packet;
	uint64_t i, taken = 100;

	open_ring(1, NSRING_RING_SHARED);
	for (i = 1; i <= 500; i++)
		assert_true(put(0, i));
	for (i = 1; i <= 100; i++)
		assert_next(i);
	for (i = 501; i <= 800; i++)
		assert_true(put(0, i));
	while (take(&packet) > 0) {
		assert_is(&packet, packet.stamp_ns);
		taken++;
	}
	assert_int_equal(taken + nsr_ring_missed(reader), 800);
	assert_in_range(nsr_ring_missed(reader), 800 - 100 - LANE / 112, 700 - 1);
}

static void copies_stay_although_the_ring_is_overwritten(void **state)
{
	struct nsr_ring_packet packet;
	uint64_t i;

	open_ring(1, NSRING_RING_SHARED);
	assert_true(put(0, 1));
	assert_int_equal(take(&packet), 1);
	for (i = 2; i <= 2000; i++)
		assert_true(put(0, i));
	assert_is(&packet, 1);
}

static void large_copies_come_in_several_goes(void **state)
{
	static uint8_t data[16000];
	struct nsr_ring_packet packet;
	uint32_t i, goes = 0;
	int count = 0;

	ring_writer_open(&w, 1, 4 << 20, NSRING_RING_SHARED);
	assert_int_equal(nsr_ring_open(&w.map, &reader, NULL), 0);
	for (i = 0; i < 200; i++)
		assert_true(ring_writer_put(&w, 0, i, data, sizeof(data), 1));
	while (nsr_ring_begin(reader) > 0) {
		while (nsr_ring_next(reader, &packet) > 0)
			count++;
		goes++;
	}
	assert_int_equal(count, 200);
	assert_in_range(goes, 3, 5);
}

/* It has begun to write a packet, and counted it, but that is not before the head yet. */
static void packet_that_is_being_written_is_not_missed(void **state)
{
	struct nsr_ring_packet packet;
	struct nsring_lane *lane;
	uint64_t i, missed;

	open_ring(1, NSRING_RING_SHARED);
	for (i = 1; i <= 1000; i++)
		assert_true(put(0, i));
	while (take(&packet) > 0)
		;
	missed = nsr_ring_missed(reader);
	assert_in_range(missed, 1, 999);
	lane = ring_writer_lane(&w, 0);
	lane->claimed += 112;
	lane->written++;
	assert_nothing();
	assert_int_equal(nsr_ring_missed(reader), missed);
}

static void damaged_record_breaks_a_shared_ring(void **state)
{
	open_ring(1, NSRING_RING_SHARED);
	assert_true(put(0, 1));
	assert_true(put(0, 2));
	ring_writer_at(&w, 0, 112)->bytes = 8;
	assert_broken(1);
}

static void shared_ring_without_an_oldest_record_is_broken(void **state)
{
	static const uint64_t wrong[] = { 0, 16, LANE, UINT64_MAX - 15 };
	uint64_t i;
	uint32_t n;

	for (n = 0; n < 5; n++) {
		open_ring(1, NSRING_RING_SHARED);
		for (i = 1; i <= 3000; i++)
			assert_true(put(0, i));
		if (n < 4)
			ring_writer_lane(&w, 0)->oldest = wrong[n];
		else
			ring_writer_lane(&w, 0)->oldest += 8;
		assert_broken(0);
		close_ring(NULL);
	}
	open_ring(1, NSRING_RING_SHARED);
}

/* The record there would do. */
static void an_oldest_record_at_an_odd_place_breaks_a_shared_ring(void **state)
{
	struct nsring_lane *lane;
	struct nsr_ring_packet packet;
	uint64_t i;

	open_ring(1, NSRING_RING_SHARED);
	for (i = 1; i <= 600; i++)
		assert_true(put(0, i));
	lane = ring_writer_lane(&w, 0);
	memmove((uint8_t *)ring_writer_at(&w, 0, lane->oldest) + 8,
		ring_writer_at(&w, 0, lane->oldest), 112);
	lane->oldest += 8;
	assert_int_equal(take(&packet), -EBADMSG);
}

/* ---- Threads ----------------------------------------------------------------------------- */

#define WRITERS 3

struct writing {
	uint32_t lane;
	uint32_t count;
	uint32_t words; /* of 8 bytes, in the longest packet */
	bool wait; /* for room */
	pthread_t thread;
};

static _Atomic uint64_t clock_ns;

/* Packets of changing lengths that hold their stamp and number over and over. */
static void *write_lane(void *arg)
{
	struct writing *writing = arg;
	uint64_t data[2000], stamp;
	uint32_t i, n, words;

	for (n = 0; n < writing->count; n++) {
		words = 2 + n * 7 % (writing->words - 2);
		stamp = atomic_fetch_add(&clock_ns, 1);
		for (i = 0; i < words; i += 2) {
			data[i] = stamp;
			data[i + 1] = n;
		}
		while (!ring_writer_put(&w, writing->lane, stamp, data, words / 2 * 16, 1)) {
			if (!writing->wait)
				break;
			sched_yield();
		}
		if (!writing->wait && n % 64 == 0)
			sched_yield(); /* or a reader on the same processor sees next to nothing */
	}
	/* It has written all. */
	__atomic_store_n(&ring_writer_lane(&w, writing->lane)->reserved[0], 1, __ATOMIC_RELEASE);
	return NULL;
}

static void start_writers(struct writing *writing, uint32_t count, uint32_t words, bool wait)
{
	uint32_t i;

	for (i = 0; i < WRITERS; i++) {
		writing[i] = (struct writing){ i, count, words, wait, 0 };
		assert_int_equal(pthread_create(&writing[i].thread, NULL, write_lane, &writing[i]),
				 0);
	}
}

static bool is_whole(const struct nsr_ring_packet *packet, uint64_t *number)
{
	uint64_t word;
	uint32_t i;

	memcpy(number, packet->data + 8, 8);
	for (i = 0; i < packet->caplen; i += 8) {
		memcpy(&word, packet->data + i, 8);
		if (word != (i % 16 ? *number : packet->stamp_ns))
			return false;
	}
	return true;
}

/* Reads until the writers are done; returns how many packets there were. */
static uint64_t read_all(struct writing *writing, bool all)
{
	uint64_t next[WRITERS] = { 0 }, count = 0, number;
	struct nsr_ring_packet packet;
	bool done = false, good = true;
	uint32_t i, lane;
	int rc;

	for (;;) {
		rc = take(&packet);
		if (rc > 0) {
			lane = packet.ifindex - 1;
			good &= is_whole(&packet, &number) && number >= next[lane] &&
				(!all || number == next[lane]);
			next[lane] = number + 1;
			if (++count % 32 == 0 && !all)
				sched_yield(); /* so that it is overrun */
		} else if (rc < 0 || done) {
			break;
		} else {
			for (i = 0, done = true; i < WRITERS; i++)
				done &= __atomic_load_n(&ring_writer_lane(&w, i)->reserved[0],
							__ATOMIC_ACQUIRE) != 0;
			sched_yield();
		}
	}
	for (i = 0; i < WRITERS; i++)
		pthread_join(writing[i].thread, NULL);
	assert_int_equal(rc, 0);
	assert_true(good);
	return count;
}

static void writers_and_reader_at_once_lose_nothing(void **state)
{
	struct writing writing[WRITERS];

	open_ring(WRITERS, 0);
	start_writers(writing, fewer(100000), 180, true);
	assert_int_equal(read_all(writing, true), WRITERS * (uint64_t)fewer(100000));
}

/* One writer that goes from processor to processor. */
static void *write_lanes_in_turns(void *arg)
{
	uint32_t i, count = fewer(300000);

	for (i = 1; i <= count; i++)
		while (!put(i % WRITERS, i))
			sched_yield();
	return NULL;
}

static void what_was_written_one_after_the_other_comes_in_that_order(void **state)
{
	uint64_t next = 1, count = fewer(300000);
	struct nsr_ring_packet packet;
	pthread_t thread;
	int rc = 0;

	open_ring(WRITERS, 0);
	assert_int_equal(pthread_create(&thread, NULL, write_lanes_in_turns, NULL), 0);
	while (next <= count && rc >= 0) {
		rc = take(&packet);
		if (rc > 0 && packet.stamp_ns != next)
			break;
		next += (uint64_t)rc;
	}
	if (next <= count)
		fail_msg("%llu instead of %llu", (unsigned long long)packet.stamp_ns,
			 (unsigned long long)next);
	pthread_join(thread, NULL);
}

static void overwriting_writers_and_reader_at_once_account_for_all(void **state)
{
	struct writing writing[WRITERS];
	uint64_t count;

	open_ring(WRITERS, NSRING_RING_SHARED);
	start_writers(writing, fewer(30000), 2000, false);
	count = read_all(writing, false);
	print_message("%llu read, %llu missed\n", (unsigned long long)count,
		      (unsigned long long)nsr_ring_missed(reader));
	assert_int_equal(count + nsr_ring_missed(reader), WRITERS * (uint64_t)fewer(30000));
}

#define test(name) cmocka_unit_test_teardown(name, close_ring)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(packets_of_one_lane_come_as_written_over_many_turns),
		test(every_length_of_packet_comes_whole),
		test(lanes_come_out_merged_by_stamp),
		test(packets_of_equal_stamps_keep_the_order_of_their_lane),
		test(tail_moves_at_the_next_call_only),
		test(full_ring_takes_packets_again_once_some_were_given_back),
		test(record_of_an_unknown_type_is_skipped),
		test(reading_goes_on_at_the_tail),
		test(packets_of_before_a_mark_and_two_behind_are_old),
		test(a_stamp_of_the_device_is_handed_out_and_changes_no_order),
		test(a_stamp_of_the_device_is_handed_out_of_a_shared_ring),
		test(a_stamp_of_the_device_without_room_for_one_is_none),
		test(a_lane_that_is_used_later_is_read_then),
		test(a_lane_whose_bit_is_not_set_is_not_looked_at),
		test(bits_of_no_lane_are_ignored_and_a_bit_that_goes_is_not_missed),
		test(a_tail_between_records_breaks_the_ring_once_its_lane_is_used),
		test(two_packets_of_a_lane_that_is_used_after_a_mark_are_old),
		test(what_a_lane_got_before_a_mark_is_old_though_nobody_has_looked_there_yet),
		test(layout_that_breaks_a_rule_is_refused),
		test(ring_of_another_version_says_so),
		test(mapping_too_small_is_refused),
		test(record_of_no_bytes_breaks_the_ring),
		test(record_of_an_odd_length_breaks_the_ring),
		test(record_beyond_the_head_breaks_the_ring),
		test(record_beyond_the_data_breaks_the_ring),
		test(packet_longer_than_its_record_breaks_the_ring),
		test(packet_with_more_bytes_than_its_length_breaks_the_ring),
		test(packet_shorter_than_its_header_breaks_the_ring),
		test(head_that_goes_back_breaks_the_ring),
		test(head_that_runs_ahead_breaks_the_ring),
		test(head_between_records_breaks_the_ring),
		test(packets_for_other_readers_are_skipped),
		test(overwritten_packets_are_counted_and_reading_goes_on_at_the_oldest),
		test(reader_overrun_in_the_midst_goes_on_at_the_oldest),
		test(copies_stay_although_the_ring_is_overwritten),
		test(large_copies_come_in_several_goes),
		test(packet_that_is_being_written_is_not_missed),
		test(damaged_record_breaks_a_shared_ring),
		test(shared_ring_without_an_oldest_record_is_broken),
		test(an_oldest_record_at_an_odd_place_breaks_a_shared_ring),
		test(writers_and_reader_at_once_lose_nothing),
		test(what_was_written_one_after_the_other_comes_in_that_order),
		test(overwriting_writers_and_reader_at_once_account_for_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
