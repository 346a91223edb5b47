/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The columns that nsring ls prints for people: as wide as what is in them.
 */
#ifndef NSRING_LS_TABLE_H
#define NSRING_LS_TABLE_H

#include "text/wrap.h"
#include "ls.h"

enum ls_column {
	LS_INDEX,
	LS_NAME,
	LS_KIND,
	LS_STATE,
	LS_MTU,
	LS_RX,
	LS_TX,
	LS_DROPS,
	LS_COLUMNS,
};

/**
 * struct ls_table - the table
 * @widths: of its columns
 * @out:    where it goes
 * @width:  of a line
 * @colour: with colours
 */
struct ls_table {
	int widths[LS_COLUMNS];
	FILE *out;
	int width;
	bool colour;
};

/** ls_table_fit() - make room for the interfaces that were chosen, and for the headings */
void ls_table_fit(struct ls_table *table, const struct host_view *view,
		  const struct ls_choice *choice);

/** ls_table_head() - print the headings, a line */
void ls_table_head(const struct ls_table *table);

/** ls_table_row() - print an interface's columns; @wrap begins behind them */
void ls_table_row(const struct ls_table *table, const struct host_link *link, struct wrap *wrap);

/** ls_table_drops() - packets that an interface lost, in either direction */
uint64_t ls_table_drops(const struct host_link *link);

#endif
