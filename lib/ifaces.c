/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A table of interfaces: @list by id, and @slots, a hash table with linear probing whose entries
 * are ids + 1. At least half of the slots stay free, so that each search ends. Packets mostly come
 * from the interface of the packet before, so that one is tried first, without hashing.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ifaces.h"

/* Whether @iface is the one with this index in this namespace. */
static bool is(const struct nsr_iface *iface, uint64_t netns, uint32_t ifindex)
{
	return iface->ifindex == ifindex && iface->netns == netns;
}

/* The slot of an interface, or the free slot where a new one belongs. */
static uint32_t slot_of(const struct nsr_ifaces *ifaces, uint64_t netns, uint32_t ifindex)
{
	/* Knuth's multiplier; the upper bits are the ones that it mixes well. */
	uint64_t hash = ((netns << 20) + ifindex) * UINT64_C(0x9e3779b97f4a7c15);
	uint32_t slot = (uint32_t)(hash >> 32) & ifaces->mask;

	while (ifaces->slots[slot] && !is(&ifaces->list[ifaces->slots[slot] - 1], netns, ifindex))
		slot = (slot + 1) & ifaces->mask;
	return slot;
}

/* Makes room for one more: doubles list and slots once half of the slots are taken. */
static int make_room(struct nsr_ifaces *ifaces)
{
	uint32_t size = ifaces->slots ? (ifaces->mask + 1) * 2 : 16;
	struct nsr_iface *list;
	uint32_t *slots;
	uint32_t id;

	if (ifaces->slots && ifaces->count < (ifaces->mask + 1) / 2)
		return 0;
	list = realloc(ifaces->list, size / 2 * sizeof(*list));
	if (!list)
		return -ENOMEM;
	ifaces->list = list;
	slots = calloc(size, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(ifaces->slots);
	ifaces->slots = slots;
	ifaces->mask = size - 1;
	for (id = 0; id < ifaces->count; id++)
		slots[slot_of(ifaces, list[id].netns, list[id].ifindex)] = id + 1;
	return 0;
}

static int add(struct nsr_ifaces *ifaces, const struct nsr_iface *iface)
{
	uint32_t id = ifaces->count;
	int rc;

	rc = make_room(ifaces);
	if (rc < 0)
		return rc;
	ifaces->list[id] = *iface;
	ifaces->slots[slot_of(ifaces, iface->netns, iface->ifindex)] = id + 1;
	ifaces->count++;
	return (int)id;
}

static int add_new(struct nsr_ifaces *ifaces, uint64_t netns, uint32_t ifindex)
{
	struct nsr_iface iface = { .netns = netns, .ifindex = ifindex, .epoch = ifaces->epoch };

	if (!ifaces->name || !ifaces->name(ifaces->arg, &iface)) /* gone already */
		snprintf(iface.name, sizeof(iface.name), "if%u", ifindex);
	return add(ifaces, &iface);
}

/* An interface met before, under the name that it has now; the slot leads to it from now on. */
static int find_renamed(struct nsr_ifaces *ifaces, const struct nsr_iface *now)
{
	struct nsr_iface *iface;
	uint32_t id;

	for (id = 0; id < ifaces->count; id++) {
		iface = &ifaces->list[id];
		if (!is(iface, now->netns, now->ifindex) || strcmp(iface->name, now->name) != 0)
			continue;
		iface->epoch = now->epoch;
		ifaces->slots[slot_of(ifaces, now->netns, now->ifindex)] = id + 1;
		return (int)id;
	}
	return -ENOENT;
}

/* The id of the one that was @id, whose name is doubtful. */
static int ask_again(struct nsr_ifaces *ifaces, uint32_t id)
{
	struct nsr_iface now = ifaces->list[id];
	int renamed;

	now.epoch = ifaces->epoch;
	/* One that is gone keeps the name that it had. */
	if (!ifaces->name || !ifaces->name(ifaces->arg, &now) ||
	    strcmp(now.name, ifaces->list[id].name) == 0) {
		ifaces->list[id].epoch = ifaces->epoch;
		return (int)id;
	}
	renamed = find_renamed(ifaces, &now);
	return renamed >= 0 ? renamed : add(ifaces, &now);
}

void nsr_ifaces_doubt(struct nsr_ifaces *ifaces)
{
	ifaces->epoch++;
}

static bool is_fresh(const struct nsr_ifaces *ifaces, uint32_t id)
{
	return ifaces->list[id].epoch == ifaces->epoch;
}

int nsr_ifaces_id(struct nsr_ifaces *ifaces, uint64_t netns, uint32_t ifindex)
{
	uint32_t slot;
	int id;

	if (ifaces->count && is(&ifaces->list[ifaces->last], netns, ifindex) &&
	    is_fresh(ifaces, ifaces->last))
		return (int)ifaces->last;
	slot = ifaces->slots ? slot_of(ifaces, netns, ifindex) : 0;
	if (ifaces->slots && ifaces->slots[slot])
		id = (int)ifaces->slots[slot] - 1;
	else
		id = add_new(ifaces, netns, ifindex);
	if (id >= 0 && !is_fresh(ifaces, (uint32_t)id))
		id = ask_again(ifaces, (uint32_t)id);
	if (id >= 0)
		ifaces->last = (uint32_t)id;
	return id;
}

void nsr_ifaces_free(struct nsr_ifaces *ifaces)
{
	free(ifaces->list);
	free(ifaces->slots);
}
