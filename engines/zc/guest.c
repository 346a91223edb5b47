/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A capture that asks to be let into a group: the guest's side of greeting.h. Until a member has
 * proved that it is one, nothing that it has handed over is used.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sys/clock.h"
#include "greeting.h"
#include "passing.h"

#define RETRY_MS 10

static int set_patience(int fd)
{
	struct timeval patience = { .tv_sec = ZC_PATIENCE_MS / 1000 };

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
		return -errno;
	return 0;
}

static int refusal_code(uint32_t refusal)
{
	switch (refusal) {
	case ZC_WELCOME:
		return 0;
	case ZC_REFUSED_USER:
		return -EACCES;
	case ZC_REFUSED_PROOF:
		return -EKEYREJECTED;
	case ZC_REFUSED_MUTE:
		return -EKEYREVOKED;
	default:
		return -EPROTO;
	}
}

static int receive_greeting(const struct zc_group *group, int from, struct zc_greeting *greeting)
{
	int rc;

	if (!zc_rendezvous_is_ours(group, from))
		return -EACCES;
	rc = zc_pass_receive(from, greeting, sizeof(*greeting), NULL, 0);
	if (rc < 0)
		return rc;
	return greeting->magic == ZC_GREETING_MAGIC ? refusal_code(greeting->refusal) : -EPROTO;
}

/* Proves to the member that greeted us what it asked for, and asks it for the same. */
static int answer(int to, const struct zc_claim *claim, const struct zc_greeting *theirs,
		  struct zc_greeting *ours)
{
	int proof[ZC_PROOF_PARTS], rc;

	*ours = (struct zc_greeting){ .magic = ZC_GREETING_MAGIC };
	rc = zc_nonce_draw(&ours->nonce);
	if (rc < 0)
		return rc;
	rc = zc_proof_make(claim, ZC_SIDE_GUEST, &theirs->nonce, proof);
	if (rc < 0)
		return rc;
	rc = zc_pass_send(to, ours, sizeof(*ours), proof, ZC_PROOF_PARTS);
	zc_proof_close(proof);
	return rc == -EPIPE ? -ECONNRESET : rc;
}

static bool makes_sense(const struct zc_welcome *welcome)
{
	const struct zc_layout *layout = &welcome->layout;

	return zc_layout_bytes(layout) &&
	       welcome->fds == ZC_FIXED_FDS + layout->queues * layout->slots;
}

static int receive_welcome(int from, const struct zc_claim *claim, const struct zc_nonce *nonce,
			   struct zc_welcome *welcome)
{
	int proof[ZC_PROOF_PARTS] = { -1, -1, -1 };
	int count = zc_pass_receive(from, welcome, sizeof(*welcome), proof, ZC_PROOF_PARTS), rc;

	if (count < 0)
		return count;
	rc = welcome->magic == ZC_GREETING_MAGIC ? refusal_code(welcome->refusal) : -EPROTO;
	if (rc == 0 && zc_proof_check(claim, ZC_SIDE_MEMBER, nonce, proof) < 0)
		rc = -EBADE;
	if (rc == 0 && !makes_sense(welcome))
		rc = -EPROTO;
	zc_proof_close(proof);
	return rc;
}

/* Fills @fds from the front; after an error the rest is as it was. */
static int receive_fds(int from, int *fds, uint32_t count)
{
	uint32_t done = 0, room, told;
	int n;

	while (done < count) {
		room = count - done < ZC_PASS_MOST ? count - done : ZC_PASS_MOST;
		n = zc_pass_receive(from, &told, sizeof(told), fds + done, room);
		if (n <= 0)
			return n < 0 ? n : -EPROTO;
		done += (uint32_t)n;
	}
	return 0;
}

/* The group owns the descriptors afterwards, except after an error. */
static int keep_fds(struct zc_group *group, const struct zc_layout *layout, const int *fds)
{
	size_t sockets = (size_t)layout->queues * layout->slots * sizeof(*fds);

	group->fds = malloc(sockets);
	if (!group->fds)
		return -ENOMEM;
	memcpy(group->fds, fds + ZC_FIXED_FDS, sockets);
	group->layout = *layout;
	group->listener = fds[ZC_FD_LISTENER];
	group->memory = fds[ZC_FD_MEMORY];
	group->program = fds[ZC_FD_PROGRAM];
	group->map = fds[ZC_FD_MAP];
	group->state = fds[ZC_FD_STATE];
	group->handover[0] = fds[ZC_FD_HANDOVER_OUT];
	group->handover[1] = fds[ZC_FD_HANDOVER_IN];
	return 0;
}

static int receive_parts(struct zc_group *group, int from, const struct zc_welcome *welcome)
{
	int *fds = malloc(welcome->fds * sizeof(*fds));
	uint32_t i;
	int rc;

	if (!fds)
		return -ENOMEM;
	for (i = 0; i < welcome->fds; i++)
		fds[i] = -1;
	rc = receive_fds(from, fds, welcome->fds);
	if (rc == 0)
		rc = keep_fds(group, &welcome->layout, fds);
	for (i = 0; i < welcome->fds && rc < 0; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(fds);
	return rc;
}

static int receive_group(struct zc_group *group, const struct zc_claim *claim, int from)
{
	struct zc_greeting theirs, ours;
	struct zc_welcome welcome;
	int rc = receive_greeting(group, from, &theirs);

	if (rc == 0)
		rc = answer(from, claim, &theirs, &ours);
	if (rc == 0)
		rc = receive_welcome(from, claim, &ours.nonce, &welcome);
	return rc < 0 ? rc : receive_parts(group, from, &welcome);
}

static int ask_once(struct zc_group *group, const struct zc_claim *claim)
{
	struct sockaddr_un addr;
	socklen_t size = zc_rendezvous_name(&addr, claim->ifindex, claim->number);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return -errno;
	rc = set_patience(fd);
	if (rc == 0 && connect(fd, (struct sockaddr *)&addr, size) < 0)
		rc = errno == EAGAIN ? -ETIMEDOUT : -errno;
	if (rc == 0)
		rc = receive_group(group, claim, fd);
	close(fd);
	return rc;
}

/* Whether a group has the number, although nobody listens. */
static bool is_taken(const struct zc_claim *claim)
{
	struct sockaddr_un addr;
	socklen_t size = zc_rendezvous_name(&addr, claim->ifindex, claim->number);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	bool taken = fd >= 0 && bind(fd, (struct sockaddr *)&addr, size) < 0 && errno == EADDRINUSE;

	if (fd >= 0)
		close(fd);
	return taken;
}

/*
 * A group that is not open yet has a name, but refuses connections. A member hangs up when it is the
 * last one and leaves, when it can't prove anything but another one can, and when too many wait.
 */
int zc_rendezvous_ask(struct zc_group *group, uint32_t ifindex)
{
	const struct timespec pause = { .tv_nsec = RETRY_MS * 1000 * 1000 };
	const struct zc_claim claim = { group->cookie, ifindex, group->number };
	int64_t until_ms = nsr_clock_ms() + ZC_PATIENCE_MS;
	bool hung_up = false;
	int rc;

	while (nsr_clock_ms() < until_ms) {
		rc = ask_once(group, &claim);
		if (rc != -ECONNREFUSED && rc != -ECONNRESET)
			return rc;
		if (rc == -ECONNRESET)
			hung_up = true;
		else if (!is_taken(&claim))
			return hung_up ? -ESTALE : -ENOENT;
		nanosleep(&pause, NULL);
	}
	return -ETIMEDOUT;
}
