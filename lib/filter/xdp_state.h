/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A translation from classic BPF to XDP under way: where things are, what is known, and the
 * instructions that it is made of.
 *
 * The accumulator is R0, X is R9; both are always zero-extended 32-bit values. R4 is, when the
 * state says so, the packet's start plus X. R1 to R3 are temporaries. Scratch memory, the count
 * of jumps back, the frame's length and the buffer of helper calls are on the stack.
 */
#ifndef NSR_FILTER_XDP_STATE_H
#define NSR_FILTER_XDP_STATE_H

#include <linux/bpf.h>
#include <linux/filter.h>

#include "flow.h"
#include "xdp.h"

enum {
	REG_A = BPF_REG_0,
	REG_X = BPF_REG_9,
	REG_AT_X = BPF_REG_4,
	REG_TMP = BPF_REG_1,
	REG_CTX = NSR_XDP_CTX,
	REG_DATA = NSR_XDP_DATA,
	REG_END = NSR_XDP_DATA_END,
};

/*
 * On the stack, from R10. Each value has eight bytes, which are always written all at once: where a
 * register is spilled, verifiers up to 6.2 or so allow no smaller writes without CAP_PERFMON.
 */
enum {
	STACK_M = -128, /* M[0]; the others follow */
	STACK_COUNTER = -136,
	STACK_LENGTH = -144,
	STACK_A = -152,
	STACK_BUFFER = -160,
};
_Static_assert(STACK_BUFFER >= -NSR_XDP_STACK, "the stack is larger than callers are told");

/* What is known before an instruction, on every way that leads there. */
struct state {
	bool met; /* some way leads there; else the rest means nothing */
	bool pointed; /* REG_AT_X is the packet's start plus X */
	uint32_t have; /* bytes checked to be there */
	uint32_t have_x; /* bytes from X on checked to be there; with @pointed */
	uint32_t point_max; /* the largest X that REG_AT_X was made with */
	uint32_t a_max, x_max;
};

struct translation {
	struct nsr_ebpf *out;
	const struct sock_filter *code;
	uint32_t count;
	const struct nsr_flow *flow;
	struct nsr_flow_sum sum;
	struct state *states;
	uint32_t first; /* label of the copy's instruction 0 */
	uint32_t match, no_match;
	bool frags; /* bytes may lie behind REG_END: every load calls a helper */
	bool helpers; /* loads at variable offsets do */
	bool length_known; /* it is at STACK_LENGTH */
};

static inline uint32_t min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static inline uint32_t max(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static inline void emit_k(struct translation *t, uint8_t code, uint8_t dst, uint32_t k)
{
	nsr_ebpf_emit(t->out, code | BPF_K, dst, 0, 0, (int32_t)k);
}

static inline void emit_x(struct translation *t, uint8_t code, uint8_t dst, uint8_t src)
{
	nsr_ebpf_emit(t->out, code | BPF_X, dst, src, 0, 0);
}

static inline void move(struct translation *t, uint8_t dst, uint8_t src)
{
	emit_x(t, BPF_ALU64 | BPF_MOV, dst, src);
}

static inline void read_memory(struct translation *t, uint8_t size, uint8_t dst, uint8_t base,
			       int16_t off)
{
	nsr_ebpf_emit(t->out, BPF_LDX | BPF_MEM | size, dst, base, off, 0);
}

static inline void read_stack(struct translation *t, uint8_t dst, int16_t off)
{
	read_memory(t, BPF_DW, dst, BPF_REG_10, off);
}

static inline void write_stack(struct translation *t, int16_t off, uint8_t src)
{
	nsr_ebpf_emit(t->out, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, src, off, 0);
}

static inline void jump_k(struct translation *t, uint8_t code, uint8_t reg, uint32_t k,
			  uint32_t label)
{
	nsr_ebpf_jump(t->out, code | BPF_K, reg, 0, (int32_t)k, label);
}

static inline void jump(struct translation *t, uint32_t label)
{
	nsr_ebpf_jump(t->out, BPF_JMP | BPF_JA, 0, 0, 0, label);
}

static inline void set_x(struct state *s, uint32_t most)
{
	s->x_max = most;
	s->pointed = false;
}

/* Where M[k] is. */
static inline int16_t scratch(uint32_t k)
{
	return (int16_t)(STACK_M + 8 * (int)k);
}

/**
 * nsr_xdp_load() - translate a load into A
 * @t:  the translation
 * @at: which instruction
 * @s:  what is known before it; then, what is known after
 */
void nsr_xdp_load(struct translation *t, uint32_t at, struct state *s);

/** nsr_xdp_load_x() - the same of a load into X */
void nsr_xdp_load_x(struct translation *t, uint32_t at, struct state *s);

#endif
