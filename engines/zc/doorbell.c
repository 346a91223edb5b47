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
 * A doorbell costs the CPU that receives two interrupts to itself and another, some thousand cycles and
 * in a virtual machine far more. So there are few of them, and none while the reader is awake.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "zc.h"

int zc_doorbell_open(struct zc *zc)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *at;

	zc->program.doorbell =
		bpf_map_create(BPF_MAP_TYPE_RINGBUF, "nsring_doorbell", 0, 0, (uint32_t)page, NULL);
	if (zc->program.doorbell < 0)
		return -errno;
	at = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, zc->program.doorbell, 0);
	if (at == MAP_FAILED)
		return -errno;
	zc->doorbell.consumer = at;
	at = mmap(NULL, page, PROT_READ, MAP_SHARED, zc->program.doorbell, (off_t)page);
	if (at == MAP_FAILED)
		return -errno;
	zc->doorbell.producer = at;
	return 0;
}

/* Lanes of the state that are ours. */
static uint32_t lanes(const struct zc *zc)
{
	return zc->copies ? zc->program.lanes : zc->queue_count;
}

static struct zc_lane *lane_of(const struct zc *zc, uint32_t i)
{
	return &zc->state->lanes[zc->copies ? i : zc->queues[i].id % ZC_QUEUES_MAX];
}

static void ring_at(struct zc_lane *lane, uint64_t head)
{
	__atomic_store_n(&lane->ring_at, head, __ATOMIC_RELAXED);
}

static void forget_words(struct zc *zc)
{
	uint64_t end = __atomic_load_n(zc->doorbell.producer, __ATOMIC_ACQUIRE);

	__atomic_store_n(zc->doorbell.consumer, end, __ATOMIC_RELEASE);
}

bool zc_doorbell_arm(struct zc *zc)
{
	struct zc_lane *lane;
	uint64_t there;
	uint32_t i;

	forget_words(zc);
	zc->doorbell.idle = true;
	for (i = 0; i < lanes(zc); i++) {
		lane = lane_of(zc, i);
		there = zc->copies ? zc_copy_waiting(zc, i) : zc_ring_waiting(&zc->queues[i].rx);
		if (there >= zc->program.doorbell_step)
			return false;
		ring_at(lane, __atomic_load_n(&lane->head, __ATOMIC_RELAXED) +
				      zc->program.doorbell_step - there);
	}
	return true;
}

void zc_doorbell_arm_now(struct zc *zc)
{
	uint32_t i;

	forget_words(zc);
	zc->doorbell.idle = false;
	for (i = 0; i < lanes(zc); i++)
		ring_at(lane_of(zc, i), zc->copy.next[i]);
	/* What the program has written before it saw this, we see now: it has a barrier, too. */
	__sync_synchronize();
}

void zc_doorbell_silence(struct zc *zc)
{
	uint32_t i;

	if (!zc->doorbell.idle)
		return;
	zc->doorbell.idle = false;
	for (i = 0; i < lanes(zc); i++)
		ring_at(lane_of(zc, i), UINT64_MAX);
}

void zc_doorbell_close(struct zc *zc)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (zc->doorbell.consumer)
		munmap(zc->doorbell.consumer, page);
	if (zc->doorbell.producer)
		munmap((void *)zc->doorbell.producer, page);
	if (zc->program.doorbell >= 0)
		close(zc->program.doorbell);
	zc->doorbell = (struct zc_doorbell){ 0 };
	zc->program.doorbell = -1;
}
