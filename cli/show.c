/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Printing packets on standard output. Consecutive packets mostly come from the same interface, so
 * struct show caches the name and link type of the last one.
 */
#include "show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "dissect/line.h"
#include "sys/clock.h"
#include "text/builder.h"
#include "text/object.h"
#include "text/output.h"

#define TIME_BYTES 64

/*
 * Whether packets need their interface's name: not when all come from the one device that was
 * named.
 */
static bool needs_name(const struct show *show, const struct captures_one *one)
{
	return show->json || show->set->count > 1 || one->info.offline ||
	       strcmp(one->info.device, "any") == 0;
}

/* Looks the interface up, unless the packet before came from the same. */
static void meet(struct show *show, const struct captures_one *one, uint32_t id)
{
	struct nsr_interface iface = NSR_INTERFACE_INIT;
	struct text text;

	if (show->from == one && show->id == id)
		return;
	show->from = one;
	show->id = id;
	text = text_in(show->name, sizeof(show->name));
	if (nsr_interface_get(one->cap, id, &iface) < 0)
		iface.linktype = one->info.linktype;
	show->linktype = iface.linktype;
	show->netns_cookie = iface.netns_cookie;
	if (!needs_name(show, one))
		return;
	/* Interfaces in two places often have the same name. */
	if (!show->json && show->set->count > 1 && one->info.place[0]) {
		text_add_safe(&text, one->info.place, strnlen(one->info.place, 50));
		text_add(&text, "/");
	}
	if (!show->json && iface.netns_cookie)
		text_add(&text, "%" PRIu64 "/", iface.netns_cookie);
	text_add_safe(&text, iface.name, strnlen(iface.name, sizeof(iface.name)));
}

static void format_utc(char *out, uint64_t stamp_ns)
{
	time_t seconds = (time_t)(stamp_ns / NSEC_PER_SEC);
	char date[TIME_BYTES / 2] = "";
	struct tm tm = { 0 };

	gmtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, TIME_BYTES, "%s.%09uZ", date, (unsigned int)(stamp_ns % NSEC_PER_SEC));
}

static json_t *packet_json(const struct show *show, const struct nsr_packet *packet)
{
	char summary[LINE_BYTES], printable[LINE_BYTES], time_text[TIME_BYTES];
	struct text text = text_in(printable, sizeof(printable));
	json_t *object = json_object();

	text_add_safe(&text, summary, line_summary(summary, packet, show->linktype, show->link));
	if (!(packet->flags & NSR_PKT_NO_STAMP)) {
		format_utc(time_text, packet->stamp_ns);
		object_set(&object, "time", json_string(time_text));
	}
	/* Beyond 2262 no integer of most JSON readers holds it; the time does. */
	if (!(packet->flags & NSR_PKT_NO_STAMP) && packet->stamp_ns <= INT64_MAX)
		object_set_number(&object, "stamp_ns", packet->stamp_ns);
	object_set(&object, "interface", json_string(show->name));
	object_set_number(&object, "len", packet->len);
	object_set_number(&object, "caplen", packet->caplen);
	object_set(&object, "summary", json_string(printable));
	if (!(packet->flags & NSR_PKT_UNDIRECTED))
		object_set(&object, "direction",
			   json_string(packet->flags & NSR_PKT_OUT ? "out" : "in"));
	if (show->netns_cookie)
		object_set_number(&object, "netns_cookie", show->netns_cookie);
	if (show->set->count > 1)
		object_set(&object, "target", output_text(show->from->target));
	return object;
}

static void print_line(const struct show *show, const struct nsr_packet *packet)
{
	const struct line_from from = {
		.name = show->name,
		.linktype = show->linktype,
	};
	char line[LINE_BYTES];

	fwrite(line, 1, line_format(line, packet, &from, show->link), stdout);
	if (show->hex)
		line_hex(stdout, packet->data, packet->caplen);
}

int show_packets(struct show *show, const struct captures_one *from,
		 const struct nsr_packet *packets, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		errno = 0;
		meet(show, from, packets[i].iface);
		if (show->json)
			output_json(stdout, packet_json(show, &packets[i]));
		else
			print_line(show, &packets[i]);
		if (ferror(stdout))
			return output_failed(errno);
	}
	return 0;
}
