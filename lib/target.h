/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The target grammar: [place/][engine:]device[@queue] */
#ifndef NSR_TARGET_H
#define NSR_TARGET_H

#include <nsring/nsring.h>

/**
 * struct nsr_target - a parsed target
 * @place:  as written, without the '/' at its end; "" for the caller's own namespace
 * @engine: "" when none is named
 * @device: interface name, "any", or the path of a file
 * @queue:  -1 when none is named
 */
struct nsr_target {
	char place[256];
	char engine[16];
	char device[256];
	int queue;
};

/**
 * nsr_target_parse() - take a target apart
 * @text:   what the user wrote
 * @target: filled in
 * @err:    names the part that is wrong; may be NULL
 *
 * Knows the grammar only: whether the place, engine and device exist is for others to find out.
 *
 * Return: 0 or -EINVAL.
 */
int nsr_target_parse(const char *text, struct nsr_target *target, struct nsr_error *err);

#endif
