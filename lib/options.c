/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Sized structs. A caller's struct can be shorter than ours (an older program: what is missing is
 * zero, which is every field's default) or longer (a newer one: what we don't know must be zero).
 */
#include <errno.h>
#include <string.h>

#include <nsring/engine.h>

#include "options.h"

#define DEFAULT_BATCH_PACKETS 256
#define MAX_BATCH_PACKETS     65536
#define DEFAULT_BATCH_MS      20
#define MAX_BATCH_MS	      10000
#define MAX_FANOUT_GROUP      65536
#define MAX_RING_BYTES	      (UINT64_C(64) << 30)

static int copy_sized(const struct nsr_options *from, struct nsr_options *to, struct nsr_error *err)
{
	const uint8_t *bytes = (const uint8_t *)from;
	size_t known = from->size < sizeof(*to) ? from->size : sizeof(*to);
	size_t i;

	if (from->size < offsetof(struct nsr_options, mode) + sizeof(from->mode))
		return nsr_error_set(
			err, -EINVAL,
			"options: size %zu is too small: call nsr_options_init() first",
			from->size);
	if (from->size > 4096)
		return nsr_error_set(err, -E2BIG,
				     "options: size %zu: call nsr_options_init() first",
				     from->size);
	for (i = sizeof(*to); i < from->size; i++)
		if (bytes[i])
			return nsr_error_set(
				err, -E2BIG,
				"options: byte %zu is set, but this libnsring (%s) knows only %zu "
				"bytes of options",
				i, NSR_VERSION, sizeof(*to));
	memcpy(to, from, known);
	return 0;
}

static int check(const struct nsr_options *opts, struct nsr_error *err)
{
	if (opts->mode & ~(uint32_t)(NSR_RECV | NSR_SEND))
		return nsr_error_set(err, -EINVAL, "options: mode %#x is unknown", opts->mode);
	if (opts->snaplen > NSR_SNAPLEN_MAX)
		return nsr_error_set(err, -EINVAL, "options: snaplen %u is over %u", opts->snaplen,
				     NSR_SNAPLEN_MAX);
	if (opts->ring_bytes > MAX_RING_BYTES)
		return nsr_error_set(err, -EINVAL, "options: ring_bytes %llu is over 64 GiB",
				     (unsigned long long)opts->ring_bytes);
	if (opts->batch_packets > MAX_BATCH_PACKETS)
		return nsr_error_set(err, -EINVAL, "options: batch_packets %u is over %u",
				     opts->batch_packets, MAX_BATCH_PACKETS);
	if (opts->batch_ms > MAX_BATCH_MS)
		return nsr_error_set(err, -EINVAL, "options: batch_ms %u is over %u",
				     opts->batch_ms, MAX_BATCH_MS);
	if (opts->direction > NSR_OUT)
		return nsr_error_set(err, -EINVAL, "options: direction %u is unknown",
				     opts->direction);
	if (opts->fanout > NSR_FANOUT_ROUND_ROBIN)
		return nsr_error_set(err, -EINVAL, "options: fanout %u is unknown", opts->fanout);
	if (opts->fanout_group > MAX_FANOUT_GROUP)
		return nsr_error_set(err, -EINVAL, "options: fanout_group %u is over %u",
				     opts->fanout_group, MAX_FANOUT_GROUP);
	if (opts->stamp > NSR_STAMP_KERNEL)
		return nsr_error_set(err, -EINVAL, "options: stamp %u is unknown", opts->stamp);
	return 0;
}

int nsr_options_take(const struct nsr_options *from, struct nsr_options *to, struct nsr_error *err)
{
	int rc;

	memset(to, 0, sizeof(*to));
	if (from) {
		rc = copy_sized(from, to, err);
		if (rc < 0)
			return rc;
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
	if (!to->batch_ms)
		to->batch_ms = DEFAULT_BATCH_MS;
	if (to->filter && !*to->filter)
		to->filter = NULL;
	return 0;
}

int nsr_struct_give(void *to, const void *from, size_t size)
{
	size_t room, known;

	memcpy(&room, to, sizeof(room));
	if (room <= sizeof(room) || room > 65536)
		return -EINVAL;
	known = room < size ? room : size;
	memcpy((uint8_t *)to + sizeof(room), (const uint8_t *)from + sizeof(room),
	       known - sizeof(room));
	memset((uint8_t *)to + known, 0, room - known);
	return 0;
}
