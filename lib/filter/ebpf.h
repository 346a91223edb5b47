/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * eBPF programs assembled at run time: instructions, and labels that jumps lead to.
 *
 * Does not include linux/bpf.h, whose struct bpf_insn is not libpcap's of the same name.
 */
#ifndef NSR_EBPF_H
#define NSR_EBPF_H

#include <stdbool.h>
#include <stdint.h>

struct bpf_insn;

/**
 * struct nsr_ebpf - a program in the making; start with all zeroes
 * @insns:        its instructions so far
 * @targets:      for each instruction the label that it jumps to
 * @count, @room: instructions, and how many there is memory for
 * @labels:       where each label is
 * @label_count, @label_room: the same for labels
 * @placed_at:    where the last label was placed
 * @no_memory:    something could not be added
 */
struct nsr_ebpf {
	struct bpf_insn *insns;
	uint32_t *targets;
	uint32_t count, room;
	struct nsr_ebpf_label *labels;
	uint32_t label_count, label_room;
	uint32_t placed_at;
	bool no_memory;
};

/**
 * struct nsr_ebpf_code - a finished program
 * @insns: as the kernel takes them; free with free()
 * @count: how many
 */
struct nsr_ebpf_code {
	struct bpf_insn *insns;
	uint32_t count;
};

/** nsr_ebpf_emit() - append one instruction; the parameters are its fields */
void nsr_ebpf_emit(struct nsr_ebpf *program, uint8_t code, uint8_t dst, uint8_t src, int16_t off,
		   int32_t imm);

/**
 * nsr_ebpf_labels() - make new labels
 * @program: the program
 * @count:   how many
 *
 * Return: the first one; the others are numbered on from it.
 */
uint32_t nsr_ebpf_labels(struct nsr_ebpf *program, uint32_t count);

/** nsr_ebpf_place() - let @label stand for the next instruction; once for each label */
void nsr_ebpf_place(struct nsr_ebpf *program, uint32_t label);

/**
 * nsr_ebpf_jump() - append a jump
 * @program: the program
 * @code:    instruction code, of class BPF_JMP or BPF_JMP32
 * @dst:     register compared
 * @src:     register to compare it with, or 0
 * @imm:     number to compare it with where there is no register
 * @label:   where to, placed already or not
 */
void nsr_ebpf_jump(struct nsr_ebpf *program, uint8_t code, uint8_t dst, uint8_t src, int32_t imm,
		   uint32_t label);

/** nsr_ebpf_leads_to() - whether some jump leads to @label */
bool nsr_ebpf_leads_to(const struct nsr_ebpf *program, uint32_t label);

/**
 * nsr_ebpf_finish() - resolve the jumps and hand the program out
 * @program: left empty, also on error; needs no nsr_ebpf_free() then
 * @code:    filled in
 *
 * Return: 0; -ENOMEM here or in an earlier call; -E2BIG a jump is too far for its 16 bits; -EINVAL
 * a jump leads to a label that was not placed.
 */
int nsr_ebpf_finish(struct nsr_ebpf *program, struct nsr_ebpf_code *code);

/** nsr_ebpf_free() - drop a program that is not wanted */
void nsr_ebpf_free(struct nsr_ebpf *program);

#endif
