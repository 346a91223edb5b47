/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The kinds of socket whose kernel-side cost bench/kernel measures. */
#ifndef NSR_BENCH_KERNEL_KIND_H
#define NSR_BENCH_KERNEL_KIND_H

#include <stddef.h>
#include <stdint.h>

enum kernel_share {
	SHARE_NOT, /* each capture gets every packet */
	SHARE_PACKETS, /* each packet goes to one of them: fanout, cluster */
	SHARE_RING, /* each of them reads every packet, from one ring */
};

#define KERNEL_WAIT_NOT UINT32_MAX /* wait_us: not at all */

struct kernel_options {
	const char *device;
	size_t ring_bytes;
	uint32_t snaplen;
	enum kernel_share share;
	uint32_t wait_us; /* how long a packet may wait for others before the reader is woken; 0: as
			   * the kind has it of itself */
};

struct kernel_capture {
	const struct kernel_kind *kind;
	int fd; /* what poll() waits for */
	uint8_t *ring; /* NULL: none is mapped */
	size_t ring_bytes;
	uint8_t *cursors;
	uint32_t reader; /* index among those who share the ring */
	size_t next; /* offset of the block to be read */
};

struct kernel_totals {
	uint64_t captured; /* packets that the kernel has put into the capture */
	uint64_t lost; /* packets that it had no room for */
};

/* A kind of socket. Its functions return -errno. */
struct kernel_kind {
	const char *name;
	int (*open)(struct kernel_capture *cap, const struct kernel_options *opts);
	/* Look at the packets that are there and give them back; returns how many, never waits. */
	int (*drain)(struct kernel_capture *cap);
	int (*totals)(struct kernel_capture *cap, struct kernel_totals *totals);
	/* A socket that sends on @device, and captures nothing; returns it. */
	int (*open_sender)(const char *device);
};

/* The kind of that name, or NULL. */
const struct kernel_kind *kernel_kind_find(const char *name);

/* Wait until @cap has packets, at most @wait_ms, and drain it; returns how many there were. */
int kernel_capture_read(struct kernel_capture *cap, int wait_ms);

extern const struct kernel_kind kernel_kind_packet; /* TPACKET_V3 */
extern const struct kernel_kind kernel_kind_recv; /* a packet socket without a ring */
extern const struct kernel_kind kernel_kind_nsring; /* nsring.ko */

#endif
