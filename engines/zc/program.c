/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The program that runs for each frame that the device receives:
 *
 *	filter ──no──▶ XDP_PASS: on to the stack, untouched
 *	   │ yes
 *	   ├─ a ring of ours: copy into it, then XDP_DROP, or by a tap XDP_PASS
 *	   └─ AF_XDP: stamp, choose a socket, redirect; no socket there: XDP_PASS
 *
 * No socket is there until the capture starts, and once it has stopped or died; what copies is
 * replaced by a program that refuses all.
 *
 * Registers: R6 is the context throughout. Behind the filter R7 to R9 are free.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/filter/xdp.h"
#include "sys/thread.h"
#include "program.h"
#include "zc.h"

/* Newer than the headers of Debian 12: linux/bpf.h since 6.3. */
#define DEV_BOUND_ONLY (1u << 6)

/* Tries to get room in a lane where other CPUs want some, too. */
#define CLAIMS 8

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

static void emit_wide(struct nsr_ebpf *p, uint8_t reg, uint64_t value)
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

static void emit_exit(struct nsr_ebpf *p, int32_t action)
{
	zc_emit_set(p, BPF_REG_0, action);
	nsr_ebpf_emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void emit_begin(struct nsr_ebpf *p)
{
	zc_emit_move(p, NSR_XDP_CTX, BPF_REG_1);
	nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | BPF_W, NSR_XDP_DATA, BPF_REG_1,
		      offsetof(struct xdp_md, data), 0);
	nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | BPF_W, NSR_XDP_DATA_END, BPF_REG_1,
		      offsetof(struct xdp_md, data_end), 0);
}

/* The time into R9, 0 where there is none. */
static void emit_ask_time(struct nsr_ebpf *p, const struct zc_program *program)
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

/* Puts a struct zc_meta in front of the frame, which AF_XDP copies along. */
static void emit_stamp(struct nsr_ebpf *p, const struct zc_program *program)
{
	uint32_t done = nsr_ebpf_labels(p, 1);

	emit_ask_time(p, program);
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
	emit_wide(p, BPF_REG_2, ZC_META_MARK);
	nsr_ebpf_emit(p, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_1, BPF_REG_2,
		      offsetof(struct zc_meta, mark), 0);
	nsr_ebpf_emit(p, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_1, BPF_REG_9,
		      offsetof(struct zc_meta, stamp_ns), 0);
	nsr_ebpf_place(p, done);
}

/* The frame's queue into R2. */
static void emit_queue(struct nsr_ebpf *p)
{
	nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_6,
		      offsetof(struct xdp_md, rx_queue_index), 0);
}

/* R9 points to the frame's lane, of number R2. */
static void emit_lane(struct nsr_ebpf *p, const struct zc_program *program)
{
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, ZC_QUEUES_MAX - 1);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_MUL | BPF_K, BPF_REG_2, 0, 0, sizeof(struct zc_lane));
	zc_emit_state(p, BPF_REG_9, program->state, offsetof(struct zc_state, lanes));
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_9, BPF_REG_2, 0, 0);
}

/* To a counter of the lane. */
static void emit_add_one(struct nsr_ebpf *p, size_t field)
{
	zc_emit_set(p, BPF_REG_2, 1);
	nsr_ebpf_emit(p, BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_9, BPF_REG_2, (int16_t)field,
		      BPF_ADD);
}

/* Wakes an idle reader, if R3 is as far as it said: see doorbell.c. */
static void emit_doorbell(struct nsr_ebpf *p, const struct zc_program *program)
{
	const int16_t ring_at = offsetof(struct zc_lane, ring_at);
	uint32_t done = nsr_ebpf_labels(p, 1);

	nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_4, BPF_REG_9, ring_at, 0);
	nsr_ebpf_jump(p, BPF_JMP | BPF_JLT | BPF_X, BPF_REG_3, BPF_REG_4, 0, done);
	/* Again after as much more, should the reader not have heard. */
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

/* Counts a frame for a socket, and wakes its reader when it is time to look. */
static void emit_count(struct nsr_ebpf *p, const struct zc_program *program)
{
	const int16_t head = offsetof(struct zc_lane, head);

	emit_queue(p);
	emit_lane(p, program);
	nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_3, BPF_REG_9, head, 0);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_3, 0, 0, 1);
	nsr_ebpf_emit(p, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_9, BPF_REG_3, head, 0);
	emit_doorbell(p, program);
}

/* On to @pass with a frame of a queue that is not ours; the queue in R2. */
static void emit_check_queue(struct nsr_ebpf *p, const struct zc_program *program, uint32_t pass)
{
	emit_queue(p);
	if (program->queue >= 0)
		nsr_ebpf_jump(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_2, 0, program->queue, pass);
}

/* Hands the frame to a socket; one of a queue that isn't ours goes to @pass. */
static void emit_redirect(struct nsr_ebpf *p, const struct zc_program *program, uint32_t pass)
{
	if (program->queue >= 0)
		emit_check_queue(p, program, pass);
	if (program->doorbell >= 0)
		emit_count(p, program);
	if (program->stamp)
		emit_stamp(p, program);
	if (program->spread)
		zc_emit_spread(p, program); /* the bucket, in R9 */
	emit_queue(p);
	if (program->spread) {
		nsr_ebpf_emit(p, BPF_ALU64 | BPF_MUL | BPF_K, BPF_REG_2, 0, 0, ZC_BUCKETS);
		nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_2, BPF_REG_9, 0, 0);
	}
	zc_emit_map(p, BPF_REG_1, program->sockets);
	zc_emit_set(p, BPF_REG_3, XDP_PASS);
	zc_emit_call(p, BPF_FUNC_redirect_map);
	nsr_ebpf_emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* Where things are on the stack while a frame is copied; the doorbell and the stamp have -8. */
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
	nsr_ebpf_jump(p, BPF_JMP | BPF_JLE | BPF_K, BPF_REG_7, 0, (int32_t)program->copy_most,
		      whole);
	zc_emit_set(p, BPF_REG_7, (int32_t)program->copy_most);
	nsr_ebpf_place(p, whole);
	nsr_ebpf_jump(p, BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_7, 0, 0, pass);
}

/*
 * Takes room in the lane for a record, which begins at AT; to @lost without any. More than one CPU
 * may be here where the kernel does not poll the device (generic mode, tun).
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
			      (int32_t)program->lane_bytes, lost);
		zc_emit_move(p, BPF_REG_2, BPF_REG_0);
		nsr_ebpf_emit(p, BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_9, BPF_REG_1, head,
			      BPF_CMPXCHG);
		nsr_ebpf_jump(p, BPF_JMP | BPF_JEQ | BPF_X, BPF_REG_0, BPF_REG_2, 0, claimed);
	}
	nsr_ebpf_jump(p, BPF_JMP | BPF_JA, 0, 0, 0, lost);
	nsr_ebpf_place(p, claimed);
	spill(p, AT, BPF_REG_2);
}

/* R0 points to the record that begins at AT; also in RECORD. */
static void emit_find(struct nsr_ebpf *p, const struct zc_program *program, uint32_t pass)
{
	zc_emit_move(p, BPF_REG_1, BPF_REG_2);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_1, 0, 0,
		      (int32_t)program->block_bits);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_1, 0, 0,
		      (int32_t)program->blocks - 1);
	unspill(p, BPF_REG_3, LANE);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_MUL | BPF_K, BPF_REG_3, 0, 0, (int32_t)program->blocks);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_1, BPF_REG_3, 0, 0);
	nsr_ebpf_emit(p, BPF_STX | BPF_MEM | BPF_W, BPF_REG_10, BPF_REG_1, KEY, 0);
	zc_emit_map(p, BPF_REG_1, program->records);
	zc_emit_stack(p, BPF_REG_2, KEY);
	zc_emit_call(p, BPF_FUNC_map_lookup_elem);
	/* Never so: there are as many lanes as that. */
	nsr_ebpf_jump(p, BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 0, pass);
	unspill(p, BPF_REG_1, AT);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_1, 0, 0,
		      (int32_t)(1u << program->block_bits) - 8);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_0, BPF_REG_1, 0, 0);
	spill(p, RECORD, BPF_REG_0);
}

/*
 * R4 becomes R7, which is from 1 to @room. The verifier takes that from the arithmetic: comparisons
 * tell it nothing of the paths that a processor may speculate on, which it follows, too, for who
 * lacks CAP_PERFMON.
 */
static void emit_bounded(struct nsr_ebpf *p, uint32_t room)
{
	zc_emit_move(p, BPF_REG_4, BPF_REG_7);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_SUB | BPF_K, BPF_REG_4, 0, 0, 1);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_4, 0, 0, (int32_t)room - 1);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_4, 0, 0, 1);
}

/* Fills the record that R0 points to, and last of all its mark: so that the reader finds it whole. */
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
	emit_bounded(p, program->copy_room);
	zc_emit_call(p, BPF_FUNC_xdp_load_bytes);
	unspill(p, BPF_REG_1, RECORD);
	nsr_ebpf_jump(p, BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 0, copied);
	nsr_ebpf_emit(p, BPF_ST | BPF_MEM | BPF_W, BPF_REG_1, 0, offsetof(struct zc_record, len),
		      0);
	nsr_ebpf_place(p, copied);
	unspill(p, BPF_REG_3, AT);
	emit_wide(p, BPF_REG_2, program->secret);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_XOR | BPF_X, BPF_REG_2, BPF_REG_3, 0, 0);
	nsr_ebpf_emit(p, BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_1, BPF_REG_2,
		      offsetof(struct zc_record, mark), BPF_XCHG);
}

/* Copies the frame to the lane of its queue; then it is dropped, or passes by a tap. */
static void emit_copy(struct nsr_ebpf *p, const struct zc_program *program, uint32_t pass)
{
	uint32_t lost = nsr_ebpf_labels(p, 1);
	int32_t action = program->passes ? XDP_PASS : XDP_DROP;

	emit_lengths(p, program, pass);
	zc_emit_set(p, BPF_REG_9, 0);
	if (program->stamp)
		emit_ask_time(p, program);
	spill(p, STAMP, BPF_REG_9);
	emit_check_queue(p, program, pass);
	if (program->queue >= 0)
		zc_emit_set(p, BPF_REG_2, 0);
	nsr_ebpf_jump(p, BPF_JMP | BPF_JGE | BPF_K, BPF_REG_2, 0, (int32_t)program->lanes, pass);
	spill(p, LANE, BPF_REG_2);
	emit_lane(p, program);
	emit_claim(p, program, lost);
	emit_find(p, program, pass);
	emit_fill(p, program);
	unspill(p, BPF_REG_3, AT);
	emit_doorbell(p, program);
	emit_exit(p, action);
	nsr_ebpf_place(p, lost);
	emit_add_one(p, offsetof(struct zc_lane, lost));
	emit_exit(p, action);
}

/* On the lane of the queue's number, whichever of them are captured. */
static void emit_count_refused(struct nsr_ebpf *p, const struct zc_program *program)
{
	emit_queue(p);
	emit_lane(p, program);
	emit_add_one(p, offsetof(struct zc_lane, refused));
}

static int assemble(const struct zc_program *program, const struct nsr_filter *filter,
		    struct nsr_ebpf_code *code, struct nsr_error *err)
{
	struct nsr_ebpf p = { 0 };
	uint32_t match = nsr_ebpf_labels(&p, 3), pass = match + 1, refused = match + 2;
	int rc;

	emit_begin(&p);
	rc = nsr_filter_xdp_emit(&p, filter, program->flags, match, refused, err);
	if (rc < 0) {
		nsr_ebpf_free(&p);
		return rc;
	}
	nsr_ebpf_place(&p, match);
	if (program->records >= 0)
		emit_copy(&p, program, pass);
	else
		emit_redirect(&p, program, pass);
	nsr_ebpf_place(&p, refused);
	emit_count_refused(&p, program);
	nsr_ebpf_place(&p, pass);
	emit_exit(&p, XDP_PASS);
	rc = nsr_ebpf_finish(&p, code);
	if (rc == -E2BIG)
		return nsr_error_set(err, rc, "filter: it is too long for an XDP program");
	return rc < 0 ? nsr_error_set(err, rc, "filter: out of memory") : 0;
}

static int assemble_refusal(struct nsr_ebpf_code *code, struct nsr_error *err)
{
	struct nsr_ebpf p = { 0 };
	int rc;

	emit_exit(&p, XDP_PASS);
	rc = nsr_ebpf_finish(&p, code);
	return rc < 0 ? nsr_error_set(err, rc, "out of memory") : 0;
}

/* What a load needs to know in a thread of its own. */
struct load {
	const struct zc_program *program;
	const struct nsr_ebpf_code *code;
	int result;
};

static int load(const struct zc_program *program, const struct nsr_ebpf_code *code)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts);
	int fd;

	if (program->flags & NSR_XDP_FRAGS)
		opts.prog_flags |= BPF_F_XDP_HAS_FRAGS;
	if (program->stamp == ZC_STAMP_DEVICE) {
		opts.prog_flags |= DEV_BOUND_ONLY;
		opts.prog_ifindex = program->ifindex;
	}
	fd = bpf_prog_load(BPF_PROG_TYPE_XDP, ZC_PROGRAM_NAME, "Dual BSD/GPL", code->insns,
			   code->count, &opts);
	return fd < 0 ? -errno : fd;
}

static void *load_inside(void *arg)
{
	struct load *job = arg;

	job->result = setns(job->program->netns, CLONE_NEWNET) < 0 ? -errno
								   : load(job->program, job->code);
	return NULL;
}

/* Entering a namespace takes CAP_SYS_ADMIN, also one's own. */
static bool is_here(int netns)
{
	struct stat there, here;

	return fstat(netns, &there) == 0 && stat("/proc/thread-self/ns/net", &here) == 0 &&
	       there.st_dev == here.st_dev && there.st_ino == here.st_ino;
}

/* The kernel looks a program's device up in the loading thread's namespace. */
static int load_in_place(const struct zc_program *program, const struct nsr_ebpf_code *code)
{
	struct load job = { .program = program, .code = code };
	pthread_t thread;
	int rc;

	if (program->stamp != ZC_STAMP_DEVICE || is_here(program->netns))
		return load(program, code);
	rc = nsr_thread_start(&thread, load_inside, &job);
	if (rc < 0)
		return rc;
	pthread_join(thread, NULL);
	return job.result;
}

static int say(int code, struct nsr_error *err)
{
	switch (code) {
	case -EPERM:
		return nsr_error_set(err, code,
				     "loading an XDP program needs CAP_BPF and CAP_NET_ADMIN in "
				     "the initial user namespace: run as root, or grant them to "
				     "the program: setcap cap_net_raw,cap_net_admin,cap_bpf+ep "
				     "PROGRAM");
	case -EACCES:
	case -EINVAL:
	case -E2BIG:
	case -ENOSPC:
		return nsr_error_set(err, code == -E2BIG ? code : -EOPNOTSUPP,
				     "the kernel's verifier refuses the program (%s): the filter "
				     "is too complex for XDP, or the kernel older than 5.18; use "
				     "the engine packet",
				     strerror(-code));
	default:
		return nsr_error_set(err, code, "loading the XDP program: %s", strerror(-code));
	}
}

static int make(const struct zc_program *program, const struct nsr_filter *filter, bool refuse,
		struct nsr_error *err)
{
	struct nsr_ebpf_code code;
	int rc = refuse ? assemble_refusal(&code, err) : assemble(program, filter, &code, err);
	int fd;

	if (rc < 0)
		return rc;
	fd = load_in_place(program, &code);
	free(code.insns);
	return fd < 0 ? say(fd, err) : fd;
}

int zc_program_load(struct zc_program *program, const struct nsr_filter *filter, bool refuse,
		    struct nsr_error *err)
{
	int fd = make(program, filter, refuse, err);

	/* Without CAP_PERFMON packet pointers must stay as they are: slower, but it works. */
	if (fd != -EOPNOTSUPP || program->flags & NSR_XDP_HELPERS)
		return fd;
	program->flags |= NSR_XDP_HELPERS;
	fd = make(program, filter, refuse, err);
	if (fd < 0)
		program->flags &= ~(uint32_t)NSR_XDP_HELPERS;
	return fd;
}
