/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <endian.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdbool.h>
#include <string.h>

#include "ebpf_vm.h"

/* Where programs find things; apart, so that a pointer that strays is in none. */
#define CTX_AT	    0x1000u
#define PACKET_AT   0x10000000u
#define STACK_AT    0x20000000u /* lowest byte */
#define STACK_BYTES 512u

#define STEPS_MAX 1000000u

struct vm {
	const struct ebpf_frame *frame;
	struct ebpf_result result;
	uint64_t regs[11];
	bool reg_set[11];
	uint8_t stack[STACK_BYTES];
	bool stack_set[STACK_BYTES];
	uint32_t at;
	bool ended;
};

static void fault(struct vm *vm, const char *what)
{
	if (!vm->result.fault)
		vm->result.fault = what;
}

static uint64_t get(struct vm *vm, uint8_t reg)
{
	if (reg > 10 || !vm->reg_set[reg]) {
		fault(vm, "reads a register without a value");
		return 0;
	}
	return vm->regs[reg];
}

static void set(struct vm *vm, uint8_t reg, uint64_t value)
{
	if (reg > 9) {
		fault(vm, "writes a register that is none");
		return;
	}
	vm->regs[reg] = value;
	vm->reg_set[reg] = true;
}

static uint32_t size_of(uint8_t code)
{
	switch (BPF_SIZE(code)) {
	case BPF_W:
		return 4;
	case BPF_H:
		return 2;
	case BPF_B:
		return 1;
	default:
		return 8;
	}
}

/* The stack at @address, or NULL. */
static uint8_t *on_stack(struct vm *vm, uint64_t address, uint32_t size)
{
	if (address < STACK_AT || address + size > STACK_AT + STACK_BYTES || address % size) {
		fault(vm, "is outside of the stack");
		return NULL;
	}
	return vm->stack + (address - STACK_AT);
}

static uint64_t from_context(struct vm *vm, uint64_t address, uint32_t size)
{
	if (size == 4 && address == CTX_AT + offsetof(struct xdp_md, data))
		return PACKET_AT;
	if (size == 4 && address == CTX_AT + offsetof(struct xdp_md, data_end))
		return PACKET_AT + vm->frame->linear;
	fault(vm, "reads an unknown context field");
	return 0;
}

static const uint8_t *readable(struct vm *vm, uint64_t address, uint32_t size)
{
	const uint8_t *from;
	uint32_t i;

	if (address >= PACKET_AT && address < STACK_AT / 2 + PACKET_AT / 2) {
		if (address + size <= PACKET_AT + vm->frame->linear)
			return vm->frame->data + (address - PACKET_AT);
		fault(vm, "reads beyond the packet");
		return NULL;
	}
	from = on_stack(vm, address, size);
	for (i = 0; from && i < size; i++)
		if (!vm->stack_set[address - STACK_AT + i])
			fault(vm, "reads stack without a value");
	return from;
}

static uint64_t load(struct vm *vm, uint64_t address, uint32_t size)
{
	const uint8_t *from;
	uint64_t value = 0;

	if (address >= CTX_AT && address < CTX_AT + sizeof(struct xdp_md))
		return from_context(vm, address, size);
	from = readable(vm, address, size);
	if (!from)
		return 0;
	memcpy(&value, from, size);
	return le64toh(value);
}

static void store(struct vm *vm, uint64_t address, uint32_t size, uint64_t value)
{
	uint8_t *to = on_stack(vm, address, size);

	if (!to)
		return;
	value = htole64(value);
	memcpy(to, &value, size);
	memset(vm->stack_set + (address - STACK_AT), true, size);
}

static uint64_t arithmetic(struct vm *vm, uint8_t op, uint64_t a, uint64_t b, uint32_t bits)
{
	switch (op) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_DIV:
		return b ? a / b : 0;
	case BPF_MOD:
		return b ? a % b : a;
	case BPF_AND:
		return a & b;
	case BPF_OR:
		return a | b;
	case BPF_XOR:
		return a ^ b;
	case BPF_LSH:
		return a << (b & (bits - 1));
	case BPF_RSH:
		return a >> (b & (bits - 1));
	case BPF_NEG:
		return -a;
	case BPF_MOV:
		return b;
	default:
		fault(vm, "has an unknown operation");
		return 0;
	}
}

static void swap_bytes(struct vm *vm, const struct bpf_insn *insn)
{
	uint64_t a = get(vm, insn->dst_reg);

	if (insn->code != (BPF_ALU | BPF_END | BPF_TO_BE) || (insn->imm != 16 && insn->imm != 32))
		fault(vm, "has an unknown byte swap");
	set(vm, insn->dst_reg, insn->imm == 16 ? htobe16((uint16_t)a) : htobe32((uint32_t)a));
}

static uint64_t operand(struct vm *vm, const struct bpf_insn *insn)
{
	return BPF_SRC(insn->code) == BPF_X ? get(vm, insn->src_reg) : (uint64_t)(int64_t)insn->imm;
}

static void compute(struct vm *vm, const struct bpf_insn *insn)
{
	bool wide = BPF_CLASS(insn->code) == BPF_ALU64;
	uint8_t op = BPF_OP(insn->code);
	uint64_t a, b;

	if (op == BPF_END) {
		swap_bytes(vm, insn);
		return;
	}
	a = op == BPF_MOV ? 0 : get(vm, insn->dst_reg);
	b = operand(vm, insn);
	if (wide)
		set(vm, insn->dst_reg, arithmetic(vm, op, a, b, 64));
	else
		set(vm, insn->dst_reg, (uint32_t)arithmetic(vm, op, (uint32_t)a, (uint32_t)b, 32));
}

static bool compare(struct vm *vm, uint8_t op, uint64_t a, uint64_t b)
{
	switch (op) {
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JLT:
		return a < b;
	case BPF_JLE:
		return a <= b;
	case BPF_JSET:
		return a & b;
	default:
		fault(vm, "has an unknown jump");
		return false;
	}
}

/* bpf_xdp_load_bytes(), as net/core/filter.c has it */
static uint64_t load_bytes(struct vm *vm)
{
	uint32_t offset = (uint32_t)get(vm, 2), size = (uint32_t)get(vm, 4);
	uint64_t to = get(vm, 3);
	uint32_t i;

	if (offset > 0xffff || size > 0xffff || offset + size > vm->frame->len)
		return (uint64_t)-22;
	for (i = 0; i < size; i++)
		store(vm, to + i, 1, vm->frame->data[offset + i]);
	return 0;
}

static void call(struct vm *vm, int32_t helper)
{
	uint64_t value = 0;

	if (get(vm, 1) != CTX_AT)
		fault(vm, "calls a helper without the context");
	if (helper == BPF_FUNC_xdp_load_bytes)
		value = load_bytes(vm);
	else if (helper == BPF_FUNC_xdp_get_buff_len)
		value = vm->frame->len;
	else
		fault(vm, "calls an unknown helper");
	memset(vm->reg_set + 1, false, 5);
	set(vm, 0, value);
}

static void jump(struct vm *vm, const struct bpf_insn *insn)
{
	bool taken = insn->code == (BPF_JMP | BPF_JA);
	uint64_t a, b;

	if (insn->code == (BPF_JMP | BPF_CALL)) {
		call(vm, insn->imm);
		return;
	}
	if (insn->code == (BPF_JMP | BPF_EXIT)) {
		vm->result.value = get(vm, 0);
		vm->ended = true;
		return;
	}
	if (!taken) {
		a = get(vm, insn->dst_reg);
		b = operand(vm, insn);
		if (BPF_CLASS(insn->code) == BPF_JMP32)
			taken = compare(vm, BPF_OP(insn->code), (uint32_t)a, (uint32_t)b);
		else
			taken = compare(vm, BPF_OP(insn->code), a, b);
	}
	if (!taken)
		return;
	vm->at += (uint32_t)(int32_t)insn->off;
	vm->result.jumps_back += insn->off < 0;
}

static void step(struct vm *vm, const struct bpf_insn *insn)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		compute(vm, insn);
		return;
	case BPF_JMP:
	case BPF_JMP32:
		jump(vm, insn);
		return;
	case BPF_LDX:
		set(vm, insn->dst_reg,
		    load(vm, get(vm, insn->src_reg) + (uint64_t)(int64_t)insn->off,
			 size_of(insn->code)));
		return;
	case BPF_ST:
	case BPF_STX:
		store(vm, get(vm, insn->dst_reg) + (uint64_t)(int64_t)insn->off,
		      size_of(insn->code),
		      BPF_CLASS(insn->code) == BPF_STX ? get(vm, insn->src_reg)
						       : (uint64_t)(int64_t)insn->imm);
		return;
	default:
		fault(vm, "has an unknown instruction");
	}
}

struct ebpf_result ebpf_run(const struct bpf_insn *program, uint32_t count,
			    const struct ebpf_frame *frame)
{
	struct vm vm = { .frame = frame };

	set(&vm, 1, CTX_AT);
	vm.regs[10] = STACK_AT + STACK_BYTES;
	vm.reg_set[10] = true;
	while (!vm.ended && !vm.result.fault) {
		if (vm.at >= count)
			fault(&vm, "runs off its end");
		else if (vm.result.steps++ == STEPS_MAX)
			fault(&vm, "runs for too long");
		else
			step(&vm, &program[vm.at++]);
	}
	return vm.result;
}
