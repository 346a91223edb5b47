/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Names of link types. */
#ifndef NSRING_LINKTYPE_H
#define NSRING_LINKTYPE_H

#include <stdint.h>

#include "units.h"

/** linktype_text() - a LINKTYPE_ value by the name that tcpdump gives it, else its number */
struct units_text linktype_text(uint32_t linktype);

#endif
