/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The filter of a ring's socket, and changing it without a gap.
 *
 * The new filter replaces the old one in the kernel at once. nsr_ring_mark() has the reader tell
 * which packets the old one may have let in, and is_doubtful() in recv.c judges these again. Each
 * generation of the filter has the kernel keep another number of bytes (the snaplen plus 0 to
 * RING_GENERATIONS - 1): a packet that was cut to the new filter's number has met the new filter,
 * and needs no second judgement. When the numbers begin anew while old packets wait, they mean
 * nothing (@ambiguous).
 */
#include <errno.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "lib/filter/attach.h"
#include "ring.h"

#define SNAPLEN_MAX NSRING_SNAPLEN_MAX

static int attach(struct ring *r, const struct nsr_filter *filter, uint32_t accept,
		  struct nsr_error *err)
{
	struct sock_fprog prog;
	int rc, unused = 0;

	/* To take every packet whole the kernel is quickest without a filter. */
	if (!filter && accept >= SNAPLEN_MAX) {
		if (setsockopt(r->fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused)) == 0 ||
		    errno == ENOENT)
			return 0;
		return nsr_error_set(err, -errno, "taking the filter off: %s", strerror(errno));
	}
	/* The module itself sees to directions, and takes a loopback device's packets once. */
	rc = nsr_filter_for_socket(filter, r->view, 0, accept, &prog, err);
	if (rc < 0)
		return rc;
	rc = nsr_filter_attach(r->fd, &prog, err);
	free(prog.filter);
	return rc;
}

/* The old filter may have let in what is in the ring, and what is on its way there. */
static void begin_recheck(struct ring *r)
{
	if (!r->reader)
		return;
	/* In a shared ring another reader's filter may have chosen the number of bytes. */
	if (!nsr_ring_has_old(r->reader))
		r->ambiguous = r->setup.share;
	else if (r->generation % RING_GENERATIONS == 0)
		r->ambiguous = true;
	nsr_ring_mark(r->reader);
}

int ring_set_filter(void *priv, const struct nsr_filter *filter, struct nsr_error *err)
{
	struct ring *r = priv;
	uint32_t accept = r->snaplen + r->generation % RING_GENERATIONS;
	bool judge_all;
	int rc;

	if (!(r->mode & NSR_RECV))
		return filter ? nsr_error_set(err, -EINVAL, "a filter needs receiving") : 0;
	rc = attach(r, filter, accept, err);
	/* The engine itself runs what the kernel can't. */
	judge_all = rc == -EOPNOTSUPP || rc == -E2BIG;
	if (judge_all)
		rc = attach(r, NULL, UINT32_MAX, err);
	if (rc < 0)
		return rc;
	r->filter = filter;
	r->judge_all = judge_all;
	r->kept = accept;
	begin_recheck(r);
	r->generation++;
	return 0;
}
