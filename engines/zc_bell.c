/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * When a reader is to look.
 *
 * The kernel wakes who waits for an AF_XDP socket each time that it has put something into the
 * ring, which may be for every packet. So a reader that has emptied the ring rests: it doesn't wait
 * for the socket. The ring must not fill up meanwhile, however fast the packets come. Therefore the
 * program counts them, and when as many have come as the reader said, it writes a word into a small
 * BPF ring buffer, which wakes the reader. What the words say does not matter.
 *
 * A bell costs the CPU that receives two interrupts to itself and another, some thousand cycles and
 * in a virtual machine far more. So there are few of them, and none while the reader is awake.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "zc.h"

int zc_bell_open(struct zc *zc)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *at;

	zc->program.bell =
		bpf_map_create(BPF_MAP_TYPE_RINGBUF, "nsring_bell", 0, 0, (uint32_t)page, NULL);
	if (zc->program.bell < 0)
		return -errno;
	at = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, zc->program.bell, 0);
	if (at == MAP_FAILED)
		return -errno;
	zc->bell.consumer = at;
	at = mmap(NULL, page, PROT_READ, MAP_SHARED, zc->program.bell, (off_t)page);
	if (at == MAP_FAILED)
		return -errno;
	zc->bell.producer = at;
	return 0;
}

/* What lies in a queue's ring, or a tap's. */
static uint64_t waiting(const struct zc *zc, uint32_t i)
{
	if (zc->is_tap)
		return __atomic_load_n(zc->tap.producer, __ATOMIC_ACQUIRE) - zc->tap.next;
	return zc_ring_waiting(&zc->queues[i].rx);
}

/* A tap takes frames of all queues into one ring buffer. */
static uint32_t bells(const struct zc *zc)
{
	return zc->is_tap ? zc->device.queues : zc->queue_count;
}

static uint32_t place(const struct zc *zc, uint32_t i)
{
	return (zc->is_tap ? i : zc->queues[i].id) % ZC_QUEUES_MAX;
}

bool zc_bell_arm(struct zc *zc)
{
	uint32_t i, id;
	uint64_t there, matched;

	for (i = 0; i < bells(zc); i++) {
		id = place(zc, i);
		there = waiting(zc, i);
		matched = __atomic_load_n(&zc->state->queues[id].matched, __ATOMIC_RELAXED);
		if (there >= zc->program.bell_step)
			return false;
		__atomic_store_n(&zc->state->queues[id].ring_at,
				 matched + zc->program.bell_step - there, __ATOMIC_RELAXED);
		zc->bell.armed = true;
	}
	return true;
}

void zc_bell_silence(struct zc *zc)
{
	uint64_t end;
	uint32_t i;

	if (!zc->bell.armed)
		return;
	zc->bell.armed = false;
	for (i = 0; i < bells(zc); i++)
		__atomic_store_n(&zc->state->queues[place(zc, i)].ring_at, UINT64_MAX,
				 __ATOMIC_RELAXED);
	end = __atomic_load_n(zc->bell.producer, __ATOMIC_ACQUIRE);
	__atomic_store_n(zc->bell.consumer, end, __ATOMIC_RELEASE);
}

void zc_bell_close(struct zc *zc)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (zc->bell.consumer)
		munmap(zc->bell.consumer, page);
	if (zc->bell.producer)
		munmap((void *)zc->bell.producer, page);
	if (zc->program.bell >= 0)
		close(zc->program.bell);
}
