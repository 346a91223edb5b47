/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "xdp_run.h"

static int bpf(int command, union bpf_attr *attr)
{
	long rc = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return rc < 0 ? -errno : (int)rc;
}

int xdp_load(const struct nsr_ebpf_code *code, int frags, char *log, uint32_t bytes)
{
	static const char license[] = "Dual BSD/GPL";
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = (uintptr_t)code->insns;
	attr.insn_cnt = code->count;
	attr.license = (uintptr_t)license;
	attr.prog_flags = frags ? BPF_F_XDP_HAS_FRAGS : 0;
	attr.log_buf = bytes ? (uintptr_t)log : 0;
	attr.log_size = bytes;
	attr.log_level = bytes ? 1 : 0;
	return bpf(BPF_PROG_LOAD, &attr);
}

int xdp_run(int fd, const uint8_t *frame, uint32_t len, uint32_t linear)
{
	struct xdp_md ctx = { .data_end = linear };
	union bpf_attr attr;
	int rc;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)fd;
	attr.test.data_in = (uintptr_t)frame;
	attr.test.data_size_in = len;
	if (linear < len) {
		attr.test.ctx_in = (uintptr_t)&ctx;
		attr.test.ctx_size_in = sizeof(ctx);
	}
	rc = bpf(BPF_PROG_TEST_RUN, &attr);
	return rc < 0 ? rc : (int)attr.test.retval;
}
