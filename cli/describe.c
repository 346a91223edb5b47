/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Describes open captures (engine, mode, ring, …), for people and as JSON.
 */
#include "describe.h"

#include <inttypes.h>

#include "text/linktype.h"
#include "text/object.h"
#include "text/output.h"

static void describe_one(const struct captures_one *one, FILE *out)
{
	const struct nsr_info *info = &one->info;

	fprintf(out, "%s: engine %s", one->shown, info->engine);
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

json_t *describe_capture_json(const struct captures_one *one)
{
	const struct nsr_info *info = &one->info;
	json_t *object = json_object();

	object_set_flag(&object, "open", true);
	object_set(&object, "target", output_text(one->target));
	object_set(&object, "engine", output_text(info->engine));
	object_set(&object, "mode", output_text(info->mode));
	object_set_flag(&object, "diverts", info->diverts);
	object_set_number(&object, "linktype", info->linktype);
	object_set_number(&object, "snaplen", info->snaplen);
	object_set_number(&object, "ring_bytes", info->ring_bytes);
	object_set_number(&object, "fanout_group", info->fanout_group);
	object_set_text(&object, "device_state", device_state_text(one->state));
	object_set_number(&object, "netns_inode", info->netns_inode);
	object_set_number(&object, "netns_cookie", info->netns_cookie);
	return object;
}

void describe_captures_json(const struct captures *set, FILE *out)
{
	uint32_t i;

	for (i = 0; i < set->count; i++)
		output_json(out, describe_capture_json(&set->list[i]));
}
