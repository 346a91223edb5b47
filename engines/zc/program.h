/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Pieces that zc's program is assembled from. */
#ifndef NSR_ENGINES_ZC_PROGRAM_H
#define NSR_ENGINES_ZC_PROGRAM_H

#include "lib/filter/ebpf.h"
#include "zc.h"

/** zc_emit_map() - @reg = the map @fd */
void zc_emit_map(struct nsr_ebpf *p, uint8_t reg, int fd);

/** zc_emit_state() - @reg points @offset bytes into the value of the array map @fd */
void zc_emit_state(struct nsr_ebpf *p, uint8_t reg, int fd, uint32_t offset);

/** zc_emit_call() - call a helper function, BPF_FUNC_… */
void zc_emit_call(struct nsr_ebpf *p, int function);

/** zc_emit_set() - @reg = @value */
void zc_emit_set(struct nsr_ebpf *p, uint8_t reg, int32_t value);

/** zc_emit_move() - @to = @from */
void zc_emit_move(struct nsr_ebpf *p, uint8_t to, uint8_t from);

/** zc_emit_stack() - @reg points to @offset from the stack's end */
void zc_emit_stack(struct nsr_ebpf *p, uint8_t reg, int16_t offset);

/**
 * zc_emit_spread() - R9 = the frame's bucket, from 0 to ZC_BUCKETS - 1
 * @p:       R6 is the context; R0 to R5 and R7 to R9 change
 * @program: @program->spread
 */
void zc_emit_spread(struct nsr_ebpf *p, const struct zc_program *program);

#endif
