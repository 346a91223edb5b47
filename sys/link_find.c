/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "link_find.h"

int nsr_link_find(int fd, const char *name, struct nsr_link *link, struct nsr_error *err)
{
	int rc = nsr_link_get(fd, name, 0, link);

	if (rc == -ENODEV)
		return nsr_error_set(err, rc, "there is no device \"%s\" in this namespace", name);
	if (rc < 0)
		return nsr_error_set(err, rc, "looking up device \"%s\": %s", name, strerror(-rc));
	return 0;
}
