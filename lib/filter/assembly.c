/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "assembly.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** struct nsr_step - an instruction; of a jump with the labels that it leads to */
struct nsr_step {
	struct sock_filter insn;
	uint32_t jt, jf;
};

int nsr_assembly_begin(struct nsr_assembly *as, uint32_t labels)
{
	*as = (struct nsr_assembly){ .label_at = calloc(labels, sizeof(*as->label_at)) };
	return as->label_at ? 0 : -ENOMEM;
}

void nsr_assembly_end(struct nsr_assembly *as)
{
	free(as->steps);
	free(as->label_at);
}

void nsr_emit(struct nsr_assembly *as, uint16_t code, uint32_t k, uint32_t jt, uint32_t jf)
{
	struct nsr_step *steps;

	if (as->count == as->room) {
		as->room = as->room ? as->room * 2 : 64;
		steps = realloc(as->steps, as->room * sizeof(*steps));
		if (!steps) {
			as->no_memory = true;
			as->room = as->count;
			return;
		}
		as->steps = steps;
	}
	as->steps[as->count++] =
		(struct nsr_step){ .insn = { .code = code, .k = k }, .jt = jt, .jf = jf };
}

void nsr_emit_plain(struct nsr_assembly *as, uint16_t code, uint32_t k)
{
	nsr_emit(as, code, k, NSR_NEXT, NSR_NEXT);
}

void nsr_emit_ja(struct nsr_assembly *as, uint32_t label)
{
	nsr_emit(as, BPF_JMP | BPF_JA, 0, label, NSR_NEXT);
}

void nsr_emit_ancillary(struct nsr_assembly *as, uint32_t which)
{
	nsr_emit_plain(as, BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_AD_OFF + which);
}

void nsr_place_label(struct nsr_assembly *as, uint32_t label)
{
	as->label_at[label] = as->count;
}

/* Jumps of classic BPF reach 255 instructions; further ones go by way of a BPF_JA. */
static bool is_far(const struct nsr_assembly *as, const uint32_t *at, uint32_t i, uint32_t label)
{
	return label != NSR_NEXT && at[as->label_at[label]] - at[i] - 1 > 255;
}

/* Lays the steps out: at[i] becomes the position of step i. */
static void lay_out(const struct nsr_assembly *as, uint32_t *at, uint8_t *far)
{
	const struct nsr_step *step;
	bool changed = true;
	uint32_t i;

	memset(far, 0, as->count);
	while (changed) {
		changed = false;
		at[0] = 0;
		for (i = 0; i < as->count; i++)
			at[i + 1] = at[i] + 1 + (far[i] ? 2 : 0);
		for (i = 0; i < as->count; i++) {
			step = &as->steps[i];
			if (far[i] || step->jt == NSR_NEXT || step->insn.code == (BPF_JMP | BPF_JA))
				continue;
			if (is_far(as, at, i, step->jt) ||
			    (step->jf != NSR_NEXT && is_far(as, at, i, step->jf)))
				far[i] = changed = true;
		}
	}
}

static uint32_t target_of(const struct nsr_assembly *as, const uint32_t *at, uint32_t i,
			  uint32_t label)
{
	return label == NSR_NEXT ? at[i + 1] : at[as->label_at[label]];
}

static void write_out(const struct nsr_assembly *as, const uint32_t *at, const uint8_t *far,
		      struct sock_filter *out)
{
	const struct nsr_step *step;
	struct sock_filter *insn;
	uint32_t i, yes, no;

	for (i = 0; i < as->count; i++) {
		step = &as->steps[i];
		insn = &out[at[i]];
		*insn = step->insn;
		if (BPF_CLASS(step->insn.code) != BPF_JMP)
			continue;
		yes = target_of(as, at, i, step->jt);
		no = target_of(as, at, i, step->jf);
		if (step->insn.code == (BPF_JMP | BPF_JA)) {
			insn->k = yes - at[i] - 1;
		} else if (!far[i]) {
			insn->jt = (uint8_t)(yes - at[i] - 1);
			insn->jf = (uint8_t)(no - at[i] - 1);
		} else {
			insn->jt = 0;
			insn->jf = 1;
			insn[1] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, yes - at[i] - 2);
			insn[2] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, no - at[i] - 3);
		}
	}
}

int nsr_assembly_finish(const struct nsr_assembly *as, struct sock_fprog *prog,
			struct nsr_error *err)
{
	uint32_t *at = calloc(as->count + 1, sizeof(*at));
	uint8_t *far = calloc(as->count + 1, 1);
	struct sock_filter *out = NULL;
	int rc = 0;

	if (!at || !far || as->no_memory) {
		rc = nsr_error_set(err, -ENOMEM, "filter: out of memory");
		goto free_all;
	}
	lay_out(as, at, far);
	if (at[as->count] > BPF_MAXINSNS) {
		rc = nsr_error_set(err, -E2BIG,
				   "filter: it has %u instructions, and the kernel runs only %d",
				   at[as->count], BPF_MAXINSNS);
		goto free_all;
	}
	out = calloc(at[as->count], sizeof(*out));
	if (!out) {
		rc = nsr_error_set(err, -ENOMEM, "filter: out of memory");
		goto free_all;
	}
	write_out(as, at, far, out);
	prog->filter = out;
	prog->len = (unsigned short)at[as->count];
free_all:
	free(at);
	free(far);
	return rc;
}
