/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * When an idle reader must look.
 *
 * The kernel wakes a reader that waits for an AF_XDP socket each time it has put something into
 * the ring, which may be for every packet. So a reader that has emptied its ring becomes idle: it
 * leaves the socket alone for a while. The ring must not fill up meanwhile, however fast packets
 * come. So the program rings a doorbell, a small BPF ring buffer, when enough has come:
 *
 *	reader                                  program
 *	ring_at = head + step  (arm)            head += 1, or bytes
 *	sleeps on the doorbell                  head >= ring_at: write a word, ring_at = head + step
 *	wakes, ring_at = never (silence)
 *
 * @head and @ring_at are in the lane of the frame's queue (struct zc_lane). Packets that wait when
 * the reader arms count for the step, and the reader does not sleep if that is a step already. It
 * sleeps batch_ms at most in any case. The words themselves do not matter: it forgets them all
 * before it sleeps again.
 *
 * A doorbell costs the CPU that receives two interrupts, to itself and to another CPU: some
 * thousand cycles, and far more in a virtual machine. So the program rings seldom, and never while
 * the reader is awake.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "doorbell.h"

/* The bell rings when a quarter of the ring is full: the reader has the rest to wake up. */
#define RING_PART 4

static int map(struct zc_doorbell *bell, int fd)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *at;

	at = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	bell->consumer = at;
	at = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, (off_t)page);
	if (at == MAP_FAILED)
		return -errno;
	bell->producer = at;
	return 0;
}

int zc_doorbell_open(struct zc *zc, struct zc_doorbell *bell, uint32_t first, uint32_t count,
		     uint32_t ring, struct nsr_error *err)
{
	uint32_t bytes = (uint32_t)sysconf(_SC_PAGESIZE);
	int rc;

	bell->lanes = zc->state->lanes + first;
	bell->count = count;
	bell->step = ring / RING_PART ? ring / RING_PART : 1;
	zc->program.doorbell_step = bell->step;
	zc->program.doorbell =
		bpf_map_create(BPF_MAP_TYPE_RINGBUF, "nsring_doorbell", 0, 0, bytes, NULL);
	rc = zc->program.doorbell < 0 ? -errno : map(bell, zc->program.doorbell);
	return rc < 0 ? nsr_error_set(err, rc, "BPF ring buffer: %s", strerror(-rc)) : 0;
}

void zc_doorbell_close(struct zc *zc, struct zc_doorbell *bell)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (bell->consumer)
		munmap(bell->consumer, page);
	if (bell->producer)
		munmap((void *)bell->producer, page);
	if (zc->program.doorbell >= 0)
		close(zc->program.doorbell);
	*bell = (struct zc_doorbell){ 0 };
	zc->program.doorbell = -1;
}

static void ring_at(struct zc_lane *lane, uint64_t head)
{
	__atomic_store_n(&lane->ring_at, head, __ATOMIC_RELAXED);
}

static void forget_words(struct zc_doorbell *bell)
{
	uint64_t end = __atomic_load_n(bell->producer, __ATOMIC_ACQUIRE);

	__atomic_store_n(bell->consumer, end, __ATOMIC_RELEASE);
}

void zc_doorbell_arm(struct zc_doorbell *bell)
{
	forget_words(bell);
	bell->idle = true;
}

bool zc_doorbell_ask(struct zc_doorbell *bell, uint32_t lane, uint64_t waiting)
{
	struct zc_lane *asked = &bell->lanes[lane];

	if (waiting >= bell->step)
		return false;
	ring_at(asked, __atomic_load_n(&asked->head, __ATOMIC_RELAXED) + bell->step - waiting);
	return true;
}

void zc_doorbell_arm_now(struct zc_doorbell *bell, const uint64_t *next)
{
	uint32_t i;

	forget_words(bell);
	bell->idle = false;
	for (i = 0; i < bell->count; i++)
		ring_at(&bell->lanes[i], next[i]);
	/* If the program has a barrier, too, we see now all that it wrote before it saw this. */
	__sync_synchronize();
}

void zc_doorbell_silence(struct zc_doorbell *bell)
{
	uint32_t i;

	if (!bell->idle)
		return;
	bell->idle = false;
	for (i = 0; i < bell->count; i++)
		ring_at(&bell->lanes[i], UINT64_MAX);
}
