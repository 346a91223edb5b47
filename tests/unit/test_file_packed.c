/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The `file` engine: compressed files give the packets of the files that they were made from. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#ifdef NSR_HAVE_ZSTD
#include <zstd.h>
#endif
#ifdef NSR_HAVE_LZ4
#include <lz4frame.h>
#endif

#include "engines/file/file.h"
#include "lib/file/savefile_format.h"
#include "file_bytes.h"

/* So that there are many blocks, and more bytes than fit into the engine's buffer. */
#define PACKETS 3000

#define PIPE_BYTES 65536
/* A test that would wait for ever is killed. */
#define LIMIT_S 50

/** struct packer - one way to compress; @pack returns how many bytes it has made at @to */
struct packer {
	const char *name;
	size_t (*pack)(const struct bytes *from, uint8_t *to, size_t room);
};

static size_t pack_gzip(const struct bytes *from, uint8_t *to, size_t room)
{
	z_stream zlib = { .next_in = from->data, .next_out = to };

	zlib.avail_in = (uInt)from->len;
	zlib.avail_out = (uInt)room;
	assert_int_equal(deflateInit2(&zlib, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY),
			 Z_OK);
	assert_int_equal(deflate(&zlib, Z_FINISH), Z_STREAM_END);
	deflateEnd(&zlib);
	return zlib.total_out;
}

#ifdef NSR_HAVE_ZSTD
static size_t pack_zstd(const struct bytes *from, uint8_t *to, size_t room)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();
	size_t bytes;

	ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	bytes = ZSTD_compress2(context, to, room, from->data, from->len);
	assert_false(ZSTD_isError(bytes));
	ZSTD_freeCCtx(context);
	return bytes;
}
#endif

#ifdef NSR_HAVE_LZ4
static size_t pack_lz4(const struct bytes *from, uint8_t *to, size_t room)
{
	const LZ4F_preferences_t preferences = {
		.frameInfo = { .blockSizeID = LZ4F_max64KB,
			       .contentChecksumFlag = LZ4F_contentChecksumEnabled,
			       .blockChecksumFlag = LZ4F_blockChecksumEnabled },
	};
	size_t bytes = LZ4F_compressFrame(to, room, from->data, from->len, &preferences);

	assert_false(LZ4F_isError(bytes));
	return bytes;
}
#endif

static const struct packer packers[] = {
	{ "gzip", pack_gzip },
#ifdef NSR_HAVE_ZSTD
	{ "zstd", pack_zstd },
#endif
#ifdef NSR_HAVE_LZ4
	{ "lz4", pack_lz4 },
#endif
};

#define FOR_EACH(packer)                                                                           \
	for (const struct packer *packer = packers;                                                \
	     packer < packers + sizeof(packers) / sizeof(packers[0]); packer++)

/* Append @from to @to, compressed. */
static void pack(const struct packer *packer, const struct bytes *from, struct bytes *to)
{
	size_t room = from->len + from->len / 8 + (1u << 16);
	uint8_t *made = malloc(room);

	put(to, made, packer->pack(from, made, room));
	free(made);
}

/* Data that hardly gets smaller, so that there are as many blocks as can be. */
static void sample(struct bytes *file)
{
	uint32_t i, value = 1;
	uint8_t data[1500];
	size_t j;

	pcap_header(file, PCAP_MAGIC_USEC, ETHERNET);
	for (i = 0; i < PACKETS; i++) {
		for (j = 0; j < sizeof(data); j++) {
			value = value * 1103515245 + 12345;
			data[j] = (uint8_t)(value >> 16);
		}
		pcap_packet(file, 1700000000 + i, i, data, i % sizeof(data));
	}
}

/* The first packets of @whole are those of @got. */
static void assert_alike(const struct reading *got, const struct reading *whole)
{
	uint32_t i;

	assert_in_range(got->count, 0, whole->count);
	for (i = 0; i < got->count; i++) {
		assert_int_equal(got->packets[i].stamp_ns, whole->packets[i].stamp_ns);
		assert_int_equal(got->packets[i].caplen, whole->packets[i].caplen);
		assert_memory_equal(got->packets[i].data, whole->packets[i].data,
				    got->packets[i].caplen);
	}
}

static void packed_file_gives_the_packets_of_the_file(void **state)
{
	struct reading whole, got;
	struct bytes file = { 0 };
	char mode[64];

	sample(&file);
	read_bytes(&file, 64, &whole);
	FOR_EACH(packer)
	{
		struct bytes packed = { 0 };

		pack(packer, &file, &packed);
		read_bytes(&packed, 64, &got);
		assert_int_equal(got.rc, -ENODATA);
		assert_int_equal(got.count, PACKETS);
		assert_alike(&got, &whole);
		snprintf(mode, sizeof(mode), "pcap, microseconds, little-endian, %s", packer->name);
		assert_string_equal(got.info.mode, mode);
		reading_free(&got);
		bytes_free(&packed);
	}
	reading_free(&whole);
	bytes_free(&file);
}

/* A record in three streams, cut within headers too, and between two of them padding of tapes. */
static void streams_behind_each_other_are_one_file(void **state)
{
	static const size_t cuts[] = { 0, 2, 24, 1000, 1001, 4000 };
	struct reading whole, got;
	struct bytes file = { 0 };
	size_t i;

	sample(&file);
	read_bytes(&file, 64, &whole);
	FOR_EACH(packer)
	{
		struct bytes packed = { 0 };

		for (i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
			size_t end =
				i + 1 < sizeof(cuts) / sizeof(cuts[0]) ? cuts[i + 1] : file.len;
			const struct bytes part = { .data = file.data + cuts[i],
						    .len = end - cuts[i] };

			pack(packer, &part, &packed);
			if (packer->pack == pack_gzip)
				put(&packed, "\0\0\0", 3);
		}
		read_bytes(&packed, 64, &got);
		assert_int_equal(got.rc, -ENODATA);
		assert_int_equal(got.count, PACKETS);
		assert_alike(&got, &whole);
		reading_free(&got);
		bytes_free(&packed);
	}
	reading_free(&whole);
	bytes_free(&file);
}

static void packed_file_that_is_cut_gives_its_packets_and_an_error(void **state)
{
	struct reading whole, got;
	struct bytes file = { 0 };

	sample(&file);
	read_bytes(&file, 64, &whole);
	FOR_EACH(packer)
	{
		struct bytes packed = { 0 };

		pack(packer, &file, &packed);
		/* Without the checksum at the end all is there, but nobody can tell. */
		packed.len -= 1;
		read_bytes(&packed, 64, &got);
		assert_damage(&got, "data: the file ends in the middle");
		assert_int_equal(got.count, PACKETS);
		reading_free(&got);
		packed.len /= 2;
		read_bytes(&packed, 64, &got);
		assert_damage(&got, "data: the file ends in the middle");
		assert_in_range(got.count, PACKETS / 4, PACKETS - 1);
		assert_alike(&got, &whole);
		reading_free(&got);
		packed.len = 5;
		read_bytes(&packed, 64, &got);
		assert_damage(&got, "offset 5 of the ");
		bytes_free(&packed);
	}
	reading_free(&whole);
	bytes_free(&file);
}

static void damage_of_a_packed_file_comes_behind_the_packets_before_it(void **state)
{
	struct reading whole, got;
	struct bytes file = { 0 };
	char text[64];

	sample(&file);
	read_bytes(&file, 64, &whole);
	FOR_EACH(packer)
	{
		struct bytes packed = { 0 };

		pack(packer, &file, &packed);
		/* A second stream that is none. */
		put(&packed, "none of it", 10);
		read_bytes(&packed, 64, &got);
		snprintf(text, sizeof(text), " of the %s data: ", packer->name);
		assert_damage(&got, text);
		assert_int_equal(got.count, PACKETS);
		assert_alike(&got, &whole);
		reading_free(&got);
		/* Most blocks are before this one. */
		memset(packed.data + packed.len - packed.len / 10, 0xff, 64);
		read_bytes(&packed, 64, &got);
		/* gzip may tell by the checksum at the end only, behind what it made of it. */
		assert_int_equal(got.rc, -EBADMSG);
		assert_in_range(got.count, PACKETS / 2, PACKETS);
		reading_free(&got);
		bytes_free(&packed);
	}
	reading_free(&whole);
	bytes_free(&file);
}

static void any_byte_of_a_packed_file_may_be_wrong(void **state)
{
	struct bytes file = { 0 };
	struct reading got;
	size_t at;

	pcap_header(&file, PCAP_MAGIC_USEC, ETHERNET);
	pcap_packet(&file, 1, 2, "12345", 5);
	FOR_EACH(packer)
	{
		struct bytes packed = { 0 };

		pack(packer, &file, &packed);
		for (at = 0; at < packed.len; at++) {
			packed.data[at] ^= 0x55;
			read_bytes(&packed, 64, &got);
			assert_true(got.rc == -EBADMSG || got.rc == -ENODATA);
			assert_in_range(got.count, 0, 1);
			reading_free(&got);
			packed.data[at] ^= 0x55;
		}
		bytes_free(&packed);
	}
	bytes_free(&file);
}

/*
 * Open a pipe that holds the first @at bytes of @packed, write the others @step at a time, and count
 * packets.
 */
static uint32_t through_a_pipe(const struct bytes *packed, size_t at, size_t step)
{
	struct nsr_packet packets[64];
	struct nsr_error err;
	uint32_t count = 0;
	size_t bytes;
	char path[32];
	int fds[2], rc;
	void *priv;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(write(fds[1], packed->data, at), at);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	assert_int_equal(open_path(path, &priv, &err), 0);
	for (; at < packed->len; at += bytes) {
		bytes = packed->len - at < step ? packed->len - at : step;
		assert_int_equal(write(fds[1], packed->data + at, bytes), bytes);
		while ((rc = nsr_engine_file.recv(priv, packets, 64, &err)) > 0)
			count += (uint32_t)rc;
		assert_int_equal(rc, 0);
	}
	close(fds[1]);
	assert_int_equal(nsr_engine_file.recv(priv, packets, 64, &err), -ENODATA);
	nsr_engine_file.close(priv);
	close(fds[0]);
	return count;
}

static void packed_packets_come_through_a_pipe_as_it_is_written(void **state)
{
	struct bytes file = { 0 };

	sample(&file);
	FOR_EACH(packer)
	{
		const struct bytes header = { .data = file.data, .len = 24 };
		const struct bytes rest = { .data = file.data + 24, .len = file.len - 24 };
		struct bytes packed = { 0 };
		size_t begun;

		pack(packer, &header, &packed);
		begun = packed.len;
		pack(packer, &rest, &packed);
		assert_int_equal(through_a_pipe(&packed, begun, 1009), PACKETS);
		bytes_free(&packed);
	}
	bytes_free(&file);
}

/* As much as fits into a pipe becomes 65 MB of blocks without a packet, and one packet behind them. */
static void packet_behind_much_that_is_none_comes_though_the_pipe_is_empty(void **state)
{
	struct bytes file = { 0 }, packed = { 0 };
	static const uint8_t zeros[700000];
	size_t begun, i;

	section(&file);
	interface(&file, ETHERNET);
	for (i = 0; i < 93; i++) {
		begun = block_begin(&file, 0x0badbeef);
		put(&file, zeros, sizeof(zeros));
		block_end(&file, begun);
	}
	packet(&file, 0, 1, "a", 1);
	pack(&packers[0], &file, &packed);
	assert_in_range(packed.len, PIPE_BYTES * 9 / 10, PIPE_BYTES);
	assert_int_equal(through_a_pipe(&packed, 4096, packed.len), 1);
	bytes_free(&packed);
	bytes_free(&file);
}

static void magic_tells_and_not_more_than_once(void **state)
{
	struct bytes file = { 0 }, once = { 0 }, twice = { 0 };
	struct reading got;

	pcap_header(&file, PCAP_MAGIC_USEC, ETHERNET);
	pack(&packers[0], &file, &once);
	pack(&packers[0], &once, &twice);
	read_bytes(&twice, 64, &got);
	assert_damage(&got, "offset 0 when unpacked: starts with 1f 8b 08 00: neither pcap");
	bytes_free(&file);
	bytes_free(&once);
	bytes_free(&twice);
}

#ifdef NSR_HAVE_ZSTD
/* A frame whose window takes 2 GiB. */
static void window_that_takes_too_much_memory_is_refused(void **state)
{
	struct bytes file = { 0 };
	struct reading got;

	put(&file, "\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00", 9);
	read_bytes(&file, 64, &got);
	assert_damage(&got, "of the zstd data: Frame requires too much memory");
	bytes_free(&file);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packed_file_gives_the_packets_of_the_file),
		cmocka_unit_test(streams_behind_each_other_are_one_file),
		cmocka_unit_test(packed_file_that_is_cut_gives_its_packets_and_an_error),
		cmocka_unit_test(damage_of_a_packed_file_comes_behind_the_packets_before_it),
		cmocka_unit_test(any_byte_of_a_packed_file_may_be_wrong),
		cmocka_unit_test(packed_packets_come_through_a_pipe_as_it_is_written),
		cmocka_unit_test(packet_behind_much_that_is_none_comes_though_the_pipe_is_empty),
		cmocka_unit_test(magic_tells_and_not_more_than_once),
#ifdef NSR_HAVE_ZSTD
		cmocka_unit_test(window_that_takes_too_much_memory_is_refused),
#endif
	};

	alarm(LIMIT_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
