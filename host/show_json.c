/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The view as JSON: an object for each namespace, and one that sums up.
 *
 * nsring-ls(1) documents the fields; scripts rely on them, so they must not change.
 */
#include "show.h"

#include <linux/if_ether.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/socket.h>

#include "text/ledger.h"
#include "text/object.h"
#include "text/output.h"

static void put_process(json_t **object, pid_t pid, const char *comm)
{
	if (!pid)
		return;
	object_set_number(object, "pid", (uint64_t)pid);
	object_set_text(object, "comm", comm);
}

static json_t *holder_json(const struct host_holder *holder)
{
	static const char *const kinds[] = { "name", "mount", "process", "thread", "fd" };
	json_t *object = json_object();

	object_set(&object, "kind", json_string(kinds[holder->kind]));
	put_process(&object, holder->pid, holder->comm);
	if (holder->kind == HOST_HOLDER_FD)
		object_set(&object, "fd", json_integer(holder->fd));
	if (holder->path)
		object_set(&object, "path", output_text(holder->path));
	return object;
}

static json_t *peer_json(const struct host_view *view, const struct host_link *link)
{
	json_t *object = json_object();
	const struct host_peer *peer = &link->peer;
	const struct host_link *end;

	object_set(&object, "relation", json_string(host_lies_on(link) ? "lower" : "peer"));
	object_set_number(&object, "index", peer->ifindex);
	object_set_flag(&object, "found", peer->state == HOST_PEER_FOUND);
	if (peer->nsid >= 0)
		object_set(&object, "nsid", json_integer(peer->nsid));
	if (peer->state != HOST_PEER_FOUND)
		return object;
	end = host_link_find(&view->list[peer->ns], peer->ifindex);
	object_set_text(&object, "name", end ? end->name : NULL);
	object_set(&object, "place", output_text(view->list[peer->ns].place));
	object_set_number(&object, "inode", view->list[peer->ns].inode);
	return object;
}

static json_t *program_json(const struct host_program *program)
{
	json_t *object = json_object();

	object_set(&object, "hook", json_string(host_hook_name(program->hook)));
	object_set_number(&object, "id", program->id);
	object_set_text(&object, "name", program->name);
	put_process(&object, program->pid, program->comm);
	return object;
}

static void put_counters(json_t **object, const struct host_counters *counters)
{
	const struct {
		const char *name;
		uint64_t value;
	} fields[] = {
		{ "rx_packets", counters->rx_packets }, { "rx_bytes", counters->rx_bytes },
		{ "rx_dropped", counters->rx_dropped }, { "rx_errors", counters->rx_errors },
		{ "rx_missed", counters->rx_missed },	{ "tx_packets", counters->tx_packets },
		{ "tx_bytes", counters->tx_bytes },	{ "tx_dropped", counters->tx_dropped },
		{ "tx_errors", counters->tx_errors },
	};
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		object_set_number(object, fields[i].name, fields[i].value);
}

static void put_lists(json_t **object, const struct host_link *link)
{
	json_t *altnames = json_array(), *addresses = json_array(), *programs = json_array();
	char text[HOST_ADDRESS_TEXT];
	uint32_t i;

	for (i = 0; i < link->altname_count; i++)
		object_append(&altnames, output_text(link->altnames[i]));
	for (i = 0; i < link->address_count; i++)
		object_append(&addresses,
			      json_string(host_address_text(&link->addresses[i], text)));
	for (i = 0; i < link->program_count; i++)
		object_append(&programs, program_json(&link->programs[i]));
	object_set(object, "altnames", altnames);
	object_set(object, "addresses", addresses);
	object_set(object, "programs", programs);
}

static json_t *link_json(const struct host_view *view, const struct host_ns *ns,
			 const struct host_link *link)
{
	const struct host_link *master = link->master ? host_link_find(ns, link->master) : NULL;
	const char *kind = link->arphrd == ARPHRD_LOOPBACK ? "loopback" : link->kind;
	char mac[3 * sizeof(link->mac)];
	json_t *object = json_object();

	object_set_number(&object, "index", link->ifindex);
	object_set(&object, "name", output_text(link->name));
	object_set_text(&object, "kind", kind);
	object_set_flag(&object, "up", link->flags & IFF_UP);
	object_set(&object, "state", json_string(host_state_name(link->operstate)));
	object_set_number(&object, "mtu", link->mtu);
	object_set_text(&object, "mac", host_mac_text(link, mac));
	object_set_text(&object, "driver", link->driver);
	object_set(&object, "speed_mbit",
		   link->speed_mbit ? json_integer((json_int_t)link->speed_mbit) : json_null());
	if (link->has_id)
		object_set_number(&object, "id", link->id);
	if (link->master)
		object_set_text(&object, "master", master ? master->name : NULL);
	if (link->peer.state != HOST_PEER_NONE)
		object_set(&object, "peer", peer_json(view, link));
	put_counters(&object, &link->counters);
	put_lists(&object, link);
	return object;
}

static void put_socket(json_t **object, const struct host_capture *capture)
{
	static const char *const filters[] = { "unknown", "none", "classic", "present" };

	object_set_number(object, "protocol", capture->protocol);
	object_set_flag(object, "receives", capture->receives);
	object_set(object, "filter", json_string(filters[capture->filter]));
	if (capture->filter == HOST_FILTER_CLASSIC)
		object_set_number(object, "filter_instructions", capture->filter_insns);
	if (capture->family == AF_PACKET && capture->ring_bytes)
		object_set_number(object, "tpacket_version", capture->ring_version + 1);
	if (capture->share)
		object_set_number(object, "share", capture->share);
	if (capture->all_namespaces)
		object_set(object, "all_namespaces", json_true());
	if (capture->has_fanout)
		object_set_number(object, "fanout_group", capture->fanout);
	if (capture->has_drops)
		object_set_number(object, "drops", capture->drops);
}

static void put_xdp_socket(json_t **object, const struct host_capture *capture)
{
	const struct host_xdp_stats *stats = &capture->xdp;

	object_set_number(object, "queue", capture->queue);
	object_set_number(object, "ring_entries", capture->ring_entries);
	if (!capture->has_xdp_stats)
		return;
	object_set_number(object, "drops", stats->dropped + stats->ring_full);
	object_set_number(object, "invalid", stats->invalid);
	object_set_number(object, "fill_ring_empty", stats->fill_ring_empty);
}

static json_t *capture_json(const struct host_ns *ns, const struct host_capture *capture)
{
	const struct host_link *link = host_link_find(ns, capture->ifindex);
	json_t *object = json_object();

	object_set(&object, "family", json_string(host_family_name(capture->family)));
	object_set_number(&object, "index", capture->ifindex);
	object_set(&object, "interface",
		   link		       ? output_text(link->name)
		   : !capture->ifindex ? json_string("any")
				       : json_null());
	object_set_number(&object, "ring_bytes", capture->ring_bytes);
	object_set_number(&object, "inode", capture->inode);
	object_set_number(&object, "uid", capture->uid);
	if (capture->family == AF_XDP)
		put_xdp_socket(&object, capture);
	else
		put_socket(&object, capture);
	put_process(&object, capture->pid, capture->comm);
	if (capture->command)
		object_set(&object, "command", output_text(capture->command));
	return object;
}

static json_t *links_json(const struct host_view *view, const struct host_ns *ns,
			  const struct host_choice *choice)
{
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; i < ns->link_count; i++) {
		if (host_chosen_link(choice, ns->links[i].ifindex))
			object_append(&list, link_json(view, ns, &ns->links[i]));
	}
	return list;
}

static json_t *captures_json(const struct host_ns *ns, const struct host_choice *choice)
{
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; i < ns->capture_count; i++) {
		uint32_t ifindex = ns->captures[i].ifindex;

		if (!ifindex || host_chosen_link(choice, ifindex))
			object_append(&list, capture_json(ns, &ns->captures[i]));
	}
	return list;
}

static json_t *ledgers_json(const struct host_ns *ns)
{
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; i < ns->ledger_count; i++) {
		const struct host_ledger *ledger = &ns->ledgers[i];
		const struct nsr_stats stats = host_ledger_stats(&ledger->page);
		json_t *object = json_object();

		object_set_number(&object, "pid", (uint64_t)ledger->pid);
		object_set(&object, "target", output_text(ledger->page.target));
		object_set(&object, "engine", output_text(ledger->page.engine));
		object_set(&object, "filter", output_text(ledger->page.filter));
		object_set_number(&object, "packets", ledger->page.packets);
		object_set_number(&object, "bytes", ledger->page.bytes);
		object_set(&object, "lost", ledger_json(&stats));
		object_set(&object, "filtered", ledger_filtered_json(&stats));
		object_set(&object, "age_seconds", json_real((double)ledger->age_ms / 1e3));
		object_append(&list, object);
	}
	return list;
}

json_t *host_ns_json(const struct host_view *view, const struct host_ns *ns,
		     const struct host_choice *choice)
{
	json_t *object = json_object(), *holders = json_array();
	uint32_t i;

	for (i = 0; i < ns->holder_count; i++)
		object_append(&holders, holder_json(&ns->holders[i]));
	object_set(&object, "place", output_text(ns->place));
	object_set_number(&object, "inode", ns->inode);
	object_set(&object, "cookie",
		   ns->cookie ? json_integer((json_int_t)ns->cookie) : json_null());
	object_set_flag(&object, "own", ns->is_own);
	object_set(&object, "error", ns->error ? json_string(strerror(-ns->error)) : json_null());
	object_set_number(&object, "processes", ns->held[HOST_HOLDER_PROCESS]);
	object_set(&object, "holders", holders);
	object_set(&object, "interfaces", links_json(view, ns, choice));
	object_set(&object, "captures", captures_json(ns, choice));
	object_set(&object, "ledgers", ledgers_json(ns));
	if (ns->capture_error)
		object_set(&object, "captures_error", json_string(strerror(-ns->capture_error)));
	return object;
}

json_t *host_summary_json(const struct host_view *view)
{
	json_t *object = json_object();

	object_set_flag(&object, "final", true);
	object_set_number(&object, "namespaces", view->count);
	object_set_number(&object, "closed", view->closed);
	object_set_number(&object, "unopened", view->unopened);
	object_set_number(&object, "hidden_processes", view->hidden_processes);
	object_set_number(&object, "hidden_descriptors", view->hidden_fds);
	object_set_flag(&object, "xdp_sockets_listed", !view->no_xdp_sockets);
	object_set_flag(&object, "ring_sockets_listed", !view->no_ring_sockets);
	return object;
}
