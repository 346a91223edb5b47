/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The filter of a packet socket, and changing it without a gap.
 *
 * The new filter replaces the old one in the kernel at once. Packets that the old one let in wait
 * in the ring, or are on their way into it. All of them lie within one turn of the ring, so for
 * that long the engine judges packets again when it hands them out (is_doubtful() in ring.c).
 *
 * Most packets need no second judgement. Each generation of the filter has the kernel keep another
 * number of bytes: the snaplen plus 0 to PACKET_GENERATIONS - 1. A packet that was cut to the new
 * filter's number has met the new filter; a whole packet doesn't tell. When the numbers begin anew
 * within one turn they mean nothing, and every packet is judged again (@ambiguous).
 */
#include <errno.h>
#include <linux/filter.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "lib/filter/attach.h"
#include "packet.h"

int packet_filter_refuse(struct packet *p, struct nsr_error *err)
{
	struct sock_filter refuse[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog prog = { .len = 1, .filter = refuse };

	return nsr_filter_attach(p->fd, &prog, err);
}

static int attach_for(struct packet *p, const struct nsr_filter *filter, uint32_t accept,
		      struct nsr_error *err)
{
	struct sock_fprog prog;
	unsigned int rules = 0;
	int rc;

	if (p->direction == NSR_OUT)
		rules |= NSR_SKB_ONLY_OUT;
	/* In a fanout group PACKET_IGNORE_OUTGOING of its members has no effect. */
	if (p->direction == NSR_IN && p->fanout)
		rules |= NSR_SKB_ONLY_IN;
	if (p->direction == NSR_BOTH && p->any_iface)
		rules |= NSR_SKB_LOOPBACK_ONCE;
	rc = nsr_filter_for_socket(filter, p->view, rules, accept, &prog, err);
	if (rc < 0)
		return rc;
	/* After packet_stop() the socket refuses all: only waiting packets meet the filter. */
	rc = p->stopped ? 0 : nsr_filter_attach(p->fd, &prog, err);
	free(prog.filter);
	return rc;
}

int packet_filter_attach(struct packet *p, struct nsr_error *err)
{
	return p->judge_all ? attach_for(p, NULL, UINT32_MAX, err)
			    : attach_for(p, p->filter, p->snaplen, err);
}

/*
 * Begins one turn of the ring in which packets may be the old filter's. The two units in hand are
 * those that the reader and the kernel are at.
 */
static void begin_recheck(struct packet *p, uint32_t accept)
{
	struct packet_recheck *recheck = &p->recheck;
	static const uint32_t in_hand = 2;

	if (!recheck->units)
		recheck->ambiguous = false;
	else if (p->generation % PACKET_GENERATIONS == 0)
		recheck->ambiguous = true;
	recheck->kept = accept;
	recheck->units = in_hand + (p->ring.version == TPACKET_V3 ? p->ring.block_count
								  : p->ring.frame_count);
}

int packet_filter_set(void *priv, const struct nsr_filter *filter, struct nsr_error *err)
{
	struct packet *p = priv;
	uint32_t accept = p->snaplen + p->generation % PACKET_GENERATIONS;
	struct nsr_error why;
	bool judge_all;
	int rc;

	if (!(p->mode & NSR_RECV))
		return filter ? nsr_error_set(err, -EINVAL, "a filter needs receiving") : 0;
	rc = attach_for(p, filter, accept, &why);
	/* The engine runs what the kernel can't; but frames of a fixed length may cut too early. */
	judge_all = (rc == -EOPNOTSUPP || rc == -E2BIG) && p->ring.version == TPACKET_V3;
	if (judge_all)
		rc = attach_for(p, NULL, UINT32_MAX, &why);
	if (rc < 0)
		return nsr_error_advise(err, nsr_error_set(err, rc, "%s", why.text), "%s",
					rc == -EOPNOTSUPP || rc == -E2BIG
						? "run it in user space, without immediate mode"
						: why.advice);
	p->filter = filter;
	if (filter)
		atomic_store(&p->filtered, true);
	p->judge_all = judge_all;
	if (p->started)
		begin_recheck(p, accept);
	p->generation++;
	return 0;
}
