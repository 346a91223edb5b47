/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Interfaces met by an `any` capture: a dense id for each interface index. */
#include <errno.h>
#include <linux/if.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "packet.h"

static uint32_t slot_of(const struct packet_ifaces *ifaces, uint32_t ifindex)
{
	uint32_t slot = (ifindex * 2654435761u) & ifaces->mask; /* Knuth's multiplier */

	while (ifaces->slots[slot] && ifaces->list[ifaces->slots[slot] - 1].ifindex != ifindex)
		slot = (slot + 1) & ifaces->mask;
	return slot;
}

/* Keeps at least half of the slots free. */
static int make_room(struct packet_ifaces *ifaces)
{
	uint32_t size = ifaces->slots ? (ifaces->mask + 1) * 2 : 16;
	struct packet_iface *list;
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
		slots[slot_of(ifaces, list[id].ifindex)] = id + 1;
	return 0;
}

static void name_iface(struct packet_iface *iface, int fd)
{
	struct ifreq req = { .ifr_ifindex = (int)iface->ifindex };

	if (ioctl(fd, SIOCGIFNAME, &req) == 0)
		memcpy(iface->name, req.ifr_name, sizeof(iface->name));
	else /* gone already */
		snprintf(iface->name, sizeof(iface->name), "if%u", iface->ifindex);
}

static int add_iface(struct packet_ifaces *ifaces, int fd, uint32_t ifindex)
{
	uint32_t id = ifaces->count;
	int rc;

	rc = make_room(ifaces);
	if (rc < 0)
		return rc;
	memset(&ifaces->list[id], 0, sizeof(ifaces->list[id]));
	ifaces->list[id].ifindex = ifindex;
	name_iface(&ifaces->list[id], fd);
	ifaces->slots[slot_of(ifaces, ifindex)] = id + 1;
	ifaces->count++;
	return (int)id;
}

int packet_iface_id(struct packet_ifaces *ifaces, int fd, uint32_t ifindex)
{
	uint32_t slot;
	int id;

	if (ifaces->count && ifindex == ifaces->last_ifindex)
		return (int)ifaces->last_id;
	slot = ifaces->slots ? slot_of(ifaces, ifindex) : 0;
	if (ifaces->slots && ifaces->slots[slot])
		id = (int)ifaces->slots[slot] - 1;
	else
		id = add_iface(ifaces, fd, ifindex);
	if (id >= 0) {
		ifaces->last_ifindex = ifindex;
		ifaces->last_id = (uint32_t)id;
	}
	return id;
}

void packet_ifaces_free(struct packet_ifaces *ifaces)
{
	free(ifaces->list);
	free(ifaces->slots);
}
