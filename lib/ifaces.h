/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Interfaces met by a capture of several: a dense id for each. An interface is its index and the name
 * that it has: one that is renamed, or whose index is used again, gets another id.
 */
#ifndef NSR_IFACES_H
#define NSR_IFACES_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct nsr_iface - an interface that packets came from
 * @netns:   cookie of its namespace; 0: the capture's own
 * @ifindex: its index there
 * @epoch:   nsr_ifaces.epoch when its name was last asked for
 * @name:    as it was called then
 */
struct nsr_iface {
	uint64_t netns;
	uint32_t ifindex;
	uint32_t epoch;
	char name[16];
};

/**
 * struct nsr_ifaces - interfaces by id, and ids by namespace and index
 * @name:   fills in the name of a new one; returns false when it can't
 * @arg:    for @name
 * @list:   in the order in which the capture met them
 * @count:  of @list
 * @slots:  hash table of ids + 1, 0 for a free slot
 * @mask:   slots - 1
 * @last:   id of the one asked for before, usually asked for again
 * @epoch:  how often names have become doubtful
 *
 * Start with everything zero except @name and @arg.
 */
struct nsr_ifaces {
	bool (*name)(void *arg, struct nsr_iface *iface);
	void *arg;
	struct nsr_iface *list;
	uint32_t count;
	uint32_t *slots;
	uint32_t mask;
	uint32_t last;
	uint32_t epoch;
};

/**
 * nsr_ifaces_id() - the id of an interface, a new one if it was never met under the name it has
 * @ifaces:  table
 * @netns:   see struct nsr_iface
 * @ifindex: its index
 *
 * Return: id or -ENOMEM.
 */
int nsr_ifaces_id(struct nsr_ifaces *ifaces, uint64_t netns, uint32_t ifindex);

/** nsr_ifaces_doubt() - names may have changed: ask for each anew when its next packet comes */
void nsr_ifaces_doubt(struct nsr_ifaces *ifaces);

/** nsr_ifaces_free() - forget all interfaces */
void nsr_ifaces_free(struct nsr_ifaces *ifaces);

#endif
