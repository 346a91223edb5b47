/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Filters in XDP: classic BPF as libpcap compiles it, translated to eBPF.
 *
 * The translation is a fragment of a program that the caller assembles:
 *
 *	r6 = ctx; r7 = ctx->data; r8 = ctx->data_end	the caller's prologue
 *	the fragment
 *	match: …					the caller's code
 *	no_match: …
 *
 * The fragment keeps R6 to R8, uses all other registers and the stack's first NSR_XDP_STACK bytes
 * (R10 - NSR_XDP_STACK to R10). Both labels have jumps that lead to them, whatever the filter, so
 * that the verifier sees no unreachable code behind either.
 *
 * The verdict is libpcap's for the whole frame as XDP sees it, VLAN tags in place, with two limits.
 * Bytes from offset 65535 on count as cut off. A filter with a loop (`protochain`) refuses a frame
 * at the 65th jump back, as libpcap's development version does; 1.10 may go round for ever.
 */
#ifndef NSR_FILTER_XDP_H
#define NSR_FILTER_XDP_H

#include <nsring/engine.h>

#include "ebpf.h"

struct sock_filter;

/** The caller's registers when the fragment starts. */
enum nsr_xdp_register {
	NSR_XDP_CTX = 6, /* struct xdp_md; may be anything without a flag of enum nsr_xdp_flag */
	NSR_XDP_DATA = 7,
	NSR_XDP_DATA_END = 8,
};

#define NSR_XDP_STACK 160

/** Jumps back that a filter with a loop may take. */
#define NSR_XDP_JUMPS_BACK 64

enum nsr_xdp_flag {
	/*
	 * Frames may have more than one buffer (BPF_F_XDP_HAS_FRAGS). Those that do are judged by
	 * a second copy of the filter, whose loads call bpf_xdp_load_bytes(). Linux 5.18.
	 */
	NSR_XDP_FRAGS = 1 << 0,
	/*
	 * No arithmetic with packet pointers, which takes CAP_PERFMON: loads at variable offsets
	 * call bpf_xdp_load_bytes(), `len` bpf_xdp_get_buff_len(). Linux 5.18. A filter with a loop
	 * takes CAP_PERFMON all the same before Linux 6.17 or so.
	 */
	NSR_XDP_HELPERS = 1 << 1,
};

/**
 * nsr_filter_xdp_emit() - append a filter to a program
 * @program:  assembled up to here
 * @filter:   compiled for LINKTYPE_ETHERNET; NULL matches everything
 * @flags:    enum nsr_xdp_flag
 * @match:    label where the program goes on with a frame that matches
 * @no_match: and with one that does not
 * @err:      the reason in words; may be NULL
 *
 * nsr_ebpf_finish() tells when @program ran out of memory or became too long.
 *
 * Return: 0; -ENOMEM; -EINVAL the filter has an instruction that libpcap does not generate.
 */
int nsr_filter_xdp_emit(struct nsr_ebpf *program, const struct nsr_filter *filter, uint32_t flags,
			uint32_t match, uint32_t no_match, struct nsr_error *err);

/**
 * nsr_filter_xdp_translate() - nsr_filter_xdp_emit() of instructions
 * @code:  classic BPF; 0 refuses
 * @count: how many
 */
int nsr_filter_xdp_translate(struct nsr_ebpf *program, const struct sock_filter *code,
			     uint32_t count, uint32_t flags, uint32_t match, uint32_t no_match,
			     struct nsr_error *err);

/**
 * nsr_filter_xdp_program() - a whole XDP program
 * @filter:   as of nsr_filter_xdp_emit()
 * @flags:    enum nsr_xdp_flag
 * @match:    what it returns for a frame that matches: enum xdp_action
 * @no_match: and for one that does not
 * @out:      filled in; free @out->insns with free()
 * @err:      the reason in words; may be NULL
 *
 * Return: 0; -ENOMEM; -EINVAL as above; -E2BIG longer than eBPF's jumps reach.
 */
int nsr_filter_xdp_program(const struct nsr_filter *filter, uint32_t flags, int32_t match,
			   int32_t no_match, struct nsr_ebpf_code *out, struct nsr_error *err);

/** nsr_filter_xdp_program_of() - nsr_filter_xdp_program() of @count instructions of classic BPF */
int nsr_filter_xdp_program_of(const struct sock_filter *code, uint32_t count, uint32_t flags,
			      int32_t match, int32_t no_match, struct nsr_ebpf_code *out,
			      struct nsr_error *err);

#endif
