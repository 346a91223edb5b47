/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Random programs of classic BPF that the kernel takes for valid. */
#ifndef NSR_TESTS_RANDOM_PROGRAM_H
#define NSR_TESTS_RANDOM_PROGRAM_H

#include <linux/filter.h>
#include <stdint.h>

#define RANDOM_PROGRAM_MOST 128

/**
 * struct random_program - a program
 * @code:   for packets that begin with a header
 * @socket: the same for a socket, which sees them without; as long
 * @count:  of instructions
 */
struct random_program {
	struct sock_filter code[RANDOM_PROGRAM_MOST], socket[RANDOM_PROGRAM_MOST];
	uint32_t count;
};

/**
 * random_program() - make a program
 * @state:   of random_next()
 * @header:  20: packets begin with that of LINKTYPE_LINUX_SLL2; 0: with what a socket sees
 * @program: filled in
 *
 * It reads memory only where that was set, jumps forward, and begins with registers that are 0. X is never
 * so large that X + k would go round.
 */
void random_program(uint64_t *state, uint32_t header, struct random_program *program);

#endif
