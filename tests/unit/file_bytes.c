/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* See file_bytes.h. */
#include <byteswap.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engines/file/file.h"
#include "lib/file/savefile_format.h"
#include "file_bytes.h"

#define NATIVE_BIG (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

void put(struct bytes *file, const void *data, size_t len)
{
	if (file->room - file->len < len) {
		file->room = (file->len + len) * 2;
		file->data = realloc(file->data, file->room);
		assert_non_null(file->data);
	}
	if (len)
		memcpy(file->data + file->len, data, len);
	file->len += len;
}

void put16(struct bytes *file, uint16_t value)
{
	if (file->big != NATIVE_BIG)
		value = bswap_16(value);
	put(file, &value, sizeof(value));
}

void put32(struct bytes *file, uint32_t value)
{
	if (file->big != NATIVE_BIG)
		value = bswap_32(value);
	put(file, &value, sizeof(value));
}

void put64(struct bytes *file, uint64_t value)
{
	if (file->big != NATIVE_BIG)
		value = bswap_64(value);
	put(file, &value, sizeof(value));
}

void set32(struct bytes *file, size_t offset, uint32_t value)
{
	size_t len = file->len;

	file->len = offset;
	put32(file, value);
	file->len = len;
}

void bytes_free(struct bytes *file)
{
	free(file->data);
	*file = (struct bytes){ 0 };
}

void pcap_header(struct bytes *file, uint32_t magic, uint32_t linktype)
{
	put32(file, magic);
	put16(file, PCAP_VERSION_MAJOR);
	put16(file, PCAP_VERSION_MINOR);
	put64(file, 0);
	put32(file, 65535);
	put32(file, linktype);
}

void pcap_packet(struct bytes *file, uint32_t sec, uint32_t frac, const void *data, uint32_t len)
{
	put32(file, sec);
	put32(file, frac);
	put32(file, len);
	put32(file, len);
	put(file, data, len);
}

void modified_pcap_packet(struct bytes *file, uint32_t sec, const void *data, uint32_t len)
{
	pcap_packet(file, sec, 0, NULL, 0);
	set32(file, file->len - 8, len);
	set32(file, file->len - 4, len);
	put32(file, 3);
	put16(file, 0x0800);
	put(file, "\x04\0", 2);
	put(file, data, len);
}

static void pad(struct bytes *file)
{
	static const uint8_t zeros[PCAPNG_BLOCK_ALIGN];

	put(file, zeros, -file->len % PCAPNG_BLOCK_ALIGN);
}

size_t block_begin(struct bytes *file, uint32_t type)
{
	size_t begun = file->len;

	put32(file, type);
	put32(file, 0);
	return begun;
}

void block_end(struct bytes *file, size_t begun)
{
	uint32_t len;

	pad(file);
	len = (uint32_t)(file->len - begun) + sizeof(len);
	put32(file, len);
	set32(file, begun + 4, len);
}

void option(struct bytes *file, uint16_t code, const void *value, uint16_t len)
{
	put16(file, code);
	put16(file, len);
	put(file, value, len);
	pad(file);
}

void section(struct bytes *file)
{
	size_t begun = block_begin(file, PCAPNG_SHB);

	put32(file, PCAPNG_BYTE_ORDER_MAGIC);
	put16(file, PCAPNG_VERSION_MAJOR);
	put16(file, PCAPNG_VERSION_MINOR);
	put64(file, PCAPNG_SECTION_UNKNOWN);
	block_end(file, begun);
}

static size_t interface_begin(struct bytes *file, uint16_t linktype)
{
	size_t begun = block_begin(file, PCAPNG_IDB);

	put16(file, linktype);
	put16(file, 0);
	put32(file, 65535);
	return begun;
}

void interface(struct bytes *file, uint16_t linktype)
{
	block_end(file, interface_begin(file, linktype));
}

void interface_with(struct bytes *file, uint16_t linktype, uint16_t code, const void *value,
		    uint16_t len)
{
	size_t begun = interface_begin(file, linktype);

	option(file, PCAPNG_OPT_COMMENT, "five!", 5);
	option(file, code, value, len);
	option(file, PCAPNG_OPT_ENDOFOPT, NULL, 0);
	block_end(file, begun);
}

size_t packet_begin(struct bytes *file, uint32_t iface, uint64_t units, const void *data,
		    uint32_t len)
{
	size_t begun = block_begin(file, PCAPNG_EPB);

	put32(file, iface);
	put32(file, (uint32_t)(units >> 32));
	put32(file, (uint32_t)units);
	put32(file, len);
	put32(file, len);
	put(file, data, len);
	pad(file);
	return begun;
}

void packet(struct bytes *file, uint32_t iface, uint64_t units, const void *data, uint32_t len)
{
	block_end(file, packet_begin(file, iface, units, data, len));
}

int open_path_with(const char *path, const struct nsr_options *opts, void **priv,
		   struct nsr_error *err)
{
	struct nsr_engine_args args = {
		.size = sizeof(args),
		.device = path,
		.queue = -1,
		.opts = opts,
	};

	memset(err, 0, sizeof(*err));
	return nsr_engine_file.open(&args, priv, err);
}

int open_path(const char *path, void **priv, struct nsr_error *err)
{
	struct nsr_options opts;

	nsr_options_init(&opts);
	opts.snaplen = 262144;
	return open_path_with(path, &opts, priv, err);
}

int open_bytes(const struct bytes *file, void **priv, struct nsr_error *err)
{
	int fd = memfd_create("bytes", MFD_CLOEXEC);
	char path[32];
	int rc;

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, file->data, file->len, 0), file->len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	rc = open_path(path, priv, err);
	close(fd);
	return rc;
}

static void keep(struct reading *got, const struct nsr_packet *packets, uint32_t count)
{
	uint32_t i;

	got->packets = realloc(got->packets, (got->count + count) * sizeof(*packets));
	assert_non_null(got->packets);
	for (i = 0; i < count; i++) {
		struct nsr_packet *kept = &got->packets[got->count++];
		uint8_t *data = malloc(packets[i].caplen + 1);

		assert_non_null(data);
		memcpy(data, packets[i].data, packets[i].caplen);
		*kept = packets[i];
		kept->data = data;
	}
}

static void read_all(void *priv, uint32_t max, struct reading *got)
{
	struct nsr_packet packets[64];

	while ((got->rc = nsr_engine_file.recv(priv, packets, max, &got->err)) >= 0) {
		assert_in_range(got->rc, 0, max);
		keep(got, packets, (uint32_t)got->rc);
	}
	nsr_engine_file.info(priv, &got->info);
	nsr_engine_file.close(priv);
}

void read_bytes(const struct bytes *file, uint32_t max, struct reading *got)
{
	void *priv;

	*got = (struct reading){ 0 };
	got->rc = open_bytes(file, &priv, &got->err);
	if (!got->rc)
		read_all(priv, max, got);
}

void read_path(const char *path, uint32_t max, struct reading *got)
{
	void *priv;

	*got = (struct reading){ 0 };
	got->rc = open_path(path, &priv, &got->err);
	if (!got->rc)
		read_all(priv, max, got);
}

void reading_free(struct reading *got)
{
	uint32_t i;

	for (i = 0; i < got->count; i++)
		free((void *)got->packets[i].data);
	free(got->packets);
	*got = (struct reading){ 0 };
}

void assert_damage(const struct reading *got, const char *text)
{
	if (got->rc != -EBADMSG || !strstr(got->err.text, text))
		fail_msg("expected -EBADMSG with \"%s\", got %d with \"%s\"", text, got->rc,
			 got->err.text);
	assert_int_equal(got->err.code, -EBADMSG);
}

void assert_packet(const struct nsr_packet *got, uint64_t stamp_ns, const char *data)
{
	assert_int_equal(got->stamp_ns, stamp_ns);
	assert_int_equal(got->caplen, strlen(data));
	assert_int_equal(got->len, strlen(data));
	assert_memory_equal(got->data, data, strlen(data));
}
