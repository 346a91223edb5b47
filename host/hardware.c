/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "hardware.h"

#include <net/if_arp.h>
#include <unistd.h>

#include "sys/ethtool.h"

_Static_assert(sizeof(((struct host_link *)0)->driver) == NSR_ETHTOOL_DRIVER_BYTES,
	       "a driver fits");

void host_hardware_read(struct host_ns *ns)
{
	int fd = nsr_ethtool_open();
	uint32_t i;

	if (fd < 0)
		return;
	for (i = 0; i < ns->link_count; i++) {
		struct host_link *link = &ns->links[i];

		if (link->arphrd == ARPHRD_LOOPBACK)
			continue;
		nsr_ethtool_driver(fd, link->name, link->driver);
		link->speed_mbit = nsr_ethtool_speed_mbit(fd, link->name);
	}
	close(fd);
}
