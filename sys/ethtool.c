/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "ethtool.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define MASK_WORDS_MOST 127 /* link_mode_masks_nwords is an s8 */

int nsr_ethtool_open(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

static int ask(int fd, const char *device, unsigned long request, void *data)
{
	struct ifreq ifreq = { .ifr_data = data };

	snprintf(ifreq.ifr_name, sizeof(ifreq.ifr_name), "%s", device);
	return ioctl(fd, request, &ifreq) < 0 ? -errno : 0;
}

int nsr_ethtool_ask(int fd, const char *device, void *command)
{
	return ask(fd, device, SIOCETHTOOL, command);
}

void nsr_ethtool_driver(int fd, const char *device, char driver[NSR_ETHTOOL_DRIVER_BYTES])
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };

	_Static_assert(sizeof(info.driver) == NSR_ETHTOOL_DRIVER_BYTES, "a driver's name fits");
	driver[0] = '\0';
	if (nsr_ethtool_ask(fd, device, &info) < 0)
		return;
	memcpy(driver, info.driver, NSR_ETHTOOL_DRIVER_BYTES);
	driver[NSR_ETHTOOL_DRIVER_BYTES - 1] = '\0';
}

/* The kernel answers the first question with how many words its bit masks have. */
uint32_t nsr_ethtool_speed_mbit(int fd, const char *device)
{
	union {
		struct ethtool_link_settings settings;
		char room[sizeof(struct ethtool_link_settings) +
			  3 * MASK_WORDS_MOST * sizeof(uint32_t)];
	} answer = { .settings.cmd = ETHTOOL_GLINKSETTINGS };
	int8_t words;

	if (nsr_ethtool_ask(fd, device, &answer) < 0)
		return 0;
	words = answer.settings.link_mode_masks_nwords;
	if (words >= 0 || words < -MASK_WORDS_MOST)
		return 0;
	answer.settings = (struct ethtool_link_settings){
		.cmd = ETHTOOL_GLINKSETTINGS,
		.link_mode_masks_nwords = (int8_t)-words,
	};
	if (nsr_ethtool_ask(fd, device, &answer) < 0 ||
	    answer.settings.speed == (uint32_t)SPEED_UNKNOWN)
		return 0;
	return answer.settings.speed;
}

int nsr_ethtool_rx_stamps(int fd, const char *device)
{
	struct hwtstamp_config config = { 0 };
	int rc = ask(fd, device, SIOCGHWTSTAMP, &config);

	return rc < 0 ? rc : config.rx_filter;
}
