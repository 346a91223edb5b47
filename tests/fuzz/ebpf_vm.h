/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * An interpreter for the eBPF that the filter translator emits, so that it can be tested without
 * the kernel. It refuses what the verifier would refuse to see at run time: a read outside of the
 * packet or the stack, and a read of a register or stack byte that has no value.
 */
#ifndef NSR_TESTS_EBPF_VM_H
#define NSR_TESTS_EBPF_VM_H

#include <stdint.h>

struct bpf_insn;

/**
 * struct ebpf_frame - what an XDP program is given
 * @data:   the whole frame
 * @len:    its bytes
 * @linear: how many of them are in its first buffer
 */
struct ebpf_frame {
	const uint8_t *data;
	uint32_t len;
	uint32_t linear;
};

/**
 * struct ebpf_result - how a run ended
 * @fault:      what was wrong, static; NULL when it came to its end
 * @value:      R0 at the end
 * @jumps_back: jumps to an earlier instruction that it took
 * @steps:      instructions run
 */
struct ebpf_result {
	const char *fault;
	uint64_t value;
	uint32_t jumps_back;
	uint32_t steps;
};

/** ebpf_run() - run @count instructions of @program on @frame */
struct ebpf_result ebpf_run(const struct bpf_insn *program, uint32_t count,
			    const struct ebpf_frame *frame);

#endif
