/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Takes a target apart, from the outside in: a leading `file:` ends the matter, since a path may
 * contain every separator; else the last '/' ends the place, the first ':' after it the engine,
 * and the last '@' begins the queue.
 */
#include <ctype.h>
#include <errno.h>
#include <linux/if.h>
#include <stdlib.h>
#include <string.h>

#include <nsring/engine.h>

#include "target.h"

#define QUEUE_MAX 65535

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

static bool engine_name_ok(const char *name)
{
	if (!*name)
		return false;
	for (; *name; name++)
		if (!islower((unsigned char)*name) && !isdigit((unsigned char)*name) &&
		    *name != '_')
			return false;
	return true;
}

/* The kernel's own rule, dev_valid_name() in net/core/dev.c; '/' and ':' can't be left here. */
static int check_device(const char *name, struct nsr_error *err)
{
	if (!*name)
		return nsr_error_set(err, -EINVAL,
				     "the target names no device: write an interface or \"any\"");
	if (strlen(name) >= IFNAMSIZ)
		return nsr_error_set(
			err, -EINVAL,
			"device \"%s\" is longer than the %d characters of an interface name", name,
			IFNAMSIZ - 1);
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strchr(name, ':'))
		return nsr_error_set(err, -EINVAL, "device \"%s\" is no interface name", name);
	for (; *name; name++)
		if (isspace((unsigned char)*name))
			return nsr_error_set(err, -EINVAL, "the device has a space in its name");
	return 0;
}

static int parse_queue(char *device, int *queue, struct nsr_error *err)
{
	char *at = strrchr(device, '@');
	char *end;
	long value;

	*queue = -1;
	if (!at)
		return 0;
	value = isdigit((unsigned char)at[1]) ? strtol(at + 1, &end, 10) : -1;
	if (value < 0 || *end || value > QUEUE_MAX)
		return nsr_error_set(err, -EINVAL,
				     "queue \"%s\" is no number from 0 to %d (the device alone is "
				     "\"%.*s\")",
				     at + 1, QUEUE_MAX, (int)(at - device), device);
	*at = '\0';
	*queue = (int)value;
	return 0;
}

static int parse_device(const char *text, struct nsr_target *target, struct nsr_error *err)
{
	const char *colon = strchr(text, ':');
	int rc;

	if (colon) {
		rc = copy_part(target->engine, sizeof(target->engine), text, (size_t)(colon - text),
			       "engine", err);
		if (rc < 0)
			return rc;
		if (!engine_name_ok(target->engine))
			return nsr_error_set(
				err, -EINVAL,
				"engine \"%s\" is no engine's name (a place ends in '/': "
				"netns:NAME/DEVICE)",
				target->engine);
		text = colon + 1;
	}
	rc = copy_part(target->device, sizeof(target->device), text, strlen(text), "device", err);
	if (rc < 0)
		return rc;
	rc = parse_queue(target->device, &target->queue, err);
	if (rc < 0)
		return rc;
	return check_device(target->device, err);
}

int nsr_target_parse(const char *text, struct nsr_target *target, struct nsr_error *err)
{
	const char *slash;
	int rc;

	memset(target, 0, sizeof(*target));
	target->queue = -1;
	if (strncmp(text, "file:", 5) == 0) {
		strcpy(target->engine, "file");
		if (!text[5])
			return nsr_error_set(err, -EINVAL,
					     "file: names no file: write file:PATH, or file:- for "
					     "standard input");
		return copy_part(target->device, sizeof(target->device), text + 5, strlen(text + 5),
				 "file name", err);
	}
	slash = strrchr(text, '/');
	if (slash) {
		if (slash == text)
			return nsr_error_set(
				err, -EINVAL,
				"the place before the '/' is empty (a namespace's path is written "
				"netns:/PATH/DEVICE, a file file:/PATH)");
		rc = copy_part(target->place, sizeof(target->place), text, (size_t)(slash - text),
			       "place", err);
		if (rc < 0)
			return rc;
		text = slash + 1;
	}
	return parse_device(text, target, err);
}
