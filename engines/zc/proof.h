/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What shows that a process may put XDP programs on devices by itself: see proof.c. */
#ifndef NSR_ENGINES_ZC_PROOF_H
#define NSR_ENGINES_ZC_PROOF_H

#include <stdint.h>

/** How many programs a proof has. */
#define ZC_PROOF_PARTS 3

/** struct zc_nonce - a number that is used once: 36 bits of each part count */
struct zc_nonce {
	uint64_t parts[ZC_PROOF_PARTS];
};

/** Which side of the rendezvous proves. */
enum zc_side { ZC_SIDE_GUEST, ZC_SIDE_MEMBER };

/**
 * struct zc_claim - the group that a proof is for
 * @cookie:  of the namespace, as nsr_place_cookie(); 0: not known, and nothing can be proved
 * @ifindex: the device
 * @number:  the group's
 */
struct zc_claim {
	uint64_t cookie;
	uint32_t ifindex;
	uint32_t number;
};

/** zc_nonce_draw() - draw one that nobody can guess; 0 or -errno */
int zc_nonce_draw(struct zc_nonce *nonce);

/**
 * zc_proof_make() - load the programs of a proof
 * @claim: which group it is for
 * @side:  who proves
 * @nonce: drawn by the other side
 * @fds:   ZC_PROOF_PARTS descriptors, which the caller closes; -1 after an error
 *
 * Return: 0; -EPERM the caller may load no XDP programs; -EOPNOTSUPP the cookie is not known; -errno.
 */
int zc_proof_make(const struct zc_claim *claim, enum zc_side side, const struct zc_nonce *nonce,
		  int *fds);

/**
 * zc_proof_check() - whether descriptors are the proof that was asked for
 * @claim, @nonce: what we asked for
 * @side:          who must have proved
 * @fds:           ZC_PROOF_PARTS descriptors of anything, which the caller closes
 *
 * Needs /proc.
 *
 * Return: 0 or -EPERM.
 */
int zc_proof_check(const struct zc_claim *claim, enum zc_side side, const struct zc_nonce *nonce,
		   const int *fds);

/** zc_proof_close() - close the descriptors of a proof; -1: none */
void zc_proof_close(int *fds);

#endif
