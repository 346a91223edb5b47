/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Writing capture files: pcapng (draft-ietf-opsawg-pcapng) or classic pcap with nanoseconds.
 *
 * After any failure the file holds whole blocks up to there: the writer takes back a block that a
 * full disk cut short. One thread at a time may use a writer. The structs grow like those of
 * nsring.h: their size comes first, and zero is every field's default.
 */
#ifndef NSRING_WRITER_H
#define NSRING_WRITER_H

#include <nsring/nsring.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nsr_writer;

enum nsr_writer_format {
	NSR_WRITER_PCAPNG = 0,
	NSR_WRITER_PCAP, /* nanosecond magic 0xa1b23c4d; one link type a file */
};

/**
 * struct nsr_writer_options - how to write
 * @size:        sizeof(struct nsr_writer_options)
 * @format:      enum nsr_writer_format
 * @application: shb_userappl of pcapng, NULL for "nsring VERSION"
 * @section:     a section of nsr_saved_get(), whose options stand in place of those that tell this host and
 *               the application, without @bytes for a host that nobody knows; NULL: this host
 */
struct nsr_writer_options {
	size_t size;
	uint32_t format;
	const char *application;
	const struct nsr_saved *section;
};

#define NSR_WRITER_OPTIONS_INIT NSR_SIZED_INIT(nsr_writer_options)

/**
 * struct nsr_writer_interface - an interface block
 * @size:        sizeof(struct nsr_writer_interface)
 * @name:        device name, "" for none
 * @description: free text, "" for none (nsring: the place)
 * @filter:      capture filter, "" for none
 * @linktype:    LINKTYPE_ value
 * @snaplen:     bytes kept of each packet; 0: no limit. libpcap refuses a pcapng file with a longer
 *               packet, or with interfaces that differ in it.
 * @fcs_bytes:   packets end in a frame check sequence of this length; pcapng has that with each packet
 * @options:     an interface's options of nsr_saved_get(), which go before @name and @description; @filter
 *               is added to the filter in them; NULL: none
 */
struct nsr_writer_interface {
	size_t size;
	const char *name;
	const char *description;
	const char *filter;
	uint32_t linktype;
	uint32_t snaplen;
	uint32_t fcs_bytes;
	const struct nsr_saved *options;
};

#define NSR_WRITER_INTERFACE_INIT NSR_SIZED_INIT(nsr_writer_interface)

/** A number that nobody knows. */
#define NSR_WRITER_UNKNOWN UINT64_MAX

/**
 * struct nsr_writer_counts - an interface statistics block
 * @size:      sizeof(struct nsr_writer_counts)
 * @start_ns, @end_ns: when capturing began and ended, ns since 1970
 * @delivered: packets of the interface in this file
 * @dropped:   packets of the interface that were lost; NSR_WRITER_UNKNOWN leaves isb_ifrecv and
 *             isb_ifdrop out of the block
 * @comment:   free text, NULL for none
 * @saved:     statistics of nsr_saved_get(), in place of all the above; NULL: none
 */
struct nsr_writer_counts {
	size_t size;
	uint64_t start_ns;
	uint64_t end_ns;
	uint64_t delivered;
	uint64_t dropped;
	const char *comment;
	const struct nsr_saved *saved;
};

#define NSR_WRITER_COUNTS_INIT NSR_SIZED_INIT(nsr_writer_counts)

/**
 * nsr_writer_open() - begin a file
 * @path:   replaced if it exists, removed again if not even its header can be written; "-" for
 *          standard output
 * @opts:   NULL for the defaults
 * @writer: set to the writer, to be closed with nsr_writer_close()
 * @err:    the reason in words; may be NULL
 *
 * Return: 0 or -errno of open(2) and write(2); -EINVAL or -E2BIG bad options; -ENOMEM.
 */
NSR_CHECKED int nsr_writer_open(const char *path, const struct nsr_writer_options *opts,
				struct nsr_writer **writer, struct nsr_error *err);

/**
 * nsr_writer_put_interface() - add an interface
 * @writer: open writer
 * @iface:  copied into the file
 *
 * Return: its id in this file, 0, 1, …; -EINVAL no such link type, or a classic pcap file has
 * another one already; -ENOMEM; or -errno of write(2).
 */
NSR_CHECKED int nsr_writer_put_interface(struct nsr_writer *writer,
					 const struct nsr_writer_interface *iface);

/**
 * nsr_writer_put_packet() - append a packet
 * @writer: open writer
 * @id:     interface in this file
 * @packet: written as it is; the writer ignores its @iface
 *
 * Buffered: see nsr_writer_flush(). A packet with NSR_PKT_NO_STAMP becomes a simple packet block
 * where that can tell the rest (first interface, no flags, not cut other than at its snaplen); else
 * the format demands a time, and it is 1970.
 *
 * Options of @packet are written as they are; classic pcap has none.
 *
 * Return: 0; -EINVAL no such interface, or options that are none; -EMSGSIZE longer than 256 MiB; -EOVERFLOW classic pcap can't
 * tell a time after 2106; -ENOMEM; or -errno of write(2), which then repeats: nothing more is written.
 */
NSR_CHECKED int nsr_writer_put_packet(struct nsr_writer *writer, uint32_t id,
				      const struct nsr_packet *packet);

/**
 * nsr_writer_put_saved() - append what another pcapng file held; nothing for classic pcap
 * @writer: open writer
 * @saved:  of nsr_saved_get(). A section begins another one here, whose interfaces are added anew and count
 *          from 0. Options and statistics of interfaces go with the interface and with the counts: there
 *          is nothing to append.
 *
 * Return: 0; -EINVAL @saved is none; -EMSGSIZE longer than 256 MiB; -ENOMEM; or -errno of write(2).
 */
NSR_CHECKED int nsr_writer_put_saved(struct nsr_writer *writer, const struct nsr_saved *saved);

/** nsr_writer_saved_bytes() - bytes that nsr_writer_put_saved() would add to the file */
uint64_t nsr_writer_saved_bytes(const struct nsr_writer *writer, const struct nsr_saved *saved);

/**
 * nsr_writer_put_counts() - append an interface's statistics; nothing for classic pcap
 * @writer: open writer
 * @id:     interface in this file
 * @counts: written as they are
 *
 * Return: as nsr_writer_put_packet().
 */
int nsr_writer_put_counts(struct nsr_writer *writer, uint32_t id,
			  const struct nsr_writer_counts *counts);

/**
 * nsr_writer_interface_bytes() - what nsr_writer_put_interface() would add to the file
 * @writer: open writer
 * @iface:  the interface to add next
 *
 * With this, nsr_writer_packet_bytes() and nsr_writer_counts_bytes() a program can keep a file
 * below a size: they are exact, and write nothing.
 *
 * Return: bytes; 0 when a classic pcap file has an interface already, and for a struct of a size
 * that isn't known.
 */
uint64_t nsr_writer_interface_bytes(const struct nsr_writer *writer,
				    const struct nsr_writer_interface *iface);

/** nsr_writer_packet_bytes() - bytes that nsr_writer_put_packet() would add to the file at most */
uint64_t nsr_writer_packet_bytes(const struct nsr_writer *writer, const struct nsr_packet *packet);

/**
 * nsr_writer_counts_bytes() - bytes that nsr_writer_put_counts() would add to the file
 * @writer: open writer
 * @counts: only the comment, and whether @dropped is known, matter
 *
 * Return: bytes; 0 for classic pcap, and for a struct of a size that isn't known.
 */
uint64_t nsr_writer_counts_bytes(const struct nsr_writer *writer,
				 const struct nsr_writer_counts *counts);

/**
 * nsr_writer_flush() - hand what is buffered to the kernel
 *
 * Return: 0 or -errno of write(2): -ENOSPC, -EPIPE, …
 */
int nsr_writer_flush(struct nsr_writer *writer);

/** nsr_writer_bytes() - bytes of the file so far, buffered ones too */
uint64_t nsr_writer_bytes(const struct nsr_writer *writer);

/**
 * nsr_writer_lost() - packets that were given to nsr_writer_put_packet() but are not in the file
 *
 * Counts every packet that nsr_writer_put_packet() refused, and the packets that were buffered or cut
 * short when writing failed: the ledger's row "disk".
 */
uint64_t nsr_writer_lost(const struct nsr_writer *writer);

/**
 * nsr_writer_close() - flush, close and free
 * @writer: may be NULL; freed in any case
 *
 * Return: 0, or the first error that the writer met.
 */
NSR_CHECKED int nsr_writer_close(struct nsr_writer *writer);

#ifdef __cplusplus
}
#endif

#endif
