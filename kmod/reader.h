/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The readers of a ring, and how they come and go.
 *
 *	choose index ─▶ join ─▶ (stop: leave, read on) ─▶ leave ─▶ grace period ─▶ index free
 *
 * A reader has an index, a bit in each record that is for it. A packet on its way may still count
 * for a reader that has left, so its bit in readers_used is cleared only a grace period later, and
 * nobody else gets the index before.
 *
 * Each join and leave makes a new generation of the ring's readers, published after the change. A
 * lane that sees a new generation fetches its slots anew (fill_slots() in deliver.c). A reader
 * keeps the generation that it joined with; the lane compares that with what it noted for the
 * index, so a new reader of an old index starts with others = written in this lane, and is not
 * charged with records that were written before. No generation is 0, so a lane that starts with 0
 * is always out of date.
 *
 * Until a lane has seen a reader, others[index] may lag behind written. A reader that was never
 * overtaken doesn't look at it, and an overtaken lane has seen its reader.
 *
 * A reader that has stopped (NSRING_STOP) and still reads counts every further record as for
 * others: its bit stays in ring->stopped.
 *
 * All of it under RTNL.
 */
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
