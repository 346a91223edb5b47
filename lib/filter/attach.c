/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <errno.h>
#include <linux/filter.h>
#include <string.h>
#include <sys/socket.h>

#include "attach.h"

int nsr_filter_attach(int fd, const struct sock_fprog *prog, struct nsr_error *err)
{
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, prog, sizeof(*prog)) == 0)
		return 0;
	if (errno == ENOMEM)
		return nsr_error_set(err, -ENOMEM,
				     "filter: %u instructions are more than the kernel has room "
				     "for: raise net.core.optmem_max, or write a shorter filter",
				     prog->len);
	return nsr_error_set(err, -errno, "attaching the filter: %s", strerror(errno));
}
