/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Following a classic BPF program.
 *
 * Three passes: backwards for the bytes that a packet needs (a jump back counts as needing none),
 * then which instructions can be reached, then forwards for the registers and scratch memory that
 * hold a value (nothing is taken for granted where a jump back leads).
 */
#include <errno.h>
#include <linux/filter.h>
#include <string.h>

#include "flow.h"

static uint32_t min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t max(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

uint32_t nsr_flow_load_bytes(uint16_t code)
{
	switch (BPF_SIZE(code)) {
	case BPF_W:
		return 4;
	case BPF_H:
		return 2;
	default:
		return 1;
	}
}

uint32_t nsr_flow_load_end(const struct sock_filter *insn)
{
	uint64_t end = (uint64_t)insn->k + nsr_flow_load_bytes(insn->code);

	return end > NSR_FLOW_REACH ? NSR_FLOW_NEVER : (uint32_t)end;
}

static bool valid_operation(const struct sock_filter *insn)
{
	switch (BPF_OP(insn->code)) {
	case BPF_ADD:
	case BPF_SUB:
	case BPF_MUL:
	case BPF_AND:
	case BPF_OR:
	case BPF_XOR:
		return true;
	case BPF_DIV:
	case BPF_MOD:
		return BPF_SRC(insn->code) == BPF_X || insn->k != 0;
	case BPF_LSH:
	case BPF_RSH:
		return BPF_SRC(insn->code) == BPF_X || insn->k < 32;
	default:
		return insn->code == (BPF_ALU | BPF_NEG);
	}
}

static bool valid_insn(const struct sock_filter *insn)
{
	switch (insn->code) {
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
	case BPF_ST:
	case BPF_STX:
		return insn->k < BPF_MEMWORDS;
	case BPF_LD | BPF_W | BPF_ABS:
	case BPF_LD | BPF_H | BPF_ABS:
	case BPF_LD | BPF_B | BPF_ABS:
	case BPF_LD | BPF_W | BPF_IND:
	case BPF_LD | BPF_H | BPF_IND:
	case BPF_LD | BPF_B | BPF_IND:
	case BPF_LDX | BPF_B | BPF_MSH:
	case BPF_LD | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_W | BPF_LEN:
	case BPF_LD | BPF_IMM:
	case BPF_LDX | BPF_IMM:
	case BPF_MISC | BPF_TAX:
	case BPF_MISC | BPF_TXA:
	case BPF_RET | BPF_K:
	case BPF_RET | BPF_A:
	case BPF_JMP | BPF_JA:
		return true;
	}
	if (BPF_CLASS(insn->code) == BPF_JMP)
		return insn->code < 0x100 && BPF_OP(insn->code) >= BPF_JEQ &&
		       BPF_OP(insn->code) <= BPF_JSET;
	return BPF_CLASS(insn->code) == BPF_ALU && insn->code < 0x100 && valid_operation(insn);
}

/*
 * Where an instruction leads: to none, one or two others. The sum wraps for jumps back, which
 * libpcap uses for `protochain`.
 */
static int successors(const struct sock_filter *insn, uint32_t at, uint32_t next[2])
{
	if (BPF_CLASS(insn->code) == BPF_RET)
		return 0;
	next[0] = at + 1;
	if (BPF_CLASS(insn->code) != BPF_JMP)
		return 1;
	if (BPF_OP(insn->code) == BPF_JA) {
		next[0] += insn->k;
		return 1;
	}
	next[0] += insn->jt;
	next[1] = at + 1 + insn->jf;
	return 2;
}

static int check(const struct sock_filter *code, uint32_t count)
{
	uint32_t next[2], i;
	int n;

	for (i = 0; i < count; i++) {
		if (!valid_insn(&code[i]))
			return -EINVAL;
		for (n = successors(&code[i], i, next); n > 0; n--)
			if (next[n - 1] >= count)
				return -EINVAL;
	}
	return count ? 0 : -EINVAL;
}

static uint32_t reads(const struct sock_filter *insn)
{
	switch (insn->code) {
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
		return 1u << insn->k;
	case BPF_ST:
	case BPF_RET | BPF_A:
	case BPF_MISC | BPF_TAX:
		return NSR_FLOW_A;
	case BPF_STX:
	case BPF_MISC | BPF_TXA:
	case BPF_LD | BPF_W | BPF_IND:
	case BPF_LD | BPF_H | BPF_IND:
	case BPF_LD | BPF_B | BPF_IND:
		return NSR_FLOW_X;
	case BPF_JMP | BPF_JA:
		return 0;
	}
	if (BPF_CLASS(insn->code) != BPF_ALU && BPF_CLASS(insn->code) != BPF_JMP)
		return 0;
	return NSR_FLOW_A | (BPF_SRC(insn->code) == BPF_X ? NSR_FLOW_X : 0);
}

static uint32_t writes(const struct sock_filter *insn)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
	case BPF_ALU:
		return NSR_FLOW_A;
	case BPF_LDX:
		return NSR_FLOW_X;
	case BPF_ST:
	case BPF_STX:
		return 1u << insn->k;
	case BPF_MISC:
		return BPF_MISCOP(insn->code) == BPF_TAX ? NSR_FLOW_X : NSR_FLOW_A;
	default:
		return 0;
	}
}

static bool reads_packet(const struct sock_filter *insn, uint16_t mode)
{
	return BPF_MODE(insn->code) == mode &&
	       (BPF_CLASS(insn->code) == BPF_LD || BPF_CLASS(insn->code) == BPF_LDX);
}

static bool loads_bytes(const struct sock_filter *insn)
{
	return reads_packet(insn, BPF_ABS) || reads_packet(insn, BPF_IND) ||
	       reads_packet(insn, BPF_MSH);
}

/* Finds the bytes needed from @at on; @flow of later instructions is known already. */
static void find_need(const struct sock_filter *code, uint32_t at, struct nsr_flow *flow)
{
	const struct sock_filter *insn = &code[at];
	struct nsr_flow *here = &flow[at];
	uint32_t next[2], end;
	int n = successors(insn, at, next);

	if (n == 0) {
		here->need = insn->code == (BPF_RET | BPF_K) && !insn->k ? NSR_FLOW_NEVER : 0;
		here->need_x = here->need;
		return;
	}
	here->need = here->need_x = NSR_FLOW_NEVER;
	for (; n > 0; n--) {
		here->need = min(here->need, next[n - 1] > at ? flow[next[n - 1]].need : 0);
		here->need_x = min(here->need_x, next[n - 1] > at ? flow[next[n - 1]].need_x : 0);
	}
	if (writes(insn) == NSR_FLOW_X && here->need != NSR_FLOW_NEVER)
		here->need_x = 0;
	if (!loads_bytes(insn))
		return;
	/* X is not negative, so that X + k needs no fewer bytes than k. */
	end = nsr_flow_load_end(insn);
	here->need = max(here->need, end);
	if (reads_packet(insn, BPF_IND) || here->need == NSR_FLOW_NEVER)
		here->need_x = max(here->need_x, end);
}

static bool may_refuse(const struct sock_filter *insn)
{
	switch (insn->code) {
	case BPF_RET | BPF_A:
	case BPF_ALU | BPF_DIV | BPF_X:
	case BPF_ALU | BPF_MOD | BPF_X:
		return true;
	default:
		return loads_bytes(insn);
	}
}

static void add_up(const struct sock_filter *insn, const struct nsr_flow *flow,
		   struct nsr_flow_sum *sum)
{
	bool never = flow->need == NSR_FLOW_NEVER;

	sum->refuses |= never || may_refuse(insn);
	sum->matches |= !never && BPF_CLASS(insn->code) == BPF_RET;
	sum->asks_length |= !never && reads_packet(insn, BPF_LEN);
}

static void find_reached(const struct sock_filter *code, uint32_t count, struct nsr_flow *flow,
			 struct nsr_flow_sum *sum)
{
	bool changed = true;
	uint32_t next[2], i;
	int n;

	flow[0].reached = true;
	while (changed) {
		changed = false;
		for (i = 0; i < count; i++) {
			if (!flow[i].reached)
				continue;
			add_up(&code[i], &flow[i], sum);
			if (flow[i].need == NSR_FLOW_NEVER)
				continue;
			for (n = successors(&code[i], i, next); n > 0; n--) {
				changed |= next[n - 1] <= i && !flow[next[n - 1]].reached;
				flow[next[n - 1]].reached = true;
				flow[next[n - 1]].again |= next[n - 1] <= i;
				sum->loops |= next[n - 1] <= i;
				sum->refuses |= next[n - 1] <= i;
			}
		}
	}
}

static void find_unset(const struct sock_filter *code, uint32_t count, struct nsr_flow *flow,
		       struct nsr_flow_sum *sum)
{
	uint32_t next[2], i;
	int n;

	for (i = 0; i < count; i++)
		flow[i].set = i && !flow[i].again ? UINT32_MAX : 0;
	for (i = 0; i < count; i++) {
		if (!flow[i].reached)
			continue;
		sum->unset |= reads(&code[i]) & ~flow[i].set;
		for (n = successors(&code[i], i, next); n > 0; n--)
			if (next[n - 1] > i)
				flow[next[n - 1]].set &= flow[i].set | writes(&code[i]);
	}
}

int nsr_flow_trace(const struct sock_filter *code, uint32_t count, struct nsr_flow *flow,
		   struct nsr_flow_sum *sum)
{
	uint32_t i;
	int rc = check(code, count);

	if (rc < 0)
		return rc;
	memset(flow, 0, count * sizeof(*flow));
	memset(sum, 0, sizeof(*sum));
	for (i = count; i > 0; i--)
		find_need(code, i - 1, flow);
	find_reached(code, count, flow, sum);
	find_unset(code, count, flow, sum);
	return 0;
}
