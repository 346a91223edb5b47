/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The target parser: any string, and what it accepts must be made of parts that it would accept. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nsr_target target, again;
	struct nsr_error err;
	char text[1024];
	char *input;

	input = strndup((const char *)data, size);
	if (!input)
		return 0;
	if (nsr_target_parse(input, &target, &err) == 0) {
		snprintf(text, sizeof(text), "%s%s%s%s%s", target.place, *target.place ? "/" : "",
			 target.engine, *target.engine ? ":" : "", target.device);
		if (target.queue >= 0)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "@%d",
				 target.queue);
		if (nsr_target_parse(text, &again, &err) < 0 || again.queue != target.queue ||
		    strcmp(again.device, target.device) != 0 ||
		    strcmp(again.place, target.place) != 0 ||
		    strcmp(again.engine, target.engine) != 0)
			abort();
	} else if (!*err.text || strlen(err.text) >= sizeof(err.text)) {
		abort();
	}
	free(input);
	return 0;
}
