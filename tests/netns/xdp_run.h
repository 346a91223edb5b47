/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Running XDP programs in the kernel on made-up frames (BPF_PROG_TEST_RUN). */
#ifndef NSR_TESTS_XDP_RUN_H
#define NSR_TESTS_XDP_RUN_H

#include <stdint.h>

#include "lib/filter/ebpf.h"

/**
 * xdp_load() - load a program
 * @code:  XDP program
 * @frags: frames may have several buffers
 * @log:   where the verifier explains a refusal
 * @bytes: room at @log; 0: it needn't
 *
 * Return: a descriptor, or -errno.
 */
int xdp_load(const struct nsr_ebpf_code *code, int frags, char *log, uint32_t bytes);

/**
 * xdp_run() - run a program on a frame
 * @fd:     of xdp_load()
 * @frame:  at least 14 bytes
 * @len:    how many
 * @linear: how many of them are in the first buffer; @len: as many as fit
 *
 * Return: what the program returned, or -errno; -EINVAL also where this kernel can't have
 * @linear less than @len.
 */
int xdp_run(int fd, const uint8_t *frame, uint32_t len, uint32_t linear);

#endif
