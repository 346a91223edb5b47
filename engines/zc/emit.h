/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Pieces that zc's program is assembled from. R6 is the context (struct xdp_md) throughout; R0 to
 * R5 change with each call of a helper function.
 */
#ifndef NSR_ENGINES_ZC_EMIT_H
#define NSR_ENGINES_ZC_EMIT_H

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

/** zc_emit_wide() - @reg = @value, of 64 bits */
void zc_emit_wide(struct nsr_ebpf *p, uint8_t reg, uint64_t value);

/** zc_emit_exit() - end with @action, XDP_… */
void zc_emit_exit(struct nsr_ebpf *p, int32_t action);

/** zc_emit_time() - R9 = the time by @program->stamp, 0 where there is none; R0 to R5 change */
void zc_emit_time(struct nsr_ebpf *p, const struct zc_program *program);

/** zc_emit_queue() - R2 = the frame's queue */
void zc_emit_queue(struct nsr_ebpf *p);

/** zc_emit_check_queue() - R2 = the frame's queue; to @pass if that is not captured */
void zc_emit_check_queue(struct nsr_ebpf *p, const struct zc_program *program, uint32_t pass);

/** zc_emit_lane() - R9 points to the struct zc_lane of number R2; R2 changes */
void zc_emit_lane(struct nsr_ebpf *p, const struct zc_program *program);

/** zc_emit_add_one() - add 1 to the field at @field of the lane that R9 points to; R2 changes */
void zc_emit_add_one(struct nsr_ebpf *p, const struct zc_program *program, size_t field);

/** zc_emit_doorbell() - wake an idle reader if R3 has reached what it asked for, see doorbell.c */
void zc_emit_doorbell(struct nsr_ebpf *p, const struct zc_program *program);

/** zc_emit_stamp() - put a struct zc_meta in front of the frame; AF_XDP copies it along */
void zc_emit_stamp(struct nsr_ebpf *p, const struct zc_program *program);

/** zc_emit_to_socket() - redirect the frame to socket R2, or let it pass if there is none */
void zc_emit_to_socket(struct nsr_ebpf *p, const struct zc_program *program);

/** zc_emit_redirect() - zc_program.take that redirects to the socket of the frame's queue */
void zc_emit_redirect(struct nsr_ebpf *p, const struct zc_program *program, uint32_t pass);

/** zc_emit_copy() - zc_program.take that copies into @program->lanes */
void zc_emit_copy(struct nsr_ebpf *p, const struct zc_program *program, uint32_t pass);

#endif
