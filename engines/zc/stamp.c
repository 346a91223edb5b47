/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Time stamps of zc: the device's, by the kernel's XDP metadata functions (see xdp-rx-metadata in
 * the kernel's documentation; Linux 6.3), and the program's own clock.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>

#include "sys/clock.h"
#include "zc.h"

/* Returns the BTF id of the kernel function that asks the device, or -EOPNOTSUPP. */
static int find_kfunc(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int id;

	if (!btf)
		return -EOPNOTSUPP;
	id = btf__find_by_name_kind(btf, "bpf_xdp_metadata_rx_timestamp", BTF_KIND_FUNC);
	btf__free(btf);
	return id > 0 ? id : -EOPNOTSUPP;
}

static int refuse(bool demanded, const char *why, const char *advice, struct nsr_error *err)
{
	if (!demanded)
		return 0;
	nsr_error_set(err, -EOPNOTSUPP, "%s", why);
	return nsr_error_advise(err, -EOPNOTSUPP, "%s", advice);
}

int zc_stamp_choose(struct zc *zc, uint32_t stamp, struct nsr_error *err)
{
	bool demanded = stamp == NSR_STAMP_DEVICE;

	if (stamp == NSR_STAMP_KERNEL)
		zc->program.stamp = ZC_STAMP_KERNEL;
	if (stamp == NSR_STAMP_KERNEL || !(demanded || zc_device_stamps(&zc->device)))
		return 0;
	if (zc->xdp == NSR_XDP_GENERIC)
		return refuse(demanded, "the device's time stamps need native mode",
			      "leave the mode or the stamp option out", err);
	zc->program.stamp_kfunc = find_kfunc();
	zc->program.netns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (zc->program.stamp_kfunc < 0 || zc->program.netns < 0)
		return refuse(demanded,
			      "this kernel can't ask devices for time stamps in XDP (Linux 6.3, "
			      "with BTF)",
			      "leave the stamp option out", err);
	zc->program.stamp = ZC_STAMP_DEVICE;
	return 0;
}

/* bpf_ktime_get_ns() is CLOCK_MONOTONIC. The tightest of three measurements is right. */
int64_t zc_stamp_offset_ns(void)
{
	int64_t before, real, after, best = INT64_MAX, offset = 0;
	int i;

	for (i = 0; i < 3; i++) {
		before = (int64_t)nsr_clock_ns();
		real = (int64_t)nsr_clock_wall_ns();
		after = (int64_t)nsr_clock_ns();
		if (after - before < best) {
			best = after - before;
			offset = real - before - (after - before) / 2;
		}
	}
	return offset;
}
