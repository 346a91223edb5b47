/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * AF_XDP sockets: making them, and mapping their rings.
 *
 * The first socket of a queue registers the UMEM, the memory that frames are in, and with it the
 * fill and completion rings. Further sockets on the queue share these.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sys/compat.h"
#include "sockets.h"

static int set_ring(int fd, int option, uint32_t entries)
{
	return setsockopt(fd, SOL_XDP, option, &entries, sizeof(entries)) < 0 ? -errno : 0;
}

/* The kernel wants both rings of the UMEM, even if one is never used. */
static int set_umem(int fd, const struct zc_socket_spec *spec)
{
	const struct zc_memory *memory = spec->memory;
	struct xdp_umem_reg umem = {
		.addr = (uintptr_t)spec->base,
		.len = zc_memory_bytes(memory),
		.chunk_size = memory->chunk_bytes,
	};
	int rc;

	if (setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &umem, sizeof(umem)) < 0)
		return -errno;
	rc = set_ring(fd, XDP_UMEM_FILL_RING, memory->rx_frames ? memory->rx_frames : 1);
	if (rc == 0)
		rc = set_ring(fd, XDP_UMEM_COMPLETION_RING,
			      memory->tx_frames ? memory->tx_frames : 1);
	return rc;
}

static int set_own_rings(int fd, const struct zc_socket_spec *spec)
{
	int rc = 0;

	if (spec->receive)
		rc = set_ring(fd, XDP_RX_RING, spec->memory->ring_frames);
	if (rc == 0 && spec->memory->tx_frames)
		rc = set_ring(fd, XDP_TX_RING, spec->memory->tx_frames);
	return rc;
}

static int bind_queue(int fd, const struct zc_socket_spec *spec, uint16_t flags, int shared)
{
	struct sockaddr_xdp addr = {
		.sxdp_family = AF_XDP,
		.sxdp_flags = flags,
		.sxdp_ifindex = spec->ifindex,
		.sxdp_queue_id = spec->queue,
		.sxdp_shared_umem_fd = (uint32_t)shared,
	};

	return bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ? -errno : 0;
}

/* @offset: XDP_PGOFF_… */
static int map_ring(struct zc_ring *ring, int fd, off_t offset, const struct xdp_ring_offset *where,
		    uint32_t entries, size_t entry_bytes)
{
	size_t bytes = where->desc + entries * entry_bytes;
	void *map =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);

	if (map == MAP_FAILED)
		return -errno;
	ring->map = map;
	ring->bytes = bytes;
	ring->producer = (uint32_t *)((uint8_t *)map + where->producer);
	ring->consumer = (uint32_t *)((uint8_t *)map + where->consumer);
	ring->flags = (uint32_t *)((uint8_t *)map + where->flags);
	ring->descs = (uint8_t *)map + where->desc;
	ring->mask = entries - 1;
	return 0;
}

int zc_socket_map(struct zc_queue *queue, int owner, const struct zc_memory *memory)
{
	struct xdp_mmap_offsets at;
	socklen_t size = sizeof(at);
	int rc = 0;

	if (getsockopt(queue->fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &size) < 0)
		return -errno;
	if (memory->rx_frames) {
		rc = map_ring(&queue->rx, queue->fd, XDP_PGOFF_RX_RING, &at.rx, memory->ring_frames,
			      sizeof(struct xdp_desc));
		if (rc == 0)
			rc = map_ring(&queue->fill, owner, (off_t)XDP_UMEM_PGOFF_FILL_RING, &at.fr,
				      memory->rx_frames, sizeof(uint64_t));
	}
	if (rc == 0 && memory->tx_frames) {
		rc = map_ring(&queue->tx, queue->fd, (off_t)XDP_PGOFF_TX_RING, &at.tx,
			      memory->tx_frames, sizeof(struct xdp_desc));
		if (rc == 0)
			rc = map_ring(&queue->completion, owner,
				      (off_t)XDP_UMEM_PGOFF_COMPLETION_RING, &at.cr,
				      memory->tx_frames, sizeof(uint64_t));
	}
	return rc;
}

static void unmap_ring(struct zc_ring *ring)
{
	if (ring->map)
		munmap(ring->map, ring->bytes);
	ring->map = NULL;
}

void zc_socket_unmap(struct zc_queue *queue)
{
	unmap_ring(&queue->rx);
	unmap_ring(&queue->tx);
	unmap_ring(&queue->fill);
	unmap_ring(&queue->completion);
}

static int map_own_rings(int fd, const struct zc_socket_spec *spec)
{
	spec->rings->fd = fd;
	return zc_socket_map(spec->rings, fd, spec->memory);
}

/* @owner: socket whose UMEM to share, -1 to register one. */
static int make_socket(const struct zc_socket_spec *spec, int owner)
{
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return -errno;
	rc = owner < 0 ? set_umem(fd, spec) : 0;
	if (rc == 0)
		rc = set_own_rings(fd, spec);
	if (rc == 0 && spec->rings)
		rc = map_own_rings(fd, spec);
	if (rc == 0)
		return fd;
	if (spec->rings)
		zc_socket_unmap(spec->rings);
	close(fd);
	return rc;
}

int zc_socket_make(const struct zc_socket_spec *spec)
{
	return make_socket(spec, -1);
}

int zc_socket_bind(int fd, const struct zc_socket_spec *spec, uint16_t flags)
{
	return bind_queue(fd, spec, flags | XDP_USE_NEED_WAKEUP, 0);
}

int zc_socket_share(const struct zc_socket_spec *spec, int owner)
{
	int fd = make_socket(spec, owner), rc;

	if (fd < 0)
		return fd;
	rc = bind_queue(fd, spec, XDP_SHARED_UMEM, owner);
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

uint64_t zc_socket_lost(int fd)
{
	struct xdp_statistics stats = { 0 };
	socklen_t size = sizeof(stats);

	if (getsockopt(fd, SOL_XDP, XDP_STATISTICS, &stats, &size) < 0)
		return 0;
	return stats.rx_dropped + stats.rx_ring_full;
}
