/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Checks struct nsr_options and puts in the defaults. */
#include <errno.h>
#include <string.h>

#include <nsring/engine.h>

#include "options.h"
#include "sized.h"

#define DEFAULT_BATCH_PACKETS 256

static int say_size(size_t size, int code, struct nsr_error *err)
{
	if (code == -EINVAL)
		return nsr_error_advise(err,
					nsr_error_set(err, code, "options: a size of %zu", size),
					"call nsr_options_init() first");
	return nsr_error_set(err, code,
			     "options: set beyond the %zu bytes that this libnsring (%s) knows",
			     sizeof(struct nsr_options), NSR_VERSION);
}

static int check(const struct nsr_options *opts, struct nsr_error *err)
{
	if (opts->mode & ~(uint32_t)(NSR_RECV | NSR_SEND))
		return nsr_error_set(err, -EINVAL, "options: mode %#x is unknown", opts->mode);
	if (opts->snaplen > NSR_SNAPLEN_MAX)
		return nsr_error_set(err, -EINVAL, "options: snaplen %u is over %u", opts->snaplen,
				     NSR_SNAPLEN_MAX);
	if (opts->ring_bytes > NSR_RING_BYTES_MAX)
		return nsr_error_set(err, -EINVAL, "options: ring_bytes %llu is over %llu GiB",
				     (unsigned long long)opts->ring_bytes,
				     (unsigned long long)NSR_RING_BYTES_MAX >> 30);
	if (opts->batch_packets > NSR_BATCH_PACKETS_MAX)
		return nsr_error_set(err, -EINVAL, "options: batch_packets %u is over %u",
				     opts->batch_packets, NSR_BATCH_PACKETS_MAX);
	if (opts->batch_ms > NSR_BATCH_MS_MAX)
		return nsr_error_set(err, -EINVAL, "options: batch_ms %u is over %u",
				     opts->batch_ms, NSR_BATCH_MS_MAX);
	if (opts->direction > NSR_OUT)
		return nsr_error_set(err, -EINVAL, "options: direction %u is unknown",
				     opts->direction);
	if (opts->fanout > NSR_FANOUT_VLAN)
		return nsr_error_set(err, -EINVAL, "options: fanout %u is unknown", opts->fanout);
	if (opts->fanout_group > NSR_FANOUT_GROUP_MAX)
		return nsr_error_set(err, -EINVAL, "options: fanout_group %u is over %u",
				     opts->fanout_group, NSR_FANOUT_GROUP_MAX);
	if (opts->stamp > NSR_STAMP_DEVICE)
		return nsr_error_set(err, -EINVAL, "options: stamp %u is unknown", opts->stamp);
	if (opts->take > NSR_TAKE_REALLY)
		return nsr_error_set(err, -EINVAL, "options: take %u is unknown", opts->take);
	if (opts->xdp > NSR_XDP_GENERIC)
		return nsr_error_set(err, -EINVAL, "options: xdp %u is unknown", opts->xdp);
	if (opts->busy_poll_us > NSR_BUSY_POLL_US_MAX)
		return nsr_error_set(err, -EINVAL, "options: busy_poll_us %u is over %u",
				     opts->busy_poll_us, NSR_BUSY_POLL_US_MAX);
	if (opts->share && opts->fanout)
		return nsr_error_set(
			err, -EINVAL,
			"options: share and fanout: each packet is for all, or for one");
	if (opts->inject && !(opts->mode & NSR_SEND))
		return nsr_error_set(err, -EINVAL, "options: inject is for sending");
	return 0;
}

int nsr_options_take(const struct nsr_options *from, struct nsr_options *to, struct nsr_error *err)
{
	int rc;

	memset(to, 0, sizeof(*to));
	if (from) {
		rc = nsr_struct_take(to, from, sizeof(*to));
		if (rc < 0)
			return say_size(from->size, rc, err);
		rc = check(to, err);
		if (rc < 0)
			return rc;
	}
	to->size = sizeof(*to);
	if (!to->mode)
		to->mode = NSR_RECV;
	if (!to->snaplen)
		to->snaplen = NSR_SNAPLEN_MAX;
	if (!to->batch_packets)
		to->batch_packets = DEFAULT_BATCH_PACKETS;
	if (to->filter && !*to->filter)
		to->filter = NULL;
	return 0;
}
