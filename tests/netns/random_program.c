/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A program is made of steps of some instructions. Jumps lead to the beginnings of steps: what
 * they lead to is the step's number until the last step is written.
 */
#include <stdbool.h>

#include "random_frame.h"
#include "random_program.h"

#define STEPS_MOST 10

struct maker {
	struct random_program *program;
	uint64_t *state;
	uint32_t header;
	uint32_t memory; /* words of it that were set at the beginning */
	uint32_t steps, step_at[STEPS_MOST];
};

static uint32_t below(struct maker *m, uint32_t end)
{
	return random_below(m->state, end);
}

#define ANY(m, ...)                                                                                \
	(((const uint32_t[]){ __VA_ARGS__ })[below(m, sizeof((const uint32_t[]){ __VA_ARGS__ }) /  \
							      sizeof(uint32_t))])

static void put_differing(struct maker *m, uint32_t code, uint32_t k, uint32_t socket_k)
{
	struct random_program *p = m->program;

	p->code[p->count] = (struct sock_filter){ .code = (uint16_t)code, .k = k };
	p->socket[p->count++] = (struct sock_filter){ .code = (uint16_t)code, .k = socket_k };
}

static void put(struct maker *m, uint32_t code, uint32_t k)
{
	put_differing(m, code, k, k);
}

/* A load from the packet: @k counts from behind the header. */
static void put_load(struct maker *m, uint32_t code, uint32_t k)
{
	put_differing(m, code, m->header + k, k);
}

/* Mostly where headers are; a few straddle the place of a tag, or are out of reach. */
static uint32_t some_offset(struct maker *m)
{
	switch (below(m, 16)) {
	case 0:
		return below(m, 300);
	case 1:
		return below(m, 12);
	case 2:
		return below(m, 8);
	case 3:
	case 4:
	case 5:
		return ANY(m, 12, 12, 16, 23, 20);
	default:
		return 12 + below(m, 49);
	}
}

static uint32_t some_value(struct maker *m)
{
	switch (below(m, 6)) {
	case 0:
	case 1:
		return ANY(m, 0x0800, 0x0806, 0x86dd, 0x8100, 0x88a8, 0x2005);
	case 2:
		return 1u << below(m, 32);
	case 3:
		return random_next(m->state);
	case 4:
		return below(m, 8);
	default:
		return below(m, 256);
	}
}

static void step_load(struct maker *m)
{
	put_load(m, BPF_LD | BPF_ABS | ANY(m, BPF_W, BPF_H, BPF_H, BPF_B), some_offset(m));
}

static void step_load_from_x(struct maker *m)
{
	uint32_t k = some_offset(m);

	put(m, BPF_MISC | BPF_TXA, 0);
	put(m, BPF_ALU | BPF_AND | BPF_K, ANY(m, 7, 0x3f, 0x3f, 0xff, 0x1fffffff));
	put(m, BPF_MISC | BPF_TAX, 0);
	/* Before a tag X could add anything, which is refused. */
	put_load(m, BPF_LD | BPF_IND | ANY(m, BPF_W, BPF_H, BPF_B),
		 k < 12 && below(m, 4) ? k + 12 : k);
}

static void step_header_length(struct maker *m)
{
	put_load(m, BPF_LDX | BPF_B | BPF_MSH, below(m, 2) ? 14 : some_offset(m));
}

static void step_length(struct maker *m)
{
	if (below(m, 16) == 0)
		put(m, BPF_LDX | BPF_W | BPF_LEN, 0);
	put(m, BPF_LD | BPF_W | BPF_LEN, 0);
	put_differing(m, BPF_ALU | BPF_ADD | BPF_K, 0, m->header);
}

/* Of the header that a cooked packet begins with: where it is there, and what a socket asks instead. */
static void put_header_field(struct maker *m)
{
	static const struct {
		uint32_t size, at, field;
	} fields[] = {
		{ BPF_H, 0, SKF_AD_PROTOCOL },
		{ BPF_W, 4, SKF_AD_IFINDEX },
		{ BPF_H, 8, SKF_AD_HATYPE },
		{ BPF_B, 10, SKF_AD_PKTTYPE },
	};
	uint32_t i = below(m, 4), ask = (uint32_t)SKF_AD_OFF + fields[i].field;

	put_differing(m, BPF_LD | BPF_ABS | fields[i].size, below(m, 2) ? ask : fields[i].at, ask);
}

static void step_field(struct maker *m)
{
	uint32_t field = ANY(m, SKF_AD_VLAN_TAG, SKF_AD_VLAN_TAG_PRESENT, SKF_AD_VLAN_TPID);

	if (m->header && below(m, 2))
		put_header_field(m);
	else
		put(m, BPF_LD | BPF_ABS | ANY(m, BPF_W, BPF_H, BPF_B),
		    (uint32_t)SKF_AD_OFF + field);
}

static void step_alu(struct maker *m)
{
	uint32_t operation = ANY(m, BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_MOD, BPF_AND, BPF_OR,
				 BPF_XOR, BPF_LSH, BPF_RSH, BPF_NEG);
	uint32_t source = ANY(m, BPF_K, BPF_X);
	uint32_t k = some_value(m);

	if (operation == BPF_LSH || operation == BPF_RSH) {
		/* A shift by X is refused. */
		source = below(m, 16) ? BPF_K : source;
		k %= 32;
	}
	if (operation == BPF_NEG)
		source = BPF_K;
	put(m, BPF_ALU | operation | source, source == BPF_X ? 0 : k ? k : 1);
}

static void step_memory(struct maker *m)
{
	if (m->memory)
		put(m, ANY(m, BPF_ST, BPF_STX, BPF_LD | BPF_MEM, BPF_LDX | BPF_MEM),
		    below(m, m->memory));
	else
		put(m, BPF_LD | BPF_IMM, some_value(m));
}

static void step_register(struct maker *m)
{
	uint32_t code = ANY(m, BPF_MISC | BPF_TAX, BPF_MISC | BPF_TXA, BPF_LDX | BPF_IMM);

	put(m, code, code == (BPF_LDX | BPF_IMM) ? some_value(m) : 0);
}

static void step_return(struct maker *m, bool accept)
{
	if (below(m, 4) == 0)
		put(m, BPF_RET | BPF_A, 0);
	else
		put(m, BPF_RET | BPF_K, accept ? ANY(m, 1, 100, UINT32_MAX) : 0);
}

/* A comparison that goes on with the next step, or with one of those behind it. */
static void put_jump(struct maker *m, uint32_t step, uint32_t code, uint32_t k)
{
	uint32_t further = step + 2 + below(m, m->steps - step - 2);
	bool yes = below(m, 2);
	struct sock_filter *insn;

	put(m, code, k);
	insn = &m->program->code[m->program->count - 1];
	insn->jt = (uint8_t)(yes ? further : step + 1);
	insn->jf = (uint8_t)(yes ? step + 1 : further);
}

static void step_jump(struct maker *m, uint32_t step)
{
	if (below(m, 8) == 0)
		put(m, BPF_JMP | BPF_JA, step + 1 + below(m, 2));
	else
		put_jump(m, step,
			 BPF_JMP | ANY(m, BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET) |
				 ANY(m, BPF_K, BPF_K, BPF_K, BPF_X),
			 some_value(m));
}

/* What is in the packet, or is told of it. */
static void step_ask(struct maker *m)
{
	switch (below(m, 10)) {
	case 0:
		step_header_length(m);
		put(m, BPF_MISC | BPF_TXA, 0);
		break;
	case 1:
		step_length(m);
		break;
	case 2:
	case 3:
		step_field(m);
		break;
	case 4:
	case 5:
	case 6:
		step_load_from_x(m);
		break;
	default:
		step_load(m);
	}
}

/* Asks something, and goes on by the answer. Mostly by a bit of it, so that packets fare differently. */
static void step_choose(struct maker *m, uint32_t step)
{
	step_ask(m);
	if (below(m, 3) == 0)
		step_alu(m);
	if (below(m, 3) == 0)
		step_jump(m, step);
	else
		put_jump(m, step, BPF_JMP | BPF_JSET | BPF_K, ANY(m, 1, 2, 4, 7, 0x100, 0x800));
}

static void put_step(struct maker *m, uint32_t step)
{
	switch (below(m, 24)) {
	case 0:
		step_ask(m);
		break;
	case 1:
	case 2:
		step_header_length(m);
		break;
	case 3:
	case 4:
		step_alu(m);
		break;
	case 5:
	case 6:
		step_memory(m);
		break;
	case 7:
		step_register(m);
		break;
	case 8:
		step_jump(m, step);
		break;
	case 9:
		if (below(m, 4) == 0) {
			step_return(m, below(m, 2));
			break;
		}
		__attribute__((fallthrough));
	default:
		step_choose(m, step);
	}
}

static void begin_memory(struct maker *m)
{
	uint32_t i;

	/* Once in a while all of it. */
	m->memory = below(m, 2) ? 0 : 1 + below(m, below(m, 4) ? 4 : BPF_MEMWORDS);
	for (i = 0; i < m->memory; i++)
		put(m, i % 2 ? BPF_STX : BPF_ST, i);
}

/* Turns the numbers of steps into distances. */
static void aim_jumps(struct maker *m)
{
	struct random_program *p = m->program;
	struct sock_filter *insn;
	uint32_t i;

	for (i = 0; i < p->count; i++) {
		insn = &p->code[i];
		if (BPF_CLASS(insn->code) != BPF_JMP)
			continue;
		if (BPF_OP(insn->code) == BPF_JA) {
			insn->k = m->step_at[insn->k] - i - 1;
		} else {
			insn->jt = (uint8_t)(m->step_at[insn->jt] - i - 1);
			insn->jf = (uint8_t)(m->step_at[insn->jf] - i - 1);
		}
		p->socket[i] = *insn;
	}
}

void random_program(uint64_t *state, uint32_t header, struct random_program *program)
{
	struct maker m = { .program = program, .state = state, .header = header };
	uint32_t step;

	program->count = 0;
	m.steps = 4 + below(&m, STEPS_MOST - 3);
	begin_memory(&m);
	for (step = 0; step < m.steps; step++) {
		m.step_at[step] = program->count;
		if (step + 2 < m.steps)
			put_step(&m, step);
		else
			step_return(&m, step + 1 < m.steps);
	}
	aim_jumps(&m);
}
