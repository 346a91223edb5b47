/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The view of the host: runs the steps that host.h lists, in order. */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/link.h"
#include "sys/netlink.h"
#include "sys/place.h"
#include "find.h"
#include "hardware.h"
#include "links.h"
#include "owners.h"
#include "peers.h"
#include "programs.h"
#include "sockets.h"
#include "tc.h"
#include "visit.h"

static void read_captures(struct host_ns *ns)
{
	int fd = nsr_netlink_open(NETLINK_SOCK_DIAG);

	ns->ring_error = host_ring_sockets_read(ns);
	if (fd < 0) {
		ns->capture_error = fd;
		return;
	}
	ns->capture_error = host_packet_sockets_read(fd, ns);
	ns->xdp_error = host_xdp_sockets_read(fd, ns);
	close(fd);
}

/*
 * Replaces @ns->fd, which may have been opened through a bind mount and would then keep it from
 * being unmounted, by one of the same namespace opened through /proc.
 */
static void let_go_of_mount(const struct host_ns *ns)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	dup3(fd, ns->fd, O_CLOEXEC);
	close(fd);
}

/* Runs inside @ns, in a worker thread; see visit_all(). */
static int read_ns(struct host_ns *ns, void *arg)
{
	int fd = nsr_link_open();
	int rc;

	if (fd < 0)
		return fd;
	let_go_of_mount(ns);
	ns->cookie = nsr_place_cookie();
	rc = host_links_read(fd, ns);
	if (rc == 0)
		rc = host_addresses_read(fd, ns);
	if (rc == 0)
		rc = host_tc_read(fd, ns);
	close(fd);
	if (rc == 0)
		host_hardware_read(ns);
	read_captures(ns);
	return rc;
}

/* Sums up what could not be read, for the notes below the view. */
static void count_unread(struct host_view *view)
{
	uint32_t i;

	for (i = 0; i < view->count; i++) {
		int error = view->list[i].error;

		view->no_xdp_sockets |= view->list[i].xdp_error != 0;
		view->no_ring_sockets |= view->list[i].ring_error != 0;
		view->closed += error == -EPERM || error == -EACCES;
		view->unopened += error == -EMFILE || error == -ENFILE;
	}
}

int host_look(struct host_view *view, uint32_t holders)
{
	struct owners owners = { 0 };
	int rc;

	memset(view, 0, sizeof(*view));
	rc = host_find(view, holders, &owners);
	if (rc == 0)
		rc = visit_all(view, read_ns, NULL);
	if (rc == 0)
		rc = peers_find(view);
	if (rc == 0) {
		programs_name(view);
		owners_name(&owners, view);
		rc = published_share(&owners.published, view);
		count_unread(view);
	}
	owners_free(&owners);
	return rc;
}

void host_forget(struct host_view *view)
{
	uint32_t i, j;

	for (i = 0; i < view->count; i++) {
		struct host_ns *ns = &view->list[i];

		if (ns->fd >= 0)
			close(ns->fd);
		host_links_free(ns);
		host_sockets_free(ns);
		for (j = 0; j < ns->holder_count; j++)
			free(ns->holders[j].path);
		free(ns->holders);
		free(ns->ledgers);
		free(ns->place);
	}
	free(view->list);
	memset(view, 0, sizeof(*view));
}
