/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What an interface's driver tells. */
#ifndef NSRING_HOST_HARDWARE_H
#define NSRING_HOST_HARDWARE_H

#include "host.h"

/**
 * host_hardware_read() - drivers and speeds of a namespace's interfaces
 * @ns: the namespace that the calling thread is in
 *
 * What a driver doesn't tell stays empty.
 */
void host_hardware_read(struct host_ns *ns);

#endif
