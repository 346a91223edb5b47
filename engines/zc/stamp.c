/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Time stamps of zc: the device's, by way of the kernel's XDP metadata functions (see
 * xdp-rx-metadata in the kernel's documentation; Linux 6.3), and the program's own clock.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <time.h>

#include "zc.h"

int zc_stamp_find(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int id;

	if (!btf)
		return -EOPNOTSUPP;
	id = btf__find_by_name_kind(btf, "bpf_xdp_metadata_rx_timestamp", BTF_KIND_FUNC);
	btf__free(btf);
	return id > 0 ? id : -EOPNOTSUPP;
}

static int64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* bpf_ktime_get_ns() is CLOCK_MONOTONIC. The tightest of three tries. */
int64_t zc_stamp_offset_ns(void)
{
	int64_t before, real, after, best = INT64_MAX, offset = 0;
	int i;

	for (i = 0; i < 3; i++) {
		before = now_ns(CLOCK_MONOTONIC);
		real = now_ns(CLOCK_REALTIME);
		after = now_ns(CLOCK_MONOTONIC);
		if (after - before < best) {
			best = after - before;
			offset = real - before - (after - before) / 2;
		}
	}
	return offset;
}
