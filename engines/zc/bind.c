/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Binds a queue's first AF_XDP socket, in the best way that the device and the kernel offer. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sys/compat.h"
#include "sockets.h"

/*
 * How often to try again, 10 ms apart, while the kernel may still be freeing what we need. It does so in a
 * worker, and under RTNL, which the end of many namespaces holds for seconds.
 */
#define PATIENCE 300

/* Ways to bind, in the order in which to try them. */
struct binding {
	uint32_t xdp;
	uint16_t flags;
};

static const struct binding bindings[] = {
	{ NSR_XDP_ZEROCOPY, XDP_ZEROCOPY },
	{ NSR_XDP_NATIVE, XDP_COPY },
};

static void pause_a_little(void)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };

	nanosleep(&pause, NULL);
}

static int make_patiently(const struct zc_socket_spec *spec, bool again)
{
	int fd = zc_socket_make(spec), tries;

	for (tries = 0; again && fd == -ENOBUFS && tries < PATIENCE; tries++) {
		pause_a_little();
		fd = zc_socket_make(spec);
	}
	return fd;
}

/* The kernel frees the queue of a closed socket a little later. */
static int bind_patiently(int fd, const struct zc_socket_spec *spec, uint16_t flags)
{
	int rc = zc_socket_bind(fd, spec, flags), tries;

	for (tries = 0; rc == -EBUSY && tries < PATIENCE; tries++) {
		pause_a_little();
		rc = zc_socket_bind(fd, spec, flags);
	}
	return rc;
}

/* @joins: see struct zc_sockets */
static int bind_as(const struct zc *zc, int fd, const struct zc_socket_spec *spec, uint16_t flags,
		   bool joins)
{
	int rc = bind_patiently(fd, spec, flags | (joins ? XDP_USE_SG : 0));

	/* Linux before 6.6 has no such flag. Without it frames that GRO joined are lost. */
	if (rc == -EINVAL && joins && !zc->frags)
		rc = bind_patiently(fd, spec, flags);
	return rc;
}

int zc_bind(const struct zc *zc, struct zc_sockets *sockets, const struct zc_socket_spec *spec,
	    uint32_t wanted, bool again)
{
	int fd = make_patiently(spec, again), rc = -EOPNOTSUPP;
	size_t i;

	if (fd < 0)
		return fd;
	for (i = 0; i < sizeof(bindings) / sizeof(bindings[0]); i++) {
		if (bindings[i].xdp == NSR_XDP_ZEROCOPY ? wanted > NSR_XDP_ZEROCOPY
							: wanted == NSR_XDP_ZEROCOPY)
			continue;
		rc = bind_as(zc, fd, spec, bindings[i].flags, sockets->joins);
		if (rc == 0 && bindings[i].xdp == NSR_XDP_ZEROCOPY)
			sockets->zero_copy = true;
		/* No zero-copy is not the reason: copying would fail, too. */
		if (rc == 0 || rc == -ENOBUFS || rc == -ENOMEM || rc == -EBUSY || rc == -EPERM)
			break;
	}
	if (rc == 0)
		return fd;
	if (spec->rings)
		zc_socket_unmap(spec->rings);
	close(fd);
	return rc;
}

static int say_no_zero_copy(const struct zc *zc, struct nsr_error *err)
{
	if (!zc->frags) {
		nsr_error_set(err, -EOPNOTSUPP, "%s: its driver has no zero-copy", zc->device.name);
		return nsr_error_advise(err, -EOPNOTSUPP, "leave the mode out, or demand native");
	}
	nsr_error_set(err, -EOPNOTSUPP,
		      "%s: its driver has no zero-copy for frames of an MTU of %u, which need "
		      "several buffers",
		      zc->device.name, zc->device.mtu);
	return nsr_error_advise(err, -EOPNOTSUPP, "lower the MTU to %u, or demand native",
				zc_memory_one_buffer_mtu(&zc->device));
}

static int say_no_frags(const struct zc *zc, struct nsr_error *err)
{
	nsr_error_set(err, -EOPNOTSUPP,
		      "frames of an MTU of %u need AF_XDP with several buffers a frame, Linux 6.6",
		      zc->device.mtu);
	return nsr_error_advise(err, -EOPNOTSUPP, "lower the MTU to %u, or use packet:%s",
				zc_memory_one_buffer_mtu(&zc->device), zc->device.name);
}

int zc_bind_say(const struct zc *zc, int code, uint32_t queue, struct nsr_error *err)
{
	const char *device = zc->device.name;

	switch (code) {
	case -ENOBUFS:
	case -ENOMEM:
		nsr_error_set(err, -ENOMEM,
			      "no memory for the frames of queue %u, or more than may be locked",
			      queue);
		return nsr_error_advise(err, -ENOMEM,
					"raise the limit (ulimit -l, LimitMEMLOCK=), grant "
					"CAP_IPC_LOCK, or ask for a smaller ring");
	case -EBUSY:
		nsr_error_set(err, code, "queue %u of %s is taken by another AF_XDP socket", queue,
			      device);
		return nsr_error_advise(err, code,
					"end that program, take another queue, or join its fanout "
					"group");
	case -EPERM:
		nsr_error_set(err, code, "AF_XDP sockets need CAP_NET_RAW");
		return nsr_caps_advise(err, code, NULL, ZC_CAPS, NULL);
	case -EAFNOSUPPORT:
		nsr_error_set(err, -EOPNOTSUPP, "this kernel has no AF_XDP (CONFIG_XDP_SOCKETS)");
		return nsr_error_advise(err, -EOPNOTSUPP, "use packet:%s", device);
	case -EOPNOTSUPP:
		return say_no_zero_copy(zc, err);
	case -EINVAL:
		if (zc->frags)
			return say_no_frags(zc, err);
	}
	return nsr_error_set(err, code, "AF_XDP socket on queue %u of %s: %s", queue, device,
			     strerror(-code));
}
