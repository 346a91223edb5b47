/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The interfaces of a namespace. */
#include "links.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sys/link.h"
#include "list.h"

/* How often to repeat a dump that a change interrupted; the last one is used as it is. */
#define TRIES 4

_Static_assert((int)HOST_XDP_NATIVE == NSR_LINK_XDP_NATIVE &&
		       (int)HOST_XDP_GENERIC == NSR_LINK_XDP_GENERIC &&
		       (int)HOST_XDP_OFFLOADED == NSR_LINK_XDP_OFFLOADED,
	       "XDP's modes are the first hooks");
_Static_assert(sizeof(((struct host_link *)0)->kind) == NSR_LINK_KIND_BYTES, "a kind fits");
_Static_assert(sizeof(((struct host_link *)0)->mac) == NSR_LINK_MAC_BYTES, "an address fits");

/* XDP programs come with the link; those of traffic control are added by tc.c. */
static int add_programs(struct host_link *link, const struct nsr_link_info *info)
{
	struct host_program *program;
	uint32_t hook;

	for (hook = 0; hook < NSR_LINK_XDP_MODES; hook++) {
		if (!info->xdp_ids[hook])
			continue;
		program = host_list_add(&link->programs, &link->program_count, sizeof(*program));
		if (!program)
			return -ENOMEM;
		program->hook = hook;
		program->id = info->xdp_ids[hook];
	}
	return 0;
}

static struct host_counters counters_of(const struct rtnl_link_stats64 *stats)
{
	return (struct host_counters){
		.rx_packets = stats->rx_packets,
		.tx_packets = stats->tx_packets,
		.rx_bytes = stats->rx_bytes,
		.tx_bytes = stats->tx_bytes,
		.rx_dropped = stats->rx_dropped,
		.tx_dropped = stats->tx_dropped,
		.rx_errors = stats->rx_errors,
		.tx_errors = stats->tx_errors,
		.rx_missed = stats->rx_missed_errors,
	};
}

static int add_altname(const char name[ALTIFNAMSIZ], void *arg)
{
	struct host_link *link = arg;
	char **added = host_list_add(&link->altnames, &link->altname_count, sizeof(*added));

	if (!added)
		return -ENOMEM;
	*added = strdup(name);
	return *added ? 0 : -ENOMEM;
}

static int add_link(const struct nsr_link_info *info, void *arg)
{
	struct host_ns *ns = arg;
	struct host_link *link = host_list_add(&ns->links, &ns->link_count, sizeof(*link));

	if (!link)
		return -ENOMEM;
	link->ifindex = info->ifindex;
	link->arphrd = info->arphrd;
	link->flags = info->flags;
	link->operstate = info->operstate;
	link->mtu = info->mtu;
	link->mac_bytes = info->mac_bytes;
	link->master = info->master;
	link->id = info->id;
	link->has_id = info->has_id;
	link->peer.state = info->below ? HOST_PEER_UNSEEN : HOST_PEER_NONE;
	link->peer.ifindex = info->below;
	link->peer.abroad = info->abroad;
	link->peer.nsid = info->nsid;
	link->counters = counters_of(&info->stats);
	memcpy(link->name, info->name, sizeof(link->name));
	memcpy(link->kind, info->kind, sizeof(link->kind));
	memcpy(link->mac, info->mac, sizeof(link->mac));
	return nsr_link_altnames(info, add_altname, link) < 0 ? -ENOMEM : add_programs(link, info);
}

static int by_index(const void *a, const void *b)
{
	const struct host_link *left = a, *right = b;

	return left->ifindex < right->ifindex ? -1 : left->ifindex > right->ifindex;
}

int host_links_read(int fd, struct host_ns *ns)
{
	int tries = TRIES, rc;

	do {
		host_links_free(ns);
		rc = nsr_link_list(fd, add_link, ns);
	} while (rc == -EINTR && --tries);
	if (ns->link_count)
		qsort(ns->links, ns->link_count, sizeof(*ns->links), by_index);
	return rc == -EINTR ? 0 : rc;
}

struct host_link *host_links_at(struct host_ns *ns, uint32_t ifindex)
{
	return (struct host_link *)host_link_find(ns, ifindex);
}

const struct host_link *host_link_find(const struct host_ns *ns, uint32_t ifindex)
{
	const struct host_link key = { .ifindex = ifindex };

	if (!ns->link_count)
		return NULL;
	return bsearch(&key, ns->links, ns->link_count, sizeof(key), by_index);
}

void host_links_free(struct host_ns *ns)
{
	uint32_t i, j;

	for (i = 0; i < ns->link_count; i++) {
		for (j = 0; j < ns->links[i].altname_count; j++)
			free(ns->links[i].altnames[j]);
		free(ns->links[i].altnames);
		free(ns->links[i].addresses);
		free(ns->links[i].programs);
	}
	free(ns->links);
	ns->links = NULL;
	ns->link_count = 0;
}
