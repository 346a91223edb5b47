/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The program that runs for each frame that the device receives:
 *
 *	filter ──no──▶ XDP_PASS: on to the stack, untouched
 *	   │ yes
 *	   ▼
 *	zc_program.take ─┬─ copying (emit_copy.c): copy, then XDP_DROP; a tap: XDP_PASS
 *	                 └─ sockets (emit_redirect.c, spread.c): stamp, choose a socket, redirect;
 *	                    no socket there: XDP_PASS
 *
 * Sockets are there only from the start of a capture until it stops or dies. The program that
 * copies is replaced by one that refuses all when the capture stops.
 *
 * Registers: R6 is the context throughout. Behind the filter R7 to R9 are free.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/filter/xdp.h"
#include "sys/compat.h"
#include "sys/place.h"
#include "emit.h"

static void emit_begin(struct nsr_ebpf *p)
{
	zc_emit_move(p, NSR_XDP_CTX, BPF_REG_1);
	nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | BPF_W, NSR_XDP_DATA, BPF_REG_1,
		      offsetof(struct xdp_md, data), 0);
	nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | BPF_W, NSR_XDP_DATA_END, BPF_REG_1,
		      offsetof(struct xdp_md, data_end), 0);
}

/* Counts on the lane of the queue's number, also for queues that are not captured. */
static void emit_count_refused(struct nsr_ebpf *p, const struct zc_program *program)
{
	zc_emit_queue(p);
	zc_emit_lane(p, program);
	zc_emit_add_one(p, program, offsetof(struct zc_lane, refused));
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
	program->take(&p, program, pass);
	nsr_ebpf_place(&p, refused);
	emit_count_refused(&p, program);
	nsr_ebpf_place(&p, pass);
	zc_emit_exit(&p, XDP_PASS);
	rc = nsr_ebpf_finish(&p, code);
	if (rc == -E2BIG)
		return nsr_error_advise(
			err, nsr_error_set(err, rc, "filter: it is too long for an XDP program"),
			"shorten it, or use the engine packet");
	return rc < 0 ? nsr_error_set(err, rc, "filter: out of memory") : 0;
}

static int assemble_refusal(struct nsr_ebpf_code *code, struct nsr_error *err)
{
	struct nsr_ebpf p = { 0 };
	int rc;

	zc_emit_exit(&p, XDP_PASS);
	rc = nsr_ebpf_finish(&p, code);
	return rc < 0 ? nsr_error_set(err, rc, "out of memory") : 0;
}

/* The arguments and results of the thread that loads. */
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
		opts.prog_flags |= BPF_F_XDP_DEV_BOUND_ONLY;
		opts.prog_ifindex = program->ifindex;
	}
	fd = bpf_prog_load(BPF_PROG_TYPE_XDP, ZC_PROGRAM_NAME, "Dual BSD/GPL", code->insns,
			   code->count, &opts);
	return fd < 0 ? -errno : fd;
}

static void load_inside(uint32_t index, int rc, void *arg)
{
	struct load *job = arg;

	job->result = rc < 0 ? rc : load(job->program, job->code);
}

/* The kernel looks a program's device up in the namespace of the thread that loads it. */
static int load_in_place(const struct zc_program *program, const struct nsr_ebpf_code *code)
{
	struct load job = { .program = program, .code = code };
	int rc;

	if (program->stamp != ZC_STAMP_DEVICE)
		return load(program, code);
	rc = nsr_place_run_each(&program->netns, 1, load_inside, &job);
	return rc < 0 ? rc : job.result;
}

static int say(int code, struct nsr_error *err)
{
	switch (code) {
	case -EPERM:
		return nsr_caps_advise(
			err,
			nsr_error_set(err, code,
				      "loading an XDP program needs CAP_BPF and CAP_NET_ADMIN in "
				      "the initial user namespace"),
			NULL, ZC_CAPS, NULL);
	case -EACCES:
	case -EINVAL:
	case -E2BIG:
	case -ENOSPC:
		return nsr_error_advise(
			err,
			nsr_error_set(err, code == -E2BIG ? code : -EOPNOTSUPP,
				      "the kernel's verifier refuses the program (%s): the filter "
				      "is too complex for XDP, or the kernel older than 5.18",
				      strerror(-code)),
			"use the engine packet");
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

	/* Without CAP_PERFMON a program can't calculate packet pointers; helpers are slower. */
	if (fd != -EOPNOTSUPP || program->flags & NSR_XDP_HELPERS)
		return fd;
	program->flags |= NSR_XDP_HELPERS;
	fd = make(program, filter, refuse, err);
	if (fd < 0)
		program->flags &= ~(uint32_t)NSR_XDP_HELPERS;
	return fd;
}
