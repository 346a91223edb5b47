/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The program stamps a frame for an AF_XDP socket, and redirects it there. */
#include <linux/bpf.h>

#include "emit.h"

void zc_emit_stamp(struct nsr_ebpf *p, const struct zc_program *program)
{
	uint32_t done = nsr_ebpf_labels(p, 1);

	zc_emit_time(p, program);
	zc_emit_move(p, BPF_REG_1, BPF_REG_6);
	zc_emit_set(p, BPF_REG_2, -(int32_t)sizeof(struct zc_meta));
	zc_emit_call(p, BPF_FUNC_xdp_adjust_meta);
	nsr_ebpf_jump(p, BPF_JMP32 | BPF_JNE | BPF_K, BPF_REG_0, 0, 0, done);
	nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_1, BPF_REG_6,
		      offsetof(struct xdp_md, data_meta), 0);
	nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_6,
		      offsetof(struct xdp_md, data), 0);
	zc_emit_move(p, BPF_REG_3, BPF_REG_1);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_3, 0, 0, sizeof(struct zc_meta));
	nsr_ebpf_jump(p, BPF_JMP | BPF_JGT | BPF_X, BPF_REG_3, BPF_REG_2, 0, done);
	zc_emit_wide(p, BPF_REG_2, ZC_META_MARK);
	nsr_ebpf_emit(p, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_1, BPF_REG_2,
		      offsetof(struct zc_meta, mark), 0);
	nsr_ebpf_emit(p, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_1, BPF_REG_9,
		      offsetof(struct zc_meta, stamp_ns), 0);
	nsr_ebpf_place(p, done);
}

/* Counts a frame for a socket, and rings the doorbell when its reader must look. */
static void emit_count(struct nsr_ebpf *p, const struct zc_program *program)
{
	const int16_t head = offsetof(struct zc_lane, head);

	zc_emit_queue(p);
	zc_emit_lane(p, program);
	nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_3, BPF_REG_9, head, 0);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_3, 0, 0, 1);
	nsr_ebpf_emit(p, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_9, BPF_REG_3, head, 0);
	zc_emit_doorbell(p, program);
}

void zc_emit_to_socket(struct nsr_ebpf *p, const struct zc_program *program)
{
	zc_emit_map(p, BPF_REG_1, program->sockets);
	zc_emit_set(p, BPF_REG_3, XDP_PASS);
	zc_emit_call(p, BPF_FUNC_redirect_map);
	nsr_ebpf_emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

void zc_emit_redirect(struct nsr_ebpf *p, const struct zc_program *program, uint32_t pass)
{
	if (program->queue >= 0)
		zc_emit_check_queue(p, program, pass);
	if (program->doorbell >= 0)
		emit_count(p, program);
	if (program->stamp)
		zc_emit_stamp(p, program);
	zc_emit_queue(p);
	zc_emit_to_socket(p, program);
}
