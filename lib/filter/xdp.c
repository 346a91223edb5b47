/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Classic BPF to eBPF for XDP.
 *
 * Instructions are translated in order, with what is known on every way that leads to them (struct
 * state): how many bytes of the frame are there, and how large A and X can be. A check is made for
 * as many bytes as all ways on from here need (struct nsr_flow), so that most loads need none.
 *
 * The verifier follows the same reasoning path by path. It loses sight of a value's range at a byte
 * swap, so nothing is taken for known there either, although only 16 bits can be set.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>

#include "xdp_state.h"

static const struct state nothing_known = { .met = true, .a_max = UINT32_MAX, .x_max = UINT32_MAX };

static void merge(struct state *into, const struct state *from)
{
	if (!into->met) {
		*into = *from;
		return;
	}
	into->pointed &= from->pointed;
	into->have = min(into->have, from->have);
	into->have_x = min(into->have_x, from->have_x);
	into->point_max = max(into->point_max, from->point_max);
	into->a_max = max(into->a_max, from->a_max);
	into->x_max = max(into->x_max, from->x_max);
}

/* The label for going on at instruction @at in state @s; of a verdict, the verdict's label. */
static uint32_t way_to(struct translation *t, uint32_t at, const struct state *s)
{
	if (t->flow[at].need == NSR_FLOW_NEVER)
		return t->no_match;
	if (t->code[at].code == (BPF_RET | BPF_K))
		return t->match;
	merge(&t->states[at], s);
	return t->first + at;
}

/* How large A can get, as far as the verifier of any kernel sees it too. */
static uint32_t largest(const struct sock_filter *insn, const struct state *s)
{
	uint64_t k = BPF_SRC(insn->code) == BPF_X ? s->x_max : insn->k, most = UINT32_MAX;

	switch (BPF_OP(insn->code)) {
	case BPF_AND:
		return min(s->a_max, (uint32_t)k);
	case BPF_RSH:
		return BPF_SRC(insn->code) == BPF_K ? s->a_max >> k : UINT32_MAX;
	case BPF_LSH:
		most = BPF_SRC(insn->code) == BPF_K ? (uint64_t)s->a_max << k : UINT32_MAX;
		break;
	case BPF_ADD:
		most = s->a_max + k;
		break;
	case BPF_MUL:
		if (s->a_max <= UINT16_MAX && k <= UINT16_MAX)
			most = s->a_max * k;
	}
	return most <= INT16_MAX ? (uint32_t)most : UINT32_MAX;
}

/* A shift by 32 and more leaves nothing; eBPF would take the low bits of X only. */
static void shift_by_x(struct translation *t, uint8_t op)
{
	uint32_t all = nsr_ebpf_labels(t->out, 2), done = all + 1;

	jump_k(t, BPF_JMP32 | BPF_JGT, REG_X, 31, all);
	emit_x(t, BPF_ALU | op, REG_A, REG_X);
	jump(t, done);
	nsr_ebpf_place(t->out, all);
	emit_k(t, BPF_ALU | BPF_MOV, REG_A, 0);
	nsr_ebpf_place(t->out, done);
}

static void translate_alu(struct translation *t, uint32_t at, struct state *s)
{
	const struct sock_filter *insn = &t->code[at];
	uint8_t op = BPF_OP(insn->code);

	if (op == BPF_NEG) {
		emit_k(t, BPF_ALU | BPF_NEG, REG_A, 0);
	} else if (BPF_SRC(insn->code) == BPF_K) {
		emit_k(t, BPF_ALU | op, REG_A, insn->k);
	} else if ((op == BPF_LSH || op == BPF_RSH) && s->x_max > 31) {
		shift_by_x(t, op);
	} else {
		if (op == BPF_DIV || op == BPF_MOD)
			jump_k(t, BPF_JMP32 | BPF_JEQ, REG_X, 0, t->no_match);
		emit_x(t, BPF_ALU | op, REG_A, REG_X);
	}
	s->a_max = largest(insn, s);
}

static void translate_misc(struct translation *t, uint32_t at, struct state *s)
{
	if (BPF_MISCOP(t->code[at].code) == BPF_TAX) {
		move(t, REG_X, REG_A);
		set_x(s, s->a_max);
	} else {
		move(t, REG_A, REG_X);
		s->a_max = s->x_max;
	}
}

/* A jump back is always to the label: the instruction there has been translated already. */
static void jump_back(struct translation *t, uint32_t to)
{
	read_stack(t, REG_TMP, STACK_COUNTER);
	emit_k(t, BPF_ALU64 | BPF_ADD, REG_TMP, (uint32_t)-1);
	write_stack(t, STACK_COUNTER, REG_TMP);
	jump_k(t, BPF_JMP | BPF_JEQ, REG_TMP, 0, t->no_match);
	jump(t, t->first + to);
}

static uint8_t inverse(uint8_t op)
{
	switch (op) {
	case BPF_JEQ:
		return BPF_JNE;
	case BPF_JGT:
		return BPF_JLE;
	case BPF_JGE:
		return BPF_JLT;
	default:
		return 0;
	}
}

static void branch(struct translation *t, uint32_t at, const struct state *s)
{
	const struct sock_filter *insn = &t->code[at];
	uint32_t yes = way_to(t, at + 1 + insn->jt, s), no = way_to(t, at + 1 + insn->jf, s);
	uint8_t op = BPF_OP(insn->code), src = BPF_SRC(insn->code);
	uint8_t reg = src == BPF_X ? REG_X : 0;
	int32_t imm = src == BPF_X ? 0 : (int32_t)insn->k;

	if (yes == no) {
		jump(t, yes);
	} else if (yes == t->first + at + 1 && inverse(op)) {
		nsr_ebpf_jump(t->out, BPF_JMP32 | inverse(op) | src, REG_A, reg, imm, no);
		jump(t, yes);
	} else {
		nsr_ebpf_jump(t->out, BPF_JMP32 | op | src, REG_A, reg, imm, yes);
		jump(t, no);
	}
}

static void translate_jump(struct translation *t, uint32_t at, const struct state *s)
{
	uint32_t to = at + 1 + t->code[at].k;

	if (BPF_OP(t->code[at].code) != BPF_JA)
		branch(t, at, s);
	else if (to <= at)
		jump_back(t, to);
	else
		jump(t, way_to(t, to, s));
}

static void translate_return(struct translation *t, uint32_t at)
{
	if (BPF_RVAL(t->code[at].code) == BPF_A)
		jump_k(t, BPF_JMP32 | BPF_JEQ, REG_A, 0, t->no_match);
	jump(t, t->match);
}

static void translate_insn(struct translation *t, uint32_t at, struct state *s)
{
	const struct sock_filter *insn = &t->code[at];

	if (t->flow[at].need == NSR_FLOW_NEVER) {
		jump(t, t->no_match);
		return;
	}
	switch (BPF_CLASS(insn->code)) {
	case BPF_RET:
		translate_return(t, at);
		return;
	case BPF_JMP:
		translate_jump(t, at, s);
		return;
	case BPF_LD:
		nsr_xdp_load(t, at, s);
		break;
	case BPF_LDX:
		nsr_xdp_load_x(t, at, s);
		break;
	case BPF_ST:
		write_stack(t, scratch(insn->k), REG_A);
		break;
	case BPF_STX:
		write_stack(t, scratch(insn->k), REG_X);
		break;
	case BPF_ALU:
		translate_alu(t, at, s);
		break;
	default: /* BPF_MISC */
		translate_misc(t, at, s);
	}
	jump(t, way_to(t, at + 1, s));
}

static void set_unset(struct translation *t)
{
	uint32_t i;

	if (t->sum.unset & NSR_FLOW_A)
		emit_k(t, BPF_ALU | BPF_MOV, REG_A, 0);
	if (t->sum.unset & NSR_FLOW_X)
		emit_k(t, BPF_ALU | BPF_MOV, REG_X, 0);
	for (i = 0; i < BPF_MEMWORDS; i++)
		if (t->sum.unset & 1u << i)
			nsr_ebpf_emit(t->out, BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, scratch(i),
				      0);
	if (t->sum.loops)
		nsr_ebpf_emit(t->out, BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, STACK_COUNTER,
			      NSR_XDP_JUMPS_BACK + 1);
}

/*
 * Makes the verifier forget what it knows of X where a loop starts: else it sees another range on
 * each way round, and the ways multiply. It does not follow a value to half of a stack slot.
 */
static void forget_x(struct translation *t)
{
	const int16_t half = STACK_BUFFER + 4;

	if (!(t->sum.unset & NSR_FLOW_X))
		return; /* X is not used before it is set */
	nsr_ebpf_emit(t->out, BPF_STX | BPF_MEM | BPF_W, BPF_REG_10, REG_X, half, 0);
	read_memory(t, BPF_W, REG_X, BPF_REG_10, half);
}

/*
 * One copy of the filter. An instruction that no jump leads to is left out: the verifier refuses
 * programs with such.
 */
static void translate_copy(struct translation *t, bool frags, bool helpers)
{
	struct state s;
	uint32_t i;

	t->frags = frags;
	t->helpers = helpers;
	t->first = nsr_ebpf_labels(t->out, t->count);
	memset(t->states, 0, t->count * sizeof(*t->states));
	set_unset(t);
	jump(t, way_to(t, 0, &nothing_known));
	for (i = 0; i < t->count; i++) {
		if (t->flow[i].again)
			t->states[i] = nothing_known;
		if (!t->states[i].met)
			continue;
		nsr_ebpf_place(t->out, t->first + i);
		if (t->flow[i].again)
			forget_x(t);
		s = t->states[i];
		translate_insn(t, i, &s);
	}
}

static void find_length(struct translation *t)
{
	move(t, BPF_REG_1, REG_CTX);
	emit_k(t, BPF_JMP | BPF_CALL, 0, BPF_FUNC_xdp_get_buff_len);
	write_stack(t, STACK_LENGTH, BPF_REG_0);
	t->length_known = true;
}

/* Frames of one buffer go to a copy that needs no helper. */
static void translate_both(struct translation *t)
{
	uint32_t several = nsr_ebpf_labels(t->out, 1);

	find_length(t);
	move(t, REG_TMP, REG_END);
	emit_x(t, BPF_ALU64 | BPF_SUB, REG_TMP, REG_DATA);
	nsr_ebpf_jump(t->out, BPF_JMP | BPF_JNE | BPF_X, REG_TMP, BPF_REG_0, 0, several);
	translate_copy(t, false, false);
	nsr_ebpf_place(t->out, several);
	translate_copy(t, true, true);
}

/* Has a jump lead to @label that is never taken. */
static void lead_to(struct translation *t, uint32_t label)
{
	emit_k(t, BPF_ALU | BPF_MOV, REG_TMP, 0);
	jump_k(t, BPF_JMP32 | BPF_JNE, REG_TMP, 0, label);
}

static void translate(struct translation *t, uint32_t flags)
{
	if (!t->sum.matches)
		lead_to(t, t->match);
	if (!t->sum.refuses)
		lead_to(t, t->no_match);
	if (flags & NSR_XDP_FRAGS && !(flags & NSR_XDP_HELPERS)) {
		translate_both(t);
		return;
	}
	if (flags & NSR_XDP_HELPERS && t->sum.asks_length)
		find_length(t);
	translate_copy(t, flags & NSR_XDP_FRAGS, flags & NSR_XDP_HELPERS);
}

int nsr_filter_xdp_translate(struct nsr_ebpf *program, const struct sock_filter *code,
			     uint32_t count, uint32_t flags, uint32_t match, uint32_t no_match,
			     struct nsr_error *err)
{
	struct translation t = {
		.out = program, .code = code, .count = count, .match = match, .no_match = no_match
	};
	struct nsr_flow *flow = calloc(count + 1, sizeof(*flow));
	int rc = -ENOMEM;

	t.flow = flow;
	t.states = calloc(count + 1, sizeof(*t.states));
	if (flow && t.states)
		rc = nsr_flow_trace(code, count, flow, &t.sum);
	if (rc == 0)
		translate(&t, flags);
	free(flow);
	free(t.states);
	if (rc == -EINVAL)
		return nsr_error_set(err, rc, "filter: it has an instruction unknown to XDP");
	return rc < 0 ? nsr_error_set(err, rc, "filter: out of memory") : 0;
}
