/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * When a reader is to look.
 *
 * The kernel wakes who waits for an AF_XDP socket each time that it has put something into the
 * ring, which may be for every packet. So a reader that has emptied the ring rests: it doesn't wait
 * for the socket. The ring must not fill up meanwhile, however fast the packets come. Therefore the
 * program counts them, and each time that a part of the ring has come it writes a word into a small
 * BPF ring buffer, which wakes the reader. What the words say does not matter.
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

void zc_bell_silence(struct zc *zc)
{
	uint64_t end;

	if (!zc->bell.producer)
		return;
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
