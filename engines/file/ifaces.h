/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The interfaces of a file. Sections of a pcapng file number theirs anew, callers know them by one
 * id for the whole file. An interface that looks like one of an earlier section gets that one's id,
 * so that a file of any number of sections takes memory for those that differ only; within a section
 * each interface has an id of its own.
 */
#ifndef NSR_ENGINES_FILE_IFACES_H
#define NSR_ENGINES_FILE_IFACES_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "keeper.h"
#include "stamp.h"

#define SAVEFILE_IFACES_MAX 65536u

/**
 * struct savefile_iface - what tells an interface from others; no byte of it is left uninitialised
 * @name:      ends in zeros
 * @linktype:  LINKTYPE_ value
 * @snaplen:   as the file says; 0: no limit
 * @fcs_bytes: frame check sequence at the end of its packets
 * @section:   pcapng: id of its section; 0 for none
 * @options:   id of its options; 0 for none
 */
struct savefile_iface {
	char name[64];
	uint32_t linktype;
	uint32_t snaplen;
	uint32_t fcs_bytes;
	uint32_t section;
	uint32_t options;
};

/** struct savefile_member - an interface of the section at hand: its id, and what packets need */
struct savefile_member {
	uint32_t id;
	uint32_t snaplen;
	uint32_t fcs_bytes;
	struct savefile_ts ts;
};

/**
 * struct savefile_known - an interface with an id
 * @copy:    how many like it its section has before it
 * @section: of the first like it: the last section that has one
 * @copies:  of the first like it: how many that section has so far
 * @counts:  id of its statistics, 0 for none
 * @counted: the section that they stand in; UINT64_MAX: in several, which can't be added up
 */
struct savefile_known {
	struct savefile_iface iface;
	uint32_t copy;
	uint32_t copies;
	uint64_t section;
	uint32_t counts;
	uint64_t counted;
};

/**
 * struct savefile_ifaces - all of them
 * @lock:     guards @known and @count between the reader and savefile_iface_get()
 * @known:    by id; changed by the reader only
 * @count:    how many
 * @room:     how many @known has room for
 * @slots:    hash table of ids + 1, 0 for a free slot
 * @mask:     slots - 1
 * @members:  by the number that the section has for it
 * @member_count, @member_room: of @members
 * @section:  counts sections
 */
struct savefile_ifaces {
	pthread_mutex_t lock;
	struct savefile_known *known;
	uint32_t count;
	uint32_t room;
	uint32_t *slots;
	uint32_t mask;
	struct savefile_member *members;
	uint32_t member_count;
	uint32_t member_room;
	uint64_t section;
};

/** savefile_ifaces_init() - none yet; @ifaces is zeroed */
void savefile_ifaces_init(struct savefile_ifaces *ifaces);

/** savefile_ifaces_free() - forget all */
void savefile_ifaces_free(struct savefile_ifaces *ifaces);

/** savefile_ifaces_section() - another section begins, with no interface */
void savefile_ifaces_section(struct savefile_ifaces *ifaces);

/**
 * savefile_ifaces_add() - the section has another interface
 * @ifaces: of the file
 * @iface:  copied
 * @ts:     copied
 *
 * Return: 0; -ENOSPC there are SAVEFILE_IFACES_MAX that differ; -ENOMEM.
 */
int savefile_ifaces_add(struct savefile_ifaces *ifaces, const struct savefile_iface *iface,
			const struct savefile_ts *ts);

/**
 * savefile_ifaces_count() - an interface of the section has statistics, in place of those before them
 * @ifaces: of the file
 * @id:     its id
 * @keeper: of the file
 * @data:   copied
 * @bytes:  of @data
 *
 * Each section's count from 0: of an interface that is alike in several there are none.
 *
 * Return: whether they could be kept.
 */
bool savefile_ifaces_count(struct savefile_ifaces *ifaces, uint32_t id,
			   struct savefile_keeper *keeper, const uint8_t *data, uint32_t bytes);

/** savefile_ifaces_counts() - the id of an interface's statistics, 0 for none (yet) */
uint32_t savefile_ifaces_counts(struct savefile_ifaces *ifaces, uint32_t id);

/**
 * savefile_ifaces_get() - look an interface up, from any thread
 * @ifaces: of the file
 * @id:     its id
 * @iface:  filled in
 *
 * Return: false when there is none (yet).
 */
bool savefile_ifaces_get(struct savefile_ifaces *ifaces, uint32_t id, struct savefile_iface *iface);

#endif
