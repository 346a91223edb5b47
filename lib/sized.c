/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "sized.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

/* No public struct comes near this; a caller that has a larger size never set it. */
#define SIZE_MOST 4096

/* The size at the start of a caller's struct; 0: it can't be one. */
static size_t size_of(const void *sized)
{
	size_t size;

	memcpy(&size, sized, sizeof(size));
	return size > sizeof(size) && size <= SIZE_MOST ? size : 0;
}

int nsr_struct_take(void *to, const void *from, size_t size)
{
	const uint8_t *bytes = from;
	size_t theirs = size_of(from);
	size_t i;

	if (!theirs)
		return -EINVAL;
	for (i = size; i < theirs; i++)
		if (bytes[i])
			return -E2BIG;
	memset(to, 0, size);
	memcpy(to, from, theirs < size ? theirs : size);
	memcpy(to, &size, sizeof(size));
	return 0;
}

int nsr_struct_give(void *to, const void *from, size_t size)
{
	size_t theirs = size_of(to);
	size_t known = theirs < size ? theirs : size;

	if (!theirs)
		return -EINVAL;
	memcpy((uint8_t *)to + sizeof(size), (const uint8_t *)from + sizeof(size),
	       known - sizeof(size));
	memset((uint8_t *)to + known, 0, theirs - known);
	return 0;
}
