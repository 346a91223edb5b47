/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A capture file that is being read: what the `file` engine (file.c: opening, reading, waiting)
 * shares with the formats (pcap.c, pcapng.c: what the bytes mean).
 *
 * The bytes lie in one buffer. file.c calls the format's record() on what is there, moves past
 * what it took, and reads more when it asks for more. A format never reads outside of what it is
 * given and never keeps a pointer into it, since the buffer moves.
 *
 * A packet is handed out as this host would have captured it: see host_order.h.
 */
#ifndef NSR_ENGINES_FILE_FILE_H
#define NSR_ENGINES_FILE_FILE_H

#include <byteswap.h>

#include <nsring/engine.h>

#include "lib/file/savefile_format.h"
#include "ifaces.h"
#include "keeper.h"
#include "unpack.h"

/* The longest packet, and the longest record or block around one, that is not taken for damage. */
#define SAVEFILE_PACKET_MAX (16u << 20)
#define SAVEFILE_RECORD_MAX (SAVEFILE_PACKET_MAX + (64u << 10))

/** The answers of a format's record() about the bytes at hand; negative: -errno. */
enum savefile_found {
	SAVEFILE_MORE, /* the record is not all there */
	SAVEFILE_SKIP, /* a record without a packet, taken note of */
	SAVEFILE_PACKET, /* a packet; nothing else has changed */
};

struct savefile;

/**
 * struct savefile_format - a file format
 * @record_name: what its records are called in error texts, with the article
 * @mode:   what a file that has begun is called
 * @begin:  read the file's header, as record() does; SAVEFILE_SKIP once it is done
 * @record: look at the record at @at, of which @avail bytes are there. Sets *@bytes to its length,
 *          or with SAVEFILE_MORE to how many bytes must be there to go on, more than @avail.
 *          Fills in @packet, which comes zeroed, with SAVEFILE_PACKET.
 */
struct savefile_format {
	const char *record_name;
	const char *(*mode)(const struct savefile *file);
	int (*begin)(struct savefile *file, const uint8_t *at, size_t avail, size_t *bytes);
	int (*record)(struct savefile *file, const uint8_t *at, size_t avail,
		      struct nsr_packet *packet, size_t *bytes);
};

/**
 * struct savefile - an open capture file
 * @fd:           -1 until it is open
 * @pollable:     @fd can be waited for (pipe, socket, terminal)
 * @stopped:      nothing more is to be read
 * @begun:        the header has been read
 * @tried:        how the file is compressed, if it is, has been found out
 * @unpack:       NULL for a file that is not compressed
 * @label:        the path for error texts, a long one cut at its front
 * @mode:         for nsr_info_get()
 * @snaplen:      bytes kept of each packet
 * @buf:          the bytes
 * @buf_bytes:    its size
 * @start, @end:  the part of it that has been read but not yet parsed
 * @need:         how many bytes from @start the format has asked for
 * @base:         offset in the file, unpacked, of @buf[0]
 * @damaged_options: packets some of whose options were ignored for damage
 * @failure:      why nothing more is handed out; code 0 while there is no reason
 * @format:       NULL until it is known
 * @swapped:      the fields are not in this machine's byte order
 * @nanoseconds:  pcap: the fractions of seconds are in ns, not µs
 * @header_bytes: pcap: what stands in front of each packet
 * @old_lengths:  pcap: a version whose writers may have swapped the two lengths
 * @ifaces:       its interfaces
 * @keeper:       what else it holds
 * @section:      pcapng: id of the section at hand in @keeper
 * @left_out:     blocks that are not kept
 */
struct savefile {
	int fd;
	bool pollable;
	bool stopped;
	bool begun;
	bool tried;
	struct unpack *unpack;
	char label[132];
	char mode[48];
	uint32_t snaplen;

	uint8_t *buf;
	size_t buf_bytes;
	size_t start;
	size_t end;
	size_t need;
	uint64_t base;
	uint64_t damaged_options;
	struct nsr_error failure;

	const struct savefile_format *format;
	bool swapped;
	bool nanoseconds;
	bool old_lengths;
	size_t header_bytes;

	struct savefile_ifaces ifaces;
	struct savefile_keeper keeper;
	uint32_t section;
	uint64_t left_out;
};

extern const struct savefile_format savefile_pcap;
extern const struct savefile_format savefile_pcapng;
extern const struct nsr_engine_ops nsr_engine_file;

/** savefile_mutable() - the bytes at @at, in the buffer, for a format that brings them into another order */
static inline uint8_t *savefile_mutable(const struct savefile *file, const uint8_t *at)
{
	return file->buf + (at - file->buf);
}

/** savefile_host16() - a field of the file in this machine's byte order */
static inline uint16_t savefile_host16(const struct savefile *file, uint16_t value)
{
	return file->swapped ? bswap_16(value) : value;
}

/** savefile_host32() - the same for 32 bits */
static inline uint32_t savefile_host32(const struct savefile *file, uint32_t value)
{
	return file->swapped ? bswap_32(value) : value;
}

/** savefile_host64() - the same for 64 bits */
static inline uint64_t savefile_host64(const struct savefile *file, uint64_t value)
{
	return file->swapped ? bswap_64(value) : value;
}

/**
 * savefile_damage() - say that the file is damaged; nothing after this is handed out
 * @file: reading it
 * @at:   where the damage stands, in the buffer
 * @fmt:  what it is; the file and the offset are put before it
 *
 * Return: -EBADMSG
 */
__attribute__((format(printf, 3, 4))) int savefile_damage(struct savefile *file, const uint8_t *at,
							  const char *fmt, ...);

/**
 * savefile_add_iface() - the section has another interface
 * @file:  reading it
 * @iface: copied
 * @ts:    copied
 * @at:    where it stands in the buffer, for the error text
 *
 * Return: 0; -EBADMSG there are too many; -ENOMEM. The error text is set.
 */
int savefile_add_iface(struct savefile *file, const struct savefile_iface *iface,
		       const struct savefile_ts *ts, const uint8_t *at);

/**
 * savefile_begin() - find out the format and read the file's header, in the buffer
 * @file: nothing taken yet; sets the format, the byte order and the mode
 *
 * Return: SAVEFILE_SKIP done; SAVEFILE_MORE @file->need bytes must be there; -EBADMSG; -ENOMEM.
 */
int savefile_begin(struct savefile *file);

/**
 * savefile_take() - hand out what lies whole in the buffer
 * @file:    begun
 * @packets: filled in
 * @max:     how many fit there
 *
 * Return: packets; 0: @file->need bytes must be there to go on, or @file->failure tells why there
 * are no more.
 */
int savefile_take(struct savefile *file, struct nsr_packet *packets, uint32_t max);

#endif
