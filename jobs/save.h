/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Packets into capture files: `nsring dump -w`.
 *
 * Each file of a series is complete: a header, a block for each interface before its first
 * packet, and at the end the statistics of each interface.
 *
 * Whatever a capture file that is read says beside its packets goes on: its sections, each with the host that
 * captured it, names and secrets, comments, and the statistics that it has, instead of those of this run.
 * Packets of several targets come mixed, so there is one section for all, which then tells no host if one
 * of them is a file.
 */
#ifndef NSRING_SAVE_H
#define NSRING_SAVE_H

#include "captures.h"
#include "rotate.h"

/**
 * struct save_interface - an interface of the file that is open; its index is its id there
 * @source:  the capture that it is of
 * @id:      its id there
 * @packets: stored
 */
struct save_interface {
	uint32_t source;
	uint32_t id;
	uint64_t packets;
};

/**
 * struct save_source - a capture, as the files know it
 * @ids:    by the capture's interface id that in the file, -1 for none yet
 * @count:  of @ids
 * @listed: interfaces of it in the file
 * @lost:   ledger total when the file began
 * @saved:  nsr_saved_get() ids up to this one have been seen to
 */
struct save_source {
	int32_t *ids;
	uint32_t count;
	uint32_t listed;
	uint64_t lost;
	uint32_t saved;
};

/**
 * struct save - the state
 * @set:        where packets come from
 * @files:      where they go
 * @filter:     capture filter, for the interface blocks
 * @sources:    one a capture of @set
 * @interfaces: of the file, @count of them
 * @count:      likewise
 * @counts_room: most bytes that the statistics at the end of the file will take
 * @section:    of the only capture, that the file is in; 0: none
 * @begun_ns:   when the file was begun, ns since 1970
 * @live:       somebody reads along (a pipe): hand over each packet as soon as possible
 * @bared:      it has been said that the file can't tell all that the input does
 * @invented_time: it has been said that packets without a time got one
 * @error:      first error; it has been said
 */
struct save {
	const struct captures *set;
	struct rotate files;
	const char *filter;
	struct save_source *sources;
	struct save_interface *interfaces;
	uint32_t count;
	uint64_t counts_room;
	uint32_t section;
	uint64_t begun_ns;
	bool live;
	bool bared;
	bool invented_time;
	int error;
};

/**
 * save_begin() - open the first file
 * @save:   filled in; save_free() also after an error
 * @set:    open captures, kept
 * @filter: kept
 * @path:   "-" for standard output; kept
 * @format: enum nsr_writer_format
 * @rules:  when to begin another file
 *
 * Return: 0 or -errno; what failed has been said. So for all that follow; after an error they
 * return it again, and packets are not stored.
 */
int save_begin(struct save *save, const struct captures *set, const char *filter, const char *path,
	       uint32_t format, const struct rotate_rules *rules);

/** save_packets() - append packets of @from */
int save_packets(struct save *save, const struct captures_one *from,
		 const struct nsr_packet *packets, uint32_t count);

/** save_idle() - nothing is ready: let a live reader see what there is */
int save_idle(struct save *save);

/** save_tick() - a second has passed: end a file whose time is up, hand over what is buffered */
int save_tick(struct save *save);

/** save_abort() - give up because of @rc, negative errno; says so */
int save_abort(struct save *save, int rc);

/** save_end() - statistics, and close the last file */
int save_end(struct save *save);

/** save_free() - free all; closes a file that is still open */
void save_free(struct save *save);

#endif
