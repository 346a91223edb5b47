/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A source of frames that a capture file holds, once or several times over.
 */
#ifndef NSRING_REPLAY_H
#define NSRING_REPLAY_H

#include "transmit.h"

/**
 * struct replay - a file being replayed
 * @path:     as typed, "-" for standard input
 * @filter:   which packets; "" for all
 * @linktype: of the device: packets of another are left out
 * @passes:   how often the file is still to be read
 * @max_gap_ns: longer silences are shortened to this
 * @batch:    most packets to give at once
 * @paced:    silences matter: the rate is that of the capture
 * @shortened: one was shortened, which has been said if it matters
 * @given:    the file has given a frame
 * @frames, @times_ns: the batch that was given last
 * @stamped:  a packet of this pass told when it was captured
 * @stamp_ns: the latest that one told
 * @time_ns:  how far into the pass that is
 * @begun:    which packets of @packets are through already
 * @other_linktype: packets left out
 * @cut_short: packets sent although the file holds only their first bytes
 */
struct replay {
	const char *path;
	const char *filter;
	uint32_t linktype;
	uint64_t passes;
	uint64_t max_gap_ns;
	uint32_t batch;
	bool paced;
	bool shortened;
	bool given;
	struct nsr_frame *frames;
	uint64_t *times_ns;
	bool stamped;
	uint64_t stamp_ns;
	uint64_t time_ns;
	struct nsr_capture *cap;
	struct nsr_batch packets;
	uint32_t begun;
	uint32_t iface;
	uint32_t iface_linktype;
	uint64_t other_linktype;
	uint64_t cut_short;
};

/**
 * replay_open() - open the file
 * @replay:   filled in; replay_close() also after an error
 * @path:     not copied; "-" for standard input
 * @filter:   not copied
 * @linktype: the device's
 * @passes:   from 1
 * @max_gap_ns: longer silences are shortened to this, which is said once if @paced is set afterwards
 * @batch:    most packets to give at once
 *
 * Return: 0; -1 it failed, which has been said, also when the file has one link type and it is not
 * the device's.
 */
int replay_open(struct replay *replay, const char *path, const char *filter, uint32_t linktype,
		uint64_t passes, uint64_t max_gap_ns, uint32_t batch);

/** replay_next() - see struct transmit_source; @arg is the replay */
int replay_next(void *arg, struct transmit_batch *batch);

/** replay_close() - free everything */
void replay_close(struct replay *replay);

#endif
