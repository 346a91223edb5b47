/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "kernel_kind.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

static const struct kernel_kind *const kinds[] = {
	&kernel_kind_packet,
	&kernel_kind_recv,
	&kernel_kind_nsring,
};

const struct kernel_kind *kernel_kind_find(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!strcmp(kinds[i]->name, name))
			return kinds[i];
	}
	return NULL;
}

int kernel_capture_read(struct kernel_capture *cap, int wait_ms)
{
	struct pollfd poll_fd = { .fd = cap->fd, .events = POLLIN };
	int packets = cap->kind->drain(cap);

	if (packets)
		return packets;
	if (poll(&poll_fd, 1, wait_ms) < 0)
		return -errno;
	return cap->kind->drain(cap);
}
