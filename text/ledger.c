/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The loss ledger.
 */
#include "ledger.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "object.h"
#include "units.h"

static const struct {
	const char *name;
	size_t offset;
} places[] = {
	{ "nic", offsetof(struct nsr_stats, lost_nic) },
	{ "kernel", offsetof(struct nsr_stats, lost_kernel) },
	{ "ring", offsetof(struct nsr_stats, lost_ring) },
	{ "consumer", offsetof(struct nsr_stats, lost_consumer) },
};

#define PLACES (sizeof(places) / sizeof(places[0]))

static uint64_t lost_at(const struct nsr_stats *stats, size_t place)
{
	return *(const uint64_t *)((const char *)stats + places[place].offset);
}

static uint64_t *lost_field(struct nsr_stats *stats, size_t place)
{
	return (uint64_t *)((char *)stats + places[place].offset);
}

uint64_t ledger_total(const struct nsr_stats *stats)
{
	uint64_t total = 0;
	size_t i;

	for (i = 0; i < PLACES; i++)
		total += lost_at(stats, i);
	return total;
}

void ledger_add(struct nsr_stats *sum, const struct nsr_stats *more)
{
	size_t i;

	for (i = 0; i < PLACES; i++)
		*lost_field(sum, i) += lost_at(more, i);
	if (sum->filtered == NSR_UNKNOWN || more->filtered == NSR_UNKNOWN)
		sum->filtered = NSR_UNKNOWN;
	else
		sum->filtered += more->filtered;
	sum->sampled += more->sampled;
	sum->unasked += more->unasked;
}

void ledger_subtract(const struct nsr_stats *now, const struct nsr_stats *since,
		     struct nsr_stats *lost)
{
	size_t i;

	memset(lost, 0, sizeof(*lost));
	for (i = 0; i < PLACES; i++) {
		/* A driver may reset its counters; then nothing was lost, rather than 2^64. */
		if (lost_at(now, i) > lost_at(since, i))
			*lost_field(lost, i) = lost_at(now, i) - lost_at(since, i);
	}
	if (now->filtered == NSR_UNKNOWN)
		lost->filtered = NSR_UNKNOWN;
	else if (now->filtered > since->filtered)
		lost->filtered = now->filtered - since->filtered;
	lost->sampled = now->sampled - since->sampled;
	lost->unasked = now->unasked - since->unasked;
}

const char *ledger_text(const struct nsr_stats *stats, bool every, bool colour, char *text)
{
	uint64_t total = ledger_total(stats);
	const char *before = colour && total ? "\033[1;31m" : "";
	const char *after = *before ? "\033[0m" : "";
	const char *join = " (";
	size_t used, i;

	used = (size_t)snprintf(text, LEDGER_TEXT, "%slost %s", before, units_number(total).text);
	for (i = 0; i < PLACES; i++) {
		if (!every && !lost_at(stats, i))
			continue;
		used += (size_t)snprintf(text + used, LEDGER_TEXT - used, "%s%s %s", join,
					 places[i].name, units_number(lost_at(stats, i)).text);
		join = ", ";
	}
	snprintf(text + used, LEDGER_TEXT - used, "%s%s", *join == ',' ? ")" : "", after);
	return text;
}

json_t *ledger_json(const struct nsr_stats *stats)
{
	json_t *object = json_object();
	size_t i;

	for (i = 0; i < PLACES; i++)
		object_set_number(&object, places[i].name, lost_at(stats, i));
	return object;
}

json_t *ledger_filtered_json(const struct nsr_stats *stats)
{
	return stats->filtered == NSR_UNKNOWN ? json_null()
					      : json_integer((json_int_t)stats->filtered);
}

const char *ledger_filtered_text(const struct nsr_stats *stats, char *text)
{
	size_t used = 0;

	text[0] = '\0';
	if (stats->filtered == NSR_UNKNOWN)
		used = (size_t)snprintf(text, LEDGER_TEXT, ", filtered: not known");
	else if (stats->filtered)
		used = (size_t)snprintf(text, LEDGER_TEXT, ", filtered %s",
					units_number(stats->filtered).text);
	if (stats->sampled)
		snprintf(text + used, LEDGER_TEXT - used, ", sampled out %s",
			 units_number(stats->sampled).text);
	return text;
}
