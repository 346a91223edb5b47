/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "keeper.h"

#include <stdlib.h>
#include <string.h>

#include "lib/file/savefile_format.h"

void savefile_keeper_free(struct savefile_keeper *keeper)
{
	uint32_t i;

	for (i = 0; i < keeper->count; i++)
		free(keeper->list[i].data);
	free(keeper->list);
}

/* FNV-1a */
static uint64_t hash_of(uint32_t type, uint32_t section, const uint8_t *data, uint32_t bytes)
{
	uint64_t value = UINT64_C(0xcbf29ce484222325) ^ ((uint64_t)type << 32 | section);
	uint32_t i;

	for (i = 0; i < bytes; i++)
		value = (value ^ data[i]) * UINT64_C(0x100000001b3);
	return value;
}

/* The one that is alike; 0: there is none. */
static uint32_t find(const struct savefile_keeper *keeper, const struct savefile_kept *like)
{
	uint32_t id = keeper->buckets[like->hash % SAVEFILE_KEPT_BUCKETS];
	const struct savefile_kept *kept;

	for (; id; id = kept->next) {
		kept = &keeper->list[id - 1];
		if (kept->hash == like->hash && kept->type == like->type &&
		    kept->section == like->section && kept->bytes == like->bytes &&
		    (!kept->bytes || !memcmp(kept->data, like->data, kept->bytes)))
			return id;
	}
	return 0;
}

static bool has_room(struct savefile_keeper *keeper, uint32_t bytes)
{
	uint32_t room = keeper->room ? keeper->room * 2 : 16;
	struct savefile_kept *list;

	if (keeper->count == SAVEFILE_KEPT_MOST || keeper->bytes + bytes > SAVEFILE_KEPT_BYTES_MOST)
		return false;
	if (keeper->count < keeper->room)
		return true;
	list = realloc(keeper->list, room * sizeof(*list));
	if (!list)
		return false;
	keeper->list = list;
	keeper->room = room;
	return true;
}

static uint8_t *copy(const uint8_t *data, uint32_t bytes)
{
	uint8_t *made = malloc(bytes ? bytes : 1);

	if (made && bytes)
		memcpy(made, data, bytes);
	return made;
}

uint32_t savefile_keep(struct savefile_keeper *keeper, uint32_t type, uint32_t section,
		       const uint8_t *data, uint32_t bytes)
{
	struct savefile_kept kept = {
		.type = type,
		.section = section,
		.bytes = bytes,
		.hash = hash_of(type, section, data, bytes),
		.data = (uint8_t *)data,
	};
	uint32_t *bucket = &keeper->buckets[kept.hash % SAVEFILE_KEPT_BUCKETS];
	uint32_t id = type == PCAPNG_ISB ? 0 : find(keeper, &kept);

	if (id)
		return id;
	if (!has_room(keeper, bytes))
		return 0;
	kept.data = copy(data, bytes);
	if (!kept.data)
		return 0;
	kept.next = *bucket;
	keeper->list[keeper->count++] = kept;
	keeper->bytes += bytes;
	*bucket = keeper->count;
	return keeper->count;
}

bool savefile_keep_again(struct savefile_keeper *keeper, uint32_t id, const uint8_t *data,
			 uint32_t bytes)
{
	struct savefile_kept *kept = &keeper->list[id - 1];
	uint8_t *made;

	if (keeper->bytes - kept->bytes + bytes > SAVEFILE_KEPT_BYTES_MOST)
		return false;
	made = copy(data, bytes);
	if (!made)
		return false;
	free(kept->data);
	kept->data = made;
	keeper->bytes = keeper->bytes - kept->bytes + bytes;
	kept->bytes = bytes;
	return true;
}

const struct savefile_kept *savefile_kept(const struct savefile_keeper *keeper, uint32_t id)
{
	return id && id <= keeper->count ? &keeper->list[id - 1] : NULL;
}
