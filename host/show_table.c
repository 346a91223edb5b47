/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The columns of the view for people. host_table_fit() measures every cell once, then rows are
 * printed.
 */
#include "show_table.h"

#include <inttypes.h>
#include <net/if_arp.h>
#include <string.h>

#include "text/escape.h"
#include "text/units.h"

#define GAP 2 /* between columns */

#define CELL_ROOM 80 /* an escaped name of 15 bytes takes up to 60 */

/* The cells of a row, as text. */
struct row {
	char cells[COLUMNS][CELL_ROOM];
};

static const char *const heads[COLUMNS] = {
	"", "INTERFACE", "KIND", "STATE", "MTU", "RX PACKETS", "TX PACKETS", "DROPS",
};

static bool is_number(int column)
{
	return column == COLUMN_INDEX || column >= COLUMN_MTU;
}

uint64_t host_table_drops(const struct host_link *link)
{
	const struct host_counters *counters = &link->counters;

	return counters->rx_dropped + counters->tx_dropped + counters->rx_missed;
}

static const char *state(const struct host_link *link)
{
	if (!(link->flags & IFF_UP))
		return "down";
	return link->flags & IFF_RUNNING ? "up" : "no link";
}

static const char *kind(const struct host_link *link)
{
	if (link->arphrd == ARPHRD_LOOPBACK)
		return "loopback";
	return *link->kind ? link->kind : "device";
}

static void fill(const struct host_link *link, struct row *row)
{
	snprintf(row->cells[COLUMN_INDEX], CELL_ROOM, "%" PRIu32, link->ifindex);
	escape(link->name, row->cells[COLUMN_NAME], CELL_ROOM);
	escape(kind(link), row->cells[COLUMN_KIND], CELL_ROOM);
	snprintf(row->cells[COLUMN_STATE], CELL_ROOM, "%s", state(link));
	snprintf(row->cells[COLUMN_MTU], CELL_ROOM, "%" PRIu32, link->mtu);
	snprintf(row->cells[COLUMN_RX], CELL_ROOM, "%s",
		 units_number(link->counters.rx_packets).text);
	snprintf(row->cells[COLUMN_TX], CELL_ROOM, "%s",
		 units_number(link->counters.tx_packets).text);
	snprintf(row->cells[COLUMN_DROPS], CELL_ROOM, "%s",
		 units_number(host_table_drops(link)).text);
}

static void widen(struct host_table *table, const struct host_link *link)
{
	struct row row;
	int i;

	fill(link, &row);
	for (i = 0; i < COLUMNS; i++) {
		int width = (int)strlen(row.cells[i]);

		if (width > table->widths[i])
			table->widths[i] = width;
	}
}

void host_table_fit(struct host_table *table, const struct host_view *view,
		    const struct host_choice *choice)
{
	uint32_t i, j;

	for (i = 0; i < COLUMNS; i++)
		table->widths[i] = (int)strlen(heads[i]);
	table->widths[COLUMN_INDEX] = 4;
	for (i = 0; i < view->count; i++) {
		const struct host_ns *ns = &view->list[i];

		for (j = 0; host_chosen(choice, ns) && j < ns->link_count; j++) {
			if (host_chosen_link(choice, ns->links[j].ifindex))
				widen(table, &ns->links[j]);
		}
	}
}

static int print_cell(const struct host_table *table, int column, const char *text)
{
	const char *gap = column ? column == COLUMN_NAME ? " " : "  " : "";

	return fprintf(table->out, "%s%*s", gap,
		       is_number(column) ? table->widths[column] : -table->widths[column], text);
}

void host_table_head(const struct host_table *table)
{
	int i;

	fputs(table->colour ? "\033[2m" : "", table->out);
	for (i = 0; i < COLUMNS; i++)
		print_cell(table, i, heads[i]);
	fprintf(table->out, "%s\n", table->colour ? "\033[0m" : "");
}

static const char *colour_of(const struct host_table *table, const struct host_link *link,
			     int column)
{
	if (!table->colour)
		return "";
	if (column == COLUMN_DROPS && host_table_drops(link))
		return "\033[1;31m";
	return column == COLUMN_STATE && strcmp(state(link), "up") ? "\033[33m" : "";
}

void host_table_row(const struct host_table *table, const struct host_link *link, struct wrap *wrap)
{
	struct row row;
	int i, column = 0;

	fill(link, &row);
	for (i = 0; i < COLUMNS; i++) {
		const char *colour = colour_of(table, link, i);

		fputs(colour, table->out);
		column += print_cell(table, i, row.cells[i]);
		fputs(*colour ? "\033[0m" : "", table->out);
	}
	column += GAP;
	*wrap = (struct wrap){
		.out = table->out,
		.column = column,
		.indent = column,
		.width = table->width,
		.lead = GAP,
	};
}
