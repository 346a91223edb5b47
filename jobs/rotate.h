/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The output files of a run: one, or a series of which the oldest may be deleted.
 */
#ifndef NSRING_ROTATE_H
#define NSRING_ROTATE_H

#include <nsring/writer.h>

#define ROTATE_KEEP_MOST 1000000

/**
 * struct rotate_rules - when to begin another file; all zero: one file with the name as given
 * @bytes:   before a file grows beyond this
 * @time_ns: when it has been open for so long, or by @packet_time before a packet that is so much later than
 *           its first
 * @packets: when it holds so many
 * @keep:    delete the oldest file of this run when there are more; 0: never, at most
 *           ROTATE_KEEP_MOST
 * @packet_time: packets were captured at another time than that of the run
 */
struct rotate_rules {
	uint64_t bytes;
	uint64_t time_ns;
	uint64_t packets;
	uint64_t keep;
	bool packet_time;
};

/**
 * struct rotate - the files
 * @path:     as the user gave it
 * @rules:    when to rotate
 * @format:   enum nsr_writer_format
 * @writer:   of the file that is open, NULL between two files
 * @name:     of the file that is open, or was last
 * @kept:     names of the last rules.keep files, file number modulo that
 * @files:    opened so far
 * @begun_ns: when the file was opened, monotonic clock
 * @first_ns: time of the file's first packet that has one; 0 for none yet
 * @bytes:    of the files before it
 * @stored:   packets in the files before it
 * @packets:  given to the writer of the file
 */
struct rotate {
	const char *path;
	struct rotate_rules rules;
	uint32_t format;
	struct nsr_writer *writer;
	char *name;
	char **kept;
	uint64_t files;
	uint64_t begun_ns;
	uint64_t first_ns;
	uint64_t bytes;
	uint64_t stored;
	uint64_t packets;
};

/**
 * rotate_init() - get ready; no file is opened
 * @rotate: filled in; rotate_free() frees it
 * @path:   kept; "-" for standard output
 * @format: enum nsr_writer_format
 * @rules:  when to begin another file
 *
 * Return: 0 or -ENOMEM.
 */
int rotate_init(struct rotate *rotate, const char *path, uint32_t format,
		const struct rotate_rules *rules);

/**
 * rotate_name() - the name of a file of a series, in dumpcap's manner
 * @path:   trace.pcapng
 * @number: from 1
 * @when:   local time goes into the name
 *
 * Return: trace_00001_20261123120000.pcapng, to be freed; NULL when memory is short.
 */
char *rotate_name(const char *path, uint64_t number, int64_t when);

/**
 * rotate_begin() - open the next file
 * @rotate: none is open
 * @section: as in struct nsr_writer_options
 * @err:    the reason in words
 *
 * Return: 0 or -errno.
 */
int rotate_begin(struct rotate *rotate, const struct nsr_saved *section, struct nsr_error *err);

/**
 * rotate_end() - close the file
 * @rotate: may have none open
 *
 * Return: 0 or the first error that writing it met.
 */
int rotate_end(struct rotate *rotate);

/** rotate_splits() - is there more than one file to be expected? */
bool rotate_splits(const struct rotate *rotate);

/**
 * rotate_packet() - append a packet to the file
 *
 * Return: as nsr_writer_put_packet().
 */
int rotate_packet(struct rotate *rotate, uint32_t id, const struct nsr_packet *packet);

/**
 * rotate_full() - must the file end before the next packet?
 * @rotate: one is open
 * @packet: the packet
 * @bytes:  what that packet, and ending the file after it, would add
 *
 * Never true for a file without a packet.
 */
bool rotate_full(const struct rotate *rotate, const struct nsr_packet *packet, uint64_t bytes);

/** rotate_old() - has the file been open for as long as it may? Not without a packet, nor by packet time. */
bool rotate_old(const struct rotate *rotate);

/** rotate_bytes() - bytes of all files so far */
uint64_t rotate_bytes(const struct rotate *rotate);

/** rotate_stored() - packets in all files so far, buffered ones too */
uint64_t rotate_stored(const struct rotate *rotate);

/** rotate_free() - close what is open and free all */
void rotate_free(struct rotate *rotate);

#endif
