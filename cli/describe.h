/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What open captures turned out to be, for people and as JSON.
 */
#ifndef NSRING_DESCRIBE_H
#define NSRING_DESCRIBE_H

#include <stdio.h>

#include "jobs/captures.h"

/** describe_captures() - one line a capture: target, engine, mode, link type, ring, namespace */
void describe_captures(const struct captures *set, FILE *out);

/** describe_captures_json() - one object a capture, with "open": true */
void describe_captures_json(const struct captures *set, FILE *out);

#endif
