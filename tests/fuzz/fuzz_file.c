/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Fuzz target for the readers of capture files. Each input is read three times: from a buffer of its
 * exact size, so that AddressSanitizer sees a read one byte behind it, through the engine's ops as a
 * file, and as a file that is compressed. All must give the same packets. The writer must take all
 * that stands beside them.
 *
 * An input that is compressed itself is unpacked in the second reading only.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <nsring/writer.h>

#include "engines/file/file.h"

#define BATCH 7

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** struct sum - what an input gave */
struct sum {
	uint64_t packets;
	uint64_t hash;
};

static void require(bool fact, const char *what)
{
	if (fact)
		return;
	fprintf(stderr, "fuzz_file: %s\n", what);
	abort();
}

/* Touches each byte. */
static void add(struct sum *sum, const struct nsr_packet *packet)
{
	uint32_t i;

	require(packet->caplen <= packet->len, "more bytes than the packet has");
	for (i = 0; i < packet->caplen; i++)
		sum->hash = sum->hash * 31 + packet->data[i];
	for (i = 0; i < packet->options_bytes; i++)
		sum->hash = sum->hash * 31 + packet->data[packet->options_at + i];
	sum->hash = sum->hash * 31 + packet->stamp_ns + packet->flags + packet->iface;
	sum->packets++;
}

static struct sum read_exact(const uint8_t *data, size_t size)
{
	struct savefile file = { .buf_bytes = size, .end = size, .snaplen = UINT32_MAX };
	struct nsr_packet packets[BATCH];
	struct sum sum = { 0 };
	int i, count;

	file.buf = malloc(size);
	require(file.buf || !size, "out of memory");
	if (size)
		memcpy(file.buf, data, size);
	savefile_ifaces_init(&file.ifaces);
	if (savefile_begin(&file) == SAVEFILE_SKIP) {
		while ((count = savefile_take(&file, packets, BATCH)) > 0)
			for (i = 0; i < count; i++)
				add(&sum, &packets[i]);
		require(file.failure.code || file.need > file.end - file.start,
			"wants what is there already");
	}
	savefile_ifaces_free(&file.ifaces);
	savefile_keeper_free(&file.keeper);
	free(file.buf);
	return sum;
}

static void *open_input(int fd)
{
	struct nsr_options opts = { .size = sizeof(opts), .snaplen = 262144 };
	struct nsr_engine_args args = { .size = sizeof(args), .queue = -1, .opts = &opts };
	struct nsr_error err = { 0 };
	void *priv = NULL;
	char path[32];
	int rc;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	args.device = path;
	rc = nsr_engine_file.open(&args, &priv, &err);
	require(rc == 0 || rc == -EBADMSG || rc == -EOPNOTSUPP, "open failed");
	require(rc != -EBADMSG || strstr(err.text, ": offset "), "damage without its offset");
	return rc ? NULL : priv;
}

/* All that stands beside the packets, into a file that nobody reads. */
static void write_saved(void *priv)
{
	struct nsr_saved saved = NSR_SAVED_INIT;
	struct nsr_writer *writer;
	uint64_t bytes;
	uint32_t id;

	require(nsr_writer_open("/dev/null", NULL, &writer, NULL) == 0, "no writer");
	for (id = 1; nsr_engine_file.saved(priv, id, &saved) == 0; id++) {
		bytes = nsr_writer_bytes(writer) + nsr_writer_saved_bytes(writer, &saved);
		require(nsr_writer_put_saved(writer, &saved) == 0, "the writer refuses it");
		require(nsr_writer_bytes(writer) == bytes, "other bytes than told");
	}
	require(nsr_writer_close(writer) == 0, "not written");
}

/* An interface with its options and statistics, and a packet of it, likewise. */
static void write_packet(void *priv, const struct nsr_packet *packet,
			 const struct nsr_interface *iface)
{
	struct nsr_writer_interface block = NSR_WRITER_INTERFACE_INIT;
	struct nsr_writer_counts counts = NSR_WRITER_COUNTS_INIT;
	struct nsr_saved options = NSR_SAVED_INIT, statistics = NSR_SAVED_INIT;
	struct nsr_writer *writer;
	uint64_t bytes;

	require(nsr_writer_open("/dev/null", NULL, &writer, NULL) == 0, "no writer");
	block.filter = "udp";
	block.linktype = iface->linktype;
	if (nsr_engine_file.saved(priv, iface->options, &options) == 0)
		block.options = &options;
	if (nsr_engine_file.saved(priv, iface->counts, &statistics) == 0)
		counts.saved = &statistics;
	bytes = nsr_writer_bytes(writer) + nsr_writer_interface_bytes(writer, &block);
	require(nsr_writer_put_interface(writer, &block) == 0, "the writer refuses an interface");
	require(nsr_writer_bytes(writer) == bytes, "an interface of other bytes than told");
	bytes += nsr_writer_counts_bytes(writer, &counts);
	require(nsr_writer_put_counts(writer, 0, &counts) == 0, "the writer refuses statistics");
	require(nsr_writer_bytes(writer) == bytes, "statistics of other bytes than told");
	bytes += nsr_writer_packet_bytes(writer, packet);
	require(nsr_writer_put_packet(writer, 0, packet) == 0, "the writer refuses a packet");
	require(nsr_writer_bytes(writer) <= bytes, "a packet of more bytes than told");
	require(nsr_writer_close(writer) == 0, "not written");
}

static struct sum read_file(const uint8_t *data, size_t size)
{
	struct nsr_interface iface = NSR_INTERFACE_INIT;
	struct nsr_packet packets[BATCH];
	int fd = memfd_create("input", MFD_CLOEXEC);
	struct sum sum = { 0 };
	struct nsr_error err;
	void *priv;
	int i, count;

	require(pwrite(fd, data, size, 0) == (ssize_t)size, "memfd");
	priv = open_input(fd);
	close(fd);
	if (!priv)
		return sum;
	while ((count = nsr_engine_file.recv(priv, packets, BATCH, &err)) >= 0) {
		for (i = 0; i < count; i++) {
			add(&sum, &packets[i]);
			require(!nsr_engine_file.interface(priv, packets[i].iface, &iface),
				"packet of an unknown interface");
		}
		if (count && sum.packets == (uint64_t)count)
			write_packet(priv, &packets[count - 1], &iface);
	}
	write_saved(priv);
	require(nsr_engine_file.recv(priv, packets, BATCH, &err) == count, "error went away");
	nsr_engine_file.close(priv);
	return sum;
}

/* Without an effort to make it smaller. */
static struct sum read_packed(const uint8_t *data, size_t size)
{
	uLong room = compressBound(size) + 64;
	z_stream zlib = { .next_in = (uint8_t *)data, .avail_in = (uInt)size };
	uint8_t *packed = malloc(room);
	struct sum sum;

	zlib.next_out = packed;
	zlib.avail_out = (uInt)room;
	require(deflateInit2(&zlib, 0, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK,
		"zlib");
	require(deflate(&zlib, Z_FINISH) == Z_STREAM_END, "zlib's room");
	sum = read_file(packed, zlib.total_out);
	deflateEnd(&zlib);
	free(packed);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sum exact = read_exact(data, size);
	struct sum file = read_file(data, size);
	struct sum packed;

	if (size >= UNPACK_MAGIC_BYTES && unpack_format(data))
		return 0;
	require(exact.packets == file.packets && exact.hash == file.hash,
		"the same bytes gave other packets");
	packed = read_packed(data, size);
	require(packed.packets == file.packets && packed.hash == file.hash,
		"the same bytes, compressed, gave other packets");
	return 0;
}
