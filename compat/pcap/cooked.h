/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The two cooked headers: nsring hands out LINKTYPE_LINUX_SLL2, many programs ask for LINKTYPE_LINUX_SLL. */
#ifndef NSR_COMPAT_COOKED_H
#define NSR_COMPAT_COOKED_H

#include <stdbool.h>
#include <stdint.h>

struct nsr_ancillary;
struct nsr_packet;
struct sock_filter;

/** get16() - a number of a header, in network byte order */
static inline uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/**
 * cooked_replace() - LINKTYPE_LINUX_SLL's header instead of LINKTYPE_LINUX_SLL2's
 * @packet: changed; it then lies in @room
 * @room:   for a packet of this length
 */
void cooked_replace(struct nsr_packet *packet, uint8_t *room);

/**
 * cooked_see() - what a packet socket's filter sees: no tag, which is in the ancillary fields
 * @old:       with LINKTYPE_LINUX_SLL's header
 * @room:      as above
 * @packet:    of LINKTYPE_LINUX_SLL2; changed
 * @ancillary: zeroed; filled in
 *
 * Return: bytes of the header; 0: there is none, the packet being cut within it.
 */
uint32_t cooked_see(bool old, uint8_t *room, struct nsr_packet *packet,
		    struct nsr_ancillary *ancillary);

/**
 * cooked_code_for_sll2() - have a program that judges LINKTYPE_LINUX_SLL judge LINKTYPE_LINUX_SLL2
 * @code:  changed
 * @count: its instructions
 *
 * Return: false: it asks what can't be asked in as many instructions.
 */
bool cooked_code_for_sll2(struct sock_filter *code, uint32_t count);

/** cooked_code_asks_length() - whether a program asks for a packet's length, which includes the header only later */
bool cooked_code_asks_length(const struct sock_filter *code, uint32_t count);

#endif
