/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The classic pcap format: a file header with one link type, then packets. Either byte order, in
 * microseconds or nanoseconds, or modified: the record headers of Kuznetzov's patch to libpcap 0.4 go on
 * behind the fields that all have, with what nobody else reads.
 */
#include <errno.h>
#include <inttypes.h>

#include "lib/file/savefile_format.h"
#include "sys/clock.h"
#include "file.h"

/* The last version whose writers did not agree on which of a packet's two lengths comes first. */
#define OLD_LENGTHS_MINOR 3

/* @magic is one of the format's, in either byte order. */
static void set_kind(struct savefile *file, uint32_t magic)
{
	file->swapped = magic != PCAP_MAGIC_USEC && magic != PCAP_MAGIC_NSEC &&
			magic != PCAP_MAGIC_MODIFIED;
	magic = savefile_host32(file, magic);
	file->nanoseconds = magic == PCAP_MAGIC_NSEC;
	file->header_bytes = magic == PCAP_MAGIC_MODIFIED ? sizeof(struct pcap_modified_hdr)
							  : sizeof(struct pcap_record_hdr);
}

static const char *pcap_mode(const struct savefile *file)
{
	if (file->header_bytes == sizeof(struct pcap_modified_hdr))
		return "modified pcap";
	return file->nanoseconds ? "pcap, nanoseconds" : "pcap, microseconds";
}

/* The frame check sequence's length, as the word of the link type tells it. */
static uint32_t fcs_bytes(uint32_t word)
{
	return word & PCAP_FCS_PRESENT ? (word >> PCAP_FCS_SHIFT) * 2 & NSR_PKT_FCS_MOST : 0;
}

static int pcap_begin(struct savefile *file, const uint8_t *at, size_t avail, size_t *bytes)
{
	struct savefile_iface iface = { 0 };
	const struct savefile_ts ts = { 0 }; /* see pcap_record() */
	struct pcap_file_hdr hdr;
	uint16_t major, minor;
	uint32_t word;
	int rc;

	*bytes = sizeof(hdr);
	if (avail < sizeof(hdr))
		return SAVEFILE_MORE;
	memcpy(&hdr, at, sizeof(hdr));
	set_kind(file, hdr.magic);
	major = savefile_host16(file, hdr.version_major);
	minor = savefile_host16(file, hdr.version_minor);
	if (major != PCAP_VERSION_MAJOR)
		return savefile_damage(file, at + offsetof(struct pcap_file_hdr, version_major),
				       "pcap version %u.%u is not known", major, minor);
	file->old_lengths = minor <= OLD_LENGTHS_MINOR;
	word = savefile_host32(file, hdr.linktype);
	iface.linktype = word & PCAP_LINKTYPE_MASK;
	iface.fcs_bytes = fcs_bytes(word);
	iface.snaplen = savefile_host32(file, hdr.snaplen);
	rc = savefile_add_iface(file, &iface, &ts, at);
	return rc ? rc : SAVEFILE_SKIP;
}

static int pcap_record(struct savefile *file, const uint8_t *at, size_t avail,
		       struct nsr_packet *packet, size_t *bytes)
{
	struct pcap_record_hdr hdr;
	uint32_t caplen, len, frac;

	*bytes = file->header_bytes;
	if (avail < *bytes)
		return SAVEFILE_MORE;
	memcpy(&hdr, at, sizeof(hdr));
	caplen = savefile_host32(file, hdr.caplen);
	len = savefile_host32(file, hdr.len);
	if (file->old_lengths && caplen > len) {
		len = caplen;
		caplen = savefile_host32(file, hdr.len);
	}
	if (caplen > SAVEFILE_PACKET_MAX)
		return savefile_damage(file, at + offsetof(struct pcap_record_hdr, caplen),
				       "captured length %u is more than %u", caplen,
				       SAVEFILE_PACKET_MAX);
	*bytes += caplen;
	if (avail < *bytes)
		return SAVEFILE_MORE;

	frac = savefile_host32(file, hdr.ts_frac);
	packet->data = at + file->header_bytes;
	packet->stamp_ns = savefile_host32(file, hdr.ts_sec) * NSEC_PER_SEC +
			   (file->nanoseconds ? frac : frac * 1000ull);
	packet->caplen = caplen;
	packet->len = len;
	packet->flags |= file->ifaces.members[0].fcs_bytes << NSR_PKT_FCS_SHIFT;
	return SAVEFILE_PACKET;
}

const struct savefile_format savefile_pcap = {
	.record_name = "a packet",
	.mode = pcap_mode,
	.begin = pcap_begin,
	.record = pcap_record,
};
