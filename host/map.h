/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A hash table from numbers to numbers. */
#ifndef NSRING_HOST_MAP_H
#define NSRING_HOST_MAP_H

#include <stdbool.h>
#include <stdint.h>

/** struct host_map - all zero is an empty one */
struct host_map {
	struct host_map_slot *slots;
	uint32_t size;
	uint32_t used;
};

/** host_map_get() - whether @key, which is not 0, is there; then @value is set */
bool host_map_get(const struct host_map *map, uint64_t key, uint32_t *value);

/** host_map_put() - add a key that is not there; returns 0 or -ENOMEM */
int host_map_put(struct host_map *map, uint64_t key, uint32_t value);

/** host_map_free() - free it; it is empty then */
void host_map_free(struct host_map *map);

#endif
