/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What a handle tells: link types, sizes, figures. And files written from it. */
#include "handle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A question that only an activated handle answers. */
#define QUESTION(type, name, answer)                                                               \
	EXPORTED type name(pcap_t *p)                                                              \
	{                                                                                          \
		struct handle *h = handle_of(p);                                                   \
                                                                                                   \
		if (!h)                                                                            \
			return real_##name(p);                                                     \
		return handle_check_active(h) ? PCAP_ERROR_NOT_ACTIVATED : (answer);               \
	}

QUESTION(int, pcap_datalink, h->dlt)
QUESTION(int, pcap_datalink_ext, real_pcap_datalink_ext(h->dead))
QUESTION(int, pcap_snapshot, (int)h->snaplen)
QUESTION(int, pcap_is_swapped, real_pcap_is_swapped(h->dead))
QUESTION(int, pcap_major_version, real_pcap_major_version(h->dead))
QUESTION(int, pcap_minor_version, real_pcap_minor_version(h->dead))
QUESTION(int, pcap_bufsize, SNAPLEN_MOST)

EXPORTED FILE *pcap_file(pcap_t *p)
{
	return handle_of(p) ? NULL : real_pcap_file(p);
}

/* Of the cooked headers a program may have either. */
static int list_datalinks(struct handle *h, int dlts[2])
{
	dlts[0] = h->dlt;
	if (!h->cooked)
		return 1;
	dlts[0] = DLT_LINUX_SLL;
	dlts[1] = DLT_LINUX_SLL2;
	return 2;
}

EXPORTED int pcap_list_datalinks(pcap_t *p, int **dlts)
{
	struct handle *h = handle_of(p);

	if (!h)
		return real_pcap_list_datalinks(p, dlts);
	if (handle_check_active(h))
		return PCAP_ERROR_NOT_ACTIVATED;
	*dlts = calloc(2, sizeof(**dlts));
	return *dlts ? list_datalinks(h, *dlts)
		     : handle_say(h, PCAP_ERROR, "malloc: %s", strerror(ENOMEM));
}

EXPORTED int pcap_set_datalink(pcap_t *p, int dlt)
{
	struct handle *h = handle_of(p);
	int dlts[2], count, i, before;
	const char *name;

	if (!h)
		return real_pcap_set_datalink(p, dlt);
	if (handle_check_active(h))
		return PCAP_ERROR_NOT_ACTIVATED;
	count = list_datalinks(h, dlts);
	for (i = 0; i < count && dlts[i] != dlt; i++)
		;
	name = real_pcap_datalink_val_to_name(dlt);
	if (i == count && name)
		return handle_say(h, PCAP_ERROR,
				  "%s is not one of the DLTs supported by this device", name);
	if (i == count)
		return handle_say(h, PCAP_ERROR,
				  "DLT %d is not one of the DLTs supported by this device", dlt);
	before = h->dlt;
	h->dlt = dlt;
	if (handle_open_dead(h) < 0) {
		h->dlt = before;
		return handle_say(h, PCAP_ERROR, "malloc: %s", strerror(ENOMEM));
	}
	return 0;
}

static u_int clamp(uint64_t count)
{
	return (u_int)count; /* wraps, as libpcap's does */
}

EXPORTED int pcap_stats(pcap_t *p, struct pcap_stat *stats)
{
	struct nsr_stats all = NSR_STATS_INIT;
	struct handle *h = handle_of(p);
	uint64_t lost;

	if (!h)
		return real_pcap_stats(p, stats);
	if (handle_check_active(h))
		return PCAP_ERROR_NOT_ACTIVATED;
	if (h->offline)
		return handle_say(h, PCAP_ERROR, "Statistics aren't available from savefiles");
	nsr_stats_get(h->capture, &all);
	lost = all.lost_kernel + all.lost_ring + all.lost_consumer;
	/* Linux counts what it lost as received, too. */
	stats->ps_recv = clamp(all.packets + lost - h->others);
	stats->ps_drop = clamp(lost);
	stats->ps_ifdrop = clamp(all.lost_nic);
	return 0;
}

EXPORTED int pcap_setdirection(pcap_t *p, pcap_direction_t direction)
{
	struct handle *h = handle_of(p);

	if (!h)
		return real_pcap_setdirection(p, direction);
	if (handle_check_active(h))
		return PCAP_ERROR_NOT_ACTIVATED;
	if (direction != PCAP_D_INOUT && direction != PCAP_D_IN && direction != PCAP_D_OUT)
		return handle_say(h, PCAP_ERROR, "Invalid direction");
	if (h->offline)
		return handle_say(h, PCAP_ERROR, "Setting direction is not supported on savefiles");
	h->direction = direction;
	return 0;
}

static pcap_dumper_t *check_dumper(struct handle *h, pcap_dumper_t *dumper)
{
	if (!dumper)
		handle_say(h, PCAP_ERROR, "%s", real_pcap_geterr(h->dead));
	return dumper;
}

EXPORTED pcap_dumper_t *pcap_dump_open(pcap_t *p, const char *path)
{
	struct handle *h = handle_of(p);

	if (!h)
		return real_pcap_dump_open(p, path);
	return handle_check_active(h) ? NULL : check_dumper(h, real_pcap_dump_open(h->dead, path));
}

EXPORTED pcap_dumper_t *pcap_dump_open_append(pcap_t *p, const char *path)
{
	struct handle *h = handle_of(p);

	if (!h)
		return real_pcap_dump_open_append(p, path);
	return handle_check_active(h) ? NULL
				      : check_dumper(h, real_pcap_dump_open_append(h->dead, path));
}

EXPORTED pcap_dumper_t *pcap_dump_fopen(pcap_t *p, FILE *file)
{
	struct handle *h = handle_of(p);

	if (!h)
		return real_pcap_dump_fopen(p, file);
	return handle_check_active(h) ? NULL : check_dumper(h, real_pcap_dump_fopen(h->dead, file));
}
