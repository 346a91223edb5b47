/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The columns of the view for people: as wide as what is in them.
 */
#ifndef NSRING_HOST_SHOW_TABLE_H
#define NSRING_HOST_SHOW_TABLE_H

#include "text/wrap.h"
#include "show.h"

enum host_column {
	COLUMN_INDEX,
	COLUMN_NAME,
	COLUMN_KIND,
	COLUMN_STATE,
	COLUMN_MTU,
	COLUMN_RX,
	COLUMN_TX,
	COLUMN_DROPS,
	COLUMNS,
};

/**
 * struct host_table - the table
 * @widths: width of each column
 * @out:    where to print
 * @width:  columns of a whole line
 * @colour: whether to use colours
 */
struct host_table {
	int widths[COLUMNS];
	FILE *out;
	int width;
	bool colour;
};

/** host_table_fit() - make room for the interfaces that were chosen, and for the headings */
void host_table_fit(struct host_table *table, const struct host_view *view,
		    const struct host_choice *choice);

/** host_table_head() - print the headings, a line */
void host_table_head(const struct host_table *table);

/** host_table_row() - print an interface's columns; sets @wrap to continue behind them */
void host_table_row(const struct host_table *table, const struct host_link *link,
		    struct wrap *wrap);

/** host_table_drops() - packets that an interface lost, in either direction */
uint64_t host_table_drops(const struct host_link *link);

#endif
