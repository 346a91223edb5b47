/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Loads in XDP: the frame's bytes, with the checks that the verifier asks for, and all else. */
#include "xdp_state.h"

static void swap_bytes(struct translation *t, uint8_t size)
{
	if (size != BPF_B)
		nsr_ebpf_emit(t->out, BPF_ALU | BPF_END | BPF_TO_BE, REG_A, 0, 0,
			      size == BPF_H ? 16 : 32);
}

static void read_packet(struct translation *t, uint8_t size, uint8_t dst, uint8_t base, uint32_t k)
{
	if (k > INT16_MAX) {
		move(t, REG_TMP, base);
		emit_k(t, BPF_ALU64 | BPF_ADD, REG_TMP, k);
		base = REG_TMP;
		k = 0;
	}
	read_memory(t, size, dst, base, (int16_t)k);
}

/* Goes to @label when the frame's first buffer has fewer than @bytes from @base on. */
static void jump_if_short(struct translation *t, uint8_t base, uint32_t bytes, uint32_t label)
{
	move(t, REG_TMP, base);
	emit_k(t, BPF_ALU64 | BPF_ADD, REG_TMP, bytes);
	nsr_ebpf_jump(t->out, BPF_JMP | BPF_JGT | BPF_X, REG_TMP, REG_END, 0, label);
}

/* bpf_xdp_load_bytes() from the offset in R2, which changes R0 to R5. */
static void load_by_helper(struct translation *t, uint8_t size, uint8_t dst, uint32_t bytes)
{
	move(t, BPF_REG_1, REG_CTX);
	move(t, BPF_REG_3, BPF_REG_10);
	emit_k(t, BPF_ALU64 | BPF_ADD, BPF_REG_3, (uint32_t)STACK_BUFFER);
	emit_k(t, BPF_ALU64 | BPF_MOV, BPF_REG_4, bytes);
	emit_k(t, BPF_JMP | BPF_CALL, 0, BPF_FUNC_xdp_load_bytes);
	jump_k(t, BPF_JMP | BPF_JNE, BPF_REG_0, 0, t->no_match);
	read_memory(t, size, dst, BPF_REG_10, STACK_BUFFER);
}

/* A load from a fixed offset, not yet in host order. */
static void load_absolute(struct translation *t, uint32_t at, struct state *s, uint8_t dst)
{
	const struct sock_filter *insn = &t->code[at];

	if (t->frags) {
		emit_k(t, BPF_ALU64 | BPF_MOV, BPF_REG_2, insn->k);
		load_by_helper(t, BPF_SIZE(insn->code), dst, nsr_flow_load_bytes(insn->code));
		return;
	}
	if (s->have < nsr_flow_load_end(insn)) {
		s->have = t->flow[at].need;
		jump_if_short(t, REG_DATA, s->have, t->no_match);
	}
	read_packet(t, BPF_SIZE(insn->code), dst, REG_DATA, insn->k);
}

/* Refuses the frame when X is so large that @bytes from there on are out of reach. */
static void bound_x(struct translation *t, struct state *s, uint32_t bytes)
{
	uint32_t most = NSR_FLOW_REACH - bytes;

	if (s->x_max <= most)
		return;
	jump_k(t, BPF_JMP | BPF_JGT, REG_X, most, t->no_match);
	s->x_max = most;
}

/*
 * The verifier must see that REG_AT_X plus what is checked there can't overflow its 16 bits. The
 * mask changes only what it knows: on a way that no packet can take, which older verifiers follow
 * all the same, the range of X may be empty, and that can't be added to a pointer.
 */
static void point_at_x(struct translation *t, struct state *s, uint32_t bytes)
{
	if (s->pointed && s->point_max <= NSR_FLOW_REACH - bytes)
		return;
	bound_x(t, s, bytes);
	move(t, REG_AT_X, REG_X);
	emit_k(t, BPF_ALU64 | BPF_AND, REG_AT_X, 0xffff);
	emit_x(t, BPF_ALU64 | BPF_ADD, REG_AT_X, REG_DATA);
	s->pointed = true;
	s->point_max = s->x_max;
	s->have_x = 0;
}

static void load_indirect(struct translation *t, uint32_t at, struct state *s)
{
	const struct sock_filter *insn = &t->code[at];
	uint32_t end = nsr_flow_load_end(insn);

	if (t->helpers) {
		bound_x(t, s, end);
		move(t, BPF_REG_2, REG_X);
		emit_k(t, BPF_ALU64 | BPF_ADD, BPF_REG_2, insn->k);
		load_by_helper(t, BPF_SIZE(insn->code), REG_A, nsr_flow_load_bytes(insn->code));
		return;
	}
	if (!s->pointed || s->have_x < end) {
		end = t->flow[at].need_x;
		point_at_x(t, s, end);
		jump_if_short(t, REG_AT_X, end, t->no_match);
		s->have_x = end;
	}
	read_packet(t, BPF_SIZE(insn->code), REG_A, REG_AT_X, insn->k);
}

/* X = 4 * (P[k] & 0xf). A survives the helper call, if it has a value. */
static void load_msh(struct translation *t, uint32_t at, struct state *s)
{
	bool save = t->frags && ((t->flow[at].set | t->sum.unset) & NSR_FLOW_A);

	if (save)
		write_stack(t, STACK_A, REG_A);
	load_absolute(t, at, s, REG_X);
	if (save) {
		read_stack(t, REG_A, STACK_A);
		s->a_max = UINT32_MAX;
	}
	emit_k(t, BPF_ALU | BPF_AND, REG_X, 0xf);
	emit_k(t, BPF_ALU | BPF_LSH, REG_X, 2);
	set_x(s, 60);
}

static void load_length(struct translation *t, uint8_t dst)
{
	if (t->length_known) {
		read_stack(t, dst, STACK_LENGTH);
		return;
	}
	move(t, dst, REG_END);
	emit_x(t, BPF_ALU64 | BPF_SUB, dst, REG_DATA);
	emit_x(t, BPF_ALU | BPF_MOV, dst, dst);
}

void nsr_xdp_load(struct translation *t, uint32_t at, struct state *s)
{
	const struct sock_filter *insn = &t->code[at];

	s->a_max = UINT32_MAX;
	switch (BPF_MODE(insn->code)) {
	case BPF_IMM:
		emit_k(t, BPF_ALU | BPF_MOV, REG_A, insn->k);
		s->a_max = insn->k;
		return;
	case BPF_MEM:
		read_stack(t, REG_A, scratch(insn->k));
		return;
	case BPF_LEN:
		load_length(t, REG_A);
		return;
	case BPF_ABS:
		load_absolute(t, at, s, REG_A);
		break;
	default: /* BPF_IND */
		load_indirect(t, at, s);
	}
	swap_bytes(t, BPF_SIZE(insn->code));
	if (BPF_SIZE(insn->code) == BPF_B)
		s->a_max = UINT8_MAX;
}

void nsr_xdp_load_x(struct translation *t, uint32_t at, struct state *s)
{
	const struct sock_filter *insn = &t->code[at];

	switch (BPF_MODE(insn->code)) {
	case BPF_IMM:
		emit_k(t, BPF_ALU | BPF_MOV, REG_X, insn->k);
		set_x(s, insn->k);
		break;
	case BPF_MEM:
		read_stack(t, REG_X, scratch(insn->k));
		set_x(s, UINT32_MAX);
		break;
	case BPF_LEN:
		load_length(t, REG_X);
		set_x(s, UINT32_MAX);
		break;
	default: /* BPF_MSH */
		load_msh(t, at, s);
	}
}
