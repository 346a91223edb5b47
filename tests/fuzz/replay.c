/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A main() for a fuzz target without libFuzzer: runs the files that it is given, once each. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
	static uint8_t data[1 << 20];
	size_t size;
	FILE *input;
	int i;

	for (i = 1; i < argc; i++) {
		input = fopen(argv[i], "r");
		if (!input) {
			perror(argv[i]);
			return 1;
		}
		size = fread(data, 1, sizeof(data), input);
		fclose(input);
		LLVMFuzzerTestOneInput(data, size);
	}
	printf("%d inputs\n", argc - 1);
	return 0;
}
