/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The guests at a member's door: see admission.c. */
#ifndef NSR_ENGINES_ZC_ADMISSION_H
#define NSR_ENGINES_ZC_ADMISSION_H

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

/** struct zc_admission - the guests that a member waits for, the oldest first; {0} has none */
struct zc_admission {
	struct zc_guest guests[ZC_GUESTS_MOST];
	uint32_t count;
};

/** zc_admission_poll() - list what to wait for; returns how many, at most ZC_GUESTS_MOST */
uint32_t zc_admission_poll(const struct zc_admission *admission, struct pollfd *polled);

/** zc_admission_serve() - answer the guests that have said something, of zc_admission_poll(); door held */
void zc_admission_serve(struct zc_admission *admission, struct zc_group *group,
			const struct pollfd *polled);

/** zc_admission_greet() - greet those who wait; false: that failed, and would fail again; door held */
bool zc_admission_greet(struct zc_admission *admission, const struct zc_group *group);

/** zc_admission_send_away() - hang up on all guests */
void zc_admission_send_away(struct zc_admission *admission);

#endif
