/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Pieces that zc's program is assembled from: see emit.h. */
#include <linux/bpf.h>

#include "emit.h"

void zc_emit_map(struct nsr_ebpf *p, uint8_t reg, int fd)
{
	nsr_ebpf_emit(p, BPF_LD | BPF_DW | BPF_IMM, reg, BPF_PSEUDO_MAP_FD, 0, fd);
	nsr_ebpf_emit(p, 0, 0, 0, 0, 0);
}

void zc_emit_state(struct nsr_ebpf *p, uint8_t reg, int fd, uint32_t offset)
{
	nsr_ebpf_emit(p, BPF_LD | BPF_DW | BPF_IMM, reg, BPF_PSEUDO_MAP_VALUE, 0, fd);
	nsr_ebpf_emit(p, 0, 0, 0, 0, (int32_t)offset);
}

void zc_emit_call(struct nsr_ebpf *p, int function)
{
	nsr_ebpf_emit(p, BPF_JMP | BPF_CALL, 0, 0, 0, function);
}

void zc_emit_set(struct nsr_ebpf *p, uint8_t reg, int32_t value)
{
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_MOV | BPF_K, reg, 0, 0, value);
}

void zc_emit_wide(struct nsr_ebpf *p, uint8_t reg, uint64_t value)
{
	nsr_ebpf_emit(p, BPF_LD | BPF_DW | BPF_IMM, reg, 0, 0, (int32_t)value);
	nsr_ebpf_emit(p, 0, 0, 0, 0, (int32_t)(value >> 32));
}

void zc_emit_move(struct nsr_ebpf *p, uint8_t to, uint8_t from)
{
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
}

void zc_emit_stack(struct nsr_ebpf *p, uint8_t reg, int16_t offset)
{
	zc_emit_move(p, reg, BPF_REG_10);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_K, reg, 0, 0, offset);
}

void zc_emit_exit(struct nsr_ebpf *p, int32_t action)
{
	zc_emit_set(p, BPF_REG_0, action);
	nsr_ebpf_emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

void zc_emit_time(struct nsr_ebpf *p, const struct zc_program *program)
{
	uint32_t done;

	if (program->stamp == ZC_STAMP_KERNEL) {
		zc_emit_call(p, BPF_FUNC_ktime_get_ns);
		zc_emit_move(p, BPF_REG_9, BPF_REG_0);
		return;
	}
	done = nsr_ebpf_labels(p, 1);
	nsr_ebpf_emit(p, BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, -8, 0);
	zc_emit_move(p, BPF_REG_1, BPF_REG_6);
	zc_emit_stack(p, BPF_REG_2, -8);
	nsr_ebpf_emit(p, BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, program->stamp_kfunc);
	zc_emit_set(p, BPF_REG_9, 0);
	nsr_ebpf_jump(p, BPF_JMP32 | BPF_JNE | BPF_K, BPF_REG_0, 0, 0, done);
	nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_9, BPF_REG_10, -8, 0);
	nsr_ebpf_place(p, done);
}

void zc_emit_queue(struct nsr_ebpf *p)
{
	nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_6,
		      offsetof(struct xdp_md, rx_queue_index), 0);
}

void zc_emit_lane(struct nsr_ebpf *p, const struct zc_program *program)
{
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, ZC_QUEUES_MAX - 1);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_MUL | BPF_K, BPF_REG_2, 0, 0, sizeof(struct zc_lane));
	zc_emit_state(p, BPF_REG_9, program->state, offsetof(struct zc_state, lanes));
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_9, BPF_REG_2, 0, 0);
}

void zc_emit_add_one(struct nsr_ebpf *p, const struct zc_program *program, size_t field)
{
	if (program->alone) {
		nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_2, BPF_REG_9, (int16_t)field,
			      0);
		nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, 1);
		nsr_ebpf_emit(p, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_9, BPF_REG_2, (int16_t)field,
			      0);
		return;
	}
	zc_emit_set(p, BPF_REG_2, 1);
	nsr_ebpf_emit(p, BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_9, BPF_REG_2, (int16_t)field,
		      BPF_ADD);
}

void zc_emit_doorbell(struct nsr_ebpf *p, const struct zc_program *program)
{
	const int16_t ring_at = offsetof(struct zc_lane, ring_at);
	uint32_t done = nsr_ebpf_labels(p, 1);

	nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_4, BPF_REG_9, ring_at, 0);
	nsr_ebpf_jump(p, BPF_JMP | BPF_JLT | BPF_X, BPF_REG_3, BPF_REG_4, 0, done);
	/* Ring again after as much more, in case the reader has not heard. */
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_3, 0, 0,
		      (int32_t)program->doorbell_step);
	nsr_ebpf_emit(p, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_9, BPF_REG_3, ring_at, 0);
	nsr_ebpf_emit(p, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, BPF_REG_3, -8, 0);
	zc_emit_map(p, BPF_REG_1, program->doorbell);
	zc_emit_stack(p, BPF_REG_2, -8);
	zc_emit_set(p, BPF_REG_3, sizeof(uint64_t));
	zc_emit_set(p, BPF_REG_4, BPF_RB_FORCE_WAKEUP);
	zc_emit_call(p, BPF_FUNC_ringbuf_output);
	nsr_ebpf_place(p, done);
}

void zc_emit_check_queue(struct nsr_ebpf *p, const struct zc_program *program, uint32_t pass)
{
	zc_emit_queue(p);
	if (program->queue >= 0)
		nsr_ebpf_jump(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_2, 0, program->queue, pass);
}
