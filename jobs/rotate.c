/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The output files of a run: their names, when one gives way to the next, which are deleted.
 */
#include "rotate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <nsring/engine.h>

#include "sys/clock.h"

int rotate_init(struct rotate *rotate, const char *path, uint32_t format,
		const struct rotate_rules *rules)
{
	*rotate = (struct rotate){ .path = path, .format = format, .rules = *rules };
	if (rules->keep == 0)
		return 0;
	rotate->kept = calloc(rules->keep, sizeof(*rotate->kept));
	return rotate->kept ? 0 : -ENOMEM;
}

bool rotate_splits(const struct rotate *rotate)
{
	return rotate->rules.bytes || rotate->rules.time_ns || rotate->rules.packets;
}

char *rotate_name(const char *path, uint64_t number, int64_t when)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	const char *dot = strrchr(base, '.');
	time_t seconds = when;
	struct tm tm = { 0 };
	char *name;
	size_t stem;

	/* A name that begins with its only dot has no extension. */
	stem = dot && dot > base ? (size_t)(dot - path) : strlen(path);
	localtime_r(&seconds, &tm);
	if (asprintf(&name, "%.*s_%05" PRIu64 "_%04d%02d%02d%02d%02d%02d%s", (int)stem, path,
		     number, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
		     tm.tm_sec, path + stem) < 0)
		return NULL;
	return name;
}

/* Remember the file just opened; delete the one whose place it takes. */
static void keep(struct rotate *rotate)
{
	char **slot;

	if (!rotate->kept)
		return;
	slot = &rotate->kept[rotate->files % rotate->rules.keep];
	if (*slot)
		unlink(*slot);
	free(*slot);
	*slot = strdup(rotate->name);
}

int rotate_begin(struct rotate *rotate, const struct nsr_saved *section, struct nsr_error *err)
{
	const struct nsr_writer_options opts = {
		.size = sizeof(opts),
		.format = rotate->format,
		.section = section,
	};
	char *name = rotate_splits(rotate)
			     ? rotate_name(rotate->path, rotate->files + 1, time(NULL))
			     : strdup(rotate->path);
	int rc;

	if (!name)
		return nsr_error_set(err, -ENOMEM, "%s: out of memory", rotate->path);
	free(rotate->name);
	rotate->name = name;
	rc = nsr_writer_open(name, &opts, &rotate->writer, err);
	if (rc < 0)
		return rc;
	keep(rotate);
	rotate->files++;
	rotate->packets = 0;
	rotate->begun_ns = nsr_clock_ns();
	rotate->first_ns = 0;
	return 0;
}

int rotate_end(struct rotate *rotate)
{
	int rc;

	if (!rotate->writer)
		return 0;
	/* Flushed first, since afterwards there is nothing left to ask. */
	nsr_writer_flush(rotate->writer);
	rotate->bytes += nsr_writer_bytes(rotate->writer);
	rotate->stored += rotate->packets - nsr_writer_lost(rotate->writer);
	rc = nsr_writer_close(rotate->writer);
	rotate->writer = NULL;
	return rc;
}

int rotate_packet(struct rotate *rotate, uint32_t id, const struct nsr_packet *packet)
{
	rotate->packets++;
	if (!rotate->first_ns)
		rotate->first_ns = packet->stamp_ns;
	return nsr_writer_put_packet(rotate->writer, id, packet);
}

/* Packets without a time, and those of before the file's first, stay in the file. */
static bool too_late(const struct rotate *rotate, const struct nsr_packet *packet)
{
	return rotate->rules.packet_time && rotate->rules.time_ns && rotate->first_ns &&
	       packet->stamp_ns > rotate->first_ns &&
	       packet->stamp_ns - rotate->first_ns >= rotate->rules.time_ns;
}

bool rotate_full(const struct rotate *rotate, const struct nsr_packet *packet, uint64_t bytes)
{
	const struct rotate_rules *rules = &rotate->rules;

	if (rotate->packets == 0)
		return false;
	if (rules->packets && rotate->packets >= rules->packets)
		return true;
	if (too_late(rotate, packet))
		return true;
	return rules->bytes && nsr_writer_bytes(rotate->writer) + bytes > rules->bytes;
}

bool rotate_old(const struct rotate *rotate)
{
	return rotate->rules.time_ns && !rotate->rules.packet_time && rotate->packets > 0 &&
	       nsr_clock_ns() - rotate->begun_ns >= rotate->rules.time_ns;
}

uint64_t rotate_bytes(const struct rotate *rotate)
{
	return rotate->bytes + (rotate->writer ? nsr_writer_bytes(rotate->writer) : 0);
}

uint64_t rotate_stored(const struct rotate *rotate)
{
	if (!rotate->writer)
		return rotate->stored;
	return rotate->stored + rotate->packets - nsr_writer_lost(rotate->writer);
}

void rotate_free(struct rotate *rotate)
{
	uint64_t i;

	rotate_end(rotate);
	for (i = 0; rotate->kept && i < rotate->rules.keep; i++)
		free(rotate->kept[i]);
	free(rotate->kept);
	free(rotate->name);
	rotate->kept = NULL;
	rotate->name = NULL;
}
