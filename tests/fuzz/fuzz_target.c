/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The target parser: any string, and what it accepts must be made of parts that it would accept. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <nsring/target.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nsr_target target = NSR_TARGET_INIT, again = { .size = sizeof(again) };
	struct nsr_error err;
	char text[1024];
	char *input;

	input = strndup((const char *)data, size);
	if (!input)
		return 0;
	if (nsr_target_parse(input, &target, &err) == 0) {
		if (nsr_target_format(&target, text, sizeof(text)) < 0 ||
		    nsr_target_parse(text, &again, &err) < 0 || again.queue != target.queue ||
		    again.offline != target.offline || strcmp(again.device, target.device) != 0 ||
		    strcmp(again.place, target.place) != 0 ||
		    strcmp(again.engine, target.engine) != 0)
			abort();
	} else if (!*err.text || strlen(err.text) >= sizeof(err.text)) {
		abort();
	}
	free(input);
	return 0;
}
