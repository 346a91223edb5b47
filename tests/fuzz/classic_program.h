/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Valid classic BPF programs out of arbitrary bytes, for tests that need many different ones. */
#ifndef NSR_TESTS_CLASSIC_PROGRAM_H
#define NSR_TESTS_CLASSIC_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

struct sock_filter;

#define CLASSIC_PROGRAM_MAX 64

/** Bytes that make one instruction. */
#define CLASSIC_PROGRAM_BYTES 4

/**
 * classic_program() - make a program
 * @bytes: CLASSIC_PROGRAM_BYTES for each instruction but the last
 * @count: how many instructions, 1 to CLASSIC_PROGRAM_MAX; the last one returns
 * @code:  room for @count, filled in
 */
void classic_program(const uint8_t *bytes, uint32_t count, struct sock_filter *code);

#endif
