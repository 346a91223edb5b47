/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * How the parts of dissect() call each other: walk.c walks the link layer and calls walk_ip(),
 * which calls walk_transport() behind the innermost IP header. Each consumes its headers from
 * @bytes.
 */
#ifndef NSRING_WALK_H
#define NSRING_WALK_H

#include "bytes.h"
#include "dissect.h"

/**
 * walk_ip() - walk IP headers, those within tunnels too, and what the innermost carries
 * @d:     filled in from @ips on
 * @bytes: from the IP header on
 * @len:   bytes on the wire from there on, by the link layer
 */
void walk_ip(struct dissect *d, struct bytes bytes, uint32_t len);

/**
 * walk_transport() - walk a transport header
 * @d:     its @transport is filled in
 * @ip:    the header that carries it
 * @bytes: the payload of @ip
 */
void walk_transport(struct dissect *d, const struct dissect_ip *ip, struct bytes bytes);

/**
 * walk_end() - sum up a header's status in @d->cut and @d->bad
 *
 * Return: @status.
 */
static inline uint8_t walk_end(struct dissect *d, enum dissect_status status)
{
	d->cut |= status == DISSECT_CUT;
	d->bad |= status == DISSECT_BAD;
	return (uint8_t)status;
}

#endif
