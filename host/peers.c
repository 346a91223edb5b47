/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Finds the namespace of each link's peer. For a peer in another namespace the kernel tells its
 * index there, and the number (nsid) by which the link's namespace knows the peer's namespace. It
 * also answers, inside that namespace, which nsid another one has (RTM_GETNSID with a descriptor).
 *
 * Asking about every pair of namespaces would take the square of their count. So guess() asks first
 * about those with a link that names our link's index as its peer, and is itself at the index that
 * our link names: the two ends of a veth pair do, and the first candidate nearly always is the one.
 * For the rest (a macvlan names the link it lies on, but not the other way round) try_all() asks
 * about the host's namespace, then about all others, within a budget for the whole host.
 *
 * Every namespace numbers the others in its own way, so each has its own struct numbers, used by
 * the one worker thread that has entered it. Workers share only the sorted list of ends, which
 * nobody changes meanwhile, and the budget, which is atomic. Each changes only the links of its
 * namespace.
 */
#include "peers.h"

#include <errno.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/netlink.h"
#include "visit.h"

/* How many questions try_all() may ask, over all namespaces together. */
#define BUDGET 200000

#define NOT_ASKED (-2) /* in place of an nsid; the kernel's own -1 means "has none" */

/* A link, in namespace @ns of the view, that names its peer's index. */
struct end {
	uint32_t ifindex;
	uint32_t peer;
	uint32_t ns;
};

struct search {
	struct host_view *view;
	struct end *ends; /* sorted by by_ends(), for guess() */
	uint32_t end_count;
	_Atomic int32_t budget;
};

/*
 * The nsids by which one namespace knows the others, by index in the view; filled in when asked
 * for.
 */
struct numbers {
	struct search *search;
	int fd;
	int32_t *nsids;
};

static int by_ends(const void *a, const void *b)
{
	const struct end *left = a, *right = b;

	if (left->ifindex != right->ifindex)
		return left->ifindex < right->ifindex ? -1 : 1;
	if (left->peer != right->peer)
		return left->peer < right->peer ? -1 : 1;
	return left->ns < right->ns ? -1 : left->ns > right->ns;
}

static int list_ends(struct search *search)
{
	const struct host_view *view = search->view;
	uint32_t i, j, count = 0;

	for (i = 0; i < view->count; i++)
		count += view->list[i].link_count;
	if (!count)
		return 0;
	search->ends = calloc(count, sizeof(*search->ends));
	if (!search->ends)
		return -ENOMEM;
	for (i = 0; i < view->count; i++) {
		for (j = 0; j < view->list[i].link_count; j++) {
			const struct host_link *link = &view->list[i].links[j];

			if (link->peer.ifindex && link->peer.nsid >= 0)
				search->ends[search->end_count++] = (struct end){
					.ifindex = link->ifindex,
					.peer = link->peer.ifindex,
					.ns = i,
				};
		}
	}
	qsort(search->ends, search->end_count, sizeof(*search->ends), by_ends);
	return 0;
}

static int read_nsid(const struct nlattr *attr, void *arg)
{
	if (mnl_attr_get_type(attr) == NETNSA_NSID)
		*(int32_t *)arg = (int32_t)nsr_netlink_u32(attr);
	return 0;
}

static int read_answer(const struct nlmsghdr *msg, void *arg)
{
	return nsr_netlink_walk(msg, sizeof(struct rtgenmsg), read_nsid, arg);
}

/* The nsid by which the namespace of @numbers knows the one at @index of the view; asks once. */
static int32_t nsid_of(struct numbers *numbers, uint32_t index)
{
	const struct host_ns *ns = &numbers->search->view->list[index];
	struct nsr_netlink_question question;
	int32_t nsid = -1;

	if (numbers->nsids[index] != NOT_ASKED || ns->fd < 0)
		return ns->fd < 0 ? -1 : numbers->nsids[index];
	nsr_netlink_begin(&question, RTM_GETNSID, 0, sizeof(struct rtgenmsg));
	mnl_attr_put_u32(&question.head, NETNSA_FD, (uint32_t)ns->fd);
	if (nsr_netlink_ask(numbers->fd, &question, read_answer, &nsid) < 0)
		nsid = -1;
	numbers->nsids[index] = nsid;
	return nsid;
}

/* Asks about the namespaces that have a link which mirrors @link, as a veth's other end does. */
static bool guess(struct numbers *numbers, struct host_link *link)
{
	const struct search *search = numbers->search;
	const struct end key = { .ifindex = link->peer.ifindex, .peer = link->ifindex };
	uint32_t from = 0, to = search->end_count;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;

		if (by_ends(&search->ends[middle], &key) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	for (; from < search->end_count && search->ends[from].ifindex == key.ifindex &&
	       search->ends[from].peer == key.peer;
	     from++) {
		if (nsid_of(numbers, search->ends[from].ns) == link->peer.nsid) {
			link->peer.ns = search->ends[from].ns;
			return true;
		}
	}
	return false;
}

/* Asks about every namespace until one fits; the host's is the first in the view. */
static bool try_all(struct numbers *numbers, struct host_link *link)
{
	struct search *search = numbers->search;
	uint32_t i;

	for (i = 0; i < search->view->count; i++) {
		if (numbers->nsids[i] == NOT_ASKED && atomic_fetch_sub(&search->budget, 1) <= 0)
			return false;
		if (nsid_of(numbers, i) == link->peer.nsid) {
			link->peer.ns = i;
			return true;
		}
	}
	return false;
}

static bool has_peer_elsewhere(const struct host_link *link)
{
	return link->peer.ifindex && link->peer.nsid >= 0;
}

static void find_peers(struct numbers *numbers, struct host_ns *ns)
{
	uint32_t i;

	for (i = 0; i < ns->link_count; i++) {
		struct host_link *link = &ns->links[i];

		if (has_peer_elsewhere(link) && (guess(numbers, link) || try_all(numbers, link)))
			link->peer.state = HOST_PEER_FOUND;
	}
}

static bool needs_numbers(const struct host_ns *ns)
{
	uint32_t i;

	for (i = 0; i < ns->link_count; i++) {
		if (has_peer_elsewhere(&ns->links[i]))
			return true;
	}
	return false;
}

/* Runs inside @ns. Always returns 0: @ns can be shown without its peers. */
static int find_inside(struct host_ns *ns, void *arg)
{
	struct numbers numbers = { .search = arg };
	uint32_t count = numbers.search->view->count, i;

	if (!needs_numbers(ns))
		return 0;
	numbers.fd = nsr_netlink_open(NETLINK_ROUTE);
	numbers.nsids = calloc(count, sizeof(*numbers.nsids));
	if (numbers.fd >= 0 && numbers.nsids) {
		for (i = 0; i < count; i++)
			numbers.nsids[i] = NOT_ASKED;
		find_peers(&numbers, ns);
	}
	free(numbers.nsids);
	if (numbers.fd >= 0)
		close(numbers.fd);
	return 0;
}

/* Peers in the same namespace need no question. Those in one without a number can't be asked about. */
static void find_here(struct host_view *view)
{
	uint32_t i, j;

	for (i = 0; i < view->count; i++) {
		for (j = 0; j < view->list[i].link_count; j++) {
			struct host_peer *peer = &view->list[i].links[j].peer;

			if (!peer->ifindex || peer->abroad)
				continue;
			peer->state = HOST_PEER_FOUND;
			peer->ns = i;
		}
	}
}

int peers_find(struct host_view *view)
{
	struct search search = { .view = view, .budget = BUDGET };
	int rc;

	find_here(view);
	rc = list_ends(&search);
	if (rc == 0 && search.end_count)
		rc = visit_all(view, find_inside, &search);
	free(search.ends);
	return rc;
}
