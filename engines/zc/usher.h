/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The guests at a member's door: see usher.c. */
#ifndef NSR_ENGINES_ZC_USHER_H
#define NSR_ENGINES_ZC_USHER_H

#include <poll.h>

#include "greeting.h"

/** How many guests a member waits for at once. */
#define ZC_GUESTS_MOST 32

/** struct zc_guest - a guest that has been greeted; @since_ms: then; @nonce: what it must prove */
struct zc_guest {
	int fd;
	int64_t since_ms;
	struct zc_nonce nonce;
};

/** struct zc_usher - the guests that a member waits for, the oldest first; {0} has none */
struct zc_usher {
	struct zc_guest guests[ZC_GUESTS_MOST];
	uint32_t count;
};

/** zc_usher_poll() - list what to wait for; returns how many, at most ZC_GUESTS_MOST */
uint32_t zc_usher_poll(const struct zc_usher *usher, struct pollfd *polled);

/** zc_usher_serve() - answer the guests that have said something, of zc_usher_poll(); door held */
void zc_usher_serve(struct zc_usher *usher, struct zc_group *group, const struct pollfd *polled);

/** zc_usher_greet() - greet those who wait; false: that failed, and would fail again; door held */
bool zc_usher_greet(struct zc_usher *usher, const struct zc_group *group);

/** zc_usher_send_away() - hang up on all guests */
void zc_usher_send_away(struct zc_usher *usher);

#endif
