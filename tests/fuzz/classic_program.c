/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <linux/filter.h>

#include "classic_program.h"

#ifndef BPF_MOD
#define BPF_MOD 0x90
#endif
#ifndef BPF_XOR
#define BPF_XOR 0xa0
#endif

/* Loads are listed more often than their share: programs without are soon all alike. */
static const uint16_t codes[] = {
	BPF_LD | BPF_W | BPF_ABS,
	BPF_LD | BPF_H | BPF_ABS,
	BPF_LD | BPF_B | BPF_ABS,
	BPF_LD | BPF_H | BPF_ABS,
	BPF_LD | BPF_B | BPF_ABS,
	BPF_LD | BPF_W | BPF_IND,
	BPF_LD | BPF_H | BPF_IND,
	BPF_LD | BPF_B | BPF_IND,
	BPF_LD | BPF_H | BPF_IND,
	BPF_LD | BPF_B | BPF_IND,
	BPF_LD | BPF_W | BPF_LEN,
	BPF_LD | BPF_IMM,
	BPF_LD | BPF_MEM,
	BPF_LDX | BPF_W | BPF_LEN,
	BPF_LDX | BPF_B | BPF_MSH,
	BPF_LDX | BPF_B | BPF_MSH,
	BPF_LDX | BPF_IMM,
	BPF_LDX | BPF_MEM,
	BPF_ST,
	BPF_STX,
	BPF_MISC | BPF_TAX,
	BPF_MISC | BPF_TAX,
	BPF_MISC | BPF_TXA,
	BPF_ALU | BPF_NEG,
	BPF_ALU | BPF_ADD | BPF_K,
	BPF_ALU | BPF_SUB | BPF_K,
	BPF_ALU | BPF_MUL | BPF_K,
	BPF_ALU | BPF_DIV | BPF_K,
	BPF_ALU | BPF_MOD | BPF_K,
	BPF_ALU | BPF_AND | BPF_K,
	BPF_ALU | BPF_OR | BPF_K,
	BPF_ALU | BPF_XOR | BPF_K,
	BPF_ALU | BPF_LSH | BPF_K,
	BPF_ALU | BPF_RSH | BPF_K,
	BPF_ALU | BPF_ADD | BPF_X,
	BPF_ALU | BPF_SUB | BPF_X,
	BPF_ALU | BPF_MUL | BPF_X,
	BPF_ALU | BPF_DIV | BPF_X,
	BPF_ALU | BPF_MOD | BPF_X,
	BPF_ALU | BPF_AND | BPF_X,
	BPF_ALU | BPF_OR | BPF_X,
	BPF_ALU | BPF_XOR | BPF_X,
	BPF_ALU | BPF_LSH | BPF_X,
	BPF_ALU | BPF_RSH | BPF_X,
	BPF_JMP | BPF_JA,
	BPF_JMP | BPF_JEQ | BPF_K,
	BPF_JMP | BPF_JGT | BPF_K,
	BPF_JMP | BPF_JGE | BPF_K,
	BPF_JMP | BPF_JSET | BPF_K,
	BPF_JMP | BPF_JEQ | BPF_X,
	BPF_JMP | BPF_JGT | BPF_X,
	BPF_JMP | BPF_JGE | BPF_X,
	BPF_JMP | BPF_JSET | BPF_X,
	BPF_RET | BPF_K,
	BPF_RET | BPF_A,
};

/* Values at which something changes. */
static const uint32_t edges[] = {
	0,	    1,		2,	    31,		32,	    255,	256,   32766,
	32767,	    32768,	65530,	    65531,	65533,	    65534,	65535, 65536,
	0x7fffffff, 0x80000000, 0xfffff02c, 0xfffff030, 0xfffffffc, 0xffffffff,
};

static uint32_t some_k(uint8_t byte)
{
	uint32_t count = sizeof(edges) / sizeof(edges[0]);

	return byte < 256 - count ? byte % 96u : edges[byte - (256 - count)];
}

static uint32_t valid_k(const struct sock_filter *insn, uint32_t at, uint32_t count)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_ST:
	case BPF_STX:
		return insn->k % BPF_MEMWORDS;
	case BPF_LD:
	case BPF_LDX:
		return BPF_MODE(insn->code) == BPF_MEM ? insn->k % BPF_MEMWORDS : insn->k;
	case BPF_JMP:
		/* One in eight goes back. */
		if (BPF_OP(insn->code) != BPF_JA)
			return insn->k;
		return insn->jt % 8 ? insn->k % (count - 1 - at) : insn->k % count - at - 1;
	case BPF_ALU:
		if (BPF_OP(insn->code) == BPF_DIV || BPF_OP(insn->code) == BPF_MOD)
			return insn->k ? insn->k : 1;
		if (BPF_OP(insn->code) == BPF_LSH || BPF_OP(insn->code) == BPF_RSH)
			return insn->k % 32;
		return insn->k;
	default:
		return insn->k;
	}
}

void classic_program(const uint8_t *bytes, uint32_t count, struct sock_filter *code)
{
	uint32_t i;

	for (i = 0; i + 1 < count; i++, bytes += CLASSIC_PROGRAM_BYTES) {
		code[i].code = codes[bytes[0] % (sizeof(codes) / sizeof(codes[0]))];
		code[i].k = some_k(bytes[3]);
		code[i].jt = bytes[1];
		code[i].jf = bytes[2];
		code[i].k = valid_k(&code[i], i, count);
		code[i].jt %= count - 1 - i;
		code[i].jf %= count - 1 - i;
	}
	code[count - 1] = (struct sock_filter){ .code = BPF_RET | BPF_A };
}
