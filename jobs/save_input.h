/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Capture files as inputs of save.c: all that they say beside their packets, on its way into the output.
 */
#ifndef NSRING_SAVE_INPUT_H
#define NSRING_SAVE_INPUT_H

#include "save.h"

/** save_input_get() - fill in @saved with what has @id; NULL: nothing has (yet) */
const struct nsr_saved *save_input_get(const struct captures_one *one, uint32_t id,
				       struct nsr_saved *saved);

/**
 * save_input_put() - put the blocks that @one has had since the last time and that belong where the file is
 * @save: a file is open
 * @one:  of its captures
 * @last: the file ends: what doesn't fit into it any more is left out
 *
 * Return: 0 or -errno of the writer.
 */
int save_input_put(struct save *save, const struct captures_one *one, bool last);

/** save_input_room() - bytes that save_input_put() would add to the file */
uint64_t save_input_room(const struct save *save, const struct captures_one *one);

/**
 * save_input_host() - what the header of a file or section says of the host that captured
 * @save:    its captures are known
 * @section: which it is
 * @saved:   filled in
 *
 * Return: @saved; NULL: it was this host.
 */
const struct nsr_saved *save_input_host(const struct save *save, uint32_t section,
					struct nsr_saved *saved);

/** save_input_first() - the section that the first file begins with, 0 for none */
uint32_t save_input_first(const struct save *save);

/**
 * save_input_section() - the section that interface @id of @one stands in; 0: none, or the output has one for
 * all
 */
uint32_t save_input_section(const struct save *save, const struct captures_one *one, uint32_t id);

/**
 * save_input_counts() - put the statistics that the input has of the file's interface @id
 *
 * They come at the input's end: a file that was full before goes without, as one does whose input has none.
 *
 * Return: 0 or -errno of the writer.
 */
int save_input_counts(struct save *save, uint32_t id);

/** save_input_bare() - if @lost, say once that the file can't tell all that the input does */
void save_input_bare(struct save *save, bool lost);

/** save_input_note_hosts() - say what of several inputs is left out */
void save_input_note_hosts(const struct save *save);

/** save_input_note_left_out() - say which blocks nobody can copy, at the end */
void save_input_note_left_out(const struct save *save);

#endif
