/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Sockets of nsring.ko, used as its uapi tells, by a reader that looks at each header once. */
#include "sys/kmod.h"
#include "kernel_kind.h"
#include "nsring_uapi.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define GROUP 4711 /* number of a shared ring or of a cluster */

/* As the engine ring has it. */
#define WAIT_MIN_US 480
#define WAIT_MAX_US 4000

static int bind_device(int fd, const char *device)
{
	struct sockaddr_nsring address = {
		.ifindex = if_nametoindex(device),
	};

	if (!address.ifindex || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	return 0;
}

static int map_areas(struct kernel_capture *cap)
{
	struct nsring_layout layout = { 0 };
	socklen_t size = sizeof(layout);

	if (getsockopt(cap->fd, SOL_NSRING, NSRING_LAYOUT, &layout, &size))
		return -errno;
	cap->ring_bytes = layout.ring_bytes;
	cap->reader = layout.reader;
	cap->ring = mmap(NULL, layout.ring_bytes, PROT_READ, MAP_SHARED, cap->fd, NSRING_MAP_RING);
	if (cap->ring == MAP_FAILED)
		return -errno;
	cap->cursors = mmap(NULL, layout.cursor_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, cap->fd,
			    (off_t)NSRING_MAP_CURSORS);
	return cap->cursors == MAP_FAILED ? -errno : 0;
}

static int open_nsring(struct kernel_capture *cap, const struct kernel_options *opts)
{
	struct nsring_setup setup = {
		.snaplen = opts->snaplen,
		.ring_bytes = opts->ring_bytes,
		.share = opts->share == SHARE_RING ? GROUP : 0,
		.cluster = opts->share == SHARE_PACKETS ? GROUP : 0,
		.cluster_mode = NSRING_CLUSTER_FLOW,
	};
	int rc;

	if (opts->wait_us != KERNEL_WAIT_NOT) {
		setup.wait_min_us = opts->wait_us ? opts->wait_us : WAIT_MIN_US;
		setup.wait_max_us = opts->wait_us ? opts->wait_us : WAIT_MAX_US;
	}
	cap->fd = nsr_kmod_open(NSRING_ABI);
	if (cap->fd < 0)
		return cap->fd;
	if (setsockopt(cap->fd, SOL_NSRING, NSRING_SETUP, &setup, sizeof(setup)))
		return -errno;
	rc = bind_device(cap->fd, opts->device);
	return rc ? rc : map_areas(cap);
}

/* Is the record of @bytes at @pos whole, and within the lane's data? */
static int is_sound(const struct nsring_ring *ring, uint64_t pos, uint64_t head, uint32_t bytes)
{
	return bytes && bytes % NSRING_ALIGN == 0 && bytes <= head - pos &&
	       (pos & (ring->lane_bytes - 1)) + bytes <= ring->lane_bytes;
}

static volatile uint64_t bytes_seen;

static int drain_own(const struct nsring_ring *ring, const struct nsring_lane *lane,
		     const uint8_t *data, struct nsring_cursor *cursor)
{
	uint64_t head = __atomic_load_n(&lane->head, __ATOMIC_ACQUIRE);
	uint64_t pos = cursor->tail;
	int packets = 0;

	while (pos != head) {
		const struct nsring_record *record =
			(const void *)(data + (pos & (ring->lane_bytes - 1)));

		if (!is_sound(ring, pos, head, record->bytes))
			return -EPROTO;
		if (record->type == NSRING_PACKET) {
			bytes_seen += record->len;
			packets++;
		}
		pos += record->bytes;
	}
	__atomic_store_n(&cursor->tail, pos, __ATOMIC_RELEASE);
	return packets;
}

/* Whether the writer has been at @pos since it was read. */
static int is_overwritten(const struct nsring_ring *ring, const struct nsring_lane *lane,
			  uint64_t pos)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&lane->claimed, __ATOMIC_RELAXED) - pos > ring->lane_bytes;
}

/* As drain_own(), with a copy of each record, since the writer waits for nobody. */
static int drain_shared(const struct nsring_ring *ring, const struct nsring_lane *lane,
			const uint8_t *data, struct nsring_cursor *cursor, uint32_t reader)
{
	static __thread uint8_t copy[2048] __attribute__((aligned(NSRING_ALIGN)));
	const struct nsring_record *record = (const void *)copy;
	uint64_t head = __atomic_load_n(&lane->head, __ATOMIC_ACQUIRE);
	uint64_t pos = cursor->tail;
	int packets = 0;

	while (pos < head) {
		const uint8_t *at = data + (pos & (ring->lane_bytes - 1));
		uint32_t bytes = ((const struct nsring_record *)at)->bytes;
		uint32_t taken = bytes < sizeof(copy) ? bytes : (uint32_t)sizeof(copy);

		if (is_sound(ring, pos, head, bytes))
			memcpy(copy, at, taken);
		if (is_overwritten(ring, lane, pos)) {
			pos = __atomic_load_n(&lane->oldest, __ATOMIC_ACQUIRE);
			continue;
		}
		if (!is_sound(ring, pos, head, bytes))
			return -EPROTO;
		if (record->type == NSRING_PACKET && record->readers >> reader & 1) {
			bytes_seen += record->len;
			packets++;
		}
		pos += bytes;
	}
	__atomic_store_n(&cursor->tail, pos, __ATOMIC_RELEASE);
	return packets;
}

static int drain_nsring(struct kernel_capture *cap)
{
	const struct nsring_ring *ring = (const void *)cap->ring;
	int packets = 0;

	const uint64_t *used = (const void *)(cap->ring + ring->used_offset);

	for (uint32_t i = 0; i < ring->lanes; i++) {
		if (!(__atomic_load_n(&used[i / 64], __ATOMIC_ACQUIRE) >> i % 64 & 1))
			continue;
		const struct nsring_lane *lane = (const void *)(cap->ring + ring->lane_offset +
								(size_t)i * ring->lane_stride);
		const uint8_t *data = cap->ring + ring->data_offset + i * ring->data_stride;
		struct nsring_cursor *cursor = (void *)(cap->cursors + i * ring->cursor_stride);
		int rc;

		if (ring->flags & NSRING_RING_SHARED)
			rc = drain_shared(ring, lane, data, cursor, cap->reader);
		else
			rc = drain_own(ring, lane, data, cursor);
		if (rc < 0)
			return rc;
		packets += rc;
	}
	return packets;
}

static int read_totals(struct kernel_capture *cap, struct kernel_totals *totals)
{
	struct nsring_stats stats = { 0 };
	socklen_t size = sizeof(stats);

	if (getsockopt(cap->fd, SOL_NSRING, NSRING_STATS, &stats, &size))
		return -errno;
	totals->captured = stats.written;
	totals->lost = stats.full;
	return 0;
}

static int open_sender(const char *device)
{
	struct nsring_setup setup = { .flags = NSRING_NO_RING };
	int fd = nsr_kmod_open(NSRING_ABI);
	int rc;

	if (fd < 0)
		return fd;
	if (setsockopt(fd, SOL_NSRING, NSRING_SETUP, &setup, sizeof(setup)))
		return -errno;
	rc = bind_device(fd, device);
	return rc ? rc : fd;
}

const struct kernel_kind kernel_kind_nsring = {
	.name = "nsring",
	.open = open_nsring,
	.drain = drain_nsring,
	.totals = read_totals,
	.open_sender = open_sender,
};
