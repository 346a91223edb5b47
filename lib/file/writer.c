/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The capture file writer: what <nsring/writer.h> promises, over a sink (sink.c) that holds whole
 * records and the block encoder of pcapng (writer_pcapng.c). Classic pcap is small enough to be
 * encoded here.
 */
#include <nsring/writer.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <nsring/engine.h>

#include "lib/sized.h"
#include "sys/clock.h"
#include "savefile_format.h"
#include "sink.h"
#include "writer_pcapng.h"

/* Far more than any link carries, yet no block's length overflows 32 bits. */
#define PACKET_MAX (256u << 20)

#define OWN_APPLICATION "nsring " NSR_VERSION

/**
 * struct nsr_writer - a capture file that is being written
 * @sink:       the file
 * @format:     enum nsr_writer_format
 * @interfaces: how many there are
 * @linktype:   of classic pcap, once there is an interface
 * @snaplen:    of the first interface
 * @refused:    packets that did not get as far as the sink
 */
struct nsr_writer {
	struct nsr_sink sink;
	uint32_t format;
	uint32_t interfaces;
	uint32_t linktype;
	uint32_t snaplen;
	uint64_t refused;
};

static size_t measure_pcap(const uint8_t *record, uint64_t offset, bool *packet)
{
	struct pcap_record_hdr hdr;

	*packet = false;
	if (offset == 0)
		return sizeof(struct pcap_file_hdr);
	memcpy(&hdr, record, sizeof(hdr));
	*packet = true;
	return sizeof(hdr) + hdr.caplen;
}

/* Where options are expected, there are whole ones. */
static bool has_options(uint32_t type)
{
	return type == NSR_SAVED_SECTION || type == NSR_SAVED_INTERFACE;
}

/* Take a caller's @from, of @type (0: any); NULL: there is none, *@saved is set to NULL. */
static int take_saved(const struct nsr_saved *from, uint32_t type, struct nsr_saved *known,
		      const struct nsr_saved **saved)
{
	int rc;

	*saved = NULL;
	if (!from)
		return 0;
	rc = nsr_struct_take(known, from, sizeof(*known));
	if (rc < 0)
		return rc;
	if ((type && known->type != type) || known->bytes % PCAPNG_BLOCK_ALIGN ||
	    known->bytes > PACKET_MAX || (known->bytes && !known->data))
		return -EINVAL;
	if (has_options(known->type) &&
	    !nsr_pcapng_options_fit((struct nsr_pcapng_options){ known->data, known->bytes }))
		return -EINVAL;
	*saved = known;
	return 0;
}

static int write_section(struct nsr_writer *writer, const struct nsr_pcapng_section *section)
{
	size_t bytes = nsr_pcapng_section_bytes(section);
	uint8_t *out;
	int rc = nsr_sink_reserve(&writer->sink, bytes, &out);

	if (rc < 0)
		return rc;
	nsr_pcapng_put_section(out, section);
	nsr_sink_commit(&writer->sink, bytes);
	writer->interfaces = 0;
	return 0;
}

/* A section that was captured elsewhere. */
static struct nsr_pcapng_section foreign(const struct nsr_saved *saved)
{
	return (struct nsr_pcapng_section){
		.application = OWN_APPLICATION,
		.options = { saved->data, saved->bytes },
	};
}

/* The file's first section. */
static int put_section(struct nsr_writer *writer, const struct nsr_writer_options *opts)
{
	struct utsname host = { 0 };
	char os[sizeof(host.sysname) + sizeof(host.release) + 1];
	struct nsr_pcapng_section section = { .hardware = host.machine, .os = os };
	const struct nsr_saved *saved;
	struct nsr_saved known;
	int rc = take_saved(opts->section, NSR_SAVED_SECTION, &known, &saved);

	if (rc < 0)
		return rc;
	uname(&host);
	snprintf(os, sizeof(os), "%s %s", host.sysname, host.release);
	if (saved)
		section = foreign(saved);
	section.application = opts->application ? opts->application : OWN_APPLICATION;
	rc = write_section(writer, &section);
	return rc < 0 ? rc : nsr_sink_flush(&writer->sink);
}

/* The frame check sequence that the word of the link type tells of. */
static uint32_t fcs_word(uint32_t fcs_bytes)
{
	return fcs_bytes ? PCAP_FCS_PRESENT | fcs_bytes / 2 << PCAP_FCS_SHIFT : 0;
}

static int put_pcap_header(struct nsr_writer *writer, const struct nsr_writer_interface *iface)
{
	const struct pcap_file_hdr hdr = {
		.magic = PCAP_MAGIC_NSEC,
		.version_major = PCAP_VERSION_MAJOR,
		.version_minor = PCAP_VERSION_MINOR,
		.snaplen = iface->snaplen ? iface->snaplen : NSR_SNAPLEN_MAX,
		.linktype = iface->linktype | fcs_word(iface->fcs_bytes),
	};
	uint8_t *out;
	int rc = nsr_sink_reserve(&writer->sink, sizeof(hdr), &out);

	if (rc < 0)
		return rc;
	memcpy(out, &hdr, sizeof(hdr));
	nsr_sink_commit(&writer->sink, sizeof(hdr));
	return nsr_sink_flush(&writer->sink);
}

/* Removes a file that never got a header. */
static void remove_empty(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0)
		unlink(path);
}

int nsr_writer_open(const char *path, const struct nsr_writer_options *opts,
		    struct nsr_writer **writer, struct nsr_error *err)
{
	struct nsr_writer_options known = { 0 };
	struct nsr_writer *made;
	uint32_t format;
	int rc;

	*writer = NULL;
	if (!path)
		return nsr_error_set(err, -EINVAL, "no path to write to");
	rc = opts ? nsr_struct_take(&known, opts, sizeof(known)) : 0;
	if (rc < 0)
		return nsr_error_set(err, rc, "%s: writer options of a size not known", path);
	format = known.format;
	if (format != NSR_WRITER_PCAPNG && format != NSR_WRITER_PCAP)
		return nsr_error_set(err, -EINVAL, "%s: no file format %u", path, format);
	made = calloc(1, sizeof(*made));
	if (!made)
		return nsr_error_set(err, -ENOMEM, "%s: out of memory", path);
	made->format = format;
	rc = nsr_sink_open(&made->sink, path,
			   format == NSR_WRITER_PCAP ? measure_pcap : nsr_pcapng_measure, err);
	if (rc < 0)
		goto free_writer;
	if (format == NSR_WRITER_PCAPNG)
		rc = put_section(made, &known);
	if (rc < 0)
		goto close_sink;
	*writer = made;
	return 0;

close_sink:
	nsr_error_set(err, rc, "%s: can't write to it: %s", path, strerror(-rc));
	if (made->sink.owned)
		remove_empty(path);
	nsr_sink_close(&made->sink);
free_writer:
	free(made);
	return rc;
}

static int put_interface(struct nsr_writer *writer, const struct nsr_writer_interface *iface)
{
	uint8_t *out;
	size_t bytes;
	int rc;

	if (writer->format == NSR_WRITER_PCAP) {
		if (writer->interfaces > 0)
			return iface->linktype == writer->linktype ? 0 : -EINVAL;
		writer->linktype = iface->linktype;
		return put_pcap_header(writer, iface);
	}
	bytes = nsr_pcapng_interface_bytes(iface);
	rc = nsr_sink_reserve(&writer->sink, bytes, &out);
	if (rc < 0)
		return rc;
	nsr_pcapng_put_interface(out, iface);
	nsr_sink_commit(&writer->sink, bytes);
	return 0;
}

int nsr_writer_put_interface(struct nsr_writer *writer, const struct nsr_writer_interface *iface)
{
	struct nsr_writer_interface known;
	struct nsr_saved options;
	int rc = nsr_struct_take(&known, iface, sizeof(known));

	if (rc == 0)
		rc = take_saved(known.options, NSR_SAVED_INTERFACE, &options, &known.options);
	if (rc < 0)
		return rc;
	if (known.linktype > UINT16_MAX || writer->interfaces == INT32_MAX)
		return -EINVAL;
	rc = put_interface(writer, &known);
	if (rc < 0)
		return rc;
	if (!writer->interfaces)
		writer->snaplen = known.snaplen;
	return (int)writer->interfaces++;
}

static int put_pcap_packet(struct nsr_writer *writer, const struct nsr_packet *packet)
{
	const struct pcap_record_hdr hdr = {
		.ts_sec = (uint32_t)(packet->stamp_ns / NSEC_PER_SEC),
		.ts_frac = (uint32_t)(packet->stamp_ns % NSEC_PER_SEC),
		.caplen = packet->caplen,
		.len = packet->len,
	};
	size_t bytes = sizeof(hdr) + packet->caplen;
	uint8_t *out;
	int rc;

	if (packet->stamp_ns / NSEC_PER_SEC > UINT32_MAX)
		return -EOVERFLOW;
	rc = nsr_sink_reserve(&writer->sink, bytes, &out);
	if (rc < 0)
		return rc;
	memcpy(out, &hdr, sizeof(hdr));
	memcpy(out + sizeof(hdr), packet->data, packet->caplen);
	nsr_sink_commit(&writer->sink, bytes);
	return 0;
}

/* A packet without a time, as far as the format can tell that. */
static int put_simple_packet(struct nsr_writer *writer, const struct nsr_packet *packet)
{
	size_t bytes = nsr_pcapng_simple_bytes(packet);
	uint8_t *out;
	int rc = nsr_sink_reserve(&writer->sink, bytes, &out);

	if (rc < 0)
		return rc;
	nsr_pcapng_put_simple(out, packet);
	nsr_sink_commit(&writer->sink, bytes);
	return 0;
}

static int put_pcapng_packet(struct nsr_writer *writer, uint32_t id,
			     const struct nsr_packet *packet)
{
	size_t bytes = nsr_pcapng_packet_bytes(packet);
	uint8_t *out;
	int rc = nsr_sink_reserve(&writer->sink, bytes, &out);

	if (rc < 0)
		return rc;
	nsr_pcapng_put_packet(out, id, packet);
	nsr_sink_commit(&writer->sink, bytes);
	return 0;
}

int nsr_writer_put_packet(struct nsr_writer *writer, uint32_t id, const struct nsr_packet *packet)
{
	int rc = -EINVAL;

	if (id >= writer->interfaces)
		goto refuse;
	rc = -EMSGSIZE;
	if (packet->caplen > PACKET_MAX || packet->options_bytes > PACKET_MAX)
		goto refuse;
	rc = -EINVAL;
	if (packet->options_bytes % PCAPNG_BLOCK_ALIGN)
		goto refuse;
	if (writer->format == NSR_WRITER_PCAP)
		rc = put_pcap_packet(writer, packet);
	else if (!id && nsr_pcapng_is_simple(packet, writer->snaplen))
		rc = put_simple_packet(writer, packet);
	else
		rc = put_pcapng_packet(writer, id, packet);
	if (rc == 0)
		return 0;
refuse:
	writer->refused++;
	return rc;
}

/* Does it go with its interface, rather than by itself? */
static bool goes_with_interface(const struct nsr_saved *saved)
{
	return saved->type == NSR_SAVED_INTERFACE || saved->type == NSR_SAVED_COUNTS;
}

int nsr_writer_put_saved(struct nsr_writer *writer, const struct nsr_saved *given)
{
	const struct nsr_saved *saved;
	struct nsr_saved known;
	uint8_t *out;
	size_t bytes;
	int rc = take_saved(given, 0, &known, &saved);

	if (rc < 0)
		return rc;
	if (!saved)
		return -EINVAL;
	if (writer->format == NSR_WRITER_PCAP || goes_with_interface(saved))
		return writer->sink.error;
	if (saved->type == NSR_SAVED_SECTION) {
		const struct nsr_pcapng_section section = foreign(saved);

		return write_section(writer, &section);
	}
	bytes = nsr_pcapng_saved_bytes(saved);
	rc = nsr_sink_reserve(&writer->sink, bytes, &out);
	if (rc < 0)
		return rc;
	nsr_pcapng_put_saved(out, saved);
	nsr_sink_commit(&writer->sink, bytes);
	return 0;
}

uint64_t nsr_writer_saved_bytes(const struct nsr_writer *writer, const struct nsr_saved *given)
{
	const struct nsr_saved *saved;
	struct nsr_saved known;

	if (take_saved(given, 0, &known, &saved) < 0 || !saved ||
	    writer->format == NSR_WRITER_PCAP || goes_with_interface(saved))
		return 0;
	if (saved->type == NSR_SAVED_SECTION) {
		const struct nsr_pcapng_section section = foreign(saved);

		return nsr_pcapng_section_bytes(&section);
	}
	return nsr_pcapng_saved_bytes(saved);
}

int nsr_writer_put_counts(struct nsr_writer *writer, uint32_t id,
			  const struct nsr_writer_counts *counts)
{
	struct nsr_writer_counts known;
	struct nsr_saved saved;
	uint8_t *out;
	size_t bytes;
	int rc = nsr_struct_take(&known, counts, sizeof(known));

	if (rc == 0)
		rc = take_saved(known.saved, NSR_SAVED_COUNTS, &saved, &known.saved);
	if (rc < 0)
		return rc;
	if (id >= writer->interfaces)
		return -EINVAL;
	if (writer->format == NSR_WRITER_PCAP)
		return writer->sink.error;
	bytes = nsr_pcapng_counts_bytes(&known);
	rc = nsr_sink_reserve(&writer->sink, bytes, &out);
	if (rc < 0)
		return rc;
	nsr_pcapng_put_counts(out, id, &known);
	nsr_sink_commit(&writer->sink, bytes);
	return 0;
}

uint64_t nsr_writer_interface_bytes(const struct nsr_writer *writer,
				    const struct nsr_writer_interface *iface)
{
	struct nsr_writer_interface known;
	struct nsr_saved options;

	if (nsr_struct_take(&known, iface, sizeof(known)) < 0 ||
	    take_saved(known.options, NSR_SAVED_INTERFACE, &options, &known.options) < 0)
		return 0;
	if (writer->format == NSR_WRITER_PCAP)
		return writer->interfaces > 0 ? 0 : sizeof(struct pcap_file_hdr);
	return nsr_pcapng_interface_bytes(&known);
}

uint64_t nsr_writer_packet_bytes(const struct nsr_writer *writer, const struct nsr_packet *packet)
{
	if (writer->format == NSR_WRITER_PCAP)
		return sizeof(struct pcap_record_hdr) + packet->caplen;
	return nsr_pcapng_packet_bytes(packet);
}

uint64_t nsr_writer_counts_bytes(const struct nsr_writer *writer,
				 const struct nsr_writer_counts *counts)
{
	struct nsr_writer_counts known;
	struct nsr_saved saved;

	if (writer->format == NSR_WRITER_PCAP ||
	    nsr_struct_take(&known, counts, sizeof(known)) < 0 ||
	    take_saved(known.saved, NSR_SAVED_COUNTS, &saved, &known.saved) < 0)
		return 0;
	return nsr_pcapng_counts_bytes(&known);
}

int nsr_writer_flush(struct nsr_writer *writer)
{
	return nsr_sink_flush(&writer->sink);
}

uint64_t nsr_writer_bytes(const struct nsr_writer *writer)
{
	return writer->sink.written + writer->sink.fill;
}

uint64_t nsr_writer_lost(const struct nsr_writer *writer)
{
	return writer->refused + writer->sink.lost;
}

int nsr_writer_close(struct nsr_writer *writer)
{
	int rc;

	if (!writer)
		return 0;
	rc = nsr_sink_close(&writer->sink);
	free(writer);
	return rc;
}
