/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classic_witness.h"

#define COUNT_MAX 64

/* Laid out as linux/filter.h's, which does not go together with pcap.h. */
_Static_assert(sizeof(struct bpf_insn) == 8, "struct bpf_insn is not struct sock_filter");

bool classic_matches(const struct sock_filter *code, uint32_t count, const uint8_t *data,
		     uint32_t len, uint32_t reach)
{
	struct bpf_insn program[BPF_MEMWORDS + COUNT_MAX];
	uint32_t i;

	if (count > COUNT_MAX)
		abort();
	/* Older versions of libpcap leave scratch memory as it happens to be. */
	for (i = 0; i < BPF_MEMWORDS; i++)
		program[i] = (struct bpf_insn)BPF_STMT(BPF_ST, i);
	memcpy(program + BPF_MEMWORDS, code, count * sizeof(program[0]));
	if (!bpf_validate(program, (int)(BPF_MEMWORDS + count))) {
		fprintf(stderr, "libpcap does not take the program for valid\n");
		abort();
	}
	return bpf_filter(program, data, len, len < reach ? len : reach) != 0;
}
