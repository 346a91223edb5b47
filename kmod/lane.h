/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lanes of a ring: one for each CPU that is online, or has been since the ring was made.
 *
 * A lane has two parts. struct nsr_lane is the CPU's own side, out of user space's sight. The area has what
 * user space maps: a page with struct nsring_lane, then the data, on the CPU's memory node. A CPU that comes
 * online gets a lane in each ring before it runs (lane.c). If there is no memory for the area, the CPU counts its
 * packets as full; without memory even for its own side, which is a few hundred bytes, it doesn't come online. So
 * delivery always finds a lane. A CPU that goes offline keeps its lane.
 *
 * Lifetime: a lane goes with its ring.
 */
#ifndef NSR_LANE_H
#define NSR_LANE_H

#include <linux/cache.h>
#include <linux/types.h>

#include "memory.h"
#include "nsring_uapi.h"

/*
 * The tail and the oldest record of a lane before its first packet: so far from any head that the packet has no
 * room, and looks closer.
 */
#define NSR_POS_UNKNOWN (1ULL << 63)

/* A shared ring gives up its oldest records by parts of a lane. */
#define NSR_PARTS_SHIFT 6
#define NSR_PARTS	(1U << NSR_PARTS_SHIFT)

struct nsr_ring;
struct nsr_sock;

/**
 * struct nsr_lane - a CPU's own side of its lane; only that CPU writes it
 * @head:    position of the next record; the truth, of which @shown->head is a copy
 * @tail:    the reader's position when last looked at, or NSR_POS_UNKNOWN; kept only if possible
 * @data:    lane_bytes of records; NULL: there is no memory for them. Stored last, with release
 * @shown:   the side of the lane that user space maps
 * @alarm:   the head at which readers must be looked at, see wake.c
 * @used:    the lane's bit in the ring's bitmap is set
 * @met:     number of the list of readers that it has seen last (shared), see reader.h
 * @oldest:  start of the oldest whole record (shared), or NSR_POS_UNKNOWN
 * @part_end: end of the part in which the last record begins (shared)
 * @starts:  by part of the lane, position of the first record that begins there (shared), see deliver.c
 * @full:    packets for which there was no room
 * @sampled: packets that sampling left out
 * @countdown: packets until the next that sampling keeps
 * @area:    @shown and @data
 * @refused: by index: packets that the reader's filter refused; just one unless the ring is shared
 */
struct nsr_lane {
	u64 head;
	u64 tail;
	u8 *data;
	struct nsring_lane *shown;
	u64 alarm;
	u64 met;
	u64 oldest;
	u64 part_end;
	bool used;
	u64 *starts;
	u64 full;
	u64 sampled;
	u32 countdown;
	struct nsr_area area;
	u64 refused[];
} ____cacheline_aligned_in_smp;

unsigned int nsr_lanes_online(void);
unsigned long nsr_lane_pages(u64 lane_bytes);
int nsr_lanes_make(struct nsr_ring *ring);
void nsr_lanes_free(struct nsr_ring *ring);
void nsr_lanes_join(struct nsr_ring *ring, struct nsr_sock *sock);
struct page *nsr_lanes_page(const struct nsr_ring *ring, unsigned long i);
int nsr_lanes_register(void);
void nsr_lanes_unregister(void);

#endif
