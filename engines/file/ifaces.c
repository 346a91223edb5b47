/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "ifaces.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file/savefile_format.h"

void savefile_ifaces_init(struct savefile_ifaces *ifaces)
{
	pthread_mutex_init(&ifaces->lock, NULL);
	ifaces->section = 1;
}

void savefile_ifaces_free(struct savefile_ifaces *ifaces)
{
	pthread_mutex_destroy(&ifaces->lock);
	free(ifaces->known);
	free(ifaces->slots);
	free(ifaces->members);
}

void savefile_ifaces_section(struct savefile_ifaces *ifaces)
{
	ifaces->member_count = 0;
	ifaces->section++;
}

/* FNV-1a */
static uint64_t hash(const struct savefile_iface *iface, uint32_t copy)
{
	uint64_t value = UINT64_C(0xcbf29ce484222325) ^ copy * UINT64_C(0x9e3779b97f4a7c15);
	const uint8_t *bytes = (const uint8_t *)iface;
	size_t i;

	for (i = 0; i < sizeof(*iface); i++)
		value = (value ^ bytes[i]) * UINT64_C(0x100000001b3);
	return value;
}

/* The slot of such an interface, or the free one where it goes. */
static uint32_t slot_of(const struct savefile_ifaces *ifaces, const struct savefile_iface *iface,
			uint32_t copy)
{
	uint32_t slot = (uint32_t)(hash(iface, copy) >> 32) & ifaces->mask;

	for (; ifaces->slots[slot]; slot = (slot + 1) & ifaces->mask) {
		const struct savefile_known *known = &ifaces->known[ifaces->slots[slot] - 1];

		if (known->copy == copy && !memcmp(&known->iface, iface, sizeof(*iface)))
			break;
	}
	return slot;
}

/* Room for one more in @known and in the table, of which at least half stays free. */
static int grow(struct savefile_ifaces *ifaces)
{
	uint32_t room = ifaces->room ? ifaces->room * 2 : 4;
	struct savefile_known *known;
	uint32_t *slots;
	uint32_t id;

	if (ifaces->count < ifaces->room)
		return 0;
	slots = calloc(room * 2, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	pthread_mutex_lock(&ifaces->lock);
	known = realloc(ifaces->known, room * sizeof(*known));
	if (known)
		ifaces->known = known;
	pthread_mutex_unlock(&ifaces->lock);
	if (!known) {
		free(slots);
		return -ENOMEM;
	}
	free(ifaces->slots);
	ifaces->slots = slots;
	ifaces->mask = room * 2 - 1;
	ifaces->room = room;
	for (id = 0; id < ifaces->count; id++)
		slots[slot_of(ifaces, &known[id].iface, known[id].copy)] = id + 1;
	return 0;
}

/* The id of the interface, which is the section's @copy-th of those alike; a new one at need. */
static int id_of(struct savefile_ifaces *ifaces, const struct savefile_iface *iface, uint32_t copy)
{
	uint32_t id = ifaces->count;
	uint32_t slot;
	int rc;

	rc = grow(ifaces);
	if (rc)
		return rc;
	slot = slot_of(ifaces, iface, copy);
	if (ifaces->slots[slot])
		return (int)ifaces->slots[slot] - 1;
	if (id == SAVEFILE_IFACES_MAX)
		return -ENOSPC;
	pthread_mutex_lock(&ifaces->lock);
	ifaces->known[id] = (struct savefile_known){ .iface = *iface, .copy = copy };
	ifaces->count++;
	pthread_mutex_unlock(&ifaces->lock);
	ifaces->slots[slot] = id + 1;
	return (int)id;
}

/* The id that the section's next interface gets. */
static int next_id(struct savefile_ifaces *ifaces, const struct savefile_iface *iface)
{
	int first = id_of(ifaces, iface, 0);
	struct savefile_known *known;

	if (first < 0)
		return first;
	known = &ifaces->known[first];
	if (known->section != ifaces->section) {
		known->section = ifaces->section;
		known->copies = 0;
	}
	return known->copies++ ? id_of(ifaces, iface, known->copies - 1) : first;
}

int savefile_ifaces_add(struct savefile_ifaces *ifaces, const struct savefile_iface *iface,
			const struct savefile_ts *ts)
{
	uint32_t room = ifaces->member_room ? ifaces->member_room * 2 : 4;
	struct savefile_member *members;
	int id;

	if (ifaces->member_count == ifaces->member_room) {
		members = realloc(ifaces->members, room * sizeof(*members));
		if (!members)
			return -ENOMEM;
		ifaces->members = members;
		ifaces->member_room = room;
	}
	id = next_id(ifaces, iface);
	if (id < 0)
		return id;
	ifaces->members[ifaces->member_count++] = (struct savefile_member){
		.id = (uint32_t)id,
		.snaplen = iface->snaplen,
		.fcs_bytes = iface->fcs_bytes,
		.ts = *ts,
	};
	return 0;
}

bool savefile_ifaces_get(struct savefile_ifaces *ifaces, uint32_t id, struct savefile_iface *iface)
{
	bool found;

	pthread_mutex_lock(&ifaces->lock);
	found = id < ifaces->count;
	if (found)
		*iface = ifaces->known[id].iface;
	pthread_mutex_unlock(&ifaces->lock);
	return found;
}

bool savefile_ifaces_count(struct savefile_ifaces *ifaces, uint32_t id,
			   struct savefile_keeper *keeper, const uint8_t *data, uint32_t bytes)
{
	struct savefile_known *known = &ifaces->known[id];

	if (known->counted && known->counted != ifaces->section)
		known->counted = UINT64_MAX;
	else
		known->counted = ifaces->section;
	if (known->counts)
		return savefile_keep_again(keeper, known->counts, data, bytes);
	known->counts = savefile_keep(keeper, PCAPNG_ISB, known->iface.section, data, bytes);
	return known->counts;
}

uint32_t savefile_ifaces_counts(struct savefile_ifaces *ifaces, uint32_t id)
{
	return ifaces->known[id].counted == UINT64_MAX ? 0 : ifaces->known[id].counts;
}
