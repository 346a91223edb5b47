/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Capture files built byte by byte, in either byte order, and read with the `file` engine's ops:
 * what the test_file*.c have in common.
 */
#ifndef NSR_TESTS_FILE_BYTES_H
#define NSR_TESTS_FILE_BYTES_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <nsring/engine.h>

#define ETHERNET 1
#define RAW_IP	 101

/** struct bytes - a file in the making; @big: fields are big-endian from here on */
struct bytes {
	uint8_t *data;
	size_t len;
	size_t room;
	bool big;
};

/** struct reading - all that a file gave; free with reading_free() */
struct reading {
	int rc; /* what ended it, -ENODATA at best */
	struct nsr_error err;
	struct nsr_info info;
	struct nsr_packet *packets; /* their data are copies */
	uint32_t count;
};

void put(struct bytes *file, const void *data, size_t len);
void put16(struct bytes *file, uint16_t value);
void put32(struct bytes *file, uint32_t value);
void put64(struct bytes *file, uint64_t value);
void set32(struct bytes *file, size_t offset, uint32_t value);
void bytes_free(struct bytes *file);

void pcap_header(struct bytes *file, uint32_t magic, uint32_t linktype);
void modified_pcap_packet(struct bytes *file, uint32_t sec, const void *data, uint32_t len);
void pcap_packet(struct bytes *file, uint32_t sec, uint32_t frac, const void *data, uint32_t len);

/* pcapng: a block is begun, filled with put(), and ended with what begin returned. */
size_t block_begin(struct bytes *file, uint32_t type);
void block_end(struct bytes *file, size_t begun);
void option(struct bytes *file, uint16_t code, const void *value, uint16_t len);
void section(struct bytes *file);
void interface(struct bytes *file, uint16_t linktype);
void interface_with(struct bytes *file, uint16_t linktype, uint16_t code, const void *value,
		    uint16_t len);
size_t packet_begin(struct bytes *file, uint32_t iface, uint64_t units, const void *data,
		    uint32_t len);
void packet(struct bytes *file, uint32_t iface, uint64_t units, const void *data, uint32_t len);

/* -errno, or 0 and the engine's handle; the file is in memory. */
int open_bytes(const struct bytes *file, void **priv, struct nsr_error *err);
int open_path(const char *path, void **priv, struct nsr_error *err);
int open_path_with(const char *path, const struct nsr_options *opts, void **priv,
		   struct nsr_error *err);

/* Every packet, @max at a time. An open that fails gives no packets and its error. */
void read_bytes(const struct bytes *file, uint32_t max, struct reading *got);
void read_path(const char *path, uint32_t max, struct reading *got);
void reading_free(struct reading *got);

/* @got ended with damage, and the sentence says @text. */
void assert_damage(const struct reading *got, const char *text);

/* @got is whole and has these bytes. */
void assert_packet(const struct nsr_packet *got, uint64_t stamp_ns, const char *data);

#endif
