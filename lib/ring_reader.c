/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The reader of rings: uapi/nsring_uapi.h is the contract, and says what a lane, a head, a tail is.
 *
 * Positions. A position counts a lane's bytes since the ring was made and never goes back; its low
 * bits are the offset in the lane. Each lane has four (struct lane):
 *
 *	released          pos               sure              end
 *	tail, as the      next record       head at the       head at the
 *	writer knows it   to hand out       first look        second look
 *
 * with released <= pos <= end and sure <= end. nsr_ring_begin() moves released up to pos.
 *
 * Merged order. Packets of all lanes come out in the order of their stamps: a heap holds the lanes
 * that have something, and the lane with the earliest packet is on top. While only one lane has
 * something, as with little traffic or with one receive queue, nothing is compared.
 *
 * Merging must not hand out a packet while an earlier one is still hidden in another lane. So
 * nsr_ring_begin() looks at the heads of all lanes twice: whatever was written before a packet that
 * the first look found, the second look finds, in whichever lane. A round goes on until each lane
 * is read up to its sure (n_sure counts the lanes that are not). So a writer that uses several
 * lanes in turn, such as a process that moves between processors, is read in order. Packets between
 * sure and end come out in this round if they are earlier than the last of those, else they begin
 * the next.
 *
 * Lanes. A ring has places for more lanes than it has memory for, and a bitmap of those that ever had
 * something. Each look begins with the bitmap (find_lanes()): a lane whose bit is set for the first time
 * is opened then, and from then on looked at. Bits that go are not missed, and those of no lane do nothing. The
 * second look has the bitmap anew, so it finds what was written before in a lane that is new, too.
 *
 * Hostile writers. The reader reads each field of the ring once, into a variable, checks it, and
 * uses the variable. Positions only go forward, and never further than a lane's length from one
 * look at its head to the next: so every loop here has an end.
 *
 * Shared rings. The writer does not wait for readers: it overwrites what is being read. So the
 * reader copies a header, and then its data, out of the ring first, and then looks whether the
 * writer had claimed that part meanwhile (is_overrun()). If so the copy is void, and the reader
 * goes on at the oldest record (recover()). Losses are the packets that the writer counted for this
 * reader, less those that the reader has taken; they are exact where the writer was at rest
 * (account()).
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <nsring/engine.h>

#include "ring_reader.h"

/* Room for the copies from a shared ring that one round hands out: two packets of any length. */
#define COPY_BYTES (1u << 20)

/* Room for what the writer may put before NSRING_SNAPLEN_MAX bytes: a tag, a cooked header. */
#define FRONT_BYTES 64

/* Packets that a processor may still let in by the old filter after it was replaced: the one at
 * hand, and one more, if it reads the old filter before others see the head of the first. */
#define UNDER_WAY 2

#define HEADER_WORDS (sizeof(struct nsring_record) / 8)

#define READ(field)	    NSR_RING_READ(field)
#define READ_ACQUIRE(field) __atomic_load_n(&(field), __ATOMIC_ACQUIRE)

/**
 * struct lane - a lane as its reader has it
 * @shared, @data, @cursor: the lane's parts in the ring's areas
 * @pos:      position of the next record
 * @end:      the head at the second look
 * @sure:     the head at the first look, or @end if that is less
 * @counted:  the lane is one of the reader's @n_sure
 * @released: the tail that the writer was told
 * @stamp:    of the packet at @pos, while the lane is in the heap
 * @mark:     the head when a new filter began to decide
 * @old:      packets from @mark on that the old filter may have let in, too; 0: no packet is old
 * @taken:    packets handed out; this and the fields below are for shared rings
 * @overtaken: the writer has once overwritten what was not read yet
 * @exact:    @matched is exact: nothing was being written when it was read
 * @matched:  packets for this reader up to @end
 * @missed:   packets of these that the reader never saw
 */
struct lane {
	const struct nsring_lane *shared;
	const uint8_t *data;
	struct nsring_cursor *cursor;
	uint64_t pos;
	uint64_t end;
	uint64_t sure;
	uint64_t released;
	uint64_t stamp;
	uint64_t mark;
	uint32_t old;
	bool counted;
	bool overtaken;
	bool exact;
	uint64_t taken;
	uint64_t matched;
	uint64_t missed;
};

/**
 * struct nsr_ring_reader - a reader
 * @map:       the areas
 * @ring:      its header, checked
 * @lane_bytes, @header_bytes: as in @ring
 * @reader:    this reader's index in a shared ring
 * @used:      the ring's bitmap
 * @known:     bits of it that have been seen
 * @lanes:     all lanes; only those in @open have their fields set
 * @open:      lanes with something to look at, now or once
 * @n_open:    how many
 * @marked:    nsr_ring_mark() has been called: it holds for lanes that are opened later, too
 * @heap:      lanes that have something up to their @end, the one with the earliest packet first
 * @n_heap:    how many
 * @n_sure:    lanes that are not read up to their @sure yet; the round ends at 0
 * @seen:      lanes that had something at the last look: their tails must be told to the writer
 * @n_seen:    how many
 * @copies:    room for copies; NULL: the ring is not shared
 * @copied:    bytes of @copies in use
 * @missed:    sum of all lanes
 * @broken:    why the reader reads nothing more
 */
struct nsr_ring_reader {
	struct nsr_ring_map map;
	struct nsring_ring ring;
	uint64_t lane_bytes;
	uint32_t header_bytes;
	uint32_t reader;
	const uint64_t *used;
	uint64_t *known;
	struct lane *lanes;
	struct lane **open;
	uint32_t n_open;
	bool marked;
	struct lane **heap;
	uint32_t n_heap;
	uint32_t n_sure;
	struct lane **seen;
	uint32_t n_seen;
	uint8_t *copies;
	uint32_t copied;
	_Atomic uint64_t missed;
	const char *broken;
};

/* ---- Opening ----------------------------------------------------------------------------- */

static int break_ring(struct nsr_ring_reader *r, const char *why)
{
	r->broken = why;
	return -EBADMSG;
}

/* Finds a lane's parts, and begins at its tail. */
static int open_lane(struct nsr_ring_reader *r, uint32_t i)
{
	struct nsr_ring_lane at = nsr_ring_lane_at(&r->map, &r->ring, i);
	struct lane *lane = &r->lanes[i];

	lane->shared = at.shared;
	lane->data = at.data;
	lane->cursor = at.cursor;
	lane->pos = lane->end = lane->sure = lane->released = READ(lane->cursor->tail);
	if (lane->pos % NSRING_ALIGN)
		return break_ring(r, "a tail is between records");
	lane->mark = lane->pos;
	lane->old = r->marked ? UNDER_WAY : 0;
	r->open[r->n_open++] = lane;
	return 0;
}

/* The bits of one word that are set for the first time. */
static uint64_t new_bits(const struct nsr_ring_reader *r, uint32_t word)
{
	uint64_t bits = READ_ACQUIRE(r->used[word]) & ~r->known[word];
	uint32_t left = r->ring.lanes - 64 * word;

	return left < 64 ? bits & ((1ull << left) - 1) : bits;
}

/* Opens the lanes that have got something for the first time. */
static int find_lanes(struct nsr_ring_reader *r)
{
	uint32_t word, words = nsr_ring_used_words(&r->ring);
	uint64_t bits;
	int rc;

	for (word = 0; word < words; word++) {
		bits = new_bits(r, word);
		r->known[word] |= bits;
		for (; bits; bits &= bits - 1) {
			rc = open_lane(r, 64 * word + (uint32_t)__builtin_ctzll(bits));
			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

static bool allocate(struct nsr_ring_reader *r)
{
	uint32_t lanes = r->ring.lanes;
	bool shared = r->ring.flags & NSRING_RING_SHARED;

	r->known = calloc(nsr_ring_used_words(&r->ring), sizeof(*r->known));
	r->lanes = calloc(lanes, sizeof(*r->lanes));
	r->open = calloc(lanes, sizeof(struct lane *));
	r->heap = calloc(lanes, sizeof(struct lane *));
	r->seen = calloc(lanes, sizeof(struct lane *));
	r->copies = shared ? malloc(COPY_BYTES) : NULL;
	return r->known && r->lanes && r->open && r->heap && r->seen && (r->copies || !shared);
}

int nsr_ring_open(const struct nsr_ring_map *map, struct nsr_ring_reader **reader,
		  struct nsr_error *err)
{
	struct nsr_ring_reader *r;
	struct nsring_ring ring = { 0 };
	int rc;

	rc = nsr_ring_read_layout(map, &ring, err);
	if (rc < 0)
		return rc;
	r = calloc(1, sizeof(*r));
	if (!r)
		return nsr_error_set(err, -ENOMEM, "out of memory");
	r->map = *map;
	r->ring = ring;
	r->lane_bytes = ring.lane_bytes;
	r->header_bytes = ring.header_bytes;
	r->reader = map->reader;
	r->used = (const void *)((const uint8_t *)map->ring + ring.used_offset);
	if (!allocate(r)) {
		nsr_ring_close(r);
		return nsr_error_set(err, -ENOMEM, "out of memory");
	}
	if (find_lanes(r) < 0) {
		nsr_ring_close(r);
		return nsr_ring_say_damaged(err);
	}
	*reader = r;
	return 0;
}

void nsr_ring_close(struct nsr_ring_reader *reader)
{
	if (!reader)
		return;
	free(reader->known);
	free(reader->lanes);
	free(reader->open);
	free(reader->heap);
	free(reader->seen);
	free(reader->copies);
	free(reader);
}

/* ---- Shared rings ------------------------------------------------------------------------ */

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wtsan" /* knows no fences; all that one orders here is atomic */
#endif

/* Whether the writer has claimed the lane's position again: then what was read there is void. */
static bool is_overrun(const struct nsr_ring_reader *r, const struct lane *lane)
{
	atomic_thread_fence(memory_order_acquire);
	return READ(lane->shared->claimed) - lane->pos > r->lane_bytes;
}

/* Moves a lane on; one that has reached its sure no longer holds the round open. */
static void go_to(struct nsr_ring_reader *r, struct lane *lane, uint64_t pos)
{
	lane->pos = pos;
	if (lane->counted && (int64_t)(lane->sure - pos) <= 0) {
		lane->counted = false;
		r->n_sure--;
	}
}

/* Goes on at the oldest record, which the writer publishes before it claims more. */
static int recover(struct nsr_ring_reader *r, struct lane *lane)
{
	uint64_t claimed = READ_ACQUIRE(lane->shared->claimed);
	uint64_t oldest = READ_ACQUIRE(lane->shared->oldest);

	if ((int64_t)(lane->end - oldest) < 0)
		lane->end = oldest;
	if (oldest % NSRING_ALIGN || (int64_t)(oldest - lane->pos) <= 0 ||
	    (int64_t)(claimed - oldest) > (int64_t)r->lane_bytes ||
	    lane->end - oldest > r->lane_bytes)
		return break_ring(r, "its oldest record is none");
	lane->overtaken = true;
	go_to(r, lane, oldest);
	return 0;
}

/* Once all that the last look found is read, the packets that were not taken were missed. */
static void account(struct nsr_ring_reader *r, struct lane *lane)
{
	uint64_t missed = lane->matched - lane->taken;

	if (!lane->overtaken || !lane->exact || missed == lane->missed)
		return;
	atomic_store_explicit(&r->missed, r->missed + missed - lane->missed, memory_order_relaxed);
	lane->missed = missed;
}

static void copy_words(void *to, const uint8_t *from, size_t words)
{
	const uint64_t *word = (const void *)from;
	uint64_t *out = to;
	size_t i;

	for (i = 0; i < words; i++)
		out[i] = READ(word[i]);
}

/* Copies a packet's data. 1: done; 0: the writer has overwritten it meanwhile. */
static int copy_out(struct nsr_ring_reader *r, const struct lane *lane, const uint8_t *from,
		    uint32_t caplen, const uint8_t **copy)
{
	uint32_t words = (caplen + 7) / 8;

	*copy = r->copies + r->copied;
	copy_words(r->copies + r->copied, from, words);
	if (is_overrun(r, lane))
		return 0;
	r->copied += words * 8;
	return 1;
}

/* ---- Records ----------------------------------------------------------------------------- */

/* Reads two words only where the lane ends before a whole header: padding can be that short. */
static void read_header(struct nsring_record *header, const uint8_t *from, uint64_t room)
{
	copy_words(header, from, room >= sizeof(*header) ? HEADER_WORDS : 2);
}

/* Whether a record lies within what was written, and its packet within the record. */
static bool is_sound(const struct nsr_ring_reader *r, const struct nsring_record *header,
		     uint64_t left, uint64_t room)
{
	uint64_t bytes = header->bytes;

	if (!bytes || bytes % NSRING_ALIGN || bytes > left || bytes > room)
		return false;
	return header->type != NSRING_PACKET ||
	       (bytes >= r->header_bytes && header->caplen <= bytes - r->header_bytes &&
		header->caplen <= header->len &&
		header->caplen <= NSRING_SNAPLEN_MAX + FRONT_BYTES);
}

/*
 * Goes to the next packet of a lane that is for this reader. 1: there it is, and @header is its
 * header; 0: there is none up to the end.
 */
static inline int look(struct nsr_ring_reader *r, struct lane *lane, struct nsring_record *header)
{
	uint64_t offset, room;
	int rc;

	while (lane->pos != lane->end) {
		offset = lane->pos & (r->lane_bytes - 1);
		room = r->lane_bytes - offset;
		read_header(header, lane->data + offset, room);
		if (r->copies && is_overrun(r, lane)) {
			rc = recover(r, lane);
			if (rc < 0)
				return rc;
			continue;
		}
		if (!is_sound(r, header, lane->end - lane->pos, room))
			return break_ring(r, "a record is damaged");
		if (header->type == NSRING_PACKET &&
		    (!r->copies || header->readers >> r->reader & 1))
			return 1;
		go_to(r, lane, lane->pos + header->bytes);
	}
	account(r, lane);
	return 0;
}

/* ---- The heap ---------------------------------------------------------------------------- */

static bool is_before(const struct lane *a, const struct lane *b)
{
	return a->stamp != b->stamp ? a->stamp < b->stamp : a < b;
}

static void sift_down(struct nsr_ring_reader *r, uint32_t at)
{
	struct lane *lane = r->heap[at];
	uint32_t child;

	while ((child = 2 * at + 1) < r->n_heap) {
		if (child + 1 < r->n_heap && is_before(r->heap[child + 1], r->heap[child]))
			child++;
		if (is_before(lane, r->heap[child]))
			break;
		r->heap[at] = r->heap[child];
		at = child;
	}
	r->heap[at] = lane;
}

/* Takes the first lane off the heap: it is read up to its end. */
static void drop_first(struct nsr_ring_reader *r)
{
	r->heap[0] = r->heap[--r->n_heap];
	if (r->n_heap > 1)
		sift_down(r, 0);
}

/*
 * The first lane's packet was handed out: puts the lane where its next packet belongs. A broken
 * ring shows at the next call.
 */
static void reorder(struct nsr_ring_reader *r)
{
	struct lane *lane = r->heap[0];
	struct nsring_record header;
	int rc;

	rc = look(r, lane, &header);
	if (rc > 0) {
		lane->stamp = header.stamp_ns;
		sift_down(r, 0);
	} else if (rc == 0) {
		drop_first(r);
	}
}

/* Orders the heap when several lanes have something, by the first packet of each. */
static int make_heap(struct nsr_ring_reader *r)
{
	struct nsring_record header;
	uint32_t i, kept = 0;
	int rc;

	for (i = 0; i < r->n_heap; i++) {
		rc = look(r, r->heap[i], &header);
		if (rc < 0)
			return rc;
		r->heap[i]->stamp = header.stamp_ns;
		if (rc > 0)
			r->heap[kept++] = r->heap[i];
	}
	r->n_heap = kept;
	for (i = kept / 2; i-- > 0;)
		sift_down(r, i);
	return 0;
}

/* ---- Reading ----------------------------------------------------------------------------- */

/* The first look at all lanes. False: nothing is new, nor can a loss be (a shared ring's). */
static bool look_first(struct nsr_ring_reader *r)
{
	bool any = r->copies;
	struct lane *lane;
	uint32_t i;

	for (i = 0; i < r->n_open; i++) {
		lane = r->open[i];
		lane->sure = READ_ACQUIRE(lane->shared->head);
		any |= lane->sure != lane->pos;
	}
	return any;
}

/* The second look at a lane; at a shared one also for what the reader should have got. */
static int look_at_head(struct nsr_ring_reader *r, struct lane *lane)
{
	uint64_t head = READ_ACQUIRE(lane->shared->head);

	if (r->copies) {
		lane->matched = READ(lane->shared->written) - READ(lane->shared->others[r->reader]);
		atomic_thread_fence(memory_order_acquire);
		lane->exact = READ(lane->shared->claimed) == head;
	}
	lane->end = head;
	if ((int64_t)(head - lane->sure) < 0)
		lane->sure = head;
	if (head - lane->pos <= r->lane_bytes)
		return 0;
	return r->copies ? recover(r, lane) : break_ring(r, "a head has gone back, or astray");
}

/* Puts a lane at the heap's end; make_heap() orders them. */
static void add_lane(struct nsr_ring_reader *r, struct lane *lane)
{
	r->heap[r->n_heap++] = r->seen[r->n_seen++] = lane;
	lane->counted = (int64_t)(lane->sure - lane->pos) > 0;
	r->n_sure += lane->counted;
}

static int look_at_heads(struct nsr_ring_reader *r)
{
	struct lane *lane;
	uint32_t i;
	int rc;

	r->n_seen = r->n_heap = 0;
	rc = find_lanes(r);
	if (rc < 0 || !look_first(r))
		return rc;
	rc = find_lanes(r);
	if (rc < 0)
		return rc;
	for (i = 0; i < r->n_open; i++) {
		lane = r->open[i];
		rc = look_at_head(r, lane);
		if (rc < 0)
			return rc;
		if (lane->pos == lane->end && lane->pos == lane->released)
			account(r, lane);
		else
			add_lane(r, lane);
	}
	return r->n_heap > 1 ? make_heap(r) : 0;
}

/* Tells the writer how far the reader has come in each lane. */
static void release(struct nsr_ring_reader *r)
{
	struct lane *lane;
	uint32_t i;

	r->copied = 0;
	for (i = 0; i < r->n_seen; i++) {
		lane = r->seen[i];
		if (lane->pos == lane->released)
			continue;
		lane->released = lane->pos;
		__atomic_store_n(&lane->cursor->tail, lane->pos, __ATOMIC_RELEASE);
	}
}

int nsr_ring_begin(struct nsr_ring_reader *reader)
{
	int rc = 0;

	if (reader->broken)
		return -EBADMSG;
	release(reader);
	if (!reader->n_sure)
		rc = look_at_heads(reader);
	return rc < 0 ? rc : reader->n_sure > 0;
}

/* Whether the packet at @pos is old; uses up one of the two that may follow the mark. */
static bool is_old(struct lane *lane)
{
	if (!lane->old)
		return false;
	lane->old -= (int64_t)(lane->pos - lane->mark) >= 0;
	return true;
}

static void describe(const struct nsring_record *header, struct nsr_ring_packet *packet)
{
	packet->stamp_ns = header->stamp_ns;
	packet->netns = header->netns;
	packet->len = header->len;
	packet->caplen = header->caplen;
	packet->ifindex = header->ifindex;
	packet->hash = header->hash;
	packet->flags = header->flags;
	packet->vlan_tci = header->vlan_tci;
	packet->vlan_tpid = header->vlan_tpid;
	packet->pkt_type = header->pkt_type;
}

/* In place of the record's stamp, which is what packets are merged by. */
static void describe_device_stamp(const struct nsr_ring_reader *r, const uint8_t *record,
				  struct nsr_ring_packet *packet)
{
	const struct nsring_stamped_record *stamped = (const void *)record;

	if (r->header_bytes < sizeof(*stamped))
		packet->flags &= (uint16_t)~NSRING_STAMP_HW;
	else
		packet->stamp_ns = READ(stamped->device_ns);
}

/* Hands out the packet at a lane's position. 1: done; 0: the writer has overwritten it. */
static inline int hand_out(struct nsr_ring_reader *r, struct lane *lane,
			   const struct nsring_record *header, struct nsr_ring_packet *packet)
{
	const uint8_t *record = lane->data + (lane->pos & (r->lane_bytes - 1));

	describe(header, packet);
	if (header->flags & NSRING_STAMP_HW)
		describe_device_stamp(r, record, packet);
	packet->data = record + r->header_bytes;
	if (r->copies && !copy_out(r, lane, packet->data, header->caplen, &packet->data))
		return 0;
	packet->old = is_old(lane);
	lane->taken++;
	go_to(r, lane, lane->pos + header->bytes);
	return 1;
}

int nsr_ring_next(struct nsr_ring_reader *reader, struct nsr_ring_packet *packet)
{
	struct nsr_ring_reader *r = reader;
	struct nsring_record header;
	struct lane *lane;
	int rc;

	if (r->broken)
		return -EBADMSG;
	while (r->n_sure) {
		lane = r->heap[0];
		rc = look(r, lane, &header);
		if (rc < 0)
			return rc;
		if (rc == 0) {
			drop_first(r);
			continue;
		}
		if (r->copies && r->copied + header.caplen + 8 > COPY_BYTES)
			return 0;
		if (!hand_out(r, lane, &header, packet)) {
			rc = recover(r, lane);
			if (rc < 0)
				return rc;
			continue;
		}
		if (r->n_heap > 1)
			reorder(r);
		else
			__builtin_prefetch(lane->data + (lane->pos & (r->lane_bytes - 1)));
		return 1;
	}
	return 0;
}

void nsr_ring_mark(struct nsr_ring_reader *reader)
{
	struct lane *lane;
	uint32_t i;

	/* What is there already is old; lanes that come later have at most what is under way. */
	find_lanes(reader);
	reader->marked = true;
	for (i = 0; i < reader->n_open; i++) {
		lane = reader->open[i];
		lane->mark = READ_ACQUIRE(lane->shared->head);
		lane->old = UNDER_WAY;
	}
}

bool nsr_ring_has_old(const struct nsr_ring_reader *reader)
{
	const struct lane *lane;
	uint32_t i;

	for (i = 0; i < reader->n_open; i++) {
		lane = reader->open[i];
		if (lane->old && (int64_t)(lane->pos - lane->mark) < 0)
			return true;
	}
	return false;
}

uint64_t nsr_ring_missed(const struct nsr_ring_reader *reader)
{
	return atomic_load_explicit(&reader->missed, memory_order_relaxed);
}

const char *nsr_ring_broken(const struct nsr_ring_reader *reader)
{
	return reader->broken;
}
