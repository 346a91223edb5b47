/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What receiving shares with zc.c and group.c. */
#ifndef NSR_ENGINES_ZC_RECV_H
#define NSR_ENGINES_ZC_RECV_H

#include "zc.h"

/** Room for frames of several buffers, of one batch; the longest has 64 KiB and a little. */
#define ZC_BOUNCE_BYTES (1u << 20)

/** zc_give_back() - return the frames that were handed out */
void zc_give_back(struct zc_queue *queue);

#endif
