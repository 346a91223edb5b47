/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A hash table from numbers to numbers: open addressing, linear probing, at most half full. */
#include "map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 64

struct host_map_slot {
	uint64_t key; /* 0: free */
	uint32_t value;
};

/* The slot of @key, or the free slot where it belongs. Ends because half of the slots are free. */
static struct host_map_slot *find(const struct host_map *map, uint64_t key)
{
	uint32_t at = (uint32_t)((key * 0x9e3779b97f4a7c15u) >> 32);

	while (map->slots[at & (map->size - 1)].key && map->slots[at & (map->size - 1)].key != key)
		at++;
	return &map->slots[at & (map->size - 1)];
}

bool host_map_get(const struct host_map *map, uint64_t key, uint32_t *value)
{
	const struct host_map_slot *slot;

	if (!map->used)
		return false;
	slot = find(map, key);
	if (slot->key)
		*value = slot->value;
	return slot->key;
}

static int grow(struct host_map *map)
{
	struct host_map larger = { .size = map->size ? map->size * 2 : FIRST_SIZE };
	uint32_t i;

	larger.slots = calloc(larger.size, sizeof(*larger.slots));
	if (!larger.slots)
		return -ENOMEM;
	for (i = 0; i < map->size; i++) {
		if (map->slots[i].key)
			*find(&larger, map->slots[i].key) = map->slots[i];
	}
	larger.used = map->used;
	free(map->slots);
	*map = larger;
	return 0;
}

int host_map_put(struct host_map *map, uint64_t key, uint32_t value)
{
	struct host_map_slot *slot;

	if (map->used >= map->size / 2 && grow(map) < 0)
		return -ENOMEM;
	slot = find(map, key);
	map->used += !slot->key;
	*slot = (struct host_map_slot){ .key = key, .value = value };
	return 0;
}

void host_map_free(struct host_map *map)
{
	free(map->slots);
	memset(map, 0, sizeof(*map));
}
