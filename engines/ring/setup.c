/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The socket of nsring.ko: it is told how to capture, and makes the ring when it is bound. */
#include <errno.h>
#include <linux/net_tstamp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/caps.h"
#include "sys/ethtool.h"
#include "sys/kmod.h"
#include "ring.h"

/*
 * As for packet sockets: long enough for a reader that is kept from its CPU, yet 200 captures fit
 * into 2 GiB.
 */
#define DEFAULT_RING_BYTES (8u << 20)

/*
 * To wake costs as much for one packet as for a hundred: a lone packet waits so long for others, so that its
 * reader has it within half a millisecond, and one of many waits up to WAIT_MAX_US.
 */
#define WAIT_MIN_US 480
#define WAIT_MAX_US 4000

/* Random numbers to try for a new fanout group. */
#define GROUP_TRIES 8

static int open_socket(struct ring *r, struct nsr_error *err)
{
	r->fd = nsr_kmod_open(NSRING_ABI);
	switch (r->fd) {
	case -EPERM:
		return nsr_caps_advise(err,
				       nsr_error_set(err, -EPERM, "ring sockets need CAP_NET_RAW"),
				       NULL, NSR_CAP_BIT(NET_RAW), NULL);
	case -EACCES:
		return nsr_error_advise(
			err,
			/* The code by which the library falls back. */
			nsr_error_set(err, -EAFNOSUPPORT,
				      "this namespace belongs to a user namespace, which nsring.ko "
				      "does not let in"),
			"use packet:%s, or load the module with user_namespaces=1", r->device);
	case -ENOENT:
		return nsr_error_advise(
			err, nsr_error_set(err, -EAFNOSUPPORT, "nsring.ko is not loaded"),
			"modprobe nsring, or use packet:%s", r->device);
	case -EPROTONOSUPPORT:
		return nsr_error_advise(
			err,
			nsr_error_set(err, r->fd,
				      "the nsring.ko that is loaded does not have interface %d of "
				      "this libnsring (%s)",
				      NSRING_ABI, NSR_VERSION),
			"take both from one release, or use packet:%s", r->device);
	}
	return r->fd < 0 ? nsr_error_set(err, r->fd, "ring socket: %s", strerror(-r->fd)) : 0;
}

static void choose_flags(struct ring *r, const struct nsr_engine_args *args)
{
	const struct nsr_options *opts = args->opts;
	uint32_t flags = 0;

	if (r->view == NSR_SKB_COOKED)
		flags |= NSRING_COOKED;
	if (opts->promiscuous && !r->any_iface && r->mode & NSR_RECV)
		flags |= NSRING_PROMISCUOUS;
	if (args->all)
		flags |= NSRING_ALL_NETNS;
	if (!(r->mode & NSR_RECV))
		flags |= NSRING_NO_RING;
	if (opts->inject)
		flags |= NSRING_INJECT;
	/* The clocks of several devices differ. This uses stamps, but does not turn them on. */
	if (opts->stamp == NSR_STAMP_AUTO && !r->any_iface && r->mode & NSR_RECV &&
	    nsr_ethtool_rx_stamps(r->link_fd, r->device) > HWTSTAMP_FILTER_NONE)
		flags |= NSRING_DEVICE_STAMPS;
	r->setup.flags = flags;
}

static void choose_cluster(struct ring *r, const struct nsr_options *opts)
{
	static const uint32_t modes[] = {
		[NSR_FANOUT_FLOW] = NSRING_CLUSTER_FLOW,
		[NSR_FANOUT_CPU] = NSRING_CLUSTER_CPU,
		[NSR_FANOUT_ROUND_ROBIN] = NSRING_CLUSTER_ROUND_ROBIN,
		[NSR_FANOUT_QUEUE] = NSRING_CLUSTER_QUEUE,
		[NSR_FANOUT_2_TUPLE] = NSRING_CLUSTER_2_TUPLE,
		[NSR_FANOUT_INNER_FLOW] = NSRING_CLUSTER_INNER_FLOW,
		[NSR_FANOUT_INNER_2_TUPLE] = NSRING_CLUSTER_INNER_2_TUPLE,
		[NSR_FANOUT_VLAN] = NSRING_CLUSTER_VLAN,
	};

	if (!opts->fanout)
		return;
	r->setup.cluster_mode = modes[opts->fanout];
	r->setup.cluster = opts->fanout_group;
	r->new_group = !opts->fanout_group;
}

/* Both 0: at once. */
static void choose_waits(struct ring *r, const struct nsr_engine_args *args)
{
	if (args->opts->immediate)
		return;
	r->setup.wait_min_us = args->batch_default ? WAIT_MIN_US : args->opts->batch_ms * 1000;
	r->setup.wait_max_us = args->batch_default ? WAIT_MAX_US : args->opts->batch_ms * 1000;
}

static uint64_t choose_bytes(const struct nsr_options *opts)
{
	uint64_t bytes = opts->ring_bytes ? opts->ring_bytes : DEFAULT_RING_BYTES;
	uint64_t spare = nsr_spare_memory() / 4;

	return spare && bytes > spare ? spare : bytes;
}

static int say_all(struct nsr_error *err)
{
	const uint64_t wanted = NSR_CAP_BIT(NET_RAW) | NSR_CAP_BIT(SYS_ADMIN);
	struct nsr_caps caps;

	nsr_error_set(err, -EPERM,
		      "capturing all namespaces at once needs CAP_NET_RAW and CAP_SYS_ADMIN of the "
		      "host, and to be in its own network namespace");
	nsr_caps_read(&caps);
	return nsr_caps_missing(&caps, wanted) ? nsr_caps_advise(err, -EPERM, &caps, wanted, NULL)
					       : -EPERM;
}

static int set_up(struct ring *r, struct nsr_error *err)
{
	if (setsockopt(r->fd, SOL_NSRING, NSRING_SETUP, &r->setup, sizeof(r->setup)) == 0)
		return 0;
	if (errno == EPERM && r->setup.flags & NSRING_ALL_NETNS)
		return say_all(err);
	if (errno == EPERM && r->setup.flags & NSRING_INJECT)
		return nsr_error_set(err, -EPERM,
				     "%s: handing frames to the stack needs CAP_NET_ADMIN",
				     r->device);
	return nsr_error_set(err, -errno, "setting up the ring: %s", strerror(errno));
}

int ring_setup(struct ring *r, const struct nsr_engine_args *args, struct nsr_error *err)
{
	const struct nsr_options *opts = args->opts;
	int rc;

	rc = open_socket(r, err);
	if (rc < 0)
		return rc;
	choose_flags(r, args);
	choose_cluster(r, opts);
	/* Each filter tells how many bytes to keep; here only the ring's size limits them. */
	r->setup.snaplen = 0;
	r->setup.ring_bytes = choose_bytes(opts);
	r->setup.direction = opts->direction;
	r->setup.sample = opts->sample;
	r->setup.share = opts->share;
	choose_waits(r, args);
	return set_up(r, err);
}

static int say_bind(const struct ring *r, int code, struct nsr_error *err)
{
	switch (code) {
	case -ENODEV:
		return nsr_error_set(
			err, code, "device \"%s\" is gone (deleted, or moved to another namespace)",
			r->device);
	case -ENOMEM:
		return nsr_error_advise(
			err, nsr_error_set(err, code, "no memory for a ring, not even a small one"),
			"raise what this user may lock (ulimit -l), the memory cgroup's limit, or "
			"nsring.ko's parameter memory_percent");
	case -EINVAL:
		if (r->setup.share)
			return nsr_error_advise(
				err,
				nsr_error_set(err, code,
					      "ring %u is shared already, of another device or "
					      "with other options",
					      r->setup.share),
				"take those, or another number");
		if (r->setup.cluster)
			return nsr_error_set(err, code,
					     "joining fanout group %u: its members are of another "
					     "device or have other options",
					     r->setup.cluster);
		break;
	case -EUSERS:
		if (!r->setup.share && !r->setup.cluster)
			return nsr_error_set(
				err, code,
				"%u captures take any device of this namespace: as many as "
				"can without CAP_SYS_RESOURCE",
				NSRING_ANY_MAX);
		return nsr_error_set(err, code, "%s %u has as many members as it can have",
				     r->setup.share ? "shared ring" : "fanout group",
				     r->setup.share ? r->setup.share : r->setup.cluster);
	}
	return nsr_error_set(err, code, "binding to device \"%s\": %s", r->device, strerror(-code));
}

static int try_bind(const struct ring *r)
{
	struct sockaddr_nsring address = { .ifindex = r->ifindex };

	return bind(r->fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
}

/* Makes the ring, or one half as large, and so on, while there is no memory for it. */
static int make_ring(struct ring *r, struct nsr_error *err)
{
	int rc;

	rc = try_bind(r);
	while (rc == -ENOMEM && r->setup.ring_bytes > NSRING_LANE_MIN) {
		r->setup.ring_bytes /= 2;
		rc = set_up(r, err);
		if (rc < 0)
			return rc;
		rc = try_bind(r);
	}
	return rc < 0 ? say_bind(r, rc, err) : 0;
}

static int check_group(const struct ring *r, const struct nsring_layout *layout,
		       struct nsr_error *err)
{
	if (!r->new_group || layout->members == 1)
		return 0;
	return nsr_error_advise(err,
				nsr_error_set(err, -EBUSY,
					      "fanout group %u, chosen by chance, is another's",
					      r->setup.cluster),
				"try again");
}

static int map_ring(struct ring *r, struct nsr_error *err)
{
	struct nsring_layout layout = { 0 };
	socklen_t size = sizeof(layout);

	if (getsockopt(r->fd, SOL_NSRING, NSRING_LAYOUT, &layout, &size) < 0)
		return nsr_error_set(err, -errno, "asking for the ring's layout: %s",
				     strerror(errno));
	if (check_group(r, &layout, err) < 0)
		return -EBUSY;
	r->ring_snaplen = layout.snaplen;
	r->map.reader = layout.reader;
	r->map.ring_bytes = layout.ring_bytes;
	r->memory_bytes = layout.memory_bytes;
	r->map.cursor_bytes = layout.cursor_bytes;
	r->map.ring = mmap(NULL, layout.ring_bytes, PROT_READ, MAP_SHARED, r->fd, NSRING_MAP_RING);
	if (r->map.ring == MAP_FAILED)
		goto fail;
	r->map.cursors = mmap(NULL, layout.cursor_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
			      NSRING_MAP_CURSORS);
	if (r->map.cursors == MAP_FAILED)
		goto fail;
	return nsr_ring_open(&r->map, &r->reader, err);
fail:
	return nsr_error_set(err, -errno, "mapping the ring: %s", strerror(errno));
}

void ring_unmap(struct ring *r)
{
	nsr_ring_close(r->reader);
	r->reader = NULL;
	if (r->map.ring && r->map.ring != MAP_FAILED)
		munmap((void *)r->map.ring, r->map.ring_bytes);
	if (r->map.cursors && r->map.cursors != MAP_FAILED)
		munmap(r->map.cursors, r->map.cursor_bytes);
}

/*
 * Nobody tells which numbers are free; a random one is hardly ever in use. If it is, binding fails
 * where that group's captures differ from this one; where they are alike, check_group() sees that
 * the group has other members.
 */
static int make_group(struct ring *r, struct nsr_error *err)
{
	uint32_t number, tries;
	int rc = -EINVAL;

	for (tries = 0; rc == -EINVAL && tries < GROUP_TRIES; tries++) {
		if (getrandom(&number, sizeof(number), 0) != sizeof(number))
			return nsr_error_set(err, -errno, "random number: %s", strerror(errno));
		r->setup.cluster = 1 + number % NSR_FANOUT_GROUP_MAX;
		rc = set_up(r, err);
		if (rc == 0)
			rc = make_ring(r, err);
	}
	return rc;
}

int ring_bind(struct ring *r, struct nsr_error *err)
{
	int rc;

	rc = r->new_group ? make_group(r, err) : make_ring(r, err);
	if (rc == 0 && r->mode & NSR_RECV)
		rc = map_ring(r, err);
	r->fanout_group = r->setup.cluster;
	return rc;
}
