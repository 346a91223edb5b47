/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Lists of words that go on in the next line, indented, when a line is full.
 */
#ifndef NSRING_WRAP_H
#define NSRING_WRAP_H

#include <stdio.h>

/**
 * struct wrap - a list that is being printed
 * @out:    where to
 * @column: where the line has got to
 * @indent: where further lines begin
 * @width:  of a line
 * @items:  printed so far
 * @lead:   blanks before the first, which count in @column already
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

/** wrap_width() - columns of @out: of the terminal that it is, else 100 */
int wrap_width(FILE *out);

#endif
