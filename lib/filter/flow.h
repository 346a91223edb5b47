/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Questions that a classic BPF program answers before it sees a packet. */
#ifndef NSR_FILTER_FLOW_H
#define NSR_FILTER_FLOW_H

#include <stdbool.h>
#include <stdint.h>

struct sock_filter;

/** A packet's bytes from this offset on are out of reach: a load there refuses the packet. */
#define NSR_FLOW_REACH 65535

/** Not even NSR_FLOW_REACH bytes are enough. */
#define NSR_FLOW_NEVER UINT32_MAX

/** Bits of the sets of places that hold a value; M[i] is bit i. */
#define NSR_FLOW_A (1u << 16)
#define NSR_FLOW_X (1u << 17)

/**
 * struct nsr_flow - what is known before an instruction runs
 * @need:    a packet of fewer bytes is refused from here on, whatever else it holds
 * @need_x:  the same, counted from offset X
 * @set:     registers and memory that have a value on every way that leads here
 * @reached: some way leads here
 * @again:   a jump back leads here
 */
struct nsr_flow {
	uint32_t need;
	uint32_t need_x;
	uint32_t set;
	bool reached;
	bool again;
};

/**
 * struct nsr_flow_sum - what is known of the whole program
 * @unset: registers and memory that may be read before they are set; such a read gives 0
 * @loops: it has a jump back that can be reached
 * @asks_length: it reads the packet's length
 * @matches: some way leads to a match
 * @refuses: some way leads to a refusal, a packet too short for a load among them
 */
struct nsr_flow_sum {
	uint32_t unset;
	bool loops;
	bool asks_length;
	bool matches;
	bool refuses;
};

/** nsr_flow_load_bytes() - bytes that a load of this code reads: 4, 2 or 1 */
uint32_t nsr_flow_load_bytes(uint16_t code);

/**
 * nsr_flow_load_end() - the end of what a load reads, from the packet's start or from X
 *
 * Return: offset of the byte behind it, NSR_FLOW_NEVER when that is out of reach.
 */
uint32_t nsr_flow_load_end(const struct sock_filter *insn);

/**
 * nsr_flow_trace() - follow a program
 * @code:  instructions
 * @count: how many
 * @flow:  room for @count, filled in
 * @sum:   filled in
 *
 * Return: 0; -EINVAL an unknown instruction, a division by zero, a shift by more than 31, a jump
 * out of the program, or an end without a return.
 */
int nsr_flow_trace(const struct sock_filter *code, uint32_t count, struct nsr_flow *flow,
		   struct nsr_flow_sum *sum);

#endif
