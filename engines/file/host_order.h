/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Packets of a file in the other byte order, as this host would have captured them. */
#ifndef NSR_ENGINES_FILE_HOST_ORDER_H
#define NSR_ENGINES_FILE_HOST_ORDER_H

#include <stdbool.h>
#include <stdint.h>

/**
 * savefile_to_host_order() - swap the fields that are in the order of the host that captured
 * @linktype: LINKTYPE_ value; nothing is done for most
 * @data:     the packet, from a file whose byte order is not this host's
 * @caplen:   bytes at @data
 */
void savefile_to_host_order(uint32_t linktype, uint8_t *data, uint32_t caplen);

#endif
