/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Fuzz target for the filter translator: a classic program out of the input's first bytes is
 * translated and interpreted (ebpf_vm.h), in each of the translator's modes; its verdict on the
 * input's last bytes, the packet, must be that of libpcap's interpreter.
 *
 *	instructions, packet's length class, bytes in the first buffer (2), program, packet
 */
#include <linux/filter.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/filter/flow.h"
#include "lib/filter/xdp.h"
#include "classic_program.h"
#include "classic_witness.h"
#include "ebpf_vm.h"

#define HEAD	  4
#define BYTES_MAX 66000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fact, const char *what, uint32_t flags)
{
	if (fact)
		return;
	fprintf(stderr, "fuzz_filter_xdp: %s, flags %u\n", what, flags);
	abort();
}

struct input {
	struct sock_filter code[CLASSIC_PROGRAM_MAX];
	uint32_t count;
	struct ebpf_frame frame;
};

static void check(const struct input *input, uint32_t flags)
{
	struct ebpf_frame frame = input->frame;
	struct nsr_ebpf_code program;
	struct ebpf_result result;
	int rc;

	if (!(flags & NSR_XDP_FRAGS))
		frame.linear = frame.len;
	rc = nsr_filter_xdp_program_of(input->code, input->count, flags, 1, 0, &program, NULL);
	require(rc == 0, "a valid program is refused", flags);
	result = ebpf_run(program.insns, program.count, &frame);
	require(!result.fault, result.fault ? result.fault : "", flags);
	require(result.jumps_back <= NSR_XDP_JUMPS_BACK, "too many jumps back", flags);
	/* Where the limit on jumps back ended the run, libpcap's might not end at all. */
	if (result.jumps_back < NSR_XDP_JUMPS_BACK)
		require(result.value == classic_matches(input->code, input->count, frame.data,
							frame.len, NSR_FLOW_REACH),
			"verdicts differ", flags);
	free(program.insns);
}

/* Short packets as they are; some are drawn out to around 64 KiB. */
static uint32_t packet_length(uint8_t class, size_t size)
{
	if (class < 0xe0)
		return (uint32_t)size;
	return 65500 + (class - 0xe0u) * 4;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input;
	uint8_t *packet;
	uint32_t used, i;

	if (size < HEAD)
		return 0;
	input.count = 1 + data[0] % CLASSIC_PROGRAM_MAX;
	used = HEAD + (input.count - 1) * CLASSIC_PROGRAM_BYTES;
	if (size < used || size - used > BYTES_MAX)
		return 0;
	classic_program(data + HEAD, input.count, input.code);
	input.frame.len = packet_length(data[1], size - used);
	input.frame.linear = (uint32_t)(data[2] << 8 | data[3]) % (input.frame.len + 1);
	packet = malloc(input.frame.len + 1);
	require(packet, "out of memory", 0);
	for (i = 0; i < input.frame.len; i++)
		packet[i] = size > used ? data[used + i % (size - used)] : 0;
	input.frame.data = packet;
	for (i = 0; i < 4; i++)
		check(&input, i);
	free(packet);
	return 0;
}
