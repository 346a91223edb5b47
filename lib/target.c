/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Takes a target apart, from the outside in. find_tail() finds where engine and device begin, which
 * depends on whether some engine's device is free text; then parse() reads the place before that,
 * the engine up to its ':', and the device with the queue behind it.
 */
#include <ctype.h>
#include <errno.h>
#include <linux/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nsring/target.h>

#include "sys/place.h"
#include "registry.h"
#include "sized.h"

#define QUEUE_MAX 65535

static const char place_advice[] = "a place ends in '/': netns:NAME/DEVICE";

static int copy_part(char *dst, size_t room, const char *src, size_t len, const char *part,
		     struct nsr_error *err)
{
	if (len >= room)
		return nsr_error_set(err, -EINVAL, "%s \"%.20s…\" is longer than %zu characters",
				     part, src, room - 1);
	memcpy(dst, src, len);
	dst[len] = '\0';
	return 0;
}

/* The kernel's own rule, dev_valid_name() in net/core/dev.c; '/' can't be left here. */
static int check_device(const char *name, struct nsr_error *err)
{
	if (!*name)
		return nsr_error_advise(err,
					nsr_error_set(err, -EINVAL, "the target names no device"),
					"write an interface or \"any\"");
	if (strlen(name) >= ALTIFNAMSIZ)
		return nsr_error_set(
			err, -EINVAL,
			"device \"%.20s…\" is longer than the %d characters of an interface's "
			"alternative name",
			name, ALTIFNAMSIZ - 1);
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strchr(name, ':'))
		return nsr_error_set(err, -EINVAL, "device \"%s\" is no interface name", name);
	for (; *name; name++)
		if (isspace((unsigned char)*name))
			return nsr_error_set(err, -EINVAL, "the device has a space in its name");
	return 0;
}

/*
 * Cuts "@N" off the device's name, and returns it; -1: there is none. Whether the device has a name
 * with all of that is found out when it is looked up: see nsr_link_resolve().
 */
static int take_queue(char *device)
{
	char *at = strrchr(device, '@');
	char *end;
	long value;

	if (!at || !isdigit((unsigned char)at[1]))
		return -1;
	value = strtol(at + 1, &end, 10);
	if (*end || value > QUEUE_MAX)
		return -1;
	*at = '\0';
	return (int)value;
}

static int take_interface(const char *text, struct nsr_target *target, struct nsr_error *err)
{
	int rc = copy_part(target->device, sizeof(target->device), text, strlen(text), "device",
			   err);

	if (rc < 0)
		return rc;
	target->queue = take_queue(target->device);
	rc = check_device(target->device, err);
	target->any = strcmp(target->device, "any") == 0;
	return rc;
}

static int take_free_text(const char *text, struct nsr_target *target, struct nsr_error *err)
{
	if (!*text)
		return nsr_error_advise(err,
					nsr_error_set(err, -EINVAL, "the target names no %s",
						      target->offline ? "file" : "device"),
					"write %s:%s", target->engine,
					target->offline ? "PATH" : "DEVICE");
	return copy_part(target->device, sizeof(target->device), text, strlen(text),
			 target->offline ? "file name" : "device", err);
}

/* The engine whose name and ':' begin @segment; NULL: none does. */
static const struct nsr_engine_ops *engine_of(const char *segment)
{
	size_t length = nsr_registry_name_length(segment);
	struct nsr_target target;

	if (segment[length] != ':' || length >= sizeof(target.engine))
		return NULL;
	memcpy(target.engine, segment, length);
	target.engine[length] = '\0';
	return nsr_registry_find(target.engine, NULL);
}

/* The first segment that begins with an engine whose device is free text; NULL: none does. */
static const char *find_free_device(const char *text)
{
	const struct nsr_engine_ops *ops;
	const char *segment = text;

	for (;;) {
		ops = engine_of(segment);
		if (ops && ops->flags & NSR_ENGINE_FREE_DEVICE)
			return segment;
		segment = strchr(segment, '/');
		if (!segment)
			return NULL;
		segment++;
	}
}

/* The part of a target behind the place and its '/'. */
static const char *find_tail(const char *text)
{
	const char *tail = find_free_device(text);
	const char *slash = tail ? NULL : strrchr(text, '/');

	if (tail)
		return tail;
	return slash ? slash + 1 : text;
}

/* Reads the place from the @length bytes in front of its '/'. */
static int take_place(const char *text, size_t length, struct nsr_target *target,
		      struct nsr_error *err)
{
	int rc;

	if (length == 0)
		return nsr_error_advise(
			err, nsr_error_set(err, -EINVAL, "the place before the '/' is empty"),
			"a namespace's path is written netns:/PATH/DEVICE, a file file:/PATH");
	rc = copy_part(target->place, sizeof(target->place), text, length, "place", err);
	target->all = nsr_place_kind(target->place, NULL) == NSR_PLACE_ALL;
	return rc;
}

/* Reads the engine from the @length bytes in front of its ':', and looks up its flags. */
static int take_engine(const char *text, size_t length, struct nsr_target *target, uint32_t *flags,
		       struct nsr_error *err)
{
	int rc = copy_part(target->engine, sizeof(target->engine), text, length, "engine", err);
	const struct nsr_engine_ops *ops;

	if (rc < 0)
		return rc;
	if (nsr_registry_name_length(text) != length || !length)
		return nsr_error_advise(err,
					nsr_error_set(err, -EINVAL,
						      "engine \"%s\" is no engine's name",
						      target->engine),
					"%s", place_advice);
	if (nsr_place_reserves(target->engine))
		return nsr_error_advise(err,
					nsr_error_set(err, -EINVAL,
						      "\"%s\" is a kind of place, no engine",
						      target->engine),
					"%s", place_advice);
	ops = nsr_registry_find(target->engine, err);
	if (!ops)
		return err->code;
	*flags = ops->flags;
	target->offline = ops->flags & NSR_ENGINE_OFFLINE;
	return 0;
}

static int parse(const char *text, struct nsr_target *target, struct nsr_error *err)
{
	const char *tail = find_tail(text);
	const char *colon = strchr(tail, ':');
	uint32_t flags = 0;
	int rc = 0;

	if (tail != text)
		rc = take_place(text, (size_t)(tail - text) - 1, target, err);
	if (rc == 0 && colon)
		rc = take_engine(tail, (size_t)(colon - tail), target, &flags, err);
	if (rc < 0)
		return rc;
	tail = colon ? colon + 1 : tail;
	return flags & NSR_ENGINE_FREE_DEVICE ? take_free_text(tail, target, err)
					      : take_interface(tail, target, err);
}

static int give(const struct nsr_target *from, struct nsr_target *to, struct nsr_error *err)
{
	if (nsr_struct_give(to, from, sizeof(*from)) < 0)
		return nsr_error_set(err, -EINVAL, "struct nsr_target: a size of %zu", to->size);
	return 0;
}

int nsr_target_parse(const char *text, struct nsr_target *target, struct nsr_error *err)
{
	struct nsr_target all = { .size = sizeof(all), .queue = -1 };
	struct nsr_error unused;
	int rc;

	if (!err)
		err = &unused;
	if (!text || !target)
		return nsr_error_set(err, -EINVAL, "no target");
	rc = parse(text, &all, err);
	return rc < 0 ? rc : give(&all, target, err);
}

int nsr_target_parse_place(const char *text, struct nsr_target *target, struct nsr_error *err)
{
	struct nsr_target all = { .size = sizeof(all), .queue = -1 };
	int rc;

	if (!text || !target)
		return nsr_error_set(err, -EINVAL, "no place");
	if (!*text || nsr_place_kind(text, NULL) == NSR_PLACE_UNKNOWN)
		return nsr_error_set(err, -EINVAL, "\"%.64s\" is no place", text);
	rc = take_place(text, strlen(text), &all, err);
	return rc < 0 ? rc : give(&all, target, err);
}

int nsr_target_format(const struct nsr_target *target, char *text, size_t room)
{
	struct nsr_target all;
	char queue[16] = "";
	int length;

	if (!target || !text || nsr_struct_take(&all, target, sizeof(all)) < 0)
		return -EINVAL;
	if (all.queue >= 0)
		snprintf(queue, sizeof(queue), "@%d", all.queue);
	length = snprintf(text, room, "%s%s%s%s%s%s", all.place,
			  *all.place && (*all.engine || *all.device) ? "/" : "", all.engine,
			  *all.engine ? ":" : "", all.device, queue);
	return length < 0 || (size_t)length >= room ? -ENAMETOOLONG : length;
}
