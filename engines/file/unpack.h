/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Compressed capture files: a stream of gzip, zstd or lz4, unpacked step by step in bounded memory.
 *
 * The caller reads into what unpack_room() gives, says so by unpack_feed(), and calls unpack_step() as
 * long as unpack_pending(). Members (gzip) and frames (zstd, lz4) may follow each other.
 */
#ifndef NSR_ENGINES_FILE_UNPACK_H
#define NSR_ENGINES_FILE_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nsring/nsring.h>

/* As many bytes tell how a file is compressed. */
#define UNPACK_MAGIC_BYTES 4

struct unpack;
struct unpack_format;

/**
 * unpack_format() - how a file is compressed, by its first bytes
 * @at: UNPACK_MAGIC_BYTES of them
 *
 * Return: NULL for not at all.
 */
const struct unpack_format *unpack_format(const uint8_t *at);

/** unpack_format_name() - the name of a format: "gzip", "zstd", "lz4" */
const char *unpack_format_name(const struct unpack_format *format);

/**
 * unpack_open() - begin a stream
 * @format: its format
 * @at:     its first bytes, copied
 * @bytes:  how many
 * @unpack: set to it, to be closed with unpack_close()
 *
 * Return: 0; -EOPNOTSUPP this build has no such library; -ENOMEM.
 */
int unpack_open(const struct unpack_format *format, const uint8_t *at, size_t bytes,
		struct unpack **unpack);

/** unpack_name() - the name of the stream's format */
const char *unpack_name(const struct unpack *unpack);

/** unpack_close() - free all; @unpack may be NULL */
void unpack_close(struct unpack *unpack);

/**
 * unpack_room() - where the next bytes of the stream go, once nothing is pending
 * @unpack: open
 * @bytes:  set to how many fit
 */
uint8_t *unpack_room(struct unpack *unpack, size_t *bytes);

/** unpack_feed() - @bytes of the stream are there */
void unpack_feed(struct unpack *unpack, size_t bytes);

/** unpack_pending() - does unpack_step() have something to do without further bytes? */
bool unpack_pending(const struct unpack *unpack);

/**
 * unpack_step() - unpack some of what is there
 * @unpack: something is pending
 * @to:     where unpacked bytes go
 * @bytes:  how many fit; set to how many there are now, which may be none
 * @err:    the reason in words, with the offset in the compressed stream
 *
 * Return: 0; -EBADMSG the stream is damaged; -ENOMEM. Bytes unpacked before an error come first.
 */
int unpack_step(struct unpack *unpack, uint8_t *to, size_t *bytes, struct nsr_error *err);

/**
 * unpack_end() - no more bytes of the stream will come: is that a good place to end?
 * @unpack: nothing is pending
 * @err:    the reason in words, if it isn't
 *
 * Return: 0; -EBADMSG.
 */
int unpack_end(const struct unpack *unpack, struct nsr_error *err);

#endif
