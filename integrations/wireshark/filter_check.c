/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Whether a capture filter is one, by the compiler that captures use. */
#include "filter_check.h"

#include <stddef.h>

#include "lib/filter/filter.h"

/* Ethernet, that of "any", IP without a header before it, 802.11 with radiotap. */
static const uint32_t linktypes[] = { 1, 276, 101, 127 };

bool filter_is_sound(const char *text, struct nsr_error *err)
{
	struct nsr_filter *filter;
	size_t i;

	for (i = 0; i < sizeof(linktypes) / sizeof(linktypes[0]); i++) {
		if (nsr_filter_compile(text, linktypes[i], &filter, i ? NULL : err) == 0) {
			nsr_filter_free(filter);
			return true;
		}
	}
	return false;
}
