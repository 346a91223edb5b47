/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The programs of the live engine.
 *
 * The one that sends is run by BPF_PROG_TEST_RUN once for each frame. It copies the next frame of
 * the area over the one that it is given, a page that the kernel has taken from a pool, and
 * redirects it into the device. The kernel collects up to LIVE_BULK of them and hands them over
 * when the next one comes, or at the end of a batch.
 *
 * The kernel drops frames that a device refuses. A second program, on the tracepoint of that
 * handing over, counts the frames taken, and stops the first program when one was refused, so that
 * nothing is skipped. The kernel never offers frames to a device that is down: the first program
 * notices that when a batch begins before all earlier frames were taken.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/filter/ebpf.h"
#include "live.h"

/* Registers of the sending program. */
#define CTX   BPF_REG_6
#define STATE BPF_REG_7
#define LEN   BPF_REG_8
#define SLOT  BPF_REG_9

#define STATE_AT(field) ((int16_t)offsetof(struct live_state, field))
#define SLOT_DATA	((int16_t)offsetof(struct live_slot, data))

/* The most that loads and stores copy rather than a helper: 8 bytes each, from both ends. */
#define COPY_NARROW 32
#define COPY_WIDE   64

/** struct assembly - the sending program in the making, and where it may go */
struct assembly {
	struct nsr_ebpf program;
	uint32_t drop;
	uint32_t copied;
};

static void load(struct nsr_ebpf *p, uint8_t size, uint8_t dst, uint8_t src, int16_t off)
{
	nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | size, dst, src, off, 0);
}

static void store(struct nsr_ebpf *p, uint8_t size, uint8_t dst, int16_t off, uint8_t src)
{
	nsr_ebpf_emit(p, BPF_STX | BPF_MEM | size, dst, src, off, 0);
}

static void op_imm(struct nsr_ebpf *p, uint8_t op, uint8_t dst, int32_t imm)
{
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_K | op, dst, 0, 0, imm);
}

static void op_reg(struct nsr_ebpf *p, uint8_t op, uint8_t dst, uint8_t src)
{
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_X | op, dst, src, 0, 0);
}

static void jump_imm(struct nsr_ebpf *p, uint8_t op, uint8_t dst, int32_t imm, uint32_t label)
{
	nsr_ebpf_jump(p, BPF_JMP | BPF_K | op, dst, 0, imm, label);
}

static void jump_reg(struct nsr_ebpf *p, uint8_t op, uint8_t dst, uint8_t src, uint32_t label)
{
	nsr_ebpf_jump(p, BPF_JMP | BPF_X | op, dst, src, 0, label);
}

static void call(struct nsr_ebpf *p, int32_t helper)
{
	nsr_ebpf_emit(p, BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}

static void leave(struct nsr_ebpf *p, int32_t verdict)
{
	op_imm(p, BPF_MOV, BPF_REG_0, verdict);
	nsr_ebpf_emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* A map, or its value where @pseudo says so: an instruction of two. */
static void load_map(struct nsr_ebpf *p, uint8_t dst, uint8_t pseudo, int map_fd)
{
	nsr_ebpf_emit(p, BPF_LD | BPF_IMM | BPF_DW, dst, pseudo, 0, map_fd);
	nsr_ebpf_emit(p, 0, 0, 0, 0, 0);
}

/* Goes no further when a frame before was refused. */
static void check_accepted(struct assembly *a)
{
	struct nsr_ebpf *p = &a->program;
	uint32_t go_on = nsr_ebpf_labels(p, 1);

	load(p, BPF_W, BPF_REG_1, STATE, STATE_AT(stopped));
	jump_imm(p, BPF_JNE, BPF_REG_1, 0, a->drop);
	load(p, BPF_DW, BPF_REG_1, STATE, STATE_AT(done));
	load(p, BPF_W, BPF_REG_2, STATE, STATE_AT(batch_mask));
	op_reg(p, BPF_AND, BPF_REG_2, BPF_REG_1);
	jump_imm(p, BPF_JNE, BPF_REG_2, 0, go_on);
	/* A batch begins: none is on its way. */
	load(p, BPF_DW, BPF_REG_2, STATE, STATE_AT(accepted));
	jump_reg(p, BPF_JNE, BPF_REG_1, BPF_REG_2, a->drop);
	call(p, BPF_FUNC_get_smp_processor_id);
	op_imm(p, BPF_ADD, BPF_REG_0, 1);
	store(p, BPF_W, STATE, STATE_AT(cpu), BPF_REG_0);
	nsr_ebpf_place(p, go_on);
}

/* The next slot and its length, within bounds that the verifier can see. */
static void find_slot(struct assembly *a)
{
	struct nsr_ebpf *p = &a->program;

	load(p, BPF_W, BPF_REG_1, STATE, STATE_AT(cursor));
	load(p, BPF_W, BPF_REG_2, STATE, STATE_AT(end));
	jump_reg(p, BPF_JGE, BPF_REG_1, BPF_REG_2, a->drop);
	op_imm(p, BPF_AND, BPF_REG_1, LIVE_AREA_BYTES - 1);
	op_reg(p, BPF_MOV, SLOT, STATE);
	op_imm(p, BPF_ADD, SLOT, offsetof(struct live_shared, area));
	op_reg(p, BPF_ADD, SLOT, BPF_REG_1);
	load(p, BPF_W, LEN, SLOT, offsetof(struct live_slot, len));
	jump_imm(p, BPF_JLT, LEN, LIVE_FRAME_LEAST, a->drop);
	jump_imm(p, BPF_JGT, LEN, LIVE_FRAME_MOST, a->drop);
}

/* Gives the frame its length. The kernel has each page begin with that of the run again. */
static void set_length(struct assembly *a)
{
	struct nsr_ebpf *p = &a->program;
	uint32_t right = nsr_ebpf_labels(p, 1);

	load(p, BPF_W, BPF_REG_1, STATE, STATE_AT(size));
	jump_reg(p, BPF_JEQ, LEN, BPF_REG_1, right);
	op_reg(p, BPF_MOV, BPF_REG_2, LEN);
	op_reg(p, BPF_SUB, BPF_REG_2, BPF_REG_1);
	op_reg(p, BPF_MOV, BPF_REG_1, CTX);
	call(p, BPF_FUNC_xdp_adjust_tail);
	jump_imm(p, BPF_JNE, BPF_REG_0, 0, a->drop);
	nsr_ebpf_place(p, right);
}

/* Copies @bytes from R1 to R2, which end no later than R3. */
static void copy(struct assembly *a, int32_t bytes)
{
	struct nsr_ebpf *p = &a->program;
	int16_t at;

	op_reg(p, BPF_MOV, BPF_REG_4, BPF_REG_2);
	op_imm(p, BPF_ADD, BPF_REG_4, bytes);
	jump_reg(p, BPF_JGT, BPF_REG_4, BPF_REG_3, a->drop);
	for (at = 0; at < bytes; at += 8) {
		load(p, BPF_DW, BPF_REG_0, BPF_REG_1, (int16_t)(SLOT_DATA + at));
		store(p, BPF_DW, BPF_REG_2, at, BPF_REG_0);
	}
}

/* A frame of @bytes to twice as many: its first ones, and its last ones, which may overlap. */
static void copy_ends(struct assembly *a, int32_t bytes)
{
	struct nsr_ebpf *p = &a->program;

	load(p, BPF_W, BPF_REG_2, CTX, offsetof(struct xdp_md, data));
	load(p, BPF_W, BPF_REG_3, CTX, offsetof(struct xdp_md, data_end));
	op_reg(p, BPF_MOV, BPF_REG_1, SLOT);
	copy(a, bytes);
	op_reg(p, BPF_MOV, BPF_REG_5, LEN);
	op_imm(p, BPF_SUB, BPF_REG_5, bytes);
	op_reg(p, BPF_ADD, BPF_REG_1, BPF_REG_5);
	op_reg(p, BPF_ADD, BPF_REG_2, BPF_REG_5);
	copy(a, bytes);
	nsr_ebpf_jump(p, BPF_JMP | BPF_JA, 0, 0, 0, a->copied);
}

static void copy_by_helper(struct assembly *a)
{
	struct nsr_ebpf *p = &a->program;

	op_reg(p, BPF_MOV, BPF_REG_1, CTX);
	op_imm(p, BPF_MOV, BPF_REG_2, 0);
	op_reg(p, BPF_MOV, BPF_REG_3, SLOT);
	op_imm(p, BPF_ADD, BPF_REG_3, SLOT_DATA);
	op_reg(p, BPF_MOV, BPF_REG_4, LEN);
	call(p, BPF_FUNC_xdp_store_bytes);
	jump_imm(p, BPF_JNE, BPF_REG_0, 0, a->drop);
}

static void copy_frame(struct assembly *a)
{
	struct nsr_ebpf *p = &a->program;
	uint32_t wide = nsr_ebpf_labels(p, 2), by_helper = wide + 1;

	jump_imm(p, BPF_JGT, LEN, 2 * COPY_WIDE, by_helper);
	jump_imm(p, BPF_JLT, LEN, COPY_NARROW, by_helper);
	jump_imm(p, BPF_JGE, LEN, COPY_WIDE, wide);
	copy_ends(a, COPY_NARROW);
	nsr_ebpf_place(p, wide);
	copy_ends(a, COPY_WIDE);
	nsr_ebpf_place(p, by_helper);
	copy_by_helper(a);
	nsr_ebpf_place(p, a->copied);
}

static void advance(struct assembly *a)
{
	struct nsr_ebpf *p = &a->program;
	uint32_t within = nsr_ebpf_labels(p, 1);

	load(p, BPF_W, BPF_REG_1, STATE, STATE_AT(cursor));
	load(p, BPF_W, BPF_REG_2, STATE, STATE_AT(end));
	op_reg(p, BPF_ADD, BPF_REG_1, LEN);
	op_imm(p, BPF_ADD, BPF_REG_1, sizeof(struct live_slot) + LIVE_ALIGN - 1);
	op_imm(p, BPF_AND, BPF_REG_1, -(int32_t)LIVE_ALIGN);
	jump_reg(p, BPF_JLT, BPF_REG_1, BPF_REG_2, within);
	op_imm(p, BPF_MOV, BPF_REG_1, 0);
	nsr_ebpf_place(p, within);
	store(p, BPF_W, STATE, STATE_AT(cursor), BPF_REG_1);
}

/* Ends the program. A device that has gone has left the map. */
static void redirect(struct assembly *a, int devmap_fd)
{
	struct nsr_ebpf *p = &a->program;
	uint32_t gone = nsr_ebpf_labels(p, 1);

	load_map(p, BPF_REG_1, BPF_PSEUDO_MAP_FD, devmap_fd);
	op_imm(p, BPF_MOV, BPF_REG_2, 0);
	op_imm(p, BPF_MOV, BPF_REG_3, XDP_DROP);
	call(p, BPF_FUNC_redirect_map);
	jump_imm(p, BPF_JNE, BPF_REG_0, XDP_REDIRECT, gone);
	load(p, BPF_DW, BPF_REG_1, STATE, STATE_AT(done));
	op_imm(p, BPF_ADD, BPF_REG_1, 1);
	store(p, BPF_DW, STATE, STATE_AT(done), BPF_REG_1);
	nsr_ebpf_emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	nsr_ebpf_place(p, gone);
	op_imm(p, BPF_MOV, BPF_REG_1, 1);
	store(p, BPF_W, STATE, STATE_AT(gone), BPF_REG_1);
	nsr_ebpf_place(p, a->drop);
	leave(p, XDP_DROP);
}

static int load_program(struct nsr_ebpf *program, enum bpf_prog_type type, const char *name)
{
	struct nsr_ebpf_code code;
	int fd, rc = nsr_ebpf_finish(program, &code);

	if (rc < 0)
		return rc;
	fd = bpf_prog_load(type, name, "Dual BSD/GPL", code.insns, code.count, NULL);
	rc = fd < 0 ? -errno : fd;
	free(code.insns);
	return rc;
}

int live_program_send(int map_fd, int devmap_fd)
{
	struct assembly a = { 0 };

	a.drop = nsr_ebpf_labels(&a.program, 2);
	a.copied = a.drop + 1;
	op_reg(&a.program, BPF_MOV, CTX, BPF_REG_1);
	load_map(&a.program, STATE, BPF_PSEUDO_MAP_VALUE, map_fd);
	check_accepted(&a);
	find_slot(&a);
	set_length(&a);
	copy_frame(&a);
	advance(&a);
	redirect(&a, devmap_fd);
	return load_program(&a.program, BPF_PROG_TYPE_XDP, "nsring_live");
}

/*
 * The tracepoint xdp_devmap_xmit(from_dev, to_dev, sent, drops, err). Three things tell that the
 * frames are this run's: the processor, which can't change while softirqs are off; that frames are
 * on their way; and the device that they count as received on, since other frames, which a softirq
 * may redirect as soon as the run lets it in, come from another device.
 */
static int load_watch(int map_fd)
{
	struct nsr_ebpf program = { 0 }, *p = &program;
	uint32_t out = nsr_ebpf_labels(p, 2), ours = out + 1;

	op_reg(p, BPF_MOV, CTX, BPF_REG_1);
	load_map(p, STATE, BPF_PSEUDO_MAP_VALUE, map_fd);
	call(p, BPF_FUNC_get_smp_processor_id);
	op_imm(p, BPF_ADD, BPF_REG_0, 1);
	load(p, BPF_W, BPF_REG_1, STATE, STATE_AT(cpu));
	jump_reg(p, BPF_JNE, BPF_REG_0, BPF_REG_1, out);
	load(p, BPF_DW, BPF_REG_1, STATE, STATE_AT(done));
	load(p, BPF_DW, BPF_REG_2, STATE, STATE_AT(accepted));
	jump_reg(p, BPF_JEQ, BPF_REG_1, BPF_REG_2, out);
	load(p, BPF_DW, BPF_REG_3, CTX, 0);
	load(p, BPF_DW, BPF_REG_4, STATE, STATE_AT(rx_dev));
	jump_reg(p, BPF_JEQ, BPF_REG_3, BPF_REG_4, ours);
	jump_imm(p, BPF_JNE, BPF_REG_4, 0, out);
	store(p, BPF_DW, STATE, STATE_AT(rx_dev), BPF_REG_3);
	nsr_ebpf_place(p, ours);
	load(p, BPF_DW, BPF_REG_3, CTX, 2 * sizeof(uint64_t));
	op_imm(p, BPF_LSH, BPF_REG_3, 32); /* an int */
	op_imm(p, BPF_RSH, BPF_REG_3, 32);
	op_reg(p, BPF_ADD, BPF_REG_2, BPF_REG_3);
	store(p, BPF_DW, STATE, STATE_AT(accepted), BPF_REG_2);
	load(p, BPF_W, BPF_REG_3, CTX, 3 * sizeof(uint64_t));
	jump_imm(p, BPF_JEQ, BPF_REG_3, 0, out);
	load(p, BPF_W, BPF_REG_3, STATE, STATE_AT(stopped));
	jump_imm(p, BPF_JNE, BPF_REG_3, 0, out);
	store(p, BPF_DW, STATE, STATE_AT(held), BPF_REG_2);
	op_imm(p, BPF_MOV, BPF_REG_3, 1);
	store(p, BPF_W, STATE, STATE_AT(stopped), BPF_REG_3);
	nsr_ebpf_place(p, out);
	leave(p, 0);
	return load_program(p, BPF_PROG_TYPE_RAW_TRACEPOINT, "nsring_live");
}

int live_program_watch(int map_fd)
{
	int program = load_watch(map_fd), fd, rc;

	if (program < 0)
		return program;
	fd = bpf_raw_tracepoint_open("xdp_devmap_xmit", program);
	rc = fd < 0 ? -errno : fd;
	close(program);
	return rc;
}
