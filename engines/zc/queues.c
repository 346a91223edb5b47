/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The queues of a capture of its own: each has its socket and its UMEM. Captures that share a
 * device have theirs from group.c.
 */
#include <errno.h>
#include <linux/if_xdp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "queues.h"
#include "zc.h"

/* Newer than the headers of Debian 12: linux/if_xdp.h since 6.6. */
#define USE_SG (1 << 4)

/*
 * 8,192 frames of 2 KiB hold 4 million packets/s for 2 ms. More would take longer to fill, but frames
 * are used in turn, so that the more there are the colder each is (docs/bench.md). All queues
 * together take no more than the second figure.
 */
#define DEFAULT_QUEUE_BYTES (16u << 20)
#define DEFAULT_MOST_BYTES  (128u << 20)

#define MOST_FRAMES (1u << 17)
#define TX_FRAMES   1024

/* What the kernel keeps free in front of each frame (XDP_PACKET_HEADROOM of linux/bpf.h). */
#define KERNEL_HEADROOM 256

/* Ethernet header and two VLAN tags. */
#define LINK_HEADER 22

#define HUGE_PAGE (2u << 20)

/* Times that something is tried again, 10 ms apart, which the kernel may still be freeing. */
#define PATIENCE 100

static uint32_t power_of_two_below(uint64_t most)
{
	uint32_t value = 1;

	while (value * 2ull <= most && value < 1u << 30)
		value *= 2;
	return value;
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
	memory->chunk_bytes = device->mtu + LINK_HEADER <= 2048 - KERNEL_HEADROOM ? 2048 : 4096;
	frames = bytes / queues / memory->chunk_bytes;
	if (frames < ZC_LEAST_FRAMES)
		frames = ZC_LEAST_FRAMES;
	if (frames > MOST_FRAMES)
		frames = MOST_FRAMES;
	memory->rx_frames = mode & NSR_RECV ? power_of_two_below(frames) : 0;
	memory->ring_frames = memory->rx_frames;
	memory->tx_frames = mode & NSR_SEND ? TX_FRAMES : 0;
}

static uint32_t one_buffer_mtu(const struct zc_memory *memory)
{
	return memory->chunk_bytes - KERNEL_HEADROOM - LINK_HEADER;
}

bool zc_memory_holds(const struct zc_memory *memory, const struct zc_device *device)
{
	return device->mtu <= one_buffer_mtu(memory);
}

static size_t mapped_bytes(const struct zc_memory *memory)
{
	size_t bytes = zc_memory_bytes(memory);

	return (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
}

/*
 * Huge pages where some are free, else what the kernel makes of the advice. A child must not get
 * a copy of it: after a write the kernel would go on with one and the parent with another.
 */
static uint8_t *get_memory(struct zc_memory *memory)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	size_t bytes = mapped_bytes(memory);
	void *base;

	base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags | MAP_HUGETLB | MAP_POPULATE, -1, 0);
	memory->huge = base != MAP_FAILED;
	if (base == MAP_FAILED) {
		base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
		if (base == MAP_FAILED)
			return NULL;
		madvise(base, bytes, MADV_HUGEPAGE);
	}
	madvise(base, bytes, MADV_DONTFORK);
	return base;
}

void zc_fill(struct zc_queue *queue, const struct zc_memory *memory)
{
	uint32_t i;

	for (i = 0; i < memory->rx_frames; i++)
		*zc_ring_address(&queue->fill, i) = (uint64_t)i * memory->chunk_bytes;
	zc_ring_produce(&queue->fill, memory->rx_frames);
}

/* How to bind, in the order in which to try. */
struct binding {
	uint32_t xdp;
	uint16_t flags;
};

static const struct binding bindings[] = {
	{ NSR_XDP_ZEROCOPY, XDP_ZEROCOPY },
	{ NSR_XDP_NATIVE, XDP_COPY },
};

bool zc_may_join(const struct zc *zc)
{
	return !zc->copies && (zc->frags || zc->xdp == NSR_XDP_GENERIC);
}

uint32_t zc_frame_buffers(const struct zc *zc)
{
	uint32_t most = zc->xdp == NSR_XDP_GENERIC ? UINT16_MAX : zc->device.mtu + LINK_HEADER;

	return zc_may_join(zc) ? most / (zc->memory.chunk_bytes - KERNEL_HEADROOM) + 1 : 1;
}

static void pause_a_little(void)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };

	nanosleep(&pause, NULL);
}

static int make_patiently(const struct zc_socket_spec *spec, bool again)
{
	int fd = zc_socket_make(spec), tries;

	for (tries = 0; again && fd == -ENOBUFS && tries < PATIENCE; tries++) {
		pause_a_little();
		fd = zc_socket_make(spec);
	}
	return fd;
}

/* The kernel lets go of the queue of a socket that was closed a little later. */
static int bind_patiently(int fd, const struct zc_socket_spec *spec, uint16_t flags)
{
	int rc = zc_socket_bind(fd, spec, flags), tries;

	for (tries = 0; rc == -EBUSY && tries < PATIENCE; tries++) {
		pause_a_little();
		rc = zc_socket_bind(fd, spec, flags);
	}
	return rc;
}

static int bind_as(const struct zc *zc, int fd, const struct zc_socket_spec *spec, uint16_t flags)
{
	int rc = bind_patiently(fd, spec, flags | (zc_may_join(zc) ? USE_SG : 0));

	/* Before Linux 6.6: without what GRO has joined, if the device's own frames fit. */
	if (rc == -EINVAL && zc_may_join(zc) && !zc->frags)
		rc = bind_patiently(fd, spec, flags);
	return rc;
}

int zc_bind(const struct zc *zc, const struct zc_socket_spec *spec, uint32_t wanted,
	    uint32_t *became, bool again)
{
	int fd = make_patiently(spec, again), rc = -EOPNOTSUPP;
	size_t i;

	if (fd < 0)
		return fd;
	for (i = 0; i < sizeof(bindings) / sizeof(bindings[0]); i++) {
		if (bindings[i].xdp == NSR_XDP_ZEROCOPY ? wanted > NSR_XDP_ZEROCOPY
							: wanted == NSR_XDP_ZEROCOPY)
			continue;
		rc = bind_as(zc, fd, spec, bindings[i].flags);
		if (rc == 0 && bindings[i].xdp == NSR_XDP_ZEROCOPY)
			*became = NSR_XDP_ZEROCOPY;
		/* Not for want of zero-copy. */
		if (rc == 0 || rc == -ENOBUFS || rc == -ENOMEM || rc == -EBUSY || rc == -EPERM)
			break;
	}
	if (rc == 0)
		return fd;
	if (spec->rings)
		zc_socket_unmap(spec->rings);
	close(fd);
	return rc;
}

int zc_bind_say(const struct zc *zc, int code, uint32_t queue, struct nsr_error *err)
{
	const char *device = zc->device.name;

	switch (code) {
	case -ENOBUFS:
	case -ENOMEM:
		return nsr_error_set(err, -ENOMEM,
				     "no memory for the frames of queue %u, or more than may be "
				     "locked: raise the limit (ulimit -l, LimitMEMLOCK=), grant "
				     "CAP_IPC_LOCK, or ask for a smaller ring",
				     queue);
	case -EBUSY:
		return nsr_error_set(err, code,
				     "queue %u of %s is taken by another AF_XDP socket: end that "
				     "program, take another queue, or join its fanout group",
				     queue, device);
	case -EPERM:
		return nsr_error_set(err, code,
				     "AF_XDP sockets need CAP_NET_RAW: run as root, or grant it");
	case -EAFNOSUPPORT:
		return nsr_error_set(
			err, -EOPNOTSUPP,
			"this kernel has no AF_XDP (CONFIG_XDP_SOCKETS): use packet:%s", device);
	case -EINVAL:
		if (zc->frags)
			return nsr_error_set(err, -EOPNOTSUPP,
					     "frames of an MTU of %u need AF_XDP with several "
					     "buffers a frame, Linux 6.6: lower the MTU to %u, or "
					     "use packet:%s",
					     zc->device.mtu, one_buffer_mtu(&zc->memory), device);
		break;
	case -ENOSYS:
		return nsr_error_set(err, -EOPNOTSUPP,
				     "fanout groups of the engine zc need Linux 6.4: use packet:%s",
				     device);
	case -EOPNOTSUPP:
		if (zc->frags)
			return nsr_error_set(err, code,
					     "%s: its driver has no zero-copy for frames of an "
					     "MTU of %u, which need several buffers: lower the MTU "
					     "to %u, or demand native",
					     device, zc->device.mtu, one_buffer_mtu(&zc->memory));
		return nsr_error_set(err, code,
				     "%s: its driver has no zero-copy: leave the mode out, or "
				     "demand native",
				     device);
	}
	return nsr_error_set(err, code, "AF_XDP socket on queue %u of %s: %s", queue, device,
			     strerror(-code));
}

static int open_socket(struct zc *zc, struct zc_queue *queue, uint32_t wanted, bool again)
{
	struct zc_socket_spec spec = {
		.ifindex = zc->device.ifindex,
		.queue = queue->id,
		.memory = &zc->memory,
		.receive = zc->socket_mode & NSR_RECV,
		.rings = queue,
	};

	queue->memory = get_memory(&zc->memory);
	if (!queue->memory)
		return -ENOMEM;
	spec.base = queue->memory;
	queue->fd = zc_bind(zc, &spec, wanted, &zc->xdp, again);
	return queue->fd < 0 ? queue->fd : 0;
}

static void close_queue(const struct zc *zc, struct zc_queue *queue)
{
	zc_socket_unmap(queue);
	if (queue->fd >= 0)
		close(queue->fd);
	if (queue->memory)
		munmap(queue->memory, mapped_bytes(&zc->memory));
	free(queue->held);
	free(queue->held_count);
}

static int open_queue(struct zc *zc, struct zc_queue *queue, uint32_t wanted, bool again)
{
	int rc = open_socket(zc, queue, wanted, again);

	if (rc < 0)
		return rc;
	queue->held_room = zc->memory.rx_frames;
	queue->held = calloc(queue->held_room + 1, sizeof(*queue->held));
	queue->held_count = calloc(1, sizeof(*queue->held_count));
	if (!queue->held || !queue->held_count)
		return -ENOMEM;
	if (zc->socket_mode & NSR_RECV)
		zc_fill(queue, &zc->memory);
	return 0;
}

static void close_all(struct zc *zc)
{
	uint32_t i;

	for (i = 0; i < zc->queue_count; i++)
		close_queue(zc, &zc->queues[i]);
	zc->queue_count = 0;
}

/* @first: number of the first queue; @again: as for zc_bind() */
static int open_all(struct zc *zc, uint32_t first, uint32_t count, uint32_t wanted, bool again)
{
	uint32_t i;
	int rc = 0;

	for (i = 0; i < count && rc == 0; i++) {
		zc->queues[i] = (struct zc_queue){ .id = first + i, .fd = -1 };
		zc->queue_count = i + 1;
		rc = open_queue(zc, &zc->queues[i], wanted, again);
		/* What the first has become holds for all. */
		wanted = zc->xdp;
	}
	return rc;
}

/* What the capture has already become holds for its sockets. */
static uint32_t wanted_mode(const struct zc *zc, const struct nsr_options *opts)
{
	if (zc->xdp == NSR_XDP_GENERIC)
		return NSR_XDP_GENERIC;
	return zc->copies ? NSR_XDP_NATIVE : opts->xdp;
}

int zc_queues_open(struct zc *zc, int queue, const struct nsr_options *opts, uint32_t mode,
		   struct nsr_error *err)
{
	/* Frames leave by one queue. */
	bool one = queue >= 0 || !(mode & NSR_RECV);
	uint32_t first = queue >= 0 ? (uint32_t)queue : 0, xdp = zc->xdp;
	uint32_t count = one ? 1 : zc->device.queues, wanted = wanted_mode(zc, opts);
	bool again = false;
	int rc = mode & NSR_RECV ? zc_device_takes_sockets(&zc->device, err) : 0;

	if (rc < 0)
		return rc;
	zc->socket_mode = mode;
	zc_memory_plan(&zc->memory, &zc->device, count, mode, opts);
	zc->queues = calloc(count, sizeof(*zc->queues));
	if (!zc->queues)
		return nsr_error_set(err, -ENOMEM, "out of memory");
	for (;;) {
		rc = open_all(zc, first, count, wanted, again);
		/* Less memory, where the limit on locked memory or the machine has not that much. */
		if ((rc != -ENOBUFS && rc != -ENOMEM) || zc->memory.rx_frames < 2 * ZC_LEAST_FRAMES)
			break;
		again = zc->queue_count > 1;
		close_all(zc);
		zc->xdp = xdp;
		zc->memory.rx_frames /= 2;
		zc->memory.ring_frames = zc->memory.rx_frames;
	}
	return rc < 0 ? zc_bind_say(zc, rc, zc->queues[zc->queue_count - 1].id, err) : 0;
}

void zc_queues_close(struct zc *zc)
{
	close_all(zc);
	free(zc->queues);
	zc->queues = NULL;
	zc->socket_mode = 0;
}
