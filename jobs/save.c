/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Packets into capture files: which interface of which capture is which in the file, and what
 * stands around the packets.
 *
 * A capture counts what it lost, not on which interface. With one interface of that capture in
 * the file, all is that one's; with several (`any`) the statistics say how many were lost in a
 * comment, and leave the interfaces' own numbers out.
 */
#include "save.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "sys/clock.h"
#include "text/failure.h"
#include "text/ledger.h"
#include "text/say.h"
#include "save_input.h"

#define INTERFACE_MOST	  65536 /* a damaged id must not take memory without end */
#define COMMENT_BYTES	  160
#define DESCRIPTION_BYTES 64

/* Remember the first error and say it. */
static int fail(struct save *save, int rc)
{
	const char *name = strcmp(save->files.path, "-") ? save->files.name : "standard output";

	if (save->error)
		return save->error;
	save->error = rc;
	if (rc == -EPIPE)
		say_error("%s: the pipe is closed, nobody reads it any more", name);
	else if (rc == -EOVERFLOW)
		say_error("%s: a pcap file can't tell times after 2106: leave out --pcap", name);
	else
		say_error("%s: can't write to it: %s", name, strerror(-rc));
	return rc;
}

/* In @text what can't be told but by number. */
static const char *describe(const struct captures_one *one, const struct nsr_interface *iface,
			    char text[DESCRIPTION_BYTES])
{
	if (one->info.offline)
		return one->target;
	if (iface->netns_cookie) {
		snprintf(text, DESCRIPTION_BYTES, "network namespace with cookie %" PRIu64,
			 iface->netns_cookie);
		return text;
	}
	return one->info.place[0] ? one->info.place : "own network namespace";
}

static uint64_t lost_by(const struct captures_one *one)
{
	struct nsr_stats stats;

	captures_stats(one, &stats);
	return ledger_total(&stats);
}

/* The capture's interface @id; one that it has not met is described as the capture was opened. */
static void look_up(const struct captures_one *one, uint32_t id, struct nsr_interface *iface)
{
	*iface = (struct nsr_interface){ .size = sizeof(*iface) };
	if (nsr_interface_get(one->cap, id, iface) == 0)
		return;
	iface->linktype = one->info.linktype;
	iface->snaplen = one->info.snaplen;
	if (!one->info.offline)
		memcpy(iface->name, one->info.device, strnlen(one->info.device, 63));
}

/* Room in the two tables for interface @id of @source. */
static int make_room(struct save *save, struct save_source *source, uint32_t id)
{
	struct save_interface *interfaces;
	int32_t *ids;

	if (id >= INTERFACE_MOST)
		return -ENOBUFS;
	if (id >= source->count) {
		ids = realloc(source->ids, (id + 1) * sizeof(*ids));
		if (!ids)
			return -ENOMEM;
		source->ids = ids;
		while (source->count <= id)
			ids[source->count++] = -1;
	}
	interfaces = realloc(save->interfaces, (save->count + 1) * sizeof(*interfaces));
	if (!interfaces)
		return -ENOMEM;
	save->interfaces = interfaces;
	return 0;
}

static int refuse_linktype(struct save *save, const struct nsr_interface *iface)
{
	if (save->files.format != NSR_WRITER_PCAP)
		return fail(save, -EINVAL);
	say_error("%s: a pcap file has one link type, and %s has another (%u): leave out --pcap",
		  save->files.name, iface->name[0] ? iface->name : "an interface", iface->linktype);
	save->error = -EINVAL;
	return -EINVAL;
}

/** struct block_texts - what an interface block points to */
struct block_texts {
	struct nsr_interface iface;
	struct nsr_saved options;
	char description[DESCRIPTION_BYTES];
};

/* The block for interface @id of @one. */
static struct nsr_writer_interface make_block(const struct save *save,
					      const struct captures_one *one, uint32_t id,
					      struct block_texts *texts)
{
	look_up(one, id, &texts->iface);
	return (struct nsr_writer_interface){
		.options = save_input_get(one, texts->iface.options, &texts->options),
		.size = sizeof(struct nsr_writer_interface),
		.name = texts->iface.name,
		.description = describe(one, &texts->iface, texts->description),
		.filter = save->filter,
		.linktype = texts->iface.linktype,
		.fcs_bytes = texts->iface.fcs_bytes,
		/* Another file may describe itself wrongly. */
		.snaplen = one->info.offline ? one->snaplen : texts->iface.snaplen,
	};
}

static const char *comment_on(const struct captures_one *one, uint64_t lost,
			      char text[COMMENT_BYTES])
{
	snprintf(text, COMMENT_BYTES,
		 "%.80s lost %" PRIu64 " packets; of which interface is not known", one->target,
		 lost);
	return text;
}

/*
 * Most bytes that the statistics of @one will take with @listed interfaces in the file. How many
 * packets are lost by then nobody knows: the longest number stands for it.
 */
static uint64_t counts_room(const struct save *save, const struct captures_one *one,
			    uint32_t listed)
{
	struct nsr_writer_counts counts = NSR_WRITER_COUNTS_INIT;
	uint64_t plain = nsr_writer_counts_bytes(save->files.writer, &counts), commented;
	char comment[COMMENT_BYTES];

	if (one->info.offline)
		return 0; /* see put_counts() */
	if (listed < 2)
		return listed * plain;
	counts.dropped = NSR_WRITER_UNKNOWN;
	counts.comment = comment_on(one, UINT64_MAX, comment);
	commented = nsr_writer_counts_bytes(save->files.writer, &counts);
	return listed * (commented > plain ? commented : plain);
}

/* Put interface @id of @one into the file. Returns its id there. */
static int add_interface(struct save *save, const struct captures_one *one, uint32_t id)
{
	struct save_source *source = &save->sources[one - save->set->list];
	struct nsr_writer_interface block;
	struct block_texts texts;
	int rc = make_room(save, source, id);

	if (rc < 0)
		return fail(save, rc);
	block = make_block(save, one, id, &texts);
	save_input_bare(save, block.options);
	rc = nsr_writer_put_interface(save->files.writer, &block);
	if (rc == -EINVAL)
		return refuse_linktype(save, &texts.iface);
	if (rc < 0)
		return fail(save, rc);
	source->ids[id] = rc;
	save->counts_room -= counts_room(save, one, source->listed);
	save->counts_room += counts_room(save, one, ++source->listed);
	save->interfaces[save->count++] = (struct save_interface){
		.source = (uint32_t)(one - save->set->list),
		.id = id,
	};
	return rc;
}

/* A device is known before its first packet; interfaces of `any` and files are met later. */
static int add_known_interfaces(struct save *save)
{
	const struct captures_one *one;
	uint32_t i;
	int rc;

	for (i = 0; i < save->set->count; i++) {
		one = &save->set->list[i];
		if (one->info.offline || strcmp(one->info.device, "any") == 0)
			continue;
		rc = add_interface(save, one, 0);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static void forget_interfaces(struct save *save)
{
	struct save_source *source;
	uint32_t i;

	for (i = 0; i < save->set->count; i++) {
		source = &save->sources[i];
		if (source->count)
			memset(source->ids, 0xff, source->count * sizeof(*source->ids));
		source->listed = 0;
		source->lost = lost_by(&save->set->list[i]);
	}
	save->count = 0;
	save->counts_room = 0;
}

/* The file is in a section with nothing in it. */
static int begin_section(struct save *save, uint32_t section)
{
	uint32_t i;
	int rc = 0;

	save->section = section;
	forget_interfaces(save);
	for (i = 0; i < save->set->count && rc == 0; i++) {
		/* Everything in a section has ids behind its own. */
		save->sources[i].saved = section;
		rc = save_input_put(save, &save->set->list[i], false);
	}
	return rc;
}

static int begin_file(struct save *save, uint32_t section)
{
	struct nsr_saved host;
	struct nsr_error err;
	struct stat st;
	int rc = rotate_begin(&save->files, save_input_host(save, section, &host), &err);

	if (rc < 0) {
		failure_say(NULL, &err);
		save->error = rc;
		return rc;
	}
	rc = strcmp(save->files.name, "-") ? stat(save->files.name, &st) : fstat(1, &st);
	save->live = rc == 0 && !S_ISREG(st.st_mode);
	save->begun_ns = nsr_clock_wall_ns();
	rc = begin_section(save, section);
	if (rc == 0)
		rc = add_known_interfaces(save);
	if (rc == 0 && save->live)
		rc = nsr_writer_flush(save->files.writer);
	return rc < 0 ? fail(save, rc) : 0;
}

static bool all_offline(const struct captures *set)
{
	uint32_t i;

	for (i = 0; i < set->count; i++) {
		if (!set->list[i].info.offline)
			return false;
	}
	return true;
}

int save_begin(struct save *save, const struct captures *set, const char *filter, const char *path,
	       uint32_t format, const struct rotate_rules *rules)
{
	struct rotate_rules known = *rules;
	int rc;

	*save = (struct save){ .set = set, .filter = filter };
	known.packet_time = all_offline(set);
	rc = rotate_init(&save->files, path, format, &known);
	save->sources = calloc(set->count, sizeof(*save->sources));
	if (rc < 0 || !save->sources)
		return fail(save, -ENOMEM);
	rc = begin_file(save, save_input_first(save));
	if (rc == 0)
		save_input_note_hosts(save);
	return rc;
}

/* The statistics of the file's interface @id. */
static int put_counts(struct save *save, uint32_t id)
{
	const struct save_interface *iface = &save->interfaces[id];
	const struct save_source *source = &save->sources[iface->source];
	const struct captures_one *one = &save->set->list[iface->source];
	uint64_t now = lost_by(one);
	/* A driver may reset its counters. */
	uint64_t lost = now > source->lost ? now - source->lost : 0;
	struct nsr_writer_counts counts = {
		.size = sizeof(counts),
		.start_ns = save->begun_ns,
		.end_ns = nsr_clock_wall_ns(),
		.delivered = iface->packets,
		.dropped = lost,
	};
	char comment[COMMENT_BYTES];

	if (one->info.offline)
		return save_input_counts(save, id);
	if (lost > 0 && source->listed > 1) {
		counts.dropped = NSR_WRITER_UNKNOWN;
		counts.comment = comment_on(one, lost, comment);
	}
	return nsr_writer_put_counts(save->files.writer, id, &counts);
}

/* Ends the section that the file is in. */
static int end_section(struct save *save)
{
	uint32_t i;
	int rc = 0;

	for (i = 0; i < save->set->count && rc >= 0; i++)
		rc = save_input_put(save, &save->set->list[i], true);
	for (i = 0; i < save->count && rc >= 0; i++)
		rc = put_counts(save, i);
	return rc;
}

static int end_file(struct save *save)
{
	int rc = 0;

	if (!save->files.writer)
		return save->error;
	/* A file without any interface is no capture file for most readers. */
	if (save->count == 0 && !save->error)
		rc = add_interface(save, &save->set->list[0], 0);
	if (rc >= 0)
		end_section(save);
	rc = rotate_end(&save->files);
	return rc < 0 ? fail(save, rc) : save->error;
}

static int next_file(struct save *save, uint32_t section)
{
	int rc = end_file(save);

	return rc < 0 ? rc : begin_file(save, section);
}

/* Goes on in another section of the file; none of its interfaces is there yet. */
static int next_section(struct save *save, uint32_t section)
{
	struct nsr_saved host;
	int rc = end_section(save);

	if (rc >= 0)
		rc = nsr_writer_put_saved(save->files.writer,
					  save_input_host(save, section, &host));
	if (rc >= 0)
		rc = begin_section(save, section);
	return rc < 0 ? fail(save, rc) : 0;
}

/* The file's id for the packet's interface, -1 when the file doesn't have it yet. */
static int known_id(const struct save *save, const struct captures_one *from,
		    const struct nsr_packet *packet)
{
	const struct save_source *source = &save->sources[from - save->set->list];

	return packet->iface < source->count ? source->ids[packet->iface] : -1;
}

/* The most that the file would grow by if it ended after @packet of @from. */
static uint64_t growth(const struct save *save, const struct captures_one *from,
		       const struct nsr_packet *packet, bool met)
{
	const struct save_source *source = &save->sources[from - save->set->list];
	uint64_t bytes = nsr_writer_packet_bytes(save->files.writer, packet) + save->counts_room +
			 save_input_room(save, from);
	struct nsr_writer_interface block;
	struct block_texts texts;

	if (met)
		return bytes;
	block = make_block(save, from, packet->iface, &texts);
	return bytes + nsr_writer_interface_bytes(save->files.writer, &block) +
	       counts_room(save, from, source->listed + 1) -
	       counts_room(save, from, source->listed);
}

/* A packet without a time gets one where the file can't do without. */
static void note_invented_time(struct save *save, uint32_t id, const struct nsr_packet *packet)
{
	if (!(packet->flags & NSR_PKT_NO_STAMP) || save->invented_time)
		return;
	if (!id && save->files.format != NSR_WRITER_PCAP)
		return;
	save->invented_time = true;
	say_note("%s: packets that have no time are written with 1970-01-01", save->files.name);
}

/* The file doesn't have this interface yet. Returns its id there. */
static int meet_interface(struct save *save, const struct captures_one *from, uint32_t id)
{
	uint32_t section = save_input_section(save, from, id);
	int rc = 0;

	if (section != save->section)
		rc = next_section(save, section);
	return rc < 0 ? rc : add_interface(save, from, id);
}

/* A file that must not grow beyond a size holds one section: what ends that has no room of its own. */
static bool must_split(const struct save *save, const struct captures_one *from,
		       const struct nsr_packet *packet, bool met)
{
	if (!rotate_splits(&save->files))
		return false;
	if (save->files.rules.bytes && save->files.packets && !met &&
	    save_input_section(save, from, packet->iface) != save->section)
		return true;
	return rotate_full(&save->files, packet, growth(save, from, packet, met));
}

static int save_packet(struct save *save, const struct captures_one *from,
		       const struct nsr_packet *packet)
{
	int id = known_id(save, from, packet);
	int rc;

	if (must_split(save, from, packet, id >= 0)) {
		rc = next_file(save, save_input_section(save, from, packet->iface));
		if (rc < 0)
			return rc;
		id = known_id(save, from, packet);
	}
	rc = from->info.offline ? save_input_put(save, from, false) : 0;
	if (rc < 0)
		return fail(save, rc);
	if (id < 0)
		id = meet_interface(save, from, packet->iface);
	if (id < 0)
		return id;
	save_input_bare(save, packet->options_bytes);
	note_invented_time(save, (uint32_t)id, packet);
	rc = rotate_packet(&save->files, (uint32_t)id, packet);
	if (rc < 0)
		return fail(save, rc);
	save->interfaces[id].packets++;
	return 0;
}

int save_packets(struct save *save, const struct captures_one *from,
		 const struct nsr_packet *packets, uint32_t count)
{
	uint32_t i;

	if (!save->error && rotate_old(&save->files))
		next_file(save, save->section);
	for (i = 0; i < count && !save->error; i++) {
		if (save_packet(save, from, &packets[i]) < 0)
			break;
	}
	return save->error;
}

int save_idle(struct save *save)
{
	int rc;

	if (save->error || !save->live)
		return save->error;
	rc = nsr_writer_flush(save->files.writer);
	return rc < 0 ? fail(save, rc) : 0;
}

int save_tick(struct save *save)
{
	int rc;

	if (save->error)
		return save->error;
	if (rotate_old(&save->files))
		return next_file(save, save->section);
	rc = nsr_writer_flush(save->files.writer);
	return rc < 0 ? fail(save, rc) : 0;
}

int save_abort(struct save *save, int rc)
{
	return fail(save, rc);
}

int save_end(struct save *save)
{
	int rc = end_file(save);

	if (rc == 0)
		save_input_note_left_out(save);
	return rc;
}

void save_free(struct save *save)
{
	uint32_t i;

	rotate_free(&save->files);
	for (i = 0; save->sources && i < save->set->count; i++)
		free(save->sources[i].ids);
	free(save->sources);
	free(save->interfaces);
}
