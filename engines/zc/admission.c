/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Letting guests into a group: the member's side of greeting.h. Nothing here waits for a guest: one
 * that says nothing has a place until another one needs it. So silent guests keep out nobody, however
 * many they are, and this thread goes on noticing deaths.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/clock.h"
#include "passing.h"
#include "admission.h"

#define GUEST_MS 2000

static void remove_guest(struct zc_admission *admission, uint32_t i)
{
	close(admission->guests[i].fd);
	admission->count--;
	memmove(&admission->guests[i], &admission->guests[i + 1],
		(admission->count - i) * sizeof(admission->guests[i]));
}

uint32_t zc_admission_poll(const struct zc_admission *admission, struct pollfd *polled)
{
	uint32_t i;

	for (i = 0; i < admission->count; i++)
		polled[i] = (struct pollfd){ admission->guests[i].fd, POLLIN, 0 };
	return admission->count;
}

/* All descriptors of a group, in the order in which they are handed over. */
static int *list_fds(const struct zc_group *group, uint32_t *count)
{
	uint32_t sockets = group->layout.queues * group->layout.slots;
	int *fds = calloc(ZC_FIXED_FDS + sockets, sizeof(*fds));

	*count = ZC_FIXED_FDS + sockets;
	if (!fds)
		return NULL;
	fds[ZC_FD_LISTENER] = group->listener;
	fds[ZC_FD_MEMORY] = group->memory;
	fds[ZC_FD_PROGRAM] = group->program;
	fds[ZC_FD_MAP] = group->map;
	fds[ZC_FD_STATE] = group->state;
	fds[ZC_FD_HANDOVER_OUT] = group->handover[0];
	fds[ZC_FD_HANDOVER_IN] = group->handover[1];
	memcpy(fds + ZC_FIXED_FDS, group->fds, sockets * sizeof(*fds));
	return fds;
}

static int send_fds(int to, const int *fds, uint32_t count)
{
	uint32_t n;
	int rc = 0;

	for (; count && rc == 0; count -= n, fds += n) {
		n = count < ZC_PASS_MOST ? count : ZC_PASS_MOST;
		rc = zc_pass_send(to, &n, sizeof(n), fds, n);
	}
	return rc;
}

static void refuse(int guest, enum zc_refusal refusal)
{
	struct zc_welcome welcome = { .magic = ZC_GREETING_MAGIC, .refusal = refusal };

	zc_pass_send(guest, &welcome, sizeof(welcome), NULL, 0);
}

/* Sends the guest our proof, and all that the group shares. */
static void let_in(const struct zc_group *group, int guest, const int *proof)
{
	struct zc_welcome welcome = { .magic = ZC_GREETING_MAGIC, .layout = group->layout };
	int *fds = list_fds(group, &welcome.fds);

	if (fds && zc_pass_send(guest, &welcome, sizeof(welcome), proof, ZC_PROOF_PARTS) == 0)
		send_fds(guest, fds, welcome.fds);
	free(fds);
}

/* The guest has proved its part: now we do. */
static void answer(struct zc_group *group, const struct zc_claim *claim, int guest,
		   const struct zc_nonce *nonce)
{
	int proof[ZC_PROOF_PARTS];
	int rc = zc_proof_make(claim, ZC_SIDE_MEMBER, nonce, proof);

	if (rc == 0)
		let_in(group, guest, proof);
	zc_proof_close(proof);
	if (rc != -EPERM)
		return;
	group->mute = true;
	/* The guest tries again when we hang up. */
	if (!group->others_answer)
		refuse(guest, ZC_REFUSED_MUTE);
}

static void hear(struct zc_group *group, const struct zc_guest *guest)
{
	const struct zc_claim claim = { group->cookie, group->device->ifindex, group->number };
	int proof[ZC_PROOF_PARTS] = { -1, -1, -1 };
	struct zc_greeting theirs;
	int rc = zc_pass_receive(guest->fd, &theirs, sizeof(theirs), proof, ZC_PROOF_PARTS);

	if (rc < 0)
		return;
	rc = theirs.magic == ZC_GREETING_MAGIC
		     ? zc_proof_check(&claim, ZC_SIDE_GUEST, &guest->nonce, proof)
		     : -EPROTO;
	zc_proof_close(proof);
	if (rc == 0)
		answer(group, &claim, guest->fd, &theirs.nonce);
	else
		refuse(guest->fd, ZC_REFUSED_PROOF);
}

void zc_admission_serve(struct zc_admission *admission, struct zc_group *group,
			const struct pollfd *polled)
{
	int64_t now = nsr_clock_ms();
	uint32_t i;

	/* From the back, as the others move up. */
	for (i = admission->count; i-- > 0;) {
		if (polled[i].revents)
			hear(group, &admission->guests[i]);
		if (polled[i].revents || now - admission->guests[i].since_ms > GUEST_MS)
			remove_guest(admission, i);
	}
}

static void greet(struct zc_admission *admission, const struct zc_group *group, int fd)
{
	struct zc_guest guest = { .fd = fd, .since_ms = nsr_clock_ms() };
	struct zc_greeting greeting = { .magic = ZC_GREETING_MAGIC };

	if (!zc_rendezvous_is_ours(group, fd))
		greeting.refusal = ZC_REFUSED_USER;
	else if (zc_nonce_draw(&guest.nonce) < 0)
		goto hang_up;
	greeting.nonce = guest.nonce;
	if (zc_pass_send(fd, &greeting, sizeof(greeting), NULL, 0) < 0 || greeting.refusal)
		goto hang_up;
	if (admission->count == ZC_GUESTS_MOST)
		remove_guest(admission, 0);
	admission->guests[admission->count++] = guest;
	return;
hang_up:
	close(fd);
}

bool zc_admission_greet(struct zc_admission *admission, const struct zc_group *group)
{
	uint32_t i;
	int fd;

	/* Half of the places, so that those who were greeted just now have time to answer. */
	for (i = 0; i < ZC_GUESTS_MOST / 2; i++) {
		fd = accept4(group->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			/* EAGAIN: that was all, or another member was quicker. */
			return errno == EAGAIN || errno == ECONNABORTED;
		greet(admission, group, fd);
	}
	return true;
}

void zc_admission_send_away(struct zc_admission *admission)
{
	while (admission->count)
		remove_guest(admission, admission->count - 1);
}
