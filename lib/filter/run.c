/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * An interpreter of classic BPF for what libpcap's own can't do: filters that have a loop (`protochain`),
 * which one packet can keep going for ever there, and programs that ask for a socket's ancillary fields.
 */
#include "run.h"

#include <linux/filter.h>
#include <pcap/pcap.h>

#include "flow.h"

#define JUMPS_BACK_MOST 64

struct machine {
	const struct nsr_ancillary *ancillary;
	const uint8_t *data;
	uint32_t len, caplen;
	uint32_t a, x;
	uint32_t mem[BPF_MEMWORDS];
};

bool nsr_filter_has_loop(const struct bpf_insn *code, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		if (code[i].code == (BPF_JMP | BPF_JA) && (int32_t)code[i].k < 0)
			return true;
	return false;
}

/* @bytes at @at, most significant first. False: not all of them are there. */
static bool load(const struct machine *m, uint64_t at, uint32_t bytes, uint32_t *value)
{
	uint32_t i;

	if (at + bytes > m->caplen)
		return false;
	*value = 0;
	for (i = 0; i < bytes; i++)
		*value = *value << 8 | m->data[at + i];
	return true;
}

/* False: the kernel would know, but not we. */
static bool load_ancillary(const struct nsr_ancillary *ancillary, uint32_t field, uint32_t *value)
{
	switch (field) {
	case SKF_AD_PROTOCOL:
		*value = ancillary->protocol;
		return true;
	case SKF_AD_PKTTYPE:
		*value = ancillary->pkttype;
		return true;
	case SKF_AD_IFINDEX:
		*value = ancillary->ifindex;
		return true;
	case SKF_AD_HATYPE:
		*value = ancillary->hatype;
		return true;
	case SKF_AD_VLAN_TAG:
		*value = ancillary->vlan_tci;
		return true;
	case SKF_AD_VLAN_TAG_PRESENT:
		*value = ancillary->vlan_tpid != 0;
		return true;
	case SKF_AD_VLAN_TPID:
		*value = ancillary->vlan_tpid;
		return true;
	default:
		return false;
	}
}

static bool load_absolute(const struct machine *m, const struct bpf_insn *insn, uint32_t *value)
{
	if (m->ancillary && insn->k >= (uint32_t)SKF_AD_OFF)
		return load_ancillary(m->ancillary, insn->k - (uint32_t)SKF_AD_OFF, value);
	return load(m, insn->k, nsr_flow_load_bytes(insn->code), value);
}

/* The kernel's sum goes round, libpcap's does not. */
static uint64_t add_x(const struct machine *m, uint32_t k)
{
	return m->ancillary ? m->x + k : (uint64_t)m->x + k;
}

/* BPF_LD and BPF_LDX. False refuses the packet. */
static bool run_load(struct machine *m, const struct bpf_insn *insn, uint32_t *value)
{
	switch (BPF_MODE(insn->code)) {
	case BPF_IMM:
		*value = insn->k;
		return true;
	case BPF_MEM:
		*value = m->mem[insn->k % BPF_MEMWORDS];
		return true;
	case BPF_LEN:
		*value = m->len;
		return true;
	case BPF_ABS:
		return load_absolute(m, insn, value);
	case BPF_IND:
		return load(m, add_x(m, insn->k), nsr_flow_load_bytes(insn->code), value);
	case BPF_MSH:
		if (!load(m, insn->k, 1, value))
			return false;
		*value = (*value & 0xf) << 2;
		return true;
	}
	return false;
}

/* By 32 bits and more the kernel shifts as the processor does. */
static uint32_t shift_by(const struct machine *m, uint32_t k)
{
	return m->ancillary ? k & 31 : k;
}

static bool run_alu(struct machine *m, const struct bpf_insn *insn)
{
	uint32_t k = BPF_SRC(insn->code) == BPF_X ? m->x : insn->k;

	switch (BPF_OP(insn->code)) {
	case BPF_ADD:
		m->a += k;
		return true;
	case BPF_SUB:
		m->a -= k;
		return true;
	case BPF_MUL:
		m->a *= k;
		return true;
	case BPF_DIV:
		m->a = k ? m->a / k : 0;
		return k;
	case BPF_MOD:
		m->a = k ? m->a % k : 0;
		return k;
	case BPF_AND:
		m->a &= k;
		return true;
	case BPF_OR:
		m->a |= k;
		return true;
	case BPF_XOR:
		m->a ^= k;
		return true;
	case BPF_LSH:
		k = shift_by(m, k);
		m->a = k < 32 ? m->a << k : 0;
		return true;
	case BPF_RSH:
		k = shift_by(m, k);
		m->a = k < 32 ? m->a >> k : 0;
		return true;
	case BPF_NEG:
		m->a = 0 - m->a;
		return true;
	}
	return false;
}

static int32_t jump(const struct machine *m, const struct bpf_insn *insn)
{
	uint32_t k = BPF_SRC(insn->code) == BPF_X ? m->x : insn->k;
	bool taken;

	switch (BPF_OP(insn->code)) {
	case BPF_JA:
		return (int32_t)insn->k;
	case BPF_JEQ:
		taken = m->a == k;
		break;
	case BPF_JGT:
		taken = m->a > k;
		break;
	case BPF_JGE:
		taken = m->a >= k;
		break;
	default: /* BPF_JSET */
		taken = m->a & k;
	}
	return taken ? insn->jt : insn->jf;
}

/* Runs any instruction except jumps and returns. False refuses the packet. */
static bool run_one(struct machine *m, const struct bpf_insn *insn)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
		return run_load(m, insn, &m->a);
	case BPF_LDX:
		return run_load(m, insn, &m->x);
	case BPF_ST:
		m->mem[insn->k % BPF_MEMWORDS] = m->a;
		return true;
	case BPF_STX:
		m->mem[insn->k % BPF_MEMWORDS] = m->x;
		return true;
	case BPF_ALU:
		return run_alu(m, insn);
	default: /* BPF_MISC */
		if (BPF_MISCOP(insn->code) == BPF_TAX)
			m->x = m->a;
		else
			m->a = m->x;
		return true;
	}
}

bool nsr_filter_run(const struct bpf_insn *code, const struct nsr_ancillary *ancillary,
		    const uint8_t *data, uint32_t len, uint32_t caplen)
{
	struct machine m = { .ancillary = ancillary, .data = data, .len = len, .caplen = caplen };
	uint32_t jumps_back = 0;
	int32_t by;

	for (;; code++) {
		if (BPF_CLASS(code->code) == BPF_RET)
			return BPF_RVAL(code->code) == BPF_A ? m.a : code->k;
		if (BPF_CLASS(code->code) != BPF_JMP) {
			if (!run_one(&m, code))
				return false;
			continue;
		}
		by = jump(&m, code);
		if (by < 0 && ++jumps_back > JUMPS_BACK_MOST)
			return false;
		code += by;
	}
}
