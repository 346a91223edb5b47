/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Encoding pcapng blocks in memory. Each block has a function that tells its bytes and one that
 * writes exactly as many.
 */
#ifndef NSR_WRITER_PCAPNG_H
#define NSR_WRITER_PCAPNG_H

#include <nsring/writer.h>

#include "savefile_format.h"

/** struct nsr_pcapng_options - options of another file, as they are */
struct nsr_pcapng_options {
	const uint8_t *at;
	size_t bytes;
};

/** nsr_pcapng_options_fit() - are they whole, each a multiple of 4 bytes? */
bool nsr_pcapng_options_fit(struct nsr_pcapng_options options);

/**
 * struct nsr_pcapng_section - what a Section Header Block tells about its writer
 *
 * @application is for sections whose @options don't tell it.
 */
struct nsr_pcapng_section {
	const char *hardware;
	const char *os;
	const char *application;
	struct nsr_pcapng_options options;
};

/** nsr_pcapng_section_bytes() - bytes that nsr_pcapng_put_section() writes */
size_t nsr_pcapng_section_bytes(const struct nsr_pcapng_section *section);

/** nsr_pcapng_put_section() - write a Section Header Block at @out */
void nsr_pcapng_put_section(uint8_t *out, const struct nsr_pcapng_section *section);

/** nsr_pcapng_interface_bytes() - bytes that nsr_pcapng_put_interface() writes */
size_t nsr_pcapng_interface_bytes(const struct nsr_writer_interface *iface);

/** nsr_pcapng_put_interface() - write an Interface Description Block at @out */
void nsr_pcapng_put_interface(uint8_t *out, const struct nsr_writer_interface *iface);

/** nsr_pcapng_packet_bytes() - bytes that nsr_pcapng_put_packet() writes */
size_t nsr_pcapng_packet_bytes(const struct nsr_packet *packet);

/**
 * nsr_pcapng_put_packet() - write an Enhanced Packet Block
 * @out:    room for nsr_pcapng_packet_bytes()
 * @id:     interface in this section
 * @packet: the packet
 */
void nsr_pcapng_put_packet(uint8_t *out, uint32_t id, const struct nsr_packet *packet);

/**
 * nsr_pcapng_is_simple() - can a simple packet block tell all that is known of a packet?
 * @packet:  of the file's first interface
 * @snaplen: that interface's; 0: no limit
 *
 * The block has no time, no flags and no captured length, which follows from the snaplen.
 */
bool nsr_pcapng_is_simple(const struct nsr_packet *packet, uint32_t snaplen);

/** nsr_pcapng_simple_bytes() - bytes that nsr_pcapng_put_simple() writes */
size_t nsr_pcapng_simple_bytes(const struct nsr_packet *packet);

/** nsr_pcapng_put_simple() - a simple packet block, into room for nsr_pcapng_simple_bytes() */
void nsr_pcapng_put_simple(uint8_t *out, const struct nsr_packet *packet);

/** nsr_pcapng_counts_bytes() - bytes that nsr_pcapng_put_counts() writes */
size_t nsr_pcapng_counts_bytes(const struct nsr_writer_counts *counts);

/** nsr_pcapng_put_counts() - write an Interface Statistics Block for interface @id at @out */
void nsr_pcapng_put_counts(uint8_t *out, uint32_t id, const struct nsr_writer_counts *counts);

/** nsr_pcapng_saved_bytes() - bytes that nsr_pcapng_put_saved() writes */
size_t nsr_pcapng_saved_bytes(const struct nsr_saved *saved);

/** nsr_pcapng_put_saved() - write a block of another file at @out */
void nsr_pcapng_put_saved(uint8_t *out, const struct nsr_saved *saved);

/** nsr_pcapng_measure() - an nsr_sink_measure for these blocks */
size_t nsr_pcapng_measure(const uint8_t *block, uint64_t offset, bool *packet);

#endif
