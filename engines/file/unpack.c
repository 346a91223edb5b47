/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "unpack.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#ifdef NSR_HAVE_ZSTD
#include <zstd.h>
#endif
#ifdef NSR_HAVE_LZ4
#include <lz4frame.h>
#endif

/* A pipe's default capacity: more would not come at once. */
#define IN_BYTES (64u << 10)

/* zstd and lz4 get so much of a frame to begin with; then they tell how much they want. */
#define FIRST_BYTES 5

/* gzip's header, or zlib's own: this asks for the former, and for the largest window. */
#define GZIP_WINDOW_BITS (16 + MAX_WBITS)

/**
 * struct unpack_format - a format, and the library behind it
 * @name:  for people
 * @magic: what each stream begins with
 * @bits:  which bits of the first four bytes that is
 * @open, @close: make and free the library's state; @open is NULL in builds without the library
 * @step:  unpack. Sets *@taken of what lies at @unpack->at and *@given of *@given at @to; @whole once
 *         a member or frame is complete, which is also where the next one begins. Returns words for what is
 *         wrong, or NULL.
 */
struct unpack_format {
	const char *name;
	uint32_t magic;
	uint32_t bits;
	int (*open)(struct unpack *unpack);
	void (*close)(struct unpack *unpack);
	const char *(*step)(struct unpack *unpack, size_t *taken, uint8_t *to, size_t *given);
};

/**
 * struct unpack - a stream
 * @state:  the library's
 * @want:   bytes that it wants next; 0 to begin with
 * @start, @end: what of @in has been fed, but not yet taken
 * @taken:  bytes taken since the stream began
 * @whole:  between two members, or before the first
 * @full:   the last step filled its room: the library may hold more
 * @wrong:  words for what ends the stream, NULL while nothing does
 * @in_bytes: size of @in
 */
struct unpack {
	const struct unpack_format *format;
	union {
		z_stream zlib;
#ifdef NSR_HAVE_ZSTD
		ZSTD_DStream *zstd;
#endif
#ifdef NSR_HAVE_LZ4
		LZ4F_dctx *lz4;
#endif
	} state;
	size_t want;
	size_t start;
	size_t end;
	uint64_t taken;
	bool whole;
	bool full;
	const char *wrong;
	size_t in_bytes;
	uint8_t in[];
};

static int gzip_open(struct unpack *unpack)
{
	return inflateInit2(&unpack->state.zlib, GZIP_WINDOW_BITS) == Z_OK ? 0 : -ENOMEM;
}

static void gzip_close(struct unpack *unpack)
{
	inflateEnd(&unpack->state.zlib);
}

/* Zeros behind a member, as tapes and the like leave them, are no data, as gzip(1) has it. */
static bool is_padding(const struct unpack *unpack)
{
	return unpack->whole && unpack->taken && !unpack->in[unpack->start];
}

static const char *gzip_step(struct unpack *unpack, size_t *taken, uint8_t *to, size_t *given)
{
	z_stream *zlib = &unpack->state.zlib;
	int rc;

	if (is_padding(unpack)) {
		*taken = 1;
		*given = 0;
		return NULL;
	}
	zlib->next_in = unpack->in + unpack->start;
	zlib->avail_in = (uInt)*taken;
	zlib->next_out = to;
	zlib->avail_out = *given > UINT32_MAX ? UINT32_MAX : (uInt)*given;
	*given = zlib->avail_out;
	rc = inflate(zlib, Z_NO_FLUSH);
	*taken -= zlib->avail_in;
	*given -= zlib->avail_out;
	unpack->whole = rc == Z_STREAM_END;
	if (rc == Z_STREAM_END)
		rc = inflateReset(zlib);
	if (rc == Z_OK || rc == Z_BUF_ERROR)
		return NULL;
	return zlib->msg ? zlib->msg : zError(rc);
}

/*
 * No more than the library wants is one block at most. When one is damaged, the libraries tell nothing of
 * what they have unpacked of others in the same call.
 */
static inline size_t a_block(const struct unpack *unpack, size_t bytes)
{
	size_t want = unpack->want ? unpack->want : FIRST_BYTES;

	return bytes < want ? bytes : want;
}

#ifdef NSR_HAVE_ZSTD
/* The library's own limit of the window holds: 128 MiB. */
static int zstd_open(struct unpack *unpack)
{
	unpack->state.zstd = ZSTD_createDStream();
	return unpack->state.zstd ? 0 : -ENOMEM;
}

static void zstd_close(struct unpack *unpack)
{
	ZSTD_freeDStream(unpack->state.zstd);
}

static const char *zstd_step(struct unpack *unpack, size_t *taken, uint8_t *to, size_t *given)
{
	ZSTD_inBuffer in = { unpack->in + unpack->start, a_block(unpack, *taken), 0 };
	ZSTD_outBuffer out = { to, *given, 0 };
	size_t rc = ZSTD_decompressStream(unpack->state.zstd, &out, &in);

	*taken = in.pos;
	*given = out.pos;
	unpack->want = rc;
	unpack->whole = rc == 0;
	return ZSTD_isError(rc) ? ZSTD_getErrorName(rc) : NULL;
}
#define zstd_functions .open = zstd_open, .close = zstd_close, .step = zstd_step
#else
#define zstd_functions .open = NULL
#endif

#ifdef NSR_HAVE_LZ4
static int lz4_open(struct unpack *unpack)
{
	return LZ4F_isError(LZ4F_createDecompressionContext(&unpack->state.lz4, LZ4F_VERSION))
		       ? -ENOMEM
		       : 0;
}

static void lz4_close(struct unpack *unpack)
{
	LZ4F_freeDecompressionContext(unpack->state.lz4);
}

static const char *lz4_step(struct unpack *unpack, size_t *taken, uint8_t *to, size_t *given)
{
	size_t rc;

	*taken = a_block(unpack, *taken);
	rc = LZ4F_decompress(unpack->state.lz4, to, given, unpack->in + unpack->start, taken, NULL);
	unpack->want = rc;
	unpack->whole = rc == 0;
	return LZ4F_isError(rc) ? LZ4F_getErrorName(rc) : NULL;
}
#define lz4_functions .open = lz4_open, .close = lz4_close, .step = lz4_step
#else
#define lz4_functions .open = NULL
#endif

static const struct unpack_format formats[] = {
	{
		.name = "gzip",
		.magic = 0x00088b1f,
		.bits = 0x00ffffff,
		.open = gzip_open,
		.close = gzip_close,
		.step = gzip_step,
	},
	{ .name = "zstd", .magic = 0xfd2fb528, .bits = UINT32_MAX, zstd_functions },
	{ .name = "lz4", .magic = 0x184d2204, .bits = UINT32_MAX, lz4_functions },
	/* pzstd begins with a frame to be skipped, which has the lengths of the others. */
	{ .name = "zstd", .magic = 0x184d2a50, .bits = 0xfffffff0, zstd_functions },
};

const struct unpack_format *unpack_format(const uint8_t *at)
{
	uint32_t magic = at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
	size_t i;

	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if ((magic & formats[i].bits) == formats[i].magic)
			return &formats[i];
	}
	return NULL;
}

const char *unpack_format_name(const struct unpack_format *format)
{
	return format->name;
}

const char *unpack_name(const struct unpack *unpack)
{
	return unpack->format->name;
}

int unpack_open(const struct unpack_format *format, const uint8_t *at, size_t bytes,
		struct unpack **unpack)
{
	size_t in_bytes = bytes > IN_BYTES ? bytes : IN_BYTES;
	struct unpack *made;
	int rc;

	if (!format->open)
		return -EOPNOTSUPP;
	made = calloc(1, sizeof(*made) + in_bytes);
	if (!made)
		return -ENOMEM;
	made->format = format;
	made->whole = true;
	made->in_bytes = in_bytes;
	memcpy(made->in, at, bytes);
	made->end = bytes;
	rc = format->open(made);
	if (rc < 0) {
		free(made);
		return rc;
	}
	*unpack = made;
	return 0;
}

void unpack_close(struct unpack *unpack)
{
	if (!unpack)
		return;
	unpack->format->close(unpack);
	free(unpack);
}

uint8_t *unpack_room(struct unpack *unpack, size_t *bytes)
{
	unpack->start = 0;
	unpack->end = 0;
	*bytes = unpack->in_bytes;
	return unpack->in;
}

void unpack_feed(struct unpack *unpack, size_t bytes)
{
	unpack->end += bytes;
}

bool unpack_pending(const struct unpack *unpack)
{
	return unpack->wrong || unpack->full || unpack->start < unpack->end;
}

/* Says what is wrong, and where in the compressed stream. */
static int tell(const struct unpack *unpack, const char *what, struct nsr_error *err)
{
	return nsr_error_set(err, -EBADMSG, "offset %" PRIu64 " of the %s data: %s", unpack->taken,
			     unpack->format->name, what);
}

int unpack_step(struct unpack *unpack, uint8_t *to, size_t *bytes, struct nsr_error *err)
{
	size_t room = *bytes, taken = unpack->end - unpack->start;

	if (unpack->wrong) {
		*bytes = 0;
		return tell(unpack, unpack->wrong, err);
	}
	/* Between two members a library holds nothing, and would take being asked for a beginning. */
	if (unpack->whole && !taken) {
		unpack->full = false;
		*bytes = 0;
		return 0;
	}
	unpack->wrong = unpack->format->step(unpack, &taken, to, bytes);
	unpack->start += taken;
	unpack->taken += taken;
	unpack->full = *bytes == room;
	/* A library that neither takes nor gives anything would be asked for ever. */
	if (!unpack->wrong && !taken && !*bytes && unpack->start < unpack->end)
		unpack->wrong = "it makes no progress";
	return 0;
}

int unpack_end(const struct unpack *unpack, struct nsr_error *err)
{
	return unpack->whole ? 0 : tell(unpack, "the file ends in the middle", err);
}
