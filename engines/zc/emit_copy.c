/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The program copies a frame into a lane (lanes.c): it takes room, fills a record, and writes its
 * mark last. Several CPUs may do so in one lane, so they take room by a
 * compare-and-exchange of the lane's head, and a full record can lie behind one that is still being
 * filled.
 */
#include <linux/bpf.h>

#include "emit.h"
#include "lanes.h"

/* How often to try to take room, while other CPUs take some of the same lane. */
#define CLAIMS 8

/* Offsets on the stack while a frame is copied; the doorbell and the stamp use -8. */
enum { AT = -16, STAMP = -24, RECORD = -32, LANE = -40, KEY = -48 };

static void spill(struct nsr_ebpf *p, int16_t at, uint8_t reg)
{
	nsr_ebpf_emit(p, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, reg, at, 0);
}

static void unspill(struct nsr_ebpf *p, uint8_t reg, int16_t at)
{
	nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | BPF_DW, reg, BPF_REG_10, at, 0);
}

static void store_word(struct nsr_ebpf *p, size_t field, uint8_t reg)
{
	nsr_ebpf_emit(p, BPF_STX | BPF_MEM | BPF_W, BPF_REG_0, reg, (int16_t)field, 0);
}

/* R8 is the frame's length, R7 how much of it is copied. */
static void emit_lengths(struct nsr_ebpf *p, const struct zc_program *program, uint32_t pass)
{
	uint32_t whole = nsr_ebpf_labels(p, 1);

	zc_emit_move(p, BPF_REG_1, BPF_REG_6);
	zc_emit_call(p, BPF_FUNC_xdp_get_buff_len);
	zc_emit_move(p, BPF_REG_8, BPF_REG_0);
	zc_emit_move(p, BPF_REG_7, BPF_REG_0);
	nsr_ebpf_jump(p, BPF_JMP | BPF_JLE | BPF_K, BPF_REG_7, 0, (int32_t)program->lanes->most,
		      whole);
	zc_emit_set(p, BPF_REG_7, (int32_t)program->lanes->most);
	nsr_ebpf_place(p, whole);
	nsr_ebpf_jump(p, BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_7, 0, 0, pass);
}

/*
 * Takes room in the lane for a record, which begins at AT; jumps to @lost if there is none.
 * Several CPUs may be here at once where the kernel does not poll the device (generic mode, tun).
 */
static void emit_claim(struct nsr_ebpf *p, const struct zc_program *program, uint32_t lost)
{
	const int16_t head = offsetof(struct zc_lane, head), tail = offsetof(struct zc_lane, tail);
	uint32_t claimed = nsr_ebpf_labels(p, 1);
	int i;

	for (i = 0; i < CLAIMS; i++) {
		zc_emit_move(p, BPF_REG_1, BPF_REG_7);
		nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_1, 0, 0,
			      (int32_t)zc_record_bytes(0) + 7);
		nsr_ebpf_emit(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_1, 0, 0, -8);
		nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_0, BPF_REG_9, head, 0);
		nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_1, BPF_REG_0, 0, 0);
		zc_emit_move(p, BPF_REG_2, BPF_REG_1);
		nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_3, BPF_REG_9, tail, 0);
		nsr_ebpf_emit(p, BPF_ALU64 | BPF_SUB | BPF_X, BPF_REG_2, BPF_REG_3, 0, 0);
		nsr_ebpf_jump(p, BPF_JMP | BPF_JGT | BPF_K, BPF_REG_2, 0,
			      (int32_t)program->lanes->lane_bytes, lost);
		zc_emit_move(p, BPF_REG_2, BPF_REG_0);
		nsr_ebpf_emit(p, BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_9, BPF_REG_1, head,
			      BPF_CMPXCHG);
		nsr_ebpf_jump(p, BPF_JMP | BPF_JEQ | BPF_X, BPF_REG_0, BPF_REG_2, 0, claimed);
	}
	nsr_ebpf_jump(p, BPF_JMP | BPF_JA, 0, 0, 0, lost);
	nsr_ebpf_place(p, claimed);
	spill(p, AT, BPF_REG_2);
}

/* R0, and RECORD, point to the record that begins at AT. */
static void emit_find(struct nsr_ebpf *p, const struct zc_program *program, uint32_t pass)
{
	zc_emit_move(p, BPF_REG_1, BPF_REG_2);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_1, 0, 0,
		      (int32_t)program->lanes->block_bits);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_1, 0, 0,
		      (int32_t)program->lanes->blocks - 1);
	unspill(p, BPF_REG_3, LANE);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_MUL | BPF_K, BPF_REG_3, 0, 0,
		      (int32_t)program->lanes->blocks);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_1, BPF_REG_3, 0, 0);
	nsr_ebpf_emit(p, BPF_STX | BPF_MEM | BPF_W, BPF_REG_10, BPF_REG_1, KEY, 0);
	zc_emit_map(p, BPF_REG_1, program->lanes->map);
	zc_emit_stack(p, BPF_REG_2, KEY);
	zc_emit_call(p, BPF_FUNC_map_lookup_elem);
	/* It never is NULL, but the verifier does not know. */
	nsr_ebpf_jump(p, BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 0, pass);
	unspill(p, BPF_REG_1, AT);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_1, 0, 0,
		      (int32_t)(1u << program->lanes->block_bits) - 8);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_0, BPF_REG_1, 0, 0);
	spill(p, RECORD, BPF_REG_0);
}

/*
 * R4 becomes R7, which is from 1 to @room. The verifier learns the bounds from the arithmetic. A
 * comparison would not do: for a caller without CAP_PERFMON the verifier also follows the paths on
 * which a processor may speculate past it.
 */
static void emit_bounded(struct nsr_ebpf *p, uint32_t room)
{
	zc_emit_move(p, BPF_REG_4, BPF_REG_7);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_SUB | BPF_K, BPF_REG_4, 0, 0, 1);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_4, 0, 0, (int32_t)room - 1);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_4, 0, 0, 1);
}

/* Fills the record that R0 points to, its mark last, so that the reader finds it whole. */
static void emit_fill(struct nsr_ebpf *p, const struct zc_program *program)
{
	uint32_t copied = nsr_ebpf_labels(p, 1);

	store_word(p, offsetof(struct zc_record, len), BPF_REG_8);
	store_word(p, offsetof(struct zc_record, caplen), BPF_REG_7);
	nsr_ebpf_emit(p, BPF_ST | BPF_MEM | BPF_W, BPF_REG_0, 0,
		      offsetof(struct zc_record, generation), (int32_t)program->generation);
	unspill(p, BPF_REG_1, STAMP);
	nsr_ebpf_emit(p, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_0, BPF_REG_1,
		      offsetof(struct zc_record, stamp_ns), 0);
	zc_emit_move(p, BPF_REG_1, BPF_REG_6);
	zc_emit_set(p, BPF_REG_2, 0);
	zc_emit_move(p, BPF_REG_3, BPF_REG_0);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_3, 0, 0, sizeof(struct zc_record));
	emit_bounded(p, program->lanes->room);
	zc_emit_call(p, BPF_FUNC_xdp_load_bytes);
	unspill(p, BPF_REG_1, RECORD);
	nsr_ebpf_jump(p, BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 0, copied);
	nsr_ebpf_emit(p, BPF_ST | BPF_MEM | BPF_W, BPF_REG_1, 0, offsetof(struct zc_record, len),
		      0);
	nsr_ebpf_place(p, copied);
	unspill(p, BPF_REG_3, AT);
	zc_emit_wide(p, BPF_REG_2, program->lanes->secret);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_XOR | BPF_X, BPF_REG_2, BPF_REG_3, 0, 0);
	nsr_ebpf_emit(p, BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_1, BPF_REG_2,
		      offsetof(struct zc_record, mark), BPF_XCHG);
}

void zc_emit_copy(struct nsr_ebpf *p, const struct zc_program *program, uint32_t pass)
{
	uint32_t lost = nsr_ebpf_labels(p, 1);
	int32_t action = program->passes ? XDP_PASS : XDP_DROP;

	emit_lengths(p, program, pass);
	zc_emit_set(p, BPF_REG_9, 0);
	if (program->stamp)
		zc_emit_time(p, program);
	spill(p, STAMP, BPF_REG_9);
	zc_emit_check_queue(p, program, pass);
	if (program->queue >= 0)
		zc_emit_set(p, BPF_REG_2, 0);
	nsr_ebpf_jump(p, BPF_JMP | BPF_JGE | BPF_K, BPF_REG_2, 0, (int32_t)program->lanes->count,
		      pass);
	spill(p, LANE, BPF_REG_2);
	zc_emit_lane(p, program);
	emit_claim(p, program, lost);
	emit_find(p, program, pass);
	emit_fill(p, program);
	unspill(p, BPF_REG_3, AT);
	zc_emit_doorbell(p, program);
	zc_emit_exit(p, action);
	nsr_ebpf_place(p, lost);
	zc_emit_add_one(p, offsetof(struct zc_lane, lost));
	zc_emit_exit(p, action);
}
