/* SPDX-License-Identifier: GPL-2.0-only */
/* The readers of a ring: who they are, and how they come and go. All of it under RTNL. */
#ifndef NSR_READER_H
#define NSR_READER_H

#include <linux/types.h>

struct nsr_ring;
struct nsr_sock;

int nsr_reader_choose_index(struct nsr_ring *ring);
void nsr_reader_join(struct nsr_ring *ring, struct nsr_sock *sock);
void nsr_reader_leave(struct nsr_ring *ring, struct nsr_sock *sock, bool reads);
unsigned int nsr_readers_count(const struct nsr_ring *ring);
void nsr_readers_fail(const struct nsr_ring *ring, int error);
void nsr_reader_fail(struct nsr_sock *sock, int error);

#endif
