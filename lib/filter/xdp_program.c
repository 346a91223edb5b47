/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Filters as parts of XDP programs, and whole programs that are little more than a filter. */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "xdp.h"

static const struct sock_filter match_all = { .code = BPF_RET | BPF_K, .k = 1 };

int nsr_filter_xdp_emit(struct nsr_ebpf *program, const struct nsr_filter *filter, uint32_t flags,
			uint32_t match, uint32_t no_match, struct nsr_error *err)
{
	struct sock_filter *code;
	const void *insns;
	unsigned int count;
	int rc;

	if (!filter)
		return nsr_filter_xdp_translate(program, &match_all, 1, flags, match, no_match,
						err);
	/* libpcap's struct bpf_insn, which is laid out as struct sock_filter. */
	insns = nsr_filter_code(filter, &count);
	code = calloc(count + 1, sizeof(*code));
	if (!code)
		return nsr_error_set(err, -ENOMEM, "filter: out of memory");
	memcpy(code, insns, count * sizeof(*code));
	rc = nsr_filter_xdp_translate(program, code, count, flags, match, no_match, err);
	free(code);
	return rc;
}

static void begin(struct nsr_ebpf *program)
{
	nsr_ebpf_emit(program, BPF_ALU64 | BPF_MOV | BPF_X, NSR_XDP_CTX, BPF_REG_1, 0, 0);
	nsr_ebpf_emit(program, BPF_LDX | BPF_MEM | BPF_W, NSR_XDP_DATA, BPF_REG_1,
		      offsetof(struct xdp_md, data), 0);
	nsr_ebpf_emit(program, BPF_LDX | BPF_MEM | BPF_W, NSR_XDP_DATA_END, BPF_REG_1,
		      offsetof(struct xdp_md, data_end), 0);
}

static void end(struct nsr_ebpf *program, uint32_t label, int32_t value)
{
	nsr_ebpf_place(program, label);
	nsr_ebpf_emit(program, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, value);
	nsr_ebpf_emit(program, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static int finish(struct nsr_ebpf *program, struct nsr_ebpf_code *out, struct nsr_error *err)
{
	int rc = nsr_ebpf_finish(program, out);

	if (rc == -E2BIG)
		return nsr_error_set(err, rc, "filter: it is too long for an XDP program");
	return rc < 0 ? nsr_error_set(err, rc, "filter: out of memory") : 0;
}

/* Completes the program around the filter, unless @rc says that the filter failed. */
static int wrap(struct nsr_ebpf *program, int rc, uint32_t match_label, int32_t match,
		int32_t no_match, struct nsr_ebpf_code *out, struct nsr_error *err)
{
	memset(out, 0, sizeof(*out));
	if (rc < 0) {
		nsr_ebpf_free(program);
		return rc;
	}
	end(program, match_label, match);
	end(program, match_label + 1, no_match);
	return finish(program, out, err);
}

int nsr_filter_xdp_program(const struct nsr_filter *filter, uint32_t flags, int32_t match,
			   int32_t no_match, struct nsr_ebpf_code *out, struct nsr_error *err)
{
	struct nsr_ebpf program = { 0 };
	uint32_t label = nsr_ebpf_labels(&program, 2);
	int rc;

	begin(&program);
	rc = nsr_filter_xdp_emit(&program, filter, flags, label, label + 1, err);
	return wrap(&program, rc, label, match, no_match, out, err);
}

int nsr_filter_xdp_program_of(const struct sock_filter *code, uint32_t count, uint32_t flags,
			      int32_t match, int32_t no_match, struct nsr_ebpf_code *out,
			      struct nsr_error *err)
{
	struct nsr_ebpf program = { 0 };
	uint32_t label = nsr_ebpf_labels(&program, 2);
	int rc;

	begin(&program);
	rc = nsr_filter_xdp_translate(&program, code, count, flags, label, label + 1, err);
	return wrap(&program, rc, label, match, no_match, out, err);
}
