/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Arrays that grow. */
#include "list.h"

#include <stdlib.h>
#include <string.h>

void *host_list_add(void *list, uint32_t *count, size_t size)
{
	char *base;

	memcpy(&base, list, sizeof(base));
	/* The array is full whenever its count is zero or a power of two. */
	if (!(*count & (*count - 1))) {
		size_t room = *count ? *count * (size_t)2 : 1;

		if (room > UINT32_MAX)
			return NULL;
		base = reallocarray(base, room, size);
		if (!base)
			return NULL;
		memcpy(list, &base, sizeof(base));
	}
	base += (*count)++ * size;
	return memset(base, 0, size);
}
