/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Fuzz target for the packet line: the first two bytes choose the link type, the rest is the
 * packet. Nothing may be read outside of it (AddressSanitizer), and the line must be printable
 * ASCII up to its one newline.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dissect/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fact, const char *what)
{
	if (fact)
		return;
	fprintf(stderr, "fuzz_line: %s\n", what);
	abort();
}

static void check_line(const char *line, size_t length)
{
	size_t i;

	require(length == strlen(line), "length is not the line's");
	require(length > 0 && length < LINE_BYTES, "line is too long");
	require(line[length - 1] == '\n', "line has no end");
	for (i = 0; i < length - 1; i++)
		require(line[i] >= 0x20 && line[i] < 0x7f, "line is not printable");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct line_from from = { .name = "eth0" };
	struct nsr_packet packet = { 0 };
	char line[LINE_BYTES];
	uint8_t *copy;

	if (size < 2)
		return 0;
	from.linktype = (uint32_t)(data[0] << 8 | data[1]);
	packet.caplen = (uint32_t)size - 2;
	packet.len = packet.caplen;
	/* A copy of its exact size, so that a read beyond it is seen. */
	copy = malloc(size - 2);
	require(copy || size == 2, "out of memory");
	if (copy)
		memcpy(copy, data + 2, size - 2);
	packet.data = copy;
	check_line(line, line_format(line, &packet, &from, false));
	packet.flags = NSR_PKT_OUT;
	check_line(line, line_format(line, &packet, &from, true));
	free(copy);
	return 0;
}
