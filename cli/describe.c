/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What open captures turned out to be, for people and as JSON.
 */
#include "describe.h"

#include <inttypes.h>

#include "text/linktype.h"
#include "text/output.h"

static void describe_one(const struct captures_one *one, FILE *out)
{
	const struct nsr_info *info = &one->info;

	fprintf(out, "%s: engine %s", one->target, info->engine);
	if (*info->mode)
		fprintf(out, " (%s)", info->mode);
	fprintf(out, ", %s", linktype_text(info->linktype).text);
	if (info->ring_bytes)
		fprintf(out, ", ring %s", units_bytes(info->ring_bytes).text);
	if (info->fanout_group)
		fprintf(out, ", fanout group %" PRIu32, info->fanout_group);
	if (info->netns_inode)
		fprintf(out, ", netns %" PRIu64, info->netns_inode);
	putc('\n', out);
}

void describe_captures(const struct captures *set, FILE *out)
{
	uint32_t i;

	for (i = 0; i < set->count; i++)
		describe_one(&set->list[i], out);
}

static json_t *capture_json(const struct captures_one *one)
{
	const struct nsr_info *info = &one->info;

	return json_pack(
		"{s:b, s:o, s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I}", "open", 1, "target",
		output_text(one->target), "engine", info->engine, "mode", info->mode, "diverts",
		info->diverts, "linktype", (json_int_t)info->linktype, "snaplen",
		(json_int_t)info->snaplen, "ring_bytes", (json_int_t)info->ring_bytes,
		"fanout_group", (json_int_t)info->fanout_group, "netns_inode",
		(json_int_t)info->netns_inode, "netns_cookie", (json_int_t)info->netns_cookie);
}

void describe_captures_json(const struct captures *set, FILE *out)
{
	uint32_t i;

	for (i = 0; i < set->count; i++)
		output_json(out, capture_json(&set->list[i]));
}
