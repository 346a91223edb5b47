/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Putting a classic BPF program together whose jumps name where they lead. */
#ifndef NSR_FILTER_ASSEMBLY_H
#define NSR_FILTER_ASSEMBLY_H

#include <linux/filter.h>
#include <stdint.h>

#include <nsring/engine.h>

/** Of a jump: it leads to the next step. */
#define NSR_NEXT UINT32_MAX

struct nsr_step;

/**
 * struct nsr_assembly - a program that grows
 * @steps:    its instructions
 * @count:    how many
 * @room:     for so many
 * @label_at: the step that each label stands at
 * @no_memory: some step is missing: nsr_assembly_finish() says so
 */
struct nsr_assembly {
	struct nsr_step *steps;
	uint32_t count, room;
	uint32_t *label_at;
	bool no_memory;
};

/** nsr_assembly_begin() - an empty program that has labels 0 to @labels - 1; 0 or -ENOMEM */
int nsr_assembly_begin(struct nsr_assembly *as, uint32_t labels);

/** nsr_assembly_end() - free what nsr_assembly_begin() and the steps took */
void nsr_assembly_end(struct nsr_assembly *as);

/** nsr_emit() - append an instruction; @jt and @jf are labels of a jump (BPF_JA has @jt only) */
void nsr_emit(struct nsr_assembly *as, uint16_t code, uint32_t k, uint32_t jt, uint32_t jf);

/** nsr_emit_plain() - append an instruction that does not jump */
void nsr_emit_plain(struct nsr_assembly *as, uint16_t code, uint32_t k);

/** nsr_emit_ja() - append a jump to @label */
void nsr_emit_ja(struct nsr_assembly *as, uint32_t label);

/** nsr_emit_ancillary() - load an ancillary field: SKF_AD_… of linux/filter.h */
void nsr_emit_ancillary(struct nsr_assembly *as, uint32_t which);

/** nsr_place_label() - @label stands here */
void nsr_place_label(struct nsr_assembly *as, uint32_t label);

/**
 * nsr_assembly_finish() - the program
 * @as:    every label that a jump names was placed
 * @prog:  filled in; free @prog->filter with free()
 * @err:   the reason in words; may be NULL
 *
 * Return: 0; -E2BIG it is longer than the kernel takes (BPF_MAXINSNS); -ENOMEM.
 */
int nsr_assembly_finish(const struct nsr_assembly *as, struct sock_fprog *prog,
			struct nsr_error *err);

#endif
