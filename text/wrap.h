/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Lists of items that continue on an indented next line when a line is full.
 */
#ifndef NSRING_WRAP_H
#define NSRING_WRAP_H

#include <stdio.h>

/**
 * struct wrap - a list that is being printed
 * @out:    where to print
 * @column: the column that the line has reached
 * @indent: column in which further lines begin
 * @width:  columns of a line
 * @items:  how many have been printed
 * @lead:   blanks before the first item, which @column includes already
 */
struct wrap {
	FILE *out;
	int column;
	int indent;
	int width;
	int items;
	int lead;
};

/** wrap_item() - print one more item, with a comma before it unless it is the first */
__attribute__((format(printf, 2, 3))) void wrap_item(struct wrap *wrap, const char *fmt, ...);

/** wrap_width() - columns of @out: the terminal's, but at least 60; 100 when it is none */
int wrap_width(FILE *out);

#endif
