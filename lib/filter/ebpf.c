/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Assembling eBPF programs. The calls note that memory ran out; the last one tells. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "ebpf.h"

#define NOWHERE UINT32_MAX

struct nsr_ebpf_label {
	uint32_t at; /* instruction, or NOWHERE */
	bool used;
};

static bool make_room(struct nsr_ebpf *program)
{
	uint32_t room = program->room ? program->room * 2 : 64;
	struct bpf_insn *insns;
	uint32_t *targets;

	if (program->count < program->room)
		return true;
	insns = realloc(program->insns, room * sizeof(*insns));
	if (insns)
		program->insns = insns;
	targets = realloc(program->targets, room * sizeof(*targets));
	if (targets)
		program->targets = targets;
	if (!insns || !targets) {
		program->no_memory = true;
		return false;
	}
	program->room = room;
	return true;
}

void nsr_ebpf_emit(struct nsr_ebpf *program, uint8_t code, uint8_t dst, uint8_t src, int16_t off,
		   int32_t imm)
{
	if (!make_room(program))
		return;
	program->targets[program->count] = NOWHERE;
	program->insns[program->count++] = (struct bpf_insn){
		.code = code, .dst_reg = dst & 0xf, .src_reg = src & 0xf, .off = off, .imm = imm
	};
}

uint32_t nsr_ebpf_labels(struct nsr_ebpf *program, uint32_t count)
{
	uint32_t first = program->label_count, room = (first + count) * 2, i;
	struct nsr_ebpf_label *labels;

	if (first + count > program->label_room) {
		labels = realloc(program->labels, room * sizeof(*labels));
		if (!labels) {
			program->no_memory = true;
			return NOWHERE;
		}
		program->labels = labels;
		program->label_room = room;
	}
	for (i = 0; i < count; i++)
		program->labels[first + i] = (struct nsr_ebpf_label){ .at = NOWHERE };
	program->label_count += count;
	return first;
}

/* A jump to the very next instruction, which no label separates from it. */
static bool ends_in_jump_to(const struct nsr_ebpf *program, uint32_t label)
{
	return program->count > 0 && program->targets[program->count - 1] == label &&
	       program->insns[program->count - 1].code == (BPF_JMP | BPF_JA) &&
	       program->placed_at < program->count;
}

void nsr_ebpf_place(struct nsr_ebpf *program, uint32_t label)
{
	if (label >= program->label_count)
		return;
	if (ends_in_jump_to(program, label))
		program->count--;
	program->labels[label].at = program->count;
	program->placed_at = program->count;
}

void nsr_ebpf_jump(struct nsr_ebpf *program, uint8_t code, uint8_t dst, uint8_t src, int32_t imm,
		   uint32_t label)
{
	if (label >= program->label_count || !make_room(program))
		return;
	nsr_ebpf_emit(program, code, dst, src, 0, imm);
	program->targets[program->count - 1] = label;
	program->labels[label].used = true;
}

bool nsr_ebpf_leads_to(const struct nsr_ebpf *program, uint32_t label)
{
	return label < program->label_count && program->labels[label].used;
}

static int resolve(struct nsr_ebpf *program)
{
	uint32_t i, at;
	int64_t off;

	for (i = 0; i < program->count; i++) {
		if (program->targets[i] == NOWHERE)
			continue;
		at = program->labels[program->targets[i]].at;
		if (at >= program->count)
			return -EINVAL;
		off = (int64_t)at - i - 1;
		if (off < INT16_MIN || off > INT16_MAX)
			return -E2BIG;
		program->insns[i].off = (int16_t)off;
	}
	return 0;
}

int nsr_ebpf_finish(struct nsr_ebpf *program, struct nsr_ebpf_code *code)
{
	int rc = program->no_memory ? -ENOMEM : resolve(program);

	memset(code, 0, sizeof(*code));
	if (rc == 0) {
		code->insns = program->insns;
		code->count = program->count;
		program->insns = NULL;
	}
	nsr_ebpf_free(program);
	return rc;
}

void nsr_ebpf_free(struct nsr_ebpf *program)
{
	free(program->insns);
	free(program->targets);
	free(program->labels);
	memset(program, 0, sizeof(*program));
}
