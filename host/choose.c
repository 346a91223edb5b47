/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * nsring ls TARGET: a place, or a device of one. Both may have '/' in them, so what can be a place
 * is one; else the device comes after the last '/', as in every target.
 */
#include "show.h"

#include <errno.h>
#include <string.h>

#include "sys/place.h"
#include "text/say.h"

/* "zc:eth0@2" names the device eth0. */
static void strip(const char *text, char name[IF_NAMESIZE])
{
	const char *colon = strrchr(text, ':');
	size_t length;

	text = colon ? colon + 1 : text;
	length = strcspn(text, "@");
	if (length >= IF_NAMESIZE)
		length = IF_NAMESIZE - 1;
	memcpy(name, text, length);
	name[length] = '\0';
}

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

static int choose_device(const char *target, const char *text, struct host_choice *choice)
{
	char name[IF_NAMESIZE];
	uint32_t i;

	strip(text, name);
	if (choice->ns->error)
		return say_error("ls: %s: %s", target, strerror(-choice->ns->error));
	if (!strcmp(name, "any"))
		return 0;
	for (i = 0; i < choice->ns->link_count; i++) {
		if (!strcmp(choice->ns->links[i].name, name)) {
			choice->ifindex = choice->ns->links[i].ifindex;
			return 0;
		}
	}
	return say_error("ls: %s: there is no interface \"%s\"; nsring ls without a target lists "
			 "all",
			 target, name);
}

/* Does @target begin as a place does, and never a device? */
static bool is_place(const char *target)
{
	return !strncmp(target, "netns:", 6) || !strncmp(target, "pid:", 4);
}

int host_choose(const struct host_view *view, const char *target, struct host_choice *choice)
{
	const char *slash = target ? strrchr(target, '/') : NULL;
	struct nsr_error err = { 0 };
	char place[256] = "";
	bool device = false;
	int rc;

	*choice = (struct host_choice){ 0 };
	if (!target)
		return 0;
	rc = choose_place(view, target, choice, &err);
	if (rc < 0 && (slash || (rc == -EINVAL && !is_place(target)))) {
		if (slash && (size_t)(slash - target) < sizeof(place))
			memcpy(place, target, (size_t)(slash - target));
		device = true;
		rc = choose_place(view, place, choice, &err);
	}
	if (rc < 0)
		return say_error("ls: %s", err.text);
	if (!choice->ns)
		return say_error("ls: %s: that namespace is not among those that were found",
				 target);
	return device ? choose_device(target, slash ? slash + 1 : target, choice) : 0;
}
