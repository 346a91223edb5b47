/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The program that runs for each frame that the device receives:
 *
 *	filter ──no──▶ XDP_PASS: on to the stack, untouched
 *	   │ yes
 *	   ├─ a tap: copy into the ring buffer, then XDP_PASS
 *	   └─ else: stamp, choose a socket, redirect; no socket there: XDP_PASS
 *
 * No socket is there until the capture starts, and once it has stopped or died.
 *
 * Registers: R6 is the context throughout. Behind the filter R7 to R9 are free.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "filter_xdp.h"
#include "zc.h"
#include "zc_program.h"

/* Newer than the headers of Debian 12: linux/bpf.h since 6.3. */
#define DEV_BOUND_ONLY (1u << 6)

/* Of a tap's records for the bytes of a frame, which are rounded up: powers of two. */
static const uint32_t record_rooms[] = { 128, 256, 1024, 2048, 4096, 16384, 1 << 17 };
#define RECORD_CLASSES (sizeof(record_rooms) / sizeof(record_rooms[0]))

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
	nsr_ebpf_emit(p, BPF_LD | BPF_DW | BPF_IMM, BPF_REG_2, 0, 0, (int32_t)ZC_META_MARK);
	nsr_ebpf_emit(p, 0, 0, 0, 0, (int32_t)(ZC_META_MARK >> 32));
	nsr_ebpf_emit(p, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_1, BPF_REG_2,
		      offsetof(struct zc_meta, mark), 0);
	nsr_ebpf_emit(p, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_1, BPF_REG_9,
		      offsetof(struct zc_meta, stamp_ns), 0);
	nsr_ebpf_place(p, done);
}

/* Counts @amount, and wakes a reader that rests when it is time to look: see zc_bell.c. */
static void emit_bell(struct nsr_ebpf *p, const struct zc_program *program, uint32_t amount)
{
	const int16_t matched = offsetof(struct zc_state, queues[0].matched);
	uint32_t done = nsr_ebpf_labels(p, 1);

	nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_6,
		      offsetof(struct xdp_md, rx_queue_index), 0);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, ZC_QUEUES_MAX - 1);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_MUL | BPF_K, BPF_REG_2, 0, 0,
		      sizeof(((struct zc_state *)0)->queues[0]));
	zc_emit_state(p, BPF_REG_1, program->state, 0);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_1, BPF_REG_2, 0, 0);
	nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_3, BPF_REG_1, matched, 0);
	zc_emit_move(p, BPF_REG_4, BPF_REG_3);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_3, 0, 0, (int32_t)amount);
	nsr_ebpf_emit(p, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_1, BPF_REG_3, matched, 0);
	/* Has it passed a multiple of the step? */
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_XOR | BPF_X, BPF_REG_4, BPF_REG_3, 0, 0);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_4, 0, 0,
		      -(int32_t)program->bell_step);
	nsr_ebpf_jump(p, BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_4, 0, 0, done);
	nsr_ebpf_emit(p, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, BPF_REG_3, -8, 0);
	zc_emit_map(p, BPF_REG_1, program->bell);
	zc_emit_stack(p, BPF_REG_2, -8);
	zc_emit_set(p, BPF_REG_3, sizeof(uint64_t));
	zc_emit_set(p, BPF_REG_4, BPF_RB_FORCE_WAKEUP);
	zc_emit_call(p, BPF_FUNC_ringbuf_output);
	nsr_ebpf_place(p, done);
}

/* Hands the frame to a socket. */
static void emit_redirect(struct nsr_ebpf *p, const struct zc_program *program)
{
	if (program->bell >= 0)
		emit_bell(p, program, 1);
	if (program->stamp)
		emit_stamp(p, program);
	if (program->spread)
		zc_emit_spread(p, program); /* the bucket, in R9 */
	nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_6,
		      offsetof(struct xdp_md, rx_queue_index), 0);
	if (program->spread) {
		nsr_ebpf_emit(p, BPF_ALU64 | BPF_MUL | BPF_K, BPF_REG_2, 0, 0, ZC_BUCKETS);
		nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_2, BPF_REG_9, 0, 0);
	}
	zc_emit_map(p, BPF_REG_1, program->sockets);
	zc_emit_set(p, BPF_REG_3, XDP_PASS);
	zc_emit_call(p, BPF_FUNC_redirect_map);
	nsr_ebpf_emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/*
 * @to becomes @from, which is from 1 to @room. The verifier takes that from the arithmetic: the
 * comparisons before tell it nothing of the paths that a processor may speculate on, which it
 * follows, too, for who lacks CAP_PERFMON.
 */
static void emit_bounded(struct nsr_ebpf *p, uint8_t to, uint8_t from, uint32_t room)
{
	zc_emit_move(p, to, from);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_SUB | BPF_K, to, 0, 0, 1);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_AND | BPF_K, to, 0, 0, (int32_t)room - 1);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, 1);
}

/*
 * One class of records: reserves one, fills it and goes to @pass; a frame that is longer goes on.
 * R7 is the bytes to copy, R8 the frame's length, R9 the record.
 */
static void emit_record(struct nsr_ebpf *p, const struct zc_program *program, uint32_t room,
			uint32_t lost, uint32_t pass)
{
	uint32_t bytes = (uint32_t)sizeof(struct zc_tap_record) + room;
	uint32_t longer = nsr_ebpf_labels(p, 2), failed = longer + 1;

	nsr_ebpf_jump(p, BPF_JMP | BPF_JGT | BPF_K, BPF_REG_7, 0, (int32_t)room, longer);
	zc_emit_map(p, BPF_REG_1, program->records);
	zc_emit_set(p, BPF_REG_2, (int32_t)bytes);
	zc_emit_set(p, BPF_REG_3, 0);
	zc_emit_call(p, BPF_FUNC_ringbuf_reserve);
	nsr_ebpf_jump(p, BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 0, lost);
	zc_emit_move(p, BPF_REG_9, BPF_REG_0);
	nsr_ebpf_emit(p, BPF_STX | BPF_MEM | BPF_W, BPF_REG_9, BPF_REG_8,
		      offsetof(struct zc_tap_record, len), 0);
	nsr_ebpf_emit(p, BPF_STX | BPF_MEM | BPF_W, BPF_REG_9, BPF_REG_7,
		      offsetof(struct zc_tap_record, caplen), 0);
	nsr_ebpf_emit(p, BPF_ST | BPF_MEM | BPF_W, BPF_REG_9, 0,
		      offsetof(struct zc_tap_record, generation), (int32_t)program->generation);
	if (program->stamp)
		zc_emit_call(p, BPF_FUNC_ktime_get_ns);
	else
		zc_emit_set(p, BPF_REG_0, 0);
	nsr_ebpf_emit(p, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_9, BPF_REG_0,
		      offsetof(struct zc_tap_record, stamp_ns), 0);
	zc_emit_move(p, BPF_REG_1, BPF_REG_6);
	zc_emit_set(p, BPF_REG_2, 0);
	zc_emit_move(p, BPF_REG_3, BPF_REG_9);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_3, 0, 0,
		      sizeof(struct zc_tap_record));
	emit_bounded(p, BPF_REG_4, BPF_REG_7, room);
	zc_emit_call(p, BPF_FUNC_xdp_load_bytes);
	zc_emit_move(p, BPF_REG_1, BPF_REG_9);
	zc_emit_set(p, BPF_REG_2, 0);
	nsr_ebpf_jump(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_0, 0, 0, failed);
	/* Wakes the reader if it has read all that there was before. */
	zc_emit_call(p, BPF_FUNC_ringbuf_submit);
	if (program->bell >= 0)
		emit_bell(p, program, bytes);
	nsr_ebpf_jump(p, BPF_JMP | BPF_JA, 0, 0, 0, pass);
	nsr_ebpf_place(p, failed);
	zc_emit_call(p, BPF_FUNC_ringbuf_discard);
	nsr_ebpf_jump(p, BPF_JMP | BPF_JA, 0, 0, 0, lost);
	nsr_ebpf_place(p, longer);
}

/* Copies the frame, and lets it pass. */
static void emit_copy(struct nsr_ebpf *p, const struct zc_program *program, uint32_t pass)
{
	uint32_t most = program->snaplen < program->longest ? program->snaplen : program->longest;
	uint32_t lost = nsr_ebpf_labels(p, 2), whole = lost + 1;
	uint32_t i;

	zc_emit_move(p, BPF_REG_1, BPF_REG_6);
	zc_emit_call(p, BPF_FUNC_xdp_get_buff_len);
	zc_emit_move(p, BPF_REG_8, BPF_REG_0);
	zc_emit_move(p, BPF_REG_7, BPF_REG_0);
	nsr_ebpf_jump(p, BPF_JMP | BPF_JLE | BPF_K, BPF_REG_7, 0, (int32_t)most, whole);
	zc_emit_set(p, BPF_REG_7, (int32_t)most);
	nsr_ebpf_place(p, whole);
	for (i = 0; i < RECORD_CLASSES; i++) {
		emit_record(p, program, record_rooms[i], lost, pass);
		if (record_rooms[i] >= most)
			break;
	}
	nsr_ebpf_place(p, lost);
	zc_emit_state(p, BPF_REG_1, program->state, offsetof(struct zc_state, lost));
	zc_emit_set(p, BPF_REG_2, 1);
	nsr_ebpf_emit(p, BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_1, BPF_REG_2, 0, BPF_ADD);
	nsr_ebpf_jump(p, BPF_JMP | BPF_JA, 0, 0, 0, pass);
}

static int assemble(const struct zc_program *program, const struct nsr_filter *filter,
		    struct nsr_ebpf_code *code, struct nsr_error *err)
{
	struct nsr_ebpf p = { 0 };
	uint32_t match = nsr_ebpf_labels(&p, 2), pass = match + 1;
	int rc;

	emit_begin(&p);
	rc = nsr_filter_xdp_emit(&p, filter, program->flags, match, pass, err);
	if (rc < 0) {
		nsr_ebpf_free(&p);
		return rc;
	}
	nsr_ebpf_place(&p, match);
	if (program->sockets < 0)
		emit_copy(&p, program, pass);
	else
		emit_redirect(&p, program);
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
	sigset_t all, before;
	pthread_t thread;
	int rc;

	if (program->stamp != ZC_STAMP_DEVICE || is_here(program->netns))
		return load(program, code);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&thread, NULL, load_inside, &job);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc)
		return -rc;
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
