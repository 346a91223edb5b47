/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Running the filters that libpcap's interpreter can't run. */
#ifndef NSR_FILTER_RUN_H
#define NSR_FILTER_RUN_H

#include <stdbool.h>
#include <stdint.h>

struct bpf_insn;

/**
 * struct nsr_ancillary - what a packet socket's filter is told beside the packet: SKF_AD_… of
 *			   linux/filter.h
 * @protocol: EtherType, of what stands behind a tag that was taken off
 * @pkttype:  PACKET_HOST, PACKET_OUTGOING, … of linux/if_packet.h
 * @ifindex:  of the interface
 * @hatype:   ARPHRD_…
 * @vlan_tci, @vlan_tpid: the tag that was taken off; @vlan_tpid is 0 when none was
 */
struct nsr_ancillary {
	uint16_t protocol;
	uint8_t pkttype;
	uint32_t ifindex;
	uint16_t hatype;
	uint16_t vlan_tci;
	uint16_t vlan_tpid;
};

/** nsr_filter_has_loop() - whether a program of @count instructions jumps back */
bool nsr_filter_has_loop(const struct bpf_insn *code, uint32_t count);

/**
 * nsr_filter_run() - judge a packet by a program
 * @code:   every way through it ends with a return: libpcap's, or bpf_validate() has said so
 * @ancillary: NULL: judge as libpcap's bpf_filter() does; else as the kernel does, which also differs
 *          in what a sum or a shift that is too large gives
 * @data:   the packet
 * @len:    bytes on the wire
 * @caplen: bytes at @data
 *
 * Refuses a packet at the 65th jump back, as the newest libpcap does; that of Debian 12 goes round
 * for ever with an authentication header that leads to itself.
 */
bool nsr_filter_run(const struct bpf_insn *code, const struct nsr_ancillary *ancillary,
		    const uint8_t *data, uint32_t len, uint32_t caplen);

#endif
