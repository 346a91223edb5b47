/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Engine `live`: sends by XDP live frames. The kernel makes the frames itself, as often as one call
 * tells (BPF_PROG_TEST_RUN with BPF_F_TEST_XDP_LIVE_FRAMES), a program copies what is to be sent
 * into each and redirects it into the device's driver: no socket, no skb, no queueing discipline,
 * and no system call per frame. Millions of frames a second leave one core. It can't receive.
 *
 * Nothing of the device is changed, and all there is (maps, programs, links) dies with the process.
 *
 * Needs Linux 5.18, CAP_BPF and CAP_NET_ADMIN (programs and maps of XDP), CAP_PERFMON (to see what
 * the device refuses, see live_program_watch()); and CAP_SYS_ADMIN to be fast, see live_hold().
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sys/caps.h"
#include "live.h"

#define LINKTYPE_ETHERNET 1

#define LIVE_CAPS (NSR_CAP_BIT(BPF) | NSR_CAP_BIT(NET_ADMIN) | NSR_CAP_BIT(PERFMON))

/* Frames of a kernel's batch until the device has refused some; a veth's queue has 256. */
#define FIRST_BATCH 64

static int say(int code, const char *what, struct nsr_error *err)
{
	if (code == -EPERM || code == -EACCES)
		return nsr_caps_advise(
			err,
			nsr_error_set(err, code,
				      "live frames need CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON in "
				      "the host's user namespace (%s)",
				      what),
			NULL, LIVE_CAPS, NULL);
	return nsr_error_set(err, code, "live frames: %s: %s", what, strerror(-code));
}

static int open_maps(struct live *live, struct nsr_error *err)
{
	LIBBPF_OPTS(bpf_map_create_opts, mapped, .map_flags = BPF_F_MMAPABLE);
	uint32_t key = 0;
	void *map;

	live->map_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "nsring_live", sizeof(key),
				      sizeof(struct live_shared), 1, &mapped);
	if (live->map_fd < 0)
		return say(-errno, "making a map", err);
	map = mmap(NULL, sizeof(struct live_shared), PROT_READ | PROT_WRITE, MAP_SHARED,
		   live->map_fd, 0);
	if (map == MAP_FAILED)
		return say(-errno, "mapping a map", err);
	live->shared = map;
	live->devmap_fd = bpf_map_create(BPF_MAP_TYPE_DEVMAP, "nsring_live", sizeof(key),
					 sizeof(uint32_t), 1, NULL);
	if (live->devmap_fd < 0)
		return say(-errno, "making a device map", err);
	/* Looks the index up in the namespace of this thread; redirecting works from any. */
	if (bpf_map_update_elem(live->devmap_fd, &key, &live->device.ifindex, BPF_ANY) < 0)
		return say(-errno, "filling a device map", err);
	return 0;
}

static int open_programs(struct live *live, struct nsr_error *err)
{
	int rc;

	live->watch_fd = live_program_watch(live->map_fd);
	if (live->watch_fd < 0)
		return say(live->watch_fd, "tracing what the device takes", err);
	live->send_fd = live_program_send(live->map_fd, live->devmap_fd);
	if (live->send_fd < 0)
		return say(live->send_fd, "loading a program", err);
	rc = live_send_try(live);
	if (rc == -EINVAL || rc == -EOPNOTSUPP || rc == -ENOTSUP)
		return nsr_error_advise(
			err,
			nsr_error_set(err, -EOPNOTSUPP, "live frames need Linux 5.18 or later"),
			"use packet:%s", live->name);
	if (rc < 0)
		return say(rc, "running a program", err);
	/* If that fails, the engine works without, only slower. */
	live->hold_fd = live_hold(live->send_fd, &live->hold_ns_fd);
	return 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void live_close(void *priv)
{
	struct live *live = priv;

	close_fd(live->hold_fd);
	close_fd(live->hold_ns_fd);
	close_fd(live->watch_fd);
	close_fd(live->send_fd);
	close_fd(live->devmap_fd);
	if (live->shared)
		munmap(live->shared, sizeof(*live->shared));
	close_fd(live->map_fd);
	live_device_close(&live->device);
	free(live);
}

static int live_open(const struct nsr_engine_args *args, void **priv, struct nsr_error *err)
{
	struct live *live;
	int rc;

	if (args->opts->mode & NSR_RECV)
		return nsr_error_advise(
			err, nsr_error_set(err, -EOPNOTSUPP, "the engine live only sends"),
			"capture with packet:%s", args->device);
	live = calloc(1, sizeof(*live));
	if (!live)
		return nsr_error_set(err, -ENOMEM, "out of memory");
	live->map_fd = live->devmap_fd = live->send_fd = live->watch_fd = -1;
	live->hold_fd = live->hold_ns_fd = -1;
	live->batch = FIRST_BATCH;
	snprintf(live->name, sizeof(live->name), "%s", args->device);
	live->device.name = live->name;
	rc = live_device_open(&live->device, err);
	if (rc == 0)
		rc = open_maps(live, err);
	if (rc == 0)
		rc = open_programs(live, err);
	if (rc < 0) {
		live_close(live);
		return rc;
	}
	*priv = live;
	return 0;
}

static int live_start(void *priv, struct nsr_error *err)
{
	return 0;
}

/* Never called: it can't be opened for receiving. */
static int live_recv(void *priv, struct nsr_packet *packets, uint32_t max, struct nsr_error *err)
{
	return -ENODATA;
}

static int live_fd(void *priv)
{
	return ((struct live *)priv)->device.link_fd;
}

static void live_info(void *priv, struct nsr_info *info)
{
	const struct live *live = priv;

	snprintf(info->mode, sizeof(info->mode), "XDP live frames%s",
		 live->hold_fd < 0 ? ", slow: not held" : "");
	info->linktype = LINKTYPE_ETHERNET;
	info->batch_packets = LIVE_BATCH;
}

static int live_interface(void *priv, uint32_t id, struct nsr_interface *iface)
{
	const struct live *live = priv;

	if (id)
		return -ENOENT;
	memcpy(iface->name, live->name, sizeof(live->name));
	iface->ifindex = live->device.ifindex;
	iface->linktype = LINKTYPE_ETHERNET;
	return 0;
}

static uint32_t live_drain_ms(void *priv)
{
	return 0;
}

const struct nsr_engine_ops nsr_engine_live = {
	.abi = NSR_ENGINE_ABI,
	.size = sizeof(struct nsr_engine_ops),
	.name = "live",
	.open = live_open,
	.start = live_start,
	.recv = live_recv,
	.send = live_send,
	.fd = live_fd,
	.info = live_info,
	.interface = live_interface,
	.close = live_close,
	.drain_ms = live_drain_ms,
};
