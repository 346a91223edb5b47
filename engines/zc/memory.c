/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The memory that the frames of AF_XDP sockets are in (UMEM): how it is laid out, and mapping it.
 */
#include <stddef.h>
#include <sys/mman.h>

#include "sockets.h"

/*
 * 8,192 frames of 2 KiB hold 4 million packets/s for 2 ms. More frames would take longer to fill,
 * but the kernel uses them in turn, so each would be colder in the cache (docs/bench.md). All
 * queues together take no more than the second figure.
 */
#define DEFAULT_QUEUE_BYTES (16u << 20)
#define DEFAULT_MOST_BYTES  (128u << 20)

#define MOST_FRAMES (1u << 17)
#define TX_FRAMES   1024

/* The kernel keeps that much free in front of each frame (XDP_PACKET_HEADROOM of linux/bpf.h). */
#define KERNEL_HEADROOM 256

/* An Ethernet header and two VLAN tags. */
#define LINK_HEADER 22

#define HUGE_PAGE (2u << 20)

static uint32_t power_of_two_below(uint64_t most)
{
	uint32_t value = 1;

	while (value * 2ull <= most && value < 1u << 30)
		value *= 2;
	return value;
}

static uint32_t chunk_bytes(const struct zc_device *device)
{
	return device->mtu + LINK_HEADER <= 2048 - KERNEL_HEADROOM ? 2048 : 4096;
}

void zc_memory_plan(struct zc_memory *memory, const struct zc_device *device, uint32_t queues,
		    uint32_t mode, const struct nsr_options *opts)
{
	uint64_t bytes = opts->ring_bytes, spare = nsr_spare_memory() / 4, frames;

	if (!bytes) {
		bytes = (uint64_t)DEFAULT_QUEUE_BYTES * queues;
		bytes = bytes < DEFAULT_MOST_BYTES ? bytes : DEFAULT_MOST_BYTES;
	}
	if (spare && bytes > spare)
		bytes = spare;
	memory->chunk_bytes = chunk_bytes(device);
	frames = bytes / queues / memory->chunk_bytes;
	if (frames < ZC_LEAST_FRAMES)
		frames = ZC_LEAST_FRAMES;
	if (frames > MOST_FRAMES)
		frames = MOST_FRAMES;
	memory->rx_frames = mode & NSR_RECV ? power_of_two_below(frames) : 0;
	memory->ring_frames = memory->rx_frames;
	memory->tx_frames = mode & NSR_SEND ? TX_FRAMES : 0;
}

uint32_t zc_memory_one_buffer_mtu(const struct zc_device *device)
{
	return chunk_bytes(device) - KERNEL_HEADROOM - LINK_HEADER;
}

uint32_t zc_memory_frame_buffers(const struct zc *zc, const struct zc_sockets *sockets)
{
	uint32_t most = zc->xdp == NSR_XDP_GENERIC ? UINT16_MAX : zc->device.mtu + LINK_HEADER;

	return sockets->joins ? most / (sockets->memory.chunk_bytes - KERNEL_HEADROOM) + 1 : 1;
}

size_t zc_memory_bytes(const struct zc_memory *memory)
{
	return (size_t)(memory->rx_frames + memory->tx_frames) * memory->chunk_bytes;
}

static size_t mapped_bytes(const struct zc_memory *memory)
{
	size_t bytes = zc_memory_bytes(memory);

	return (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
}

/*
 * Takes huge pages where some are free, else whatever the kernel makes of the advice. A child of
 * fork(2) must not share the memory: after a write the kernel would go on with one copy of a page,
 * and this process with another.
 */
uint8_t *zc_memory_map(const struct zc_memory *memory)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	size_t bytes = mapped_bytes(memory);
	void *base;

	base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags | MAP_HUGETLB | MAP_POPULATE, -1, 0);
	if (base == MAP_FAILED) {
		base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
		if (base == MAP_FAILED)
			return NULL;
		madvise(base, bytes, MADV_HUGEPAGE);
	}
	madvise(base, bytes, MADV_DONTFORK);
	return base;
}

void zc_memory_unmap(const struct zc_memory *memory, uint8_t *base)
{
	munmap(base, mapped_bytes(memory));
}
