/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The common part of receivers that have AF_XDP sockets. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/compat.h"
#include "sockets.h"

#define BUSY_POLL_BUDGET 64

bool zc_sockets_may_join(const struct zc *zc)
{
	return zc->frags || zc->xdp == NSR_XDP_GENERIC;
}

int zc_sockets_make_map(struct zc *zc, uint32_t most, struct nsr_error *err)
{
	zc->program.sockets =
		bpf_map_create(BPF_MAP_TYPE_XSKMAP, "nsring_sockets", sizeof(uint32_t),
			       sizeof(uint32_t), zc->device.queues * most, NULL);
	if (zc->program.sockets < 0 && errno == EPERM)
		return nsr_caps_advise(err, nsr_error_set(err, -EPERM, "XDP needs CAP_NET_ADMIN"),
				       NULL, ZC_CAPS, NULL);
	if (zc->program.sockets < 0)
		return nsr_error_set(err, -errno, "map of sockets: %s", strerror(errno));
	return 0;
}

void zc_sockets_busy_poll(const struct zc *zc, const struct zc_sockets *sockets)
{
	int on = 1, us = (int)zc->busy_poll_us, budget = BUSY_POLL_BUDGET;
	uint32_t i;

	for (i = 0; us && i < sockets->count; i++) {
		int fd = sockets->queues[i].fd;

		setsockopt(fd, SOL_SOCKET, SO_PREFER_BUSY_POLL, &on, sizeof(on));
		setsockopt(fd, SOL_SOCKET, SO_BUSY_POLL, &us, sizeof(us));
		setsockopt(fd, SOL_SOCKET, SO_BUSY_POLL_BUDGET, &budget, sizeof(budget));
	}
}

int zc_sockets_prepare(const struct zc *zc, struct zc_sockets *sockets, struct nsr_error *err)
{
	uint32_t i;
	int rc = 0;

	if (sockets->joins) {
		sockets->bounce = malloc(ZC_BOUNCE_BYTES);
		if (!sockets->bounce)
			return nsr_error_set(err, -ENOMEM, "out of memory");
	}
	for (i = 0; i < sockets->count && rc == 0; i++)
		rc = zc_watch(zc, sockets->queues[i].fd);
	if (rc < 0)
		return nsr_error_set(err, rc, "epoll: %s", strerror(-rc));
	zc_sockets_busy_poll(zc, sockets);
	return 0;
}

/* The ring must not fill up, at 8 million packets a second. */
int zc_sockets_idle_us(const struct zc_sockets *sockets, uint32_t us)
{
	uint32_t fills_us = sockets->memory.ring_frames / 8;

	return (int)(us < fills_us ? us : fills_us);
}

static const char *way(const struct zc *zc, const struct zc_sockets *sockets)
{
	if (sockets->zero_copy)
		return "zero-copy";
	switch (zc->xdp) {
	case NSR_XDP_GENERIC:
		return "generic copy";
	case NSR_XDP_NATIVE:
		return "native copy";
	default:
		return "copy";
	}
}

void zc_sockets_info(const struct zc *zc, const struct zc_sockets *sockets, struct nsr_info *info)
{
	snprintf(info->mode, sizeof(info->mode), "AF_XDP %s", way(zc, sockets));
	info->ring_bytes = (uint64_t)sockets->count * zc_memory_bytes(&sockets->memory);
}
