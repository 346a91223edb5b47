/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What BPF programs are called. */
#ifndef NSRING_HOST_PROGRAMS_H
#define NSRING_HOST_PROGRAMS_H

#include "host.h"

/** programs_name() - fill in the names of a view's programs; without CAP_SYS_ADMIN they stay "" */
void programs_name(struct host_view *view);

#endif
