/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The program copies a frame into a lane (lanes.c): it takes room, fills a record, and writes its
 * mark last. Where several CPUs may do so in one lane (zc_program.alone), they take room by a
 * compare-and-exchange of the lane's head, and a full record can lie behind one that is still being
 * filled.
 *
 * A short frame is copied by loads and stores: calling the kernel's helper costs more than that.
 */
#include <linux/bpf.h>

#include "lib/filter/xdp.h"
#include "emit.h"
#include "lanes.h"

/* The longest frame that is copied without the helper: beyond it the helper is as fast. */
#define SHORT_BYTES 128u

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

/* R1 points to the frame, and R2 to the end of its first buffer. */
static void emit_data(struct nsr_ebpf *p)
{
	nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_1, BPF_REG_6,
		      offsetof(struct xdp_md, data), 0);
	nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_6,
		      offsetof(struct xdp_md, data_end), 0);
}

/* R8 is the frame's length, R7 how much of it is copied. */
static void emit_lengths(struct nsr_ebpf *p, const struct zc_program *program, uint32_t pass)
{
	uint32_t whole = nsr_ebpf_labels(p, 1);

	if (program->flags & (NSR_XDP_FRAGS | NSR_XDP_HELPERS)) {
		zc_emit_move(p, BPF_REG_1, BPF_REG_6);
		zc_emit_call(p, BPF_FUNC_xdp_get_buff_len);
		zc_emit_move(p, BPF_REG_8, BPF_REG_0);
	} else {
		emit_data(p);
		zc_emit_move(p, BPF_REG_8, BPF_REG_2);
		nsr_ebpf_emit(p, BPF_ALU64 | BPF_SUB | BPF_X, BPF_REG_8, BPF_REG_1, 0, 0);
	}
	zc_emit_move(p, BPF_REG_7, BPF_REG_8);
	nsr_ebpf_jump(p, BPF_JMP | BPF_JLE | BPF_K, BPF_REG_7, 0, (int32_t)program->lanes->most,
		      whole);
	zc_emit_set(p, BPF_REG_7, (int32_t)program->lanes->most);
	nsr_ebpf_place(p, whole);
	nsr_ebpf_jump(p, BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_7, 0, 0, pass);
}

/* Goes on at @room if there is some up to R1, the reader's tail being in R3. */
static void emit_if_room(struct nsr_ebpf *p, const struct zc_program *program, uint32_t room)
{
	zc_emit_move(p, BPF_REG_2, BPF_REG_1);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_SUB | BPF_X, BPF_REG_2, BPF_REG_3, 0, 0);
	/* Below 0 while another CPU is ahead of the head that this one read. */
	nsr_ebpf_jump(p, BPF_JMP | BPF_JSLE | BPF_K, BPF_REG_2, 0,
		      (int32_t)program->lanes->lane_bytes, room);
}

/* R0 and R2 = the lane's head, R1 = what it becomes with this record; or to @lost. */
static void emit_room(struct nsr_ebpf *p, const struct zc_program *program, uint32_t lost)
{
	const int16_t seen = offsetof(struct zc_lane, seen), tail = offsetof(struct zc_lane, tail);
	uint32_t room = nsr_ebpf_labels(p, 1);

	zc_emit_move(p, BPF_REG_1, BPF_REG_7);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_1, 0, 0,
		      (int32_t)zc_record_bytes(0) + 7);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_1, 0, 0, -8);
	nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_0, BPF_REG_9,
		      offsetof(struct zc_lane, head), 0);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_1, BPF_REG_0, 0, 0);
	nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_3, BPF_REG_9, seen, 0);
	emit_if_room(p, program, room);
	nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_3, BPF_REG_9, tail, 0);
	nsr_ebpf_emit(p, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_9, BPF_REG_3, seen, 0);
	emit_if_room(p, program, room);
	nsr_ebpf_jump(p, BPF_JMP | BPF_JA, 0, 0, 0, lost);
	nsr_ebpf_place(p, room);
	zc_emit_move(p, BPF_REG_2, BPF_REG_0);
}

/* Takes room for a record, which begins at R2 and AT; jumps to @lost if there is none. */
static void emit_claim(struct nsr_ebpf *p, const struct zc_program *program, uint32_t lost)
{
	const int16_t head = offsetof(struct zc_lane, head);
	uint32_t claimed = nsr_ebpf_labels(p, 1);
	int i;

	for (i = 0; i < CLAIMS && !program->alone; i++) {
		emit_room(p, program, lost);
		nsr_ebpf_emit(p, BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_9, BPF_REG_1, head,
			      BPF_CMPXCHG);
		nsr_ebpf_jump(p, BPF_JMP | BPF_JEQ | BPF_X, BPF_REG_0, BPF_REG_2, 0, claimed);
	}
	if (program->alone) {
		emit_room(p, program, lost);
		nsr_ebpf_emit(p, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_9, BPF_REG_1, head, 0);
	} else {
		nsr_ebpf_jump(p, BPF_JMP | BPF_JA, 0, 0, 0, lost);
	}
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

static void emit_header(struct nsr_ebpf *p, const struct zc_program *program)
{
	store_word(p, offsetof(struct zc_record, len), BPF_REG_8);
	store_word(p, offsetof(struct zc_record, caplen), BPF_REG_7);
	nsr_ebpf_emit(p, BPF_ST | BPF_MEM | BPF_W, BPF_REG_0, 0,
		      offsetof(struct zc_record, generation), (int32_t)program->generation);
	unspill(p, BPF_REG_1, STAMP);
	nsr_ebpf_emit(p, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_0, BPF_REG_1,
		      offsetof(struct zc_record, stamp_ns), 0);
}

/*
 * Copies @size (BPF_B, BPF_DW) at @at of what R1 points to. @to (R0, R5) is where the record would
 * begin for that byte to have the same place in its packet.
 */
static void emit_move_bytes(struct nsr_ebpf *p, uint8_t to, uint8_t size, uint32_t at)
{
	nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | size, BPF_REG_4, BPF_REG_1, (int16_t)at, 0);
	nsr_ebpf_emit(p, BPF_STX | BPF_MEM | size, to, BPF_REG_4,
		      (int16_t)(sizeof(struct zc_record) + at), 0);
}

/* Jumps to @outside if the frame's first buffer, which ends at R2, has not @bytes at R1. */
static void emit_inside(struct nsr_ebpf *p, uint32_t bytes, uint32_t outside)
{
	zc_emit_move(p, BPF_REG_3, BPF_REG_1);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_3, 0, 0, (int32_t)bytes);
	nsr_ebpf_jump(p, BPF_JMP | BPF_JGT | BPF_X, BPF_REG_3, BPF_REG_2, 0, outside);
}

/* Copies R7 bytes, at most @most, to the record at R0, and goes on at @copied; or to @otherwise. */
static void emit_few(struct nsr_ebpf *p, uint32_t most, uint32_t copied, uint32_t otherwise)
{
	uint32_t at;

	for (at = 0; at < most; at++) {
		if (at)
			nsr_ebpf_jump(p, BPF_JMP | BPF_JLE | BPF_K, BPF_REG_7, 0, (int32_t)at,
				      copied);
		emit_inside(p, at + 1, otherwise);
		emit_move_bytes(p, BPF_REG_0, BPF_B, at);
	}
	nsr_ebpf_jump(p, BPF_JMP | BPF_JA, 0, 0, 0, copied);
}

/*
 * As emit_few(), from @half to twice as many: the first @half of them, and the last, which may
 * overlap.
 */
static void emit_halves(struct nsr_ebpf *p, uint32_t half, uint32_t copied, uint32_t otherwise)
{
	uint32_t at;

	emit_inside(p, half, otherwise);
	for (at = 0; at < half; at += 8)
		emit_move_bytes(p, BPF_REG_0, BPF_DW, at);
	zc_emit_move(p, BPF_REG_5, BPF_REG_7);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_SUB | BPF_K, BPF_REG_5, 0, 0, (int32_t)half);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_1, BPF_REG_5, 0, 0);
	emit_inside(p, half, otherwise);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_5, BPF_REG_0, 0, 0);
	for (at = 0; at < half; at += 8)
		emit_move_bytes(p, BPF_REG_5, BPF_DW, at);
	nsr_ebpf_jump(p, BPF_JMP | BPF_JA, 0, 0, 0, copied);
}

/* As emit_few(), from 8 to SHORT_BYTES, if a record has room for @room bytes, a power of two. */
static void emit_short(struct nsr_ebpf *p, uint32_t room, uint32_t copied, uint32_t otherwise)
{
	uint32_t half, longer;

	nsr_ebpf_jump(p, BPF_JMP | BPF_JLT | BPF_K, BPF_REG_7, 0, 8, otherwise);
	for (half = 8; half < SHORT_BYTES && half < room; half *= 2) {
		longer = nsr_ebpf_labels(p, 1);
		nsr_ebpf_jump(p, BPF_JMP | BPF_JGT | BPF_K, BPF_REG_7, 0, (int32_t)half * 2,
			      longer);
		emit_halves(p, half, copied, otherwise);
		nsr_ebpf_place(p, longer);
	}
}

/* Copies R7 bytes of the frame to the record at R0; its len becomes 0 if that fails. */
static void emit_bytes(struct nsr_ebpf *p, const struct zc_program *program)
{
	uint32_t copied = nsr_ebpf_labels(p, 2), otherwise = copied + 1;

	if (!(program->flags & NSR_XDP_HELPERS)) {
		emit_data(p);
		if (program->lanes->room <= 8)
			emit_few(p, program->lanes->most, copied, otherwise);
		else
			emit_short(p, program->lanes->room, copied, otherwise);
	}
	nsr_ebpf_place(p, otherwise);
	zc_emit_move(p, BPF_REG_1, BPF_REG_6);
	zc_emit_set(p, BPF_REG_2, 0);
	zc_emit_move(p, BPF_REG_3, BPF_REG_0);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_3, 0, 0, sizeof(struct zc_record));
	emit_bounded(p, program->lanes->room);
	zc_emit_call(p, BPF_FUNC_xdp_load_bytes);
	nsr_ebpf_jump(p, BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 0, copied);
	unspill(p, BPF_REG_1, RECORD);
	nsr_ebpf_emit(p, BPF_ST | BPF_MEM | BPF_W, BPF_REG_1, 0, offsetof(struct zc_record, len),
		      0);
	nsr_ebpf_place(p, copied);
}

/* Marks the record as full. An exchange is also a barrier, see zc_doorbell_arm_now(). */
static void emit_mark(struct nsr_ebpf *p, const struct zc_program *program)
{
	const int16_t mark = offsetof(struct zc_record, mark);

	unspill(p, BPF_REG_1, RECORD);
	unspill(p, BPF_REG_3, AT);
	zc_emit_wide(p, BPF_REG_2, program->lanes->secret);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_XOR | BPF_X, BPF_REG_2, BPF_REG_3, 0, 0);
	if (program->barrier)
		nsr_ebpf_emit(p, BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_1, BPF_REG_2, mark,
			      BPF_XCHG);
	else
		nsr_ebpf_emit(p, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_1, BPF_REG_2, mark, 0);
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
	emit_header(p, program);
	emit_bytes(p, program);
	emit_mark(p, program);
	unspill(p, BPF_REG_3, AT);
	zc_emit_doorbell(p, program);
	zc_emit_exit(p, action);
	nsr_ebpf_place(p, lost);
	zc_emit_add_one(p, program, offsetof(struct zc_lane, lost));
	zc_emit_exit(p, action);
}
