/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A tap: the program copies what matches into a BPF ring buffer and lets it pass.
 *
 * The ring buffer has one writer's lock and one reader. A record begins with a header of 8 bytes,
 * whose first four are its length and two flags (BPF_RINGBUF_… of linux/bpf.h); the data is mapped
 * twice, so that no record is in two pieces. The reader tells how far it is done.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "zc.h"

#define DEFAULT_BYTES (8u << 20)
#define LEAST_BYTES   (256u << 10) /* a record of the longest frame, and more */
#define MOST_BYTES    (1u << 30)

static uint64_t choose_bytes(const struct nsr_options *opts)
{
	uint64_t bytes = opts->ring_bytes ? opts->ring_bytes : DEFAULT_BYTES;
	uint64_t spare = nsr_spare_memory() / 4, power = LEAST_BYTES;

	if (spare && bytes > spare)
		bytes = spare;
	while (power * 2 <= bytes && power < MOST_BYTES)
		power *= 2;
	return power;
}

static int map(struct zc *zc)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct zc_tap *tap = &zc->tap;
	void *at;

	at = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, zc->program.records, 0);
	if (at == MAP_FAILED)
		return -errno;
	tap->consumer = at;
	at = mmap(NULL, page + 2 * tap->bytes, PROT_READ, MAP_SHARED, zc->program.records,
		  (off_t)page);
	if (at == MAP_FAILED)
		return -errno;
	tap->producer = at;
	tap->data = (const uint8_t *)at + page;
	return 0;
}

int zc_tap_open(struct zc *zc, const struct nsr_options *opts, struct nsr_error *err)
{
	struct zc_tap *tap = &zc->tap;
	int rc;

	tap->bytes = choose_bytes(opts);
	zc->program.records = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "nsring_tap", 0, 0,
					     (uint32_t)tap->bytes, NULL);
	if (zc->program.records < 0)
		return nsr_error_set(err, -errno, "ring buffer of %llu bytes: %s",
				     (unsigned long long)tap->bytes, strerror(errno));
	rc = map(zc);
	return rc < 0 ? nsr_error_set(err, rc, "mapping the ring buffer: %s", strerror(-rc)) : 0;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* What an older filter let in is judged by the bytes that were copied. */
static bool refuses(const struct zc *zc, const struct zc_tap_record *record)
{
	return record->generation != zc->program.generation && zc->filter &&
	       !nsr_filter_match(zc->filter, (const uint8_t *)(record + 1), record->len,
				 record->caplen);
}

static void describe(const struct zc *zc, const struct zc_tap_record *record, uint64_t stamp_ns,
		     struct nsr_packet *packet)
{
	*packet = (struct nsr_packet){
		.data = (const uint8_t *)(record + 1),
		.stamp_ns = stamp_ns,
		.len = record->len,
		.caplen = record->caplen < zc->snaplen ? record->caplen : zc->snaplen,
		.flags = NSR_PKT_STAMP_READ,
	};
	if (!record->stamp_ns)
		return;
	packet->stamp_ns = record->stamp_ns + (uint64_t)zc->clock_offset_ns;
	packet->flags = 0;
}

int zc_tap_recv(struct zc *zc, struct nsr_packet *packets, uint32_t max)
{
	struct zc_tap *tap = &zc->tap;
	uint64_t stamp_ns = now_ns(), end;
	const struct zc_tap_record *record;
	uint32_t n = 0, header;

	__atomic_store_n(tap->consumer, tap->next, __ATOMIC_RELEASE);
	end = __atomic_load_n(tap->producer, __ATOMIC_ACQUIRE);
	if (zc->program.stamp)
		zc->clock_offset_ns = zc_stamp_offset_ns();
	while (tap->next < end && n < max) {
		const uint8_t *at = tap->data + (tap->next & (tap->bytes - 1));

		header = __atomic_load_n((const uint32_t *)at, __ATOMIC_ACQUIRE);
		if (header & BPF_RINGBUF_BUSY_BIT)
			break;
		if (!(header & BPF_RINGBUF_DISCARD_BIT)) {
			record = (const void *)(at + BPF_RINGBUF_HDR_SZ);
			describe(zc, record, stamp_ns, &packets[n]);
			n += !refuses(zc, record);
		}
		header &= ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		tap->next += (header + BPF_RINGBUF_HDR_SZ + 7) & ~7ull;
	}
	return (int)n;
}

void zc_tap_close(struct zc *zc)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (zc->tap.consumer)
		munmap(zc->tap.consumer, page);
	if (zc->tap.producer)
		munmap((void *)zc->tap.producer, page + 2 * zc->tap.bytes);
	if (zc->program.records >= 0)
		close(zc->program.records);
}
