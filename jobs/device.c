/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The device that a target names.
 */
#include "device.h"

#include <errno.h>
#include <linux/if.h>
#include <nsring/target.h>
#include <stddef.h>
#include <unistd.h>

#include "sys/link.h"
#include "sys/place.h"

/* The argument of find_inside(), which runs inside the place. */
struct search {
	struct device *device;
	const struct nsr_target *target;
};

static int find_inside(void *arg)
{
	const struct search *search = arg;
	struct device *device = search->device;
	struct nsr_link_info info;
	int rc;

	if (search->target->any)
		return -EOPNOTSUPP;
	device->fd = nsr_link_open();
	if (device->fd < 0)
		return device->fd;
	rc = nsr_link_look(device->fd, search->target->device, 0, &info);
	device->ifindex = info.ifindex;
	return rc;
}

int device_find(struct device *device, const char *target)
{
	struct nsr_target parsed = NSR_TARGET_INIT;
	struct search search = { device, &parsed };

	*device = (struct device){ .fd = -1 };
	/* No such engine is -ENOENT there, which means something else here. */
	if (nsr_target_parse(target, &parsed, NULL) < 0)
		return -EINVAL;
	if (parsed.offline || parsed.all)
		return -EOPNOTSUPP;
	return nsr_place_visit(parsed.place, find_inside, &search, NULL);
}

int device_ask(const struct device *device, struct nsr_link_info *info)
{
	return device->fd < 0 ? -ENODEV : nsr_link_look(device->fd, NULL, device->ifindex, info);
}

void device_close(struct device *device)
{
	if (device->fd >= 0)
		close(device->fd);
	device->fd = -1;
}

enum device_state device_state_of(const struct nsr_link_info *info)
{
	if (!(info->flags & IFF_UP))
		return DEVICE_DOWN;
	return info->flags & IFF_LOWER_UP ? DEVICE_UP : DEVICE_NO_CARRIER;
}

enum device_state device_state(const char *target)
{
	enum device_state state = DEVICE_UNKNOWN;
	struct nsr_link_info info;
	struct device device;

	if (device_find(&device, target) == 0 && device_ask(&device, &info) == 0)
		state = device_state_of(&info);
	device_close(&device);
	return state;
}

const char *device_state_text(enum device_state state)
{
	static const char *const texts[] = {
		[DEVICE_UNKNOWN] = NULL,
		[DEVICE_UP] = "up",
		[DEVICE_DOWN] = "down",
		[DEVICE_NO_CARRIER] = "no carrier",
	};

	return texts[state];
}
