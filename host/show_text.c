/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The view for people: a paragraph for each namespace, a row for each interface, and below it the
 * programs and captures that see its packets.
 */
#include "show.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "text/escape.h"
#include "text/ledger.h"
#include "text/units.h"
#include "show_table.h"

/* The columns in which lines below a namespace or an interface begin. */
#define NS_INDENT   4
#define USER_INDENT 7

#define TEXT_ROOM 1024 /* for an escaped place or path */

static const char *place(const struct host_ns *ns, char *text)
{
	return escape(*ns->place ? ns->place : "(your own)", text, TEXT_ROOM);
}

static void print_process(struct wrap *wrap, const char *before, pid_t pid, const char *comm,
			  const char *after)
{
	char text[TEXT_ROOM];

	wrap_item(wrap, "%s%s (%d)%s", before, escape(*comm ? comm : "?", text, sizeof(text)), pid,
		  after);
}

static void print_holder(struct wrap *wrap, const struct host_ns *ns,
			 const struct host_holder *holder)
{
	char path[TEXT_ROOM], after[32];

	escape(holder->path ? holder->path : "", path, sizeof(path));
	switch (holder->kind) {
	case HOST_HOLDER_NAME:
		/* The first name is the place in the head already. */
		if (holder != ns->holders || ns->is_host)
			wrap_item(wrap, "%s", path);
		break;
	case HOST_HOLDER_MOUNT:
		if (holder->pid)
			wrap_item(wrap, "mounted on %s for %d", path, holder->pid);
		else
			wrap_item(wrap, "mounted on %s", path);
		break;
	case HOST_HOLDER_PROCESS:
		print_process(wrap, "", holder->pid, holder->comm, "");
		break;
	case HOST_HOLDER_THREAD:
		print_process(wrap, "thread ", holder->pid, holder->comm, "");
		break;
	case HOST_HOLDER_FD:
		snprintf(after, sizeof(after), " as descriptor %d", holder->fd);
		print_process(wrap, "open in ", holder->pid, holder->comm, after);
		break;
	}
}

/* Counts the holders of a kind beyond those printed. */
static void print_more(struct wrap *wrap, const struct host_ns *ns, uint32_t kind, const char *what)
{
	uint32_t shown = 0, i;

	for (i = 0; i < ns->holder_count; i++)
		shown += ns->holders[i].kind == kind;
	if (ns->held[kind] > shown)
		wrap_item(wrap, "%s more %s", units_number(ns->held[kind] - shown).text, what);
}

static void print_holders(struct wrap *wrap, const struct host_ns *ns)
{
	static const char *const kinds[] = { "names", "mounts", "processes", "threads",
					     "descriptors" };
	uint32_t kind, i;

	for (kind = 0; kind < HOST_HOLDER_KINDS; kind++) {
		for (i = 0; i < ns->holder_count; i++) {
			if (ns->holders[i].kind == kind)
				print_holder(wrap, ns, &ns->holders[i]);
		}
		print_more(wrap, ns, kind, kinds[kind]);
	}
}

static void print_head(const struct host_table *table, const struct host_ns *ns)
{
	struct wrap wrap = { .out = table->out, .indent = NS_INDENT, .width = table->width };
	char name[TEXT_ROOM];

	place(ns, name);
	fprintf(table->out, "\n%s%s%s  ", table->colour ? "\033[1m" : "", name,
		table->colour ? "\033[0m" : "");
	wrap.column = (int)strlen(name) + 2;
	wrap_item(&wrap, "inode %" PRIu64, (uint64_t)ns->inode);
	if (ns->cookie)
		wrap_item(&wrap, "cookie %" PRIu64, ns->cookie);
	if (ns->is_own && *ns->place)
		wrap_item(&wrap, "your own");
	print_holders(&wrap, ns);
	putc('\n', table->out);
	if (ns->error == -EPERM || ns->error == -EACCES)
		fprintf(table->out, "%*sclosed to you: entering it takes CAP_SYS_ADMIN\n",
			NS_INDENT, "");
	else if (ns->error)
		fprintf(table->out, "%*scan't be read: %s\n", NS_INDENT, "", strerror(-ns->error));
}

static void print_peer(struct wrap *wrap, const struct host_view *view, const struct host_ns *ns,
		       const struct host_link *link)
{
	const char *relation = host_lies_on(link) ? "on" : "peer";
	const struct host_peer *peer = &link->peer;
	const struct host_link *end;
	char where[TEXT_ROOM], name[TEXT_ROOM];

	if (peer->state == HOST_PEER_NONE)
		return;
	if (peer->state == HOST_PEER_UNSEEN) {
		wrap_item(wrap, "%s %" PRIu32 " in a namespace that can't be seen", relation,
			  peer->ifindex);
		return;
	}
	end = host_link_find(&view->list[peer->ns], peer->ifindex);
	place(&view->list[peer->ns], where);
	if (!end)
		wrap_item(wrap, "%s %" PRIu32 " in %s", relation, peer->ifindex, where);
	else if (&view->list[peer->ns] == ns)
		wrap_item(wrap, "%s %s", relation, escape(end->name, name, sizeof(name)));
	else
		wrap_item(wrap, "%s %s/%s", relation, where, escape(end->name, name, sizeof(name)));
}

static void print_master(struct wrap *wrap, const struct host_ns *ns, const struct host_link *link)
{
	const struct host_link *master = host_link_find(ns, link->master);
	char name[TEXT_ROOM];

	if (link->master && master)
		wrap_item(wrap, "in %s", escape(master->name, name, sizeof(name)));
	else if (link->master)
		wrap_item(wrap, "in %" PRIu32, link->master);
}

static void print_altnames(struct wrap *wrap, const struct host_link *link)
{
	char name[TEXT_ROOM];
	uint32_t i;

	for (i = 0; i < link->altname_count; i++)
		wrap_item(wrap, "also %s", escape(link->altnames[i], name, sizeof(name)));
}

static void print_hardware(struct wrap *wrap, const struct host_link *link)
{
	char driver[TEXT_ROOM];

	if (link->has_id)
		wrap_item(wrap, "id %" PRIu32, link->id);
	/* A virtual interface's driver repeats its kind, and its speed means nothing. */
	if (!*link->kind && *link->driver)
		wrap_item(wrap, "%s", escape(link->driver, driver, sizeof(driver)));
	if (!*link->kind && link->speed_mbit)
		wrap_item(wrap, "%s", units_bits(link->speed_mbit * 1e6).text);
}

/* Begins a line about something that uses the interface: a program, a capture, a ledger. */
static void begin_user(const struct host_table *table, struct wrap *wrap)
{
	*wrap = (struct wrap){ .out = table->out,
			       .column = USER_INDENT,
			       .indent = USER_INDENT + 2,
			       .width = table->width };
	fprintf(table->out, "%*s", USER_INDENT, "");
}

/* Details that are shown only for the one interface that was asked for. */
static void print_full(const struct host_table *table, const struct host_link *link)
{
	const struct host_counters *counters = &link->counters;
	char mac[3 * sizeof(link->mac)];
	struct wrap wrap;

	begin_user(table, &wrap);
	if (*host_mac_text(link, mac))
		wrap_item(&wrap, "address %s", mac);
	wrap_item(&wrap, "received %s bytes", units_number(counters->rx_bytes).text);
	wrap_item(&wrap, "sent %s bytes", units_number(counters->tx_bytes).text);
	wrap_item(&wrap, "dropped %s in", units_number(counters->rx_dropped).text);
	wrap_item(&wrap, "%s out", units_number(counters->tx_dropped).text);
	wrap_item(&wrap, "missed %s", units_number(counters->rx_missed).text);
	wrap_item(&wrap, "errors %s in", units_number(counters->rx_errors).text);
	wrap_item(&wrap, "%s out", units_number(counters->tx_errors).text);
	putc('\n', table->out);
}

static void print_program(const struct host_table *table, const struct host_program *program)
{
	char text[TEXT_ROOM];
	struct wrap wrap;

	begin_user(table, &wrap);
	wrap_item(&wrap, "%s program %s (id %" PRIu32 ")", host_hook_name(program->hook),
		  *program->name ? escape(program->name, text, sizeof(text)) : "without a name",
		  program->id);
	if (!strcmp(program->name, "nsring_zc"))
		wrap_item(&wrap, "nsring's engine zc");
	if (program->pid)
		print_process(&wrap, "held by ", program->pid, program->comm, "");
	putc('\n', table->out);
}

static void print_protocol(struct wrap *wrap, const struct host_capture *capture)
{
	if (!capture->receives)
		wrap_item(wrap, "receives nothing");
	else if (capture->protocol == ETH_P_ALL)
		wrap_item(wrap, "all protocols");
	else
		wrap_item(wrap, "protocol 0x%04x", capture->protocol);
}

static void print_socket(struct wrap *wrap, const struct host_capture *capture)
{
	print_protocol(wrap, capture);
	if (capture->ring_bytes)
		wrap_item(wrap, "ring %s", units_bytes(capture->ring_bytes).text);
	if (capture->all_namespaces)
		wrap_item(wrap, "all namespaces");
	if (capture->share)
		wrap_item(wrap, "shared ring %" PRIu32, capture->share);
	if (capture->has_fanout)
		wrap_item(wrap, "fanout group %u", capture->fanout);
	if (capture->filter == HOST_FILTER_CLASSIC && capture->receives)
		wrap_item(wrap, "filter of %" PRIu32 " instructions", capture->filter_insns);
	if (capture->filter == HOST_FILTER_PRESENT)
		wrap_item(wrap, "filter");
	if (capture->has_drops && capture->drops)
		wrap_item(wrap, "dropped %s", units_number(capture->drops).text);
}

static void print_xdp_socket(struct wrap *wrap, const struct host_capture *capture)
{
	wrap_item(wrap, "queue %" PRIu32, capture->queue);
	wrap_item(wrap, "frames %s", units_bytes(capture->ring_bytes).text);
	if (capture->has_xdp_stats)
		wrap_item(wrap, "dropped %s",
			  units_number(capture->xdp.dropped + capture->xdp.ring_full).text);
}

static const char *family_text(int family)
{
	switch (family) {
	case AF_XDP:
		return "AF_XDP";
	case AF_PACKET:
		return "packet";
	}
	return "nsring.ko";
}

static void print_capture(const struct host_table *table, const struct host_capture *capture)
{
	const char *family = family_text(capture->family);
	char text[TEXT_ROOM * 4];
	struct wrap wrap;

	begin_user(table, &wrap);
	if (capture->pid)
		wrap_item(&wrap, "%s socket of %s (%d)", family,
			  escape(*capture->comm ? capture->comm : "?", text, sizeof(text)),
			  capture->pid);
	else
		wrap_item(&wrap, "%s socket of user %" PRIu32 ", process not seen", family,
			  capture->uid);
	if (capture->family == AF_XDP)
		print_xdp_socket(&wrap, capture);
	else
		print_socket(&wrap, capture);
	putc('\n', table->out);
	if (capture->command)
		fprintf(table->out, "%*s%.*s\n", USER_INDENT + 2, "",
			table->width - USER_INDENT - 2,
			escape(capture->command, text, sizeof(text)));
}

static void print_captures_of(const struct host_table *table, const struct host_ns *ns,
			      uint32_t ifindex)
{
	uint32_t i;

	for (i = 0; i < ns->capture_count; i++) {
		if (ns->captures[i].ifindex == ifindex)
			print_capture(table, &ns->captures[i]);
	}
}

/* Captures on every interface, and captures whose interface is gone. */
static void print_captures_elsewhere(const struct host_table *table, const struct host_ns *ns)
{
	bool headed[2] = { false, false };
	uint32_t i;

	for (i = 0; i < ns->capture_count; i++) {
		const struct host_capture *capture = &ns->captures[i];
		bool gone = capture->ifindex;

		if (gone && host_link_find(ns, capture->ifindex))
			continue;
		if (!headed[gone])
			fprintf(table->out, "%*s %s\n", table->widths[COLUMN_INDEX], "",
				gone ? "on an interface that is gone" : "any");
		headed[gone] = true;
		print_capture(table, capture);
	}
}

/* The overview leaves out addresses that every interface of the kind has anyway. */
static bool is_usual(const struct host_address *address)
{
	static const uint8_t loopback[16] = { [15] = 1 };

	if (address->family == AF_INET)
		return address->bytes[0] == 127;
	return !memcmp(address->bytes, loopback, sizeof(loopback)) ||
	       (address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80);
}

static void print_link(const struct host_table *table, const struct host_view *view,
		       const struct host_ns *ns, const struct host_link *link, bool full)
{
	char text[HOST_ADDRESS_TEXT];
	struct wrap wrap;
	uint32_t i;

	host_table_row(table, link, &wrap);
	print_altnames(&wrap, link);
	for (i = 0; i < link->address_count; i++) {
		if (full || !is_usual(&link->addresses[i]))
			wrap_item(&wrap, "%s", host_address_text(&link->addresses[i], text));
	}
	print_peer(&wrap, view, ns, link);
	print_master(&wrap, ns, link);
	print_hardware(&wrap, link);
	if (link->flags & IFF_PROMISC)
		wrap_item(&wrap, "promiscuous");
	putc('\n', table->out);
}

/* Readers publish about once a second; an older ledger gets its age shown. */
#define OLD_MS 3000

static void print_ledger(const struct host_table *table, const struct host_ledger *ledger)
{
	const struct nsr_stats stats = host_ledger_stats(&ledger->page);
	char text[TEXT_ROOM * 4], lost[LEDGER_TEXT];
	struct wrap wrap;

	begin_user(table, &wrap);
	wrap_item(&wrap, "ledger of %s (%d)", escape(ledger->page.target, text, sizeof(text)),
		  ledger->pid);
	wrap_item(&wrap, "%s packets", units_number(ledger->page.packets).text);
	wrap_item(&wrap, "%s", ledger_text(&stats, false, table->colour, lost));
	if (stats.filtered && stats.filtered != NSR_UNKNOWN)
		wrap_item(&wrap, "filtered %s", units_number(stats.filtered).text);
	if (ledger->page.filter[0])
		wrap_item(&wrap, "filter %s", escape(ledger->page.filter, text, sizeof(text)));
	if (ledger->age_ms > OLD_MS)
		wrap_item(&wrap, "%s s ago", units_number(ledger->age_ms / 1000).text);
	putc('\n', table->out);
}

static void print_ns(const struct host_table *table, const struct host_view *view,
		     const struct host_choice *choice, const struct host_ns *ns)
{
	uint32_t i, j;

	print_head(table, ns);
	for (i = 0; i < ns->link_count; i++) {
		const struct host_link *link = &ns->links[i];

		if (!host_chosen_link(choice, link->ifindex))
			continue;
		print_link(table, view, ns, link, choice->ns);
		if (choice->ns)
			print_full(table, link);
		for (j = 0; j < link->program_count; j++)
			print_program(table, &link->programs[j]);
		print_captures_of(table, ns, link->ifindex);
	}
	print_captures_elsewhere(table, ns);
	for (i = 0; i < ns->ledger_count; i++)
		print_ledger(table, &ns->ledgers[i]);
	if (ns->capture_error)
		fprintf(table->out, "%*scaptures can't be read: %s\n", NS_INDENT, "",
			strerror(-ns->capture_error));
}

static const char *processes(uint32_t count, const char *after, char text[64])
{
	snprintf(text, 64, "%s process%s%s", units_number(count).text, count == 1 ? "" : "es",
		 after);
	return text;
}

static void print_hidden(const struct host_table *table, const struct host_view *view)
{
	char text[2][64];

	if (view->hidden_processes || view->hidden_fds)
		fprintf(table->out,
			"\nHidden from you: the namespace of %s, what %s open.\n"
			"That takes CAP_SYS_PTRACE%s.\n",
			processes(view->hidden_processes, "", text[0]),
			processes(view->hidden_fds, view->hidden_fds == 1 ? " has" : " have",
				  text[1]),
			geteuid() ? ": run as root" : "");
	if (view->no_xdp_sockets)
		fprintf(table->out, "\nAF_XDP sockets are not listed: this kernel can't tell "
				    "(CONFIG_XDP_SOCKETS_DIAG).\n");
	if (view->no_ring_sockets)
		fprintf(table->out, "\nCaptures by nsring.ko are not listed: run as root.\n");
	if (view->unopened)
		fprintf(table->out,
			"\nNot read: %s namespaces, for want of descriptors (ulimit -n).\n",
			units_number(view->unopened).text);
}

void host_show_text(const struct host_view *view, const struct host_choice *choice, FILE *out,
		    const struct host_style *style)
{
	struct host_table table = { .out = out, .width = style->width, .colour = style->colour };
	uint32_t i;

	host_table_fit(&table, view, choice);
	host_table_head(&table);
	for (i = 0; i < view->count; i++) {
		if (host_chosen(choice, &view->list[i]))
			print_ns(&table, view, choice, &view->list[i]);
	}
	print_hidden(&table, view);
}
