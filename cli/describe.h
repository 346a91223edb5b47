/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Describes open captures (engine, mode, ring, …), for people and as JSON.
 */
#ifndef NSRING_DESCRIBE_H
#define NSRING_DESCRIBE_H

#include <stdio.h>

#include <jansson.h>

#include "jobs/captures.h"

/** describe_captures() - one line a capture: target, engine, mode, link type, ring, namespace */
void describe_captures(const struct captures *set, FILE *out);

/** describe_capture_json() - an object with "open": true; NULL when memory is short */
json_t *describe_capture_json(const struct captures_one *one);

/** describe_captures_json() - print it for each capture, a line each */
void describe_captures_json(const struct captures *set, FILE *out);

#endif
