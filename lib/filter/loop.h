/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Running filters that have a loop. */
#ifndef NSR_FILTER_LOOP_H
#define NSR_FILTER_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct bpf_insn;

/** nsr_filter_has_loop() - whether a program of @count instructions jumps back */
bool nsr_filter_has_loop(const struct bpf_insn *code, uint32_t count);

/**
 * nsr_filter_run_loop() - bpf_filter() of libpcap, for programs with a loop
 * @code:   compiled by libpcap, which ends every way with a return
 * @data:   the packet
 * @len:    bytes on the wire
 * @caplen: bytes at @data
 *
 * Refuses a packet at the 65th jump back, as the newest libpcap does; that of Debian 12 goes round
 * for ever with an authentication header that leads to itself.
 */
bool nsr_filter_run_loop(const struct bpf_insn *code, const uint8_t *data, uint32_t len,
			 uint32_t caplen);

#endif
