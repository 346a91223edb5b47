/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * nsring ls --json: an object for each namespace, and one that sums up.
 *
 * nsring-ls(1) has the fields; they stay.
 */
#include "ls.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/socket.h>

#include "text/ledger.h"
#include "text/output.h"

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

/* null where there is no text. */
static json_t *text_or_null(const char *text)
{
	return text && *text ? output_text(text) : json_null();
}

static void put_process(json_t *object, pid_t pid, const char *comm)
{
	if (!pid)
		return;
	json_object_set_new(object, "pid", number((uint64_t)pid));
	json_object_set_new(object, "comm", text_or_null(comm));
}

static json_t *holder_json(const struct host_holder *holder)
{
	static const char *const kinds[] = { "name", "mount", "process", "thread", "fd" };
	json_t *object = json_object();

	json_object_set_new(object, "kind", json_string(kinds[holder->kind]));
	put_process(object, holder->pid, holder->comm);
	if (holder->kind == HOST_HOLDER_FD)
		json_object_set_new(object, "fd", json_integer(holder->fd));
	if (holder->path)
		json_object_set_new(object, "path", output_text(holder->path));
	return object;
}

static json_t *peer_json(const struct host_view *view, const struct host_link *link)
{
	json_t *object = json_object();
	const struct host_peer *peer = &link->peer;
	const struct host_link *end;

	json_object_set_new(object, "relation", json_string(ls_lies_on(link) ? "lower" : "peer"));
	json_object_set_new(object, "index", number(peer->ifindex));
	json_object_set_new(object, "found", json_boolean(peer->state == HOST_PEER_FOUND));
	if (peer->nsid >= 0)
		json_object_set_new(object, "nsid", json_integer(peer->nsid));
	if (peer->state != HOST_PEER_FOUND)
		return object;
	end = host_link_find(&view->list[peer->ns], peer->ifindex);
	json_object_set_new(object, "name", text_or_null(end ? end->name : NULL));
	json_object_set_new(object, "place", output_text(view->list[peer->ns].place));
	json_object_set_new(object, "inode", number(view->list[peer->ns].inode));
	return object;
}

static json_t *program_json(const struct host_program *program)
{
	json_t *object = json_object();

	json_object_set_new(object, "hook", json_string(ls_hook_name(program->hook)));
	json_object_set_new(object, "id", number(program->id));
	json_object_set_new(object, "name", text_or_null(program->name));
	put_process(object, program->pid, program->comm);
	return object;
}

static void put_counters(json_t *object, const struct host_counters *counters)
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
		json_object_set_new(object, fields[i].name, number(fields[i].value));
}

static void put_lists(json_t *object, const struct host_link *link)
{
	json_t *addresses = json_array(), *programs = json_array();
	char text[LS_ADDRESS_TEXT];
	uint32_t i;

	for (i = 0; i < link->address_count; i++)
		json_array_append_new(addresses,
				      json_string(ls_address_text(&link->addresses[i], text)));
	for (i = 0; i < link->program_count; i++)
		json_array_append_new(programs, program_json(&link->programs[i]));
	json_object_set_new(object, "addresses", addresses);
	json_object_set_new(object, "programs", programs);
}

static json_t *link_json(const struct host_view *view, const struct host_ns *ns,
			 const struct host_link *link)
{
	const struct host_link *master = link->master ? host_link_find(ns, link->master) : NULL;
	const char *kind = link->arphrd == ARPHRD_LOOPBACK ? "loopback" : link->kind;
	char mac[3 * sizeof(link->mac)];
	json_t *object = json_object();

	json_object_set_new(object, "index", number(link->ifindex));
	json_object_set_new(object, "name", output_text(link->name));
	json_object_set_new(object, "kind", text_or_null(kind));
	json_object_set_new(object, "up", json_boolean(link->flags & IFF_UP));
	json_object_set_new(object, "state", json_string(ls_state_name(link->operstate)));
	json_object_set_new(object, "mtu", number(link->mtu));
	json_object_set_new(object, "mac", text_or_null(ls_mac_text(link, mac)));
	json_object_set_new(object, "driver", text_or_null(link->driver));
	json_object_set_new(object, "speed_mbit",
			    link->speed_mbit ? number(link->speed_mbit) : json_null());
	if (link->has_id)
		json_object_set_new(object, "id", number(link->id));
	if (link->master)
		json_object_set_new(object, "master", text_or_null(master ? master->name : NULL));
	if (link->peer.state != HOST_PEER_NONE)
		json_object_set_new(object, "peer", peer_json(view, link));
	put_counters(object, &link->counters);
	put_lists(object, link);
	return object;
}

static void put_socket(json_t *object, const struct host_capture *capture)
{
	static const char *const filters[] = { "unknown", "none", "classic", "present" };

	json_object_set_new(object, "protocol", number(capture->protocol));
	json_object_set_new(object, "receives", json_boolean(capture->receives));
	json_object_set_new(object, "filter", json_string(filters[capture->filter]));
	if (capture->filter == HOST_FILTER_CLASSIC)
		json_object_set_new(object, "filter_instructions", number(capture->filter_insns));
	if (capture->family == AF_PACKET && capture->ring_bytes)
		json_object_set_new(object, "tpacket_version", number(capture->ring_version + 1));
	if (capture->share)
		json_object_set_new(object, "share", number(capture->share));
	if (capture->all_namespaces)
		json_object_set_new(object, "all_namespaces", json_true());
	if (capture->has_fanout)
		json_object_set_new(object, "fanout_group", number(capture->fanout));
	if (capture->has_drops)
		json_object_set_new(object, "drops", number(capture->drops));
}

static void put_xdp_socket(json_t *object, const struct host_capture *capture)
{
	const struct host_xdp_stats *stats = &capture->xdp;

	json_object_set_new(object, "queue", number(capture->queue));
	json_object_set_new(object, "ring_entries", number(capture->ring_entries));
	if (!capture->has_xdp_stats)
		return;
	json_object_set_new(object, "drops", number(stats->dropped + stats->ring_full));
	json_object_set_new(object, "invalid", number(stats->invalid));
	json_object_set_new(object, "fill_ring_empty", number(stats->fill_ring_empty));
}

static json_t *capture_json(const struct host_ns *ns, const struct host_capture *capture)
{
	const struct host_link *link = host_link_find(ns, capture->ifindex);
	json_t *object = json_object();

	json_object_set_new(object, "family", json_string(ls_family_name(capture->family)));
	json_object_set_new(object, "index", number(capture->ifindex));
	json_object_set_new(object, "interface",
			    link		? output_text(link->name)
			    : !capture->ifindex ? json_string("any")
						: json_null());
	json_object_set_new(object, "ring_bytes", number(capture->ring_bytes));
	json_object_set_new(object, "inode", number(capture->inode));
	json_object_set_new(object, "uid", number(capture->uid));
	if (capture->family == AF_XDP)
		put_xdp_socket(object, capture);
	else
		put_socket(object, capture);
	put_process(object, capture->pid, capture->comm);
	if (capture->command)
		json_object_set_new(object, "command", output_text(capture->command));
	return object;
}

static json_t *links_json(const struct host_view *view, const struct host_ns *ns,
			  const struct ls_choice *choice)
{
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; i < ns->link_count; i++) {
		if (ls_chosen_link(choice, ns->links[i].ifindex))
			json_array_append_new(list, link_json(view, ns, &ns->links[i]));
	}
	return list;
}

static json_t *captures_json(const struct host_ns *ns, const struct ls_choice *choice)
{
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; i < ns->capture_count; i++) {
		uint32_t ifindex = ns->captures[i].ifindex;

		if (!ifindex || ls_chosen_link(choice, ifindex))
			json_array_append_new(list, capture_json(ns, &ns->captures[i]));
	}
	return list;
}

static json_t *ledgers_json(const struct host_ns *ns)
{
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; i < ns->ledger_count; i++) {
		const struct host_ledger *ledger = &ns->ledgers[i];
		const struct nsr_stats stats = ls_ledger_stats(&ledger->page);
		json_t *object = json_object();

		json_object_set_new(object, "pid", number((uint64_t)ledger->pid));
		json_object_set_new(object, "target", output_text(ledger->page.target));
		json_object_set_new(object, "engine", output_text(ledger->page.engine));
		json_object_set_new(object, "filter", output_text(ledger->page.filter));
		json_object_set_new(object, "packets", number(ledger->page.packets));
		json_object_set_new(object, "bytes", number(ledger->page.bytes));
		json_object_set_new(object, "lost", ledger_json(&stats));
		json_object_set_new(object, "filtered", ledger_filtered_json(&stats));
		json_object_set_new(object, "age_seconds", json_real((double)ledger->age_ms / 1e3));
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *ns_json(const struct host_view *view, const struct host_ns *ns,
		       const struct ls_choice *choice)
{
	json_t *object = json_object(), *holders = json_array();
	uint32_t i;

	for (i = 0; i < ns->holder_count; i++)
		json_array_append_new(holders, holder_json(&ns->holders[i]));
	json_object_set_new(object, "place", output_text(ns->place));
	json_object_set_new(object, "inode", number(ns->inode));
	json_object_set_new(object, "cookie", ns->cookie ? number(ns->cookie) : json_null());
	json_object_set_new(object, "own", json_boolean(ns->is_own));
	json_object_set_new(object, "error",
			    ns->error ? json_string(strerror(-ns->error)) : json_null());
	json_object_set_new(object, "processes", number(ns->held[HOST_HOLDER_PROCESS]));
	json_object_set_new(object, "holders", holders);
	json_object_set_new(object, "interfaces", links_json(view, ns, choice));
	json_object_set_new(object, "captures", captures_json(ns, choice));
	json_object_set_new(object, "ledgers", ledgers_json(ns));
	if (ns->capture_error)
		json_object_set_new(object, "captures_error",
				    json_string(strerror(-ns->capture_error)));
	return object;
}

static json_t *final_json(const struct host_view *view)
{
	return json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:b, s:b}", "final", 1, "namespaces",
			 (json_int_t)view->count, "closed", (json_int_t)view->closed, "unopened",
			 (json_int_t)view->unopened, "hidden_processes",
			 (json_int_t)view->hidden_processes, "hidden_descriptors",
			 (json_int_t)view->hidden_fds, "xdp_sockets_listed", !view->no_xdp_sockets,
			 "ring_sockets_listed", !view->no_ring_sockets);
}

int ls_json(const struct host_view *view, const struct ls_choice *choice, FILE *out)
{
	uint32_t i;
	int rc = 0;

	for (i = 0; i < view->count && rc == 0; i++) {
		if (ls_chosen(choice, &view->list[i]))
			rc = output_json(out, ns_json(view, &view->list[i], choice));
	}
	return rc ? rc : output_json(out, final_json(view));
}
