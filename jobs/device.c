/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The device that a target names.
 */
#include "device.h"

#include <errno.h>
#include <linux/if.h>
#include <nsring/target.h>
#include <poll.h>
#include <stddef.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/link.h"
#include "sys/place.h"
#include "text/say.h"
#include "stop.h"

#define LOOK_EVERY_MS 100

/* ip netns add makes a file first, and then a namespace of it. */
#define HALF_MADE_LOOKS 10

/* The argument of find_inside(), which runs inside the place. */
struct search {
	struct device *device;
	struct nsr_target *target;
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
	rc = nsr_link_resolve(device->fd, search->target->device, &search->target->queue, &info);
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

/* What device_find() says of @target now. */
static int look_for(const char *target)
{
	struct device device;
	int rc = device_find(&device, target);

	device_close(&device);
	return rc;
}

static bool is_missing(int rc)
{
	return rc == -ENODEV || rc == -ENOENT;
}

struct device_wait device_wait_for(uint64_t wait_ns)
{
	uint64_t now = nsr_clock_ns();

	if (!wait_ns)
		return (struct device_wait){ 0 };
	return (struct device_wait){ .until_ns = wait_ns < UINT64_MAX - now ? now + wait_ns
									    : UINT64_MAX };
}

bool device_wait(struct device_wait *wait, const char *target, int rc)
{
	struct pollfd stop = { .fd = stop_fd(), .events = POLLIN };
	int half_made = 0;

	if (!is_missing(rc) || nsr_clock_ns() >= wait->until_ns)
		return false;
	rc = look_for(target);
	if (!is_missing(rc)) {
		/* It has come since. */
		wait->retried = !wait->retried;
		return rc == 0 && wait->retried;
	}
	say_note("waiting for %s, which is not there yet", target);
	while (is_missing(rc) || (rc == -EINVAL && half_made++ < HALF_MADE_LOOKS)) {
		poll(&stop, 1, LOOK_EVERY_MS);
		if (stop_signalled())
			return false;
		if (nsr_clock_ns() >= wait->until_ns)
			break;
		rc = look_for(target);
	}
	wait->retried = false;
	return true;
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
