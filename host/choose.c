/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Finds what nsring ls TARGET names: a place, or a device in a place. Both may contain '/'. A
 * target that can be read as a place is one; otherwise the device comes after the last '/', as in
 * every target.
 */
#include "show.h"

#include <errno.h>
#include <nsring/target.h>
#include <string.h>
#include <unistd.h>

#include "sys/link.h"
#include "sys/place.h"
#include "text/failure.h"
#include "text/say.h"

static const struct host_ns *find_ns(const struct host_view *view, ino_t inode)
{
	uint32_t i;

	for (i = 0; i < view->count; i++) {
		if (view->list[i].inode == inode)
			return &view->list[i];
	}
	return NULL;
}

static int choose_place(const struct host_view *view, const char *name, struct host_choice *choice,
			struct nsr_error *err)
{
	struct nsr_place place;
	int rc = nsr_place_open(name, &place, err);

	if (rc < 0)
		return rc;
	nsr_place_close(&place);
	choice->ns = find_ns(view, place.inode);
	return 0;
}

/* A device, looked up inside its namespace. */
struct lookup {
	const struct nsr_target *target;
	uint32_t ifindex;
};

static int look_up(void *arg)
{
	struct lookup *lookup = arg;
	struct nsr_link_info link;
	int queue = lookup->target->queue, fd = nsr_link_open(), rc;

	if (fd < 0)
		return fd;
	rc = nsr_link_resolve(fd, lookup->target->device, &queue, &link);
	close(fd);
	lookup->ifindex = link.ifindex;
	return rc;
}

static int choose_device(const char *target, const struct nsr_target *parsed,
			 struct host_choice *choice)
{
	struct lookup lookup = { .target = parsed };

	if (choice->ns->error)
		return say_error("ls: %s: %s", target, strerror(-choice->ns->error));
	if (parsed->any)
		return 0;
	if (nsr_place_visit(parsed->place, look_up, &lookup, NULL) == 0 &&
	    host_link_find(choice->ns, lookup.ifindex)) {
		choice->ifindex = lookup.ifindex;
		return 0;
	}
	return say_error("ls: %s: there is no interface \"%s\"; nsring ls without a target lists "
			 "all",
			 target, parsed->device);
}

/*
 * Chooses the namespace of @target: first as a place, then as a place and a device. Sets @parsed to
 * the reading that succeeded; its device is empty when @target is a place alone.
 */
static int choose_ns(const struct host_view *view, const char *target, struct nsr_target *parsed,
		     struct host_choice *choice, struct nsr_error *err)
{
	struct nsr_target place = *parsed;
	int rc = nsr_target_parse_place(target, &place, err);
	bool is_place = rc == 0;

	if (is_place && !place.all)
		rc = choose_place(view, place.place, choice, err);
	if (rc == 0) {
		*parsed = place;
		return 0;
	}
	if (nsr_target_parse(target, parsed, is_place ? NULL : err) < 0)
		return rc;
	/* A place that can't be opened ("host") is not tried again as a device. */
	if (is_place && !*parsed->place)
		return rc;
	if (parsed->all && parsed->any)
		return 0;
	return choose_place(view, parsed->place, choice, err);
}

int host_choose(const struct host_view *view, const char *target, struct host_choice *choice)
{
	struct nsr_target parsed = NSR_TARGET_INIT;
	struct nsr_error err = { 0 };

	*choice = (struct host_choice){ 0 };
	if (!target)
		return 0;
	if (choose_ns(view, target, &parsed, choice, &err) < 0)
		return failure_say("ls", &err);
	if (parsed.all)
		return 0;
	if (!choice->ns)
		return say_error("ls: %s: that namespace is not among those that were found",
				 target);
	return *parsed.device ? choose_device(target, &parsed, choice) : 0;
}
