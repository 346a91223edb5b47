/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The conversation between a capture that joins a group (guest.c) and a member (admission.c):
 *
 *	guest                                   member
 *	connect  ────────────────────────────▶
 *	         ◀────────────── struct zc_greeting: its nonce, or why it refuses
 *	struct zc_greeting: its nonce ───────▶
 *	and a proof for the member's nonce
 *	         ◀─── struct zc_welcome: the layout and a proof for the guest's nonce, or why it refuses
 *	         ◀── descriptors, some a message: listener, memory, program, maps, handover, sockets
 *
 * A process that can't prove gets no descriptor. One that squats the name of a group first can still
 * stand between a guest and a member, and pass their words on: see docs/design.md.
 */
#ifndef NSR_ENGINES_ZC_GREETING_H
#define NSR_ENGINES_ZC_GREETING_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "group.h"
#include "proof.h"

/** Changes with the messages, and with the layout of what is shared. */
#define ZC_GREETING_MAGIC UINT64_C(0x6e7372696e672d7c)

/** The descriptors that are handed over before the sockets, see struct zc_group. */
enum zc_fixed_fd {
	ZC_FD_LISTENER,
	ZC_FD_MEMORY,
	ZC_FD_PROGRAM,
	ZC_FD_MAP,
	ZC_FD_STATE,
	ZC_FD_HANDOVER_OUT,
	ZC_FD_HANDOVER_IN,
	ZC_FIXED_FDS,
};

/** How long a guest waits for a group. */
#define ZC_PATIENCE_MS 5000

/** Why a member lets a guest not in. */
enum zc_refusal {
	ZC_WELCOME = 0,
	ZC_REFUSED_USER, /* it is another user's */
	ZC_REFUSED_PROOF, /* the guest's proof is none */
	ZC_REFUSED_MUTE, /* no member can prove anything itself */
};

/** struct zc_greeting - what each side says first; @refusal: enum zc_refusal, of a member */
struct zc_greeting {
	uint64_t magic;
	struct zc_nonce nonce;
	uint32_t refusal;
	uint32_t reserved;
};

/** struct zc_welcome - what a member says then; @fds: how many descriptors follow */
struct zc_welcome {
	uint64_t magic;
	struct zc_layout layout;
	uint32_t fds;
	uint32_t refusal;
};

/** zc_rendezvous_name() - where the group's members listen; returns the length for bind(2) */
socklen_t zc_rendezvous_name(struct sockaddr_un *addr, uint32_t ifindex, uint32_t number);

/** zc_rendezvous_is_ours() - whether the other side of a connection is of the group's user */
bool zc_rendezvous_is_ours(const struct zc_group *group, int fd);

#endif
