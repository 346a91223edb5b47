/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "save_input.h"

#include "text/say.h"
#include "text/units.h"

const struct nsr_saved *save_input_get(const struct captures_one *one, uint32_t id,
				       struct nsr_saved *saved)
{
	saved->size = sizeof(*saved);
	return nsr_saved_get(one->cap, id, saved) < 0 ? NULL : saved;
}

void save_input_bare(struct save *save, bool lost)
{
	if (!lost || save->bared || save->files.format != NSR_WRITER_PCAP)
		return;
	save->bared = true;
	say_note("%s: a pcap file can't hold the comments, names, secrets and hosts of the input",
		 save->files.name);
}

/* More bytes fit into the file, with what its end takes? */
static bool fits(const struct save *save, uint64_t bytes)
{
	uint64_t most = save->files.rules.bytes;

	return !most || nsr_writer_bytes(save->files.writer) + save->counts_room + bytes <= most;
}

/* Packets of several captures come mixed, and pcap files have no sections. */
static bool has_sections(const struct save *save)
{
	return save->set->count == 1 && save->files.format != NSR_WRITER_PCAP;
}

/* Is this one to be put into the section that the file is in, by itself? */
static bool belongs(const struct save *save, const struct nsr_saved *saved)
{
	if (saved->type == NSR_SAVED_SECTION || saved->type == NSR_SAVED_INTERFACE ||
	    saved->type == NSR_SAVED_COUNTS)
		return false;
	return !has_sections(save) || saved->section == save->section;
}

int save_input_put(struct save *save, const struct captures_one *one, bool last)
{
	struct save_source *source = &save->sources[one - save->set->list];
	struct nsr_saved saved;
	int rc;

	for (; save_input_get(one, source->saved + 1, &saved); source->saved++) {
		save_input_bare(save, saved.bytes);
		if (!belongs(save, &saved))
			continue;
		if (last && !fits(save, nsr_writer_saved_bytes(save->files.writer, &saved)))
			return 0;
		rc = nsr_writer_put_saved(save->files.writer, &saved);
		if (rc < 0)
			return rc;
	}
	return 0;
}

uint64_t save_input_room(const struct save *save, const struct captures_one *one)
{
	const struct save_source *source = &save->sources[one - save->set->list];
	struct nsr_saved saved;
	uint64_t bytes = 0;
	uint32_t id;

	for (id = source->saved + 1; save_input_get(one, id, &saved); id++) {
		if (belongs(save, &saved))
			bytes += nsr_writer_saved_bytes(save->files.writer, &saved);
	}
	return bytes;
}

/* Then the output says nothing of this host. */
static bool any_offline(const struct captures *set)
{
	uint32_t i;

	for (i = 0; i < set->count; i++) {
		if (set->list[i].info.offline)
			return true;
	}
	return false;
}

const struct nsr_saved *save_input_host(const struct save *save, uint32_t section,
					struct nsr_saved *saved)
{
	*saved = (struct nsr_saved){ .size = sizeof(*saved), .type = NSR_SAVED_SECTION };
	if (has_sections(save) && save_input_get(&save->set->list[0], section, saved))
		return saved;
	return any_offline(save->set) ? saved : NULL;
}

uint32_t save_input_section(const struct save *save, const struct captures_one *one, uint32_t id)
{
	struct nsr_interface iface = NSR_INTERFACE_INIT;

	if (!has_sections(save) || nsr_interface_get(one->cap, id, &iface) < 0)
		return 0;
	return iface.section;
}

uint32_t save_input_first(const struct save *save)
{
	struct nsr_saved saved;

	return has_sections(save) && save_input_get(&save->set->list[0], 1, &saved) ? 1 : 0;
}

void save_input_note_hosts(const struct save *save)
{
	struct nsr_saved saved;
	uint32_t i;

	for (i = 0; i < save->set->count && save->set->count > 1; i++) {
		if (!save_input_get(&save->set->list[i], 1, &saved) || !saved.bytes)
			continue;
		say_note("%s: has packets of several targets, and tells no host that captured them",
			 save->files.name);
		return;
	}
}

int save_input_counts(struct save *save, uint32_t id)
{
	const struct save_interface *iface = &save->interfaces[id];
	const struct captures_one *one = &save->set->list[iface->source];
	struct nsr_interface known = NSR_INTERFACE_INIT;
	struct nsr_writer_counts counts = NSR_WRITER_COUNTS_INIT;
	struct nsr_saved saved;

	if (nsr_interface_get(one->cap, iface->id, &known) < 0)
		return 0;
	counts.saved = save_input_get(one, known.counts, &saved);
	if (!counts.saved || !fits(save, nsr_writer_counts_bytes(save->files.writer, &counts)))
		return 0;
	return nsr_writer_put_counts(save->files.writer, id, &counts);
}

void save_input_note_left_out(const struct save *save)
{
	struct nsr_info info = NSR_INFO_INIT;
	uint64_t blocks = 0;
	uint32_t i;

	for (i = 0; i < save->set->count; i++) {
		if (save->set->list[i].info.offline &&
		    nsr_info_get(save->set->list[i].cap, &info) == 0)
			blocks += info.left_out;
	}
	if (blocks && !save->bared)
		say_note("%s: %s blocks of the input can't be copied, and are left out",
			 save->files.name, units_number(blocks).text);
}
