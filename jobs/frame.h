/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * UDP frames: built once, then given each flow's source address and port.
 */
#ifndef NSRING_FRAME_H
#define NSRING_FRAME_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define FRAME_SIZE_LEAST 60
#define FRAME_SIZE_MOST	 65535

/**
 * struct frame_address - an address of either family
 * @family: AF_INET, AF_INET6, or 0 for none
 * @bytes:  in network order, 4 or 16 of them
 */
struct frame_address {
	int family;
	uint8_t bytes[16];
};

/**
 * struct frame_layout - what a frame is made of
 * @size:         bytes of the whole frame, tag included, without the FCS
 * @vlan:         VLAN id, 0: untagged
 * @src_mac, @dst_mac: link-level addresses
 * @src, @dst:    both of the same family
 * @src_port, @dst_port: in host order
 */
struct frame_layout {
	uint32_t size;
	uint32_t vlan;
	uint8_t src_mac[6];
	uint8_t dst_mac[6];
	struct frame_address src;
	struct frame_address dst;
	uint16_t src_port;
	uint16_t dst_port;
};

/**
 * frame_overhead() - bytes of a frame's headers
 * @layout: only its @vlan and @dst matter
 */
uint32_t frame_overhead(const struct frame_layout *layout);

/**
 * frame_build() - write a frame, checksums included
 * @layout: @size is at least frame_overhead() and at most FRAME_SIZE_MOST
 * @frame:  @layout->size bytes, overwritten
 */
void frame_build(const struct frame_layout *layout, uint8_t *frame);

/**
 * frame_set_source() - change the source of a frame that frame_build() wrote
 * @layout: the frame's layout with the new @src and @src_port
 * @frame:  source and checksums are updated
 */
void frame_set_source(const struct frame_layout *layout, uint8_t *frame);

#endif
