/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What an interface's driver tells (SIOCETHTOOL). By ioctl, as ethtool's netlink family has no
 * driver names.
 */
#include "hardware.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define MASK_WORDS_MOST 127 /* link_mode_masks_nwords is an s8 */

static int ask(int fd, const struct host_link *link, void *command)
{
	struct ifreq request = { 0 };

	memcpy(request.ifr_name, link->name, sizeof(link->name));
	request.ifr_data = command;
	return ioctl(fd, SIOCETHTOOL, &request);
}

static void read_driver(int fd, struct host_link *link)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };

	if (ask(fd, link, &info) == 0) {
		memcpy(link->driver, info.driver, sizeof(link->driver));
		link->driver[sizeof(link->driver) - 1] = '\0';
	}
}

/* The kernel answers the first question with how many words its bit masks have. */
static void read_speed(int fd, struct host_link *link)
{
	union {
		struct ethtool_link_settings settings;
		char room[sizeof(struct ethtool_link_settings) +
			  3 * MASK_WORDS_MOST * sizeof(uint32_t)];
	} answer = { .settings.cmd = ETHTOOL_GLINKSETTINGS };

	if (ask(fd, link, &answer) < 0 || answer.settings.link_mode_masks_nwords >= 0)
		return;
	answer.settings = (struct ethtool_link_settings){
		.cmd = ETHTOOL_GLINKSETTINGS,
		.link_mode_masks_nwords = (int8_t)-answer.settings.link_mode_masks_nwords,
	};
	if (ask(fd, link, &answer) == 0 && answer.settings.speed != (uint32_t)SPEED_UNKNOWN)
		link->speed_mbit = answer.settings.speed;
}

void host_hardware_read(struct host_ns *ns)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint32_t i;

	if (fd < 0)
		return;
	for (i = 0; i < ns->link_count; i++) {
		if (ns->links[i].arphrd == ARPHRD_LOOPBACK)
			continue;
		read_driver(fd, &ns->links[i]);
		read_speed(fd, &ns->links[i]);
	}
	close(fd);
}
