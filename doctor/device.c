/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Gathers what the kernel and the driver tell of a device. */
#include "device.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

/* Reads the program's name; without CAP_SYS_ADMIN @name stays as it is. */
static void name_program(uint32_t id, char name[BPF_OBJ_NAME_LEN])
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id);

	if (fd < 0)
		return;
	if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0)
		memcpy(name, info.name, BPF_OBJ_NAME_LEN);
	name[BPF_OBJ_NAME_LEN - 1] = '\0';
	close(fd);
}

/* The other end of a pair, or the device beneath: its offloads show in packets of this one, too. */
static void look_below(struct device *device, int fd)
{
	struct ethtool ethtool = { 0 };

	if (nsr_link_look(fd, NULL, device->link.below, &device->below) < 0)
		return;
	ethtool_look(device->below.name, &ethtool);
	memcpy(device->peer_offloads, ethtool.offloads, sizeof(ethtool.offloads));
}

static void look_at_features(struct device *device)
{
	struct nsr_netdev netdev;

	nsr_netdev_open(&netdev);
	device->features_rc = nsr_netdev_get(&netdev, device->link.ifindex, &device->features);
	nsr_netdev_close(&netdev);
}

static int look(struct device *device, int fd)
{
	struct nsr_link_info *link = &device->link;
	int rc = nsr_link_look(fd, device->name, 0, link);

	if (rc < 0)
		return rc;
	ethtool_look(device->name, &device->ethtool);
	look_at_features(device);
	if (link->master)
		nsr_link_look(fd, NULL, link->master, &device->master);
	if (link->below && !link->abroad && link->below != link->ifindex)
		look_below(device, fd);
	if (link->xdp_id)
		name_program(link->xdp_id, device->xdp_name);
	return 0;
}

int device_look(struct device *device)
{
	int fd = nsr_link_open(), rc;

	if (fd < 0)
		return fd;
	rc = look(device, fd);
	close(fd);
	return rc;
}
