/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* See pcap/sll.h for both headers: struct sll_header and struct sll2_header. */
#include "cooked.h"

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <pcap/pcap.h>
#include <pcap/sll.h>
#include <string.h>

#include <nsring/nsring.h>

#include "lib/filter/flow.h"
#include "lib/filter/run.h"

#define TAG_BYTES 4

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* struct sll_header: type of packet, type of device, length of address, address, protocol. */
static void put_old_header(uint8_t *room, const uint8_t *sll2)
{
	put16(room, sll2[10]);
	put16(room + 2, get16(sll2 + 8));
	put16(room + 4, sll2[11]);
	memcpy(room + 6, sll2 + 12, SLL_ADDRLEN);
	put16(room + 14, get16(sll2));
}

void cooked_replace(struct nsr_packet *packet, uint8_t *room)
{
	uint32_t shorter = SLL2_HDR_LEN - SLL_HDR_LEN;

	if (packet->caplen < SLL2_HDR_LEN)
		return;
	put_old_header(room, packet->data);
	memcpy(room + SLL_HDR_LEN, packet->data + SLL2_HDR_LEN, packet->caplen - SLL2_HDR_LEN);
	packet->data = room;
	packet->caplen -= shorter;
	packet->len -= shorter;
}

/* Takes the tag off a packet that begins with LINKTYPE_LINUX_SLL2's header. */
static void take_tag_off(uint8_t *room, struct nsr_packet *packet, struct nsr_ancillary *ancillary)
{
	const uint8_t *data = packet->data;

	ancillary->vlan_tpid = get16(data);
	ancillary->vlan_tci = get16(data + SLL2_HDR_LEN);
	memcpy(room, data, SLL2_HDR_LEN);
	memcpy(room, data + SLL2_HDR_LEN + 2, 2);
	memcpy(room + SLL2_HDR_LEN, data + SLL2_HDR_LEN + TAG_BYTES,
	       packet->caplen - SLL2_HDR_LEN - TAG_BYTES);
	packet->data = room;
	packet->caplen -= TAG_BYTES;
	packet->len -= TAG_BYTES;
}

uint32_t cooked_see(bool old, uint8_t *room, struct nsr_packet *packet,
		    struct nsr_ancillary *ancillary)
{
	const uint8_t *data = packet->data;
	uint8_t header[SLL_HDR_LEN];

	if (packet->caplen < SLL2_HDR_LEN)
		return 0;
	if (packet->flags & NSR_PKT_VLAN && packet->caplen >= SLL2_HDR_LEN + TAG_BYTES)
		take_tag_off(room, packet, ancillary);
	data = packet->data;
	ancillary->protocol = get16(data);
	ancillary->ifindex = (uint32_t)get16(data + 4) << 16 | get16(data + 6);
	ancillary->hatype = get16(data + 8);
	ancillary->pkttype = data[10];
	if (!old)
		return SLL2_HDR_LEN;
	put_old_header(header, data);
	memmove(room + SLL_HDR_LEN, data + SLL2_HDR_LEN, packet->caplen - SLL2_HDR_LEN);
	memcpy(room, header, SLL_HDR_LEN);
	packet->data = room;
	packet->caplen -= SLL2_HDR_LEN - SLL_HDR_LEN;
	packet->len -= SLL2_HDR_LEN - SLL_HDR_LEN;
	return SLL_HDR_LEN;
}

/* Fields of the old header, and what they are in the new one. */
static bool move_field(struct sock_filter *insn, uint32_t bytes)
{
	if (insn->k == 0 && bytes == 2) {
		insn->code = BPF_LD | BPF_B | BPF_ABS;
		insn->k = 10;
	} else if (insn->k == 2 && bytes == 2) {
		insn->k = 8;
	} else if (insn->k == 4 && bytes == 2) {
		insn->code = BPF_LD | BPF_B | BPF_ABS;
		insn->k = 11;
	} else if (insn->k >= 6 && insn->k + bytes <= 14) {
		insn->k += 6;
	} else if (insn->k == 14 && bytes == 2) {
		insn->k = 0;
	} else {
		return false;
	}
	return true;
}

static bool move_load(struct sock_filter *insn)
{
	if (insn->k >= (uint32_t)SKF_AD_OFF && BPF_MODE(insn->code) == BPF_ABS)
		return true;
	if (insn->k > INT32_MAX)
		return false;
	if (insn->k < SLL_HDR_LEN)
		return BPF_MODE(insn->code) == BPF_ABS &&
		       move_field(insn, nsr_flow_load_bytes(insn->code));
	insn->k += SLL2_HDR_LEN - SLL_HDR_LEN;
	return true;
}

bool cooked_code_for_sll2(struct sock_filter *code, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		if (BPF_CLASS(code[i].code) != BPF_LD && BPF_CLASS(code[i].code) != BPF_LDX)
			continue;
		switch (BPF_MODE(code[i].code)) {
		case BPF_ABS:
		case BPF_IND:
		case BPF_MSH:
			if (!move_load(&code[i]))
				return false;
			break;
		}
	}
	return true;
}

bool cooked_code_asks_length(const struct sock_filter *code, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		bool loads =
			BPF_CLASS(code[i].code) == BPF_LD || BPF_CLASS(code[i].code) == BPF_LDX;

		if (loads && BPF_MODE(code[i].code) == BPF_LEN)
			return true;
	}
	return false;
}
