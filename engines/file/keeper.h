/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Options of sections and interfaces, names and secrets of a file, kept for those who write it anew. Each
 * has an id, from 1, in the order of the file. The keeper keeps things that are alike once, so that a file
 * of any number of sections takes memory for those that differ only; but each interface has statistics of
 * its own.
 */
#ifndef NSR_ENGINES_FILE_KEEPER_H
#define NSR_ENGINES_FILE_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#define SAVEFILE_KEPT_MOST	 (1u << 18)
#define SAVEFILE_KEPT_BYTES_MOST (64u << 20)
#define SAVEFILE_KEPT_BUCKETS	 1024u

/**
 * struct savefile_kept - one of them
 * @next: id of another one in the same bucket; 0: there is none
 * @data: its own
 */
struct savefile_kept {
	uint32_t type;
	uint32_t section;
	uint32_t bytes;
	uint32_t next;
	uint64_t hash;
	uint8_t *data;
};

/**
 * struct savefile_keeper - all of them; zeroed to begin with
 * @list:    by id - 1
 * @bytes:   of all their data
 * @buckets: by hash, the id of the last one
 */
struct savefile_keeper {
	struct savefile_kept *list;
	uint32_t count;
	uint32_t room;
	uint64_t bytes;
	uint32_t buckets[SAVEFILE_KEPT_BUCKETS];
};

/** savefile_keeper_free() - forget all */
void savefile_keeper_free(struct savefile_keeper *keeper);

/**
 * savefile_keep() - keep something, unless it is kept already
 * @keeper:  of the file
 * @type:    of its block
 * @section: id of its section; 0 for a section
 * @data:    copied
 * @bytes:   may be 0
 *
 * Return: its id; 0 when there is too much, or no memory for it.
 */
uint32_t savefile_keep(struct savefile_keeper *keeper, uint32_t type, uint32_t section,
		       const uint8_t *data, uint32_t bytes);

/**
 * savefile_keep_again() - put something else in place of @id, of the same type and section
 *
 * Return: whether there is memory for it.
 */
bool savefile_keep_again(struct savefile_keeper *keeper, uint32_t id, const uint8_t *data,
			 uint32_t bytes);

/** savefile_kept() - look @id up; NULL when there is none (yet) */
const struct savefile_kept *savefile_kept(const struct savefile_keeper *keeper, uint32_t id);

#endif
