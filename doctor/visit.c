/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The library enters places so that engines can be opened there. So what is to be done in a place is
 * the open function of an engine of our own, which then says that it can't be opened.
 */
#include "visit.h"

#include <errno.h>
#include <nsring/engine.h>
#include <stdio.h>
#include <string.h>

#define ENGINE "doctor"

static struct {
	int (*fn)(void *arg);
	void *arg;
	int rc;
	bool done;
} job;

static int open_visit(const struct nsr_engine_args *args, void **priv, struct nsr_error *err)
{
	job.rc = job.fn(job.arg);
	job.done = true;
	return nsr_error_set(err, -ECANCELED, "this engine only looks");
}

/* None of these is ever called: it is never open. */
static int start(void *priv, struct nsr_error *err)
{
	return -ECANCELED;
}

static int recv_none(void *priv, struct nsr_packet *packets, uint32_t max, struct nsr_error *err)
{
	return -ENODATA;
}

static int no_fd(void *priv)
{
	return -1;
}

static void no_info(void *priv, struct nsr_info *info)
{
}

static int no_interface(void *priv, uint32_t id, struct nsr_interface *iface)
{
	return -ENOENT;
}

static void close_none(void *priv)
{
}

static uint32_t no_drain(void *priv)
{
	return 0;
}

static const struct nsr_engine_ops visitor = {
	.abi = NSR_ENGINE_ABI,
	.size = sizeof(struct nsr_engine_ops),
	.name = ENGINE,
	.open = open_visit,
	.start = start,
	.recv = recv_none,
	.fd = no_fd,
	.info = no_info,
	.interface = no_interface,
	.close = close_none,
	.drain_ms = no_drain,
};

/* The sentence begins with it, and nobody has typed it. */
static void cut_target(struct nsr_error *err, const char *target)
{
	size_t length = strlen(target);

	if (strncmp(err->text, target, length) == 0 && strncmp(err->text + length, ": ", 2) == 0)
		memmove(err->text, err->text + length + 2, strlen(err->text + length + 2) + 1);
}

int visit(const char *place, int (*fn)(void *arg), void *arg, struct nsr_error *err)
{
	struct nsr_capture *cap;
	char target[512];
	int rc = nsr_engine_register(&visitor, err);

	if (rc < 0 && rc != -EEXIST)
		return rc;
	job.fn = fn;
	job.arg = arg;
	job.done = false;
	/* The device is for the grammar: nobody looks for it. */
	snprintf(target, sizeof(target), "%s%s" ENGINE ":any", place, *place ? "/" : "");
	rc = nsr_open(target, NULL, &cap, err);
	if (job.done)
		return job.rc;
	cut_target(err, target);
	return rc;
}
