/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/kmod.h"
#include "net.h"
#include "ring.h"
#include "system.h"

#define FDS_MAX 2048

static int fds[FDS_MAX];
static uint32_t fds_count;

/* Those that a test which failed has not unmapped would keep the module in use. */
static struct ring *rings[FDS_MAX];
static uint32_t rings_count;

int ring_ask(uint32_t abi)
{
	int fd = nsr_kmod_open(abi);

	if (fd >= 0)
		return fd;
	errno = -fd;
	return -1;
}

int ring_socket(void)
{
	int fd = (int)check(ring_ask(NSRING_ABI));

	assert_true(fds_count < FDS_MAX);
	fds[fds_count++] = fd;
	return fd;
}

void ring_close_fd(int fd)
{
	uint32_t i;

	for (i = 0; i < fds_count && fds[i] != fd; i++)
		;
	assert_true(i < fds_count);
	fds[i] = fds[--fds_count];
	close(fd);
}

void ring_close_all(void)
{
	while (rings_count)
		ring_unmap(rings[rings_count - 1]);
	while (fds_count)
		close(fds[--fds_count]);
}

int ring_setup(int fd, const struct nsring_setup *setup)
{
	return setsockopt(fd, SOL_NSRING, NSRING_SETUP, setup, sizeof(*setup));
}

int ring_bind(int fd, uint32_t index)
{
	struct sockaddr_nsring address = { .ifindex = index };

	return bind(fd, (const struct sockaddr *)&address, sizeof(address));
}

static void *map(int fd, uint64_t bytes, int protection, uint64_t offset)
{
	void *area = mmap(NULL, bytes, protection, MAP_SHARED, fd, (off_t)offset);

	if (area == MAP_FAILED)
		fail_msg("mmap of %" PRIu64 " bytes at %#" PRIx64 ": %s", bytes, offset,
			 strerror(errno));
	return area;
}

struct ring *ring_map(int fd)
{
	struct ring *ring = calloc(1, sizeof(*ring));
	socklen_t size = sizeof(ring->layout);
	uint32_t i;

	assert_non_null(ring);
	ring->fd = fd;
	check(getsockopt(fd, SOL_NSRING, NSRING_LAYOUT, &ring->layout, &size));
	assert_int_equal(size, sizeof(ring->layout));
	ring->ring = map(fd, ring->layout.ring_bytes, PROT_READ, NSRING_MAP_RING);
	ring->cursors =
		map(fd, ring->layout.cursor_bytes, PROT_READ | PROT_WRITE, NSRING_MAP_CURSORS);
	assert_int_equal(ring->ring->magic, NSRING_MAGIC);
	assert_int_equal(ring->ring->version, NSRING_ABI);
	assert_int_equal(ring->ring->lanes, ring->layout.lanes);
	ring->pos = calloc(ring->layout.lanes, sizeof(*ring->pos));
	ring->seen = calloc(ring->layout.lanes, sizeof(*ring->seen));
	ring->overtaken = calloc(ring->layout.lanes, sizeof(*ring->overtaken));
	assert_true(ring->pos && ring->seen && ring->overtaken);
	for (i = 0; i < ring->layout.lanes; i++)
		ring->pos[i] = ring_cursor(ring, i)->tail;
	assert_true(rings_count < FDS_MAX);
	rings[rings_count++] = ring;
	return ring;
}

struct ring *ring_open(const struct nsring_setup *setup, const char *device)
{
	int fd = ring_socket();

	if (setup)
		check(ring_setup(fd, setup));
	check(ring_bind(fd, device ? ifindex(device) : 0));
	return ring_map(fd);
}

void ring_unmap(struct ring *ring)
{
	uint32_t i;

	for (i = 0; i < rings_count && rings[i] != ring; i++)
		;
	assert_true(i < rings_count);
	rings[i] = rings[--rings_count];
	check(munmap((void *)ring->ring, ring->layout.ring_bytes));
	check(munmap(ring->cursors, ring->layout.cursor_bytes));
	free(ring->pos);
	free(ring->seen);
	free(ring->overtaken);
	free(ring);
}

void ring_close(struct ring *ring)
{
	ring_close_fd(ring->fd);
	ring_unmap(ring);
}

const struct nsring_lane *ring_lane(const struct ring *ring, uint32_t lane)
{
	return (const void *)((const uint8_t *)ring->ring + ring->ring->lane_offset +
			      (size_t)lane * ring->ring->lane_stride);
}

bool ring_uses(const struct ring *ring, uint32_t lane)
{
	const uint64_t *used =
		(const void *)((const uint8_t *)ring->ring + ring->ring->used_offset);

	return __atomic_load_n(&used[lane / 64], __ATOMIC_ACQUIRE) >> lane % 64 & 1;
}

struct nsring_cursor *ring_cursor(const struct ring *ring, uint32_t lane)
{
	return (void *)(ring->cursors + (size_t)lane * ring->ring->cursor_stride);
}

static const struct nsring_record *record_at(const struct ring *ring, uint32_t lane, uint64_t pos)
{
	return (const void *)((const uint8_t *)ring->ring + ring->ring->data_offset +
			      lane * ring->ring->data_stride + pos % ring->ring->lane_bytes);
}

static void check_record(const struct ring *ring, const struct nsring_record *record, uint64_t pos,
			 uint64_t head)
{
	if (record->bytes == 0 || record->bytes % NSRING_ALIGN || record->bytes > head - pos ||
	    pos % ring->ring->lane_bytes + record->bytes > ring->ring->lane_bytes)
		fail_msg("a record of %" PRIu32 " bytes at %" PRIu64 ", head %" PRIu64,
			 record->bytes, pos, head);
	if (record->type != NSRING_PACKET) {
		assert_int_equal(record->type, NSRING_PAD);
		return;
	}
	assert_true(ring->ring->header_bytes + record->caplen <= record->bytes);
	assert_true(record->caplen <= record->len);
	assert_true(record->caplen <= ring->layout.snaplen);
}

static uint32_t read_lane(struct ring *ring, uint32_t lane, ring_each each, void *arg)
{
	uint64_t head = __atomic_load_n(&ring_lane(ring, lane)->head, __ATOMIC_ACQUIRE);
	const struct nsring_record *record;
	uint64_t pos = ring->pos[lane];
	uint32_t count = 0;

	for (; pos != head; pos += record->bytes) {
		record = record_at(ring, lane, pos);
		check_record(ring, record, pos, head);
		if (record->type != NSRING_PACKET)
			continue;
		count++;
		if (each)
			each(record, (const uint8_t *)record + ring->ring->header_bytes, arg);
	}
	ring->pos[lane] = pos;
	__atomic_store_n(&ring_cursor(ring, lane)->tail, pos, __ATOMIC_RELEASE);
	return count;
}

/* Whether what was copied from @pos has been overwritten meanwhile. */
static bool is_void(const struct ring *ring, uint32_t lane, uint64_t pos)
{
	__sync_synchronize(); /* a fence that ThreadSanitizer knows */
	return __atomic_load_n(&ring_lane(ring, lane)->claimed, __ATOMIC_RELAXED) - pos >
	       ring->ring->lane_bytes;
}

static uint32_t read_shared_lane(struct ring *ring, uint32_t lane, ring_each each, void *arg)
{
	uint64_t head = __atomic_load_n(&ring_lane(ring, lane)->head, __ATOMIC_ACQUIRE);
	static uint8_t copy[NSRING_SNAPLEN_MAX + 4096];
	const struct nsring_record *record = (const void *)copy;
	uint64_t pos = ring->pos[lane];
	uint32_t count = 0;

	while (pos < head) {
		uint64_t room = ring->ring->lane_bytes - pos % ring->ring->lane_bytes;
		uint32_t bytes = record_at(ring, lane, pos)->bytes;

		if (bytes <= sizeof(copy) && bytes <= room)
			memcpy(copy, record_at(ring, lane, pos), bytes);
		if (is_void(ring, lane, pos)) {
			ring->overtaken[lane] = true;
			pos = __atomic_load_n(&ring_lane(ring, lane)->oldest, __ATOMIC_ACQUIRE);
			head = __atomic_load_n(&ring_lane(ring, lane)->head, __ATOMIC_ACQUIRE);
			continue;
		}
		/* A pad may be longer than the copy, and only its first bytes matter. */
		if (bytes > sizeof(copy))
			memcpy(copy, record_at(ring, lane, pos), NSRING_ALIGN);
		check_record(ring, record, pos, head);
		pos += bytes;
		if (record->type != NSRING_PACKET || !(record->readers & 1U << ring->layout.reader))
			continue;
		count++;
		if (each)
			each(record, copy + ring->ring->header_bytes, arg);
	}
	ring->pos[lane] = pos;
	ring->seen[lane] += count;
	__atomic_store_n(&ring_cursor(ring, lane)->tail, pos, __ATOMIC_RELEASE);
	return count;
}

uint32_t ring_read(struct ring *ring, ring_each each, void *arg)
{
	bool is_shared = ring->ring->flags & NSRING_RING_SHARED;
	uint32_t count = 0, i;

	for (i = 0; i < ring->layout.lanes; i++) {
		if (!ring_uses(ring, i))
			continue;
		count += is_shared ? read_shared_lane(ring, i, each, arg)
				   : read_lane(ring, i, each, arg);
	}
	return count;
}

uint32_t ring_wait(struct ring *ring, uint32_t count, ring_each each, void *arg)
{
	struct pollfd poller = { .fd = ring->fd, .events = POLLIN };
	uint32_t got = 0;

	for (;;) {
		got += ring_read(ring, each, arg);
		if (got >= count)
			return got + ring_read(ring, each, arg);
		check(poll(&poller, 1, 20000));
		if (poller.revents != POLLIN)
			fail_msg("after %" PRIu32 " of %" PRIu32 " packets poll says %#x", got,
				 count, (unsigned int)poller.revents);
	}
}

uint64_t ring_missed(const struct ring *ring)
{
	uint32_t index = ring->layout.reader, i;
	const struct nsring_lane *lane;
	uint64_t missed = 0;

	for (i = 0; i < ring->layout.lanes; i++) {
		lane = ring_lane(ring, i);
		if (ring->overtaken[i])
			missed += lane->written - lane->others[index] - ring->seen[i];
	}
	return missed;
}

uint64_t ring_written(const struct ring *ring)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < ring->layout.lanes; i++)
		sum += ring_uses(ring, i) ? ring_lane(ring, i)->written : 0;
	return sum;
}

uint64_t ring_full(const struct ring *ring)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < ring->layout.lanes; i++)
		sum += ring_uses(ring, i) ? ring_lane(ring, i)->full : 0;
	return sum;
}

struct nsring_stats ring_stats(int fd)
{
	struct nsring_stats stats = { 0 };
	socklen_t size = sizeof(stats);

	check(getsockopt(fd, SOL_NSRING, NSRING_STATS, &stats, &size));
	return stats;
}

struct expected {
	int fd;
	uint64_t count;
};

static uint64_t met(int fd)
{
	struct nsring_stats stats = ring_stats(fd);

	return stats.written + stats.filtered + stats.sampled + stats.full;
}

static bool has_met(const void *arg)
{
	const struct expected *expected = arg;

	return met(expected->fd) >= expected->count;
}

struct nsring_stats ring_met(int fd, uint64_t count)
{
	struct expected expected = { fd, count };

	wait_until(has_met, &expected);
	if (met(fd) != count)
		fail_msg("the socket has met %" PRIu64 " packets, not %" PRIu64, met(fd), count);
	return ring_stats(fd);
}

void ring_stop(int fd)
{
	check(setsockopt(fd, SOL_NSRING, NSRING_STOP, NULL, 0));
}

bool ring_wakes(int fd, int wait_ms)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	check(poll(&poller, 1, wait_ms));
	assert_int_equal(poller.revents & ~POLLIN, 0);
	return poller.revents;
}

int socket_error(int fd)
{
	socklen_t size = sizeof(int);
	int error = 0;

	check(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size));
	return error;
}
