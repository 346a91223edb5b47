/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * pcapng blocks (draft-ietf-opsawg-pcapng) in the byte order of this host.
 *
 * A block is: type, total length, body, options, total length again. Parts are padded to four
 * bytes. The encoder leaves out a text that is empty or longer than an option can hold.
 */
#include "writer_pcapng.h"

#define BLOCK_OVERHEAD	  (sizeof(struct pcapng_block_hdr) + sizeof(uint32_t))
#define ENDOFOPT_BYTES	  (sizeof(struct pcapng_option))
#define OPTION_BYTES(len) (sizeof(struct pcapng_option) + PADDED(len))
#define PADDED(len)	  (((size_t)(len) + PCAPNG_BLOCK_ALIGN - 1) & ~(size_t)(PCAPNG_BLOCK_ALIGN - 1))

static uint8_t *put(uint8_t *at, const void *from, size_t bytes)
{
	if (bytes)
		memcpy(at, from, bytes);
	return at + bytes;
}

static uint8_t *put_u32(uint8_t *at, uint32_t value)
{
	return put(at, &value, sizeof(value));
}

/* A 64-bit time stamp is two words, the high one first in either byte order. */
static uint8_t *put_stamp(uint8_t *at, uint64_t stamp)
{
	at = put_u32(at, (uint32_t)(stamp >> 32));
	return put_u32(at, (uint32_t)stamp);
}

static uint8_t *put_padding(uint8_t *at, size_t bytes)
{
	size_t padding = PADDED(bytes) - bytes;

	memset(at, 0, padding);
	return at + padding;
}

static uint8_t *put_option_header(uint8_t *at, uint16_t code, size_t bytes)
{
	struct pcapng_option option = { .code = code, .length = (uint16_t)bytes };

	return put(at, &option, sizeof(option));
}

static uint8_t *put_option(uint8_t *at, uint16_t code, const void *value, size_t bytes)
{
	at = put_option_header(at, code, bytes);
	at = put(at, value, bytes);
	return put_padding(at, bytes);
}

static uint8_t *put_u64_option(uint8_t *at, uint16_t code, uint64_t value)
{
	return put_option(at, code, &value, sizeof(value));
}

static uint8_t *put_stamp_option(uint8_t *at, uint16_t code, uint64_t stamp)
{
	at = put_option_header(at, code, sizeof(stamp));
	return put_stamp(at, stamp);
}

/* Whether a text with @extra bytes before it goes into an option. */
static bool has_option(const char *text, size_t extra)
{
	return text && text[0] && strlen(text) <= UINT16_MAX - extra;
}

static size_t text_bytes(const char *text, size_t extra)
{
	return has_option(text, extra) ? OPTION_BYTES(strlen(text) + extra) : 0;
}

static uint8_t *put_text(uint8_t *at, uint16_t code, const char *text)
{
	return has_option(text, 0) ? put_option(at, code, text, strlen(text)) : at;
}

/* if_filter is a byte that tells the kind of filter, then the filter. */
static uint8_t *put_filter(uint8_t *at, const char *filter)
{
	size_t bytes;

	if (!has_option(filter, 1))
		return at;
	bytes = strlen(filter) + 1;
	at = put_option_header(at, PCAPNG_IF_FILTER, bytes);
	*at++ = PCAPNG_IF_FILTER_LIBPCAP;
	at = put(at, filter, bytes - 1);
	return put_padding(at, bytes);
}

static struct nsr_pcapng_options options_of(const struct nsr_saved *saved)
{
	if (!saved || !saved->data)
		return (struct nsr_pcapng_options){ NULL, 0 };
	return (struct nsr_pcapng_options){ saved->data, saved->bytes };
}

/* Takes the first option off @left, which is whole; NULL when there is none. */
static const uint8_t *next_option(struct nsr_pcapng_options *left, struct pcapng_option *hdr)
{
	const uint8_t *option = left->at;

	if (left->bytes < sizeof(*hdr))
		return NULL;
	memcpy(hdr, option, sizeof(*hdr));
	if (OPTION_BYTES(hdr->length) > left->bytes)
		return NULL;
	left->at += OPTION_BYTES(hdr->length);
	left->bytes -= OPTION_BYTES(hdr->length);
	return option;
}

bool nsr_pcapng_options_fit(struct nsr_pcapng_options options)
{
	struct pcapng_option hdr;

	while (next_option(&options, &hdr))
		if (hdr.code == PCAPNG_OPT_ENDOFOPT)
			return false;
	return !options.bytes;
}

/* The option @code among @options, NULL when it isn't. */
static const uint8_t *find_option(struct nsr_pcapng_options options, uint16_t code)
{
	struct pcapng_option hdr;
	const uint8_t *option;

	do
		option = next_option(&options, &hdr);
	while (option && hdr.code != code);
	return option;
}

/* A text for which the options of another file have none. */
static const char *unless_in(struct nsr_pcapng_options options, uint16_t code, const char *text)
{
	return find_option(options, code) ? NULL : text;
}

/** struct joined_filter - two filters of one interface; @old is the value of its if_filter, or NULL */
struct joined_filter {
	const uint8_t *old;
	size_t old_bytes;
	const char *more;
};

#define JOINT "() and ()"

/* Another kind of filter than a text can't be joined to. */
static struct joined_filter join_filters(const struct nsr_writer_interface *iface)
{
	struct joined_filter joined = { .more = iface->filter };
	const uint8_t *option = find_option(options_of(iface->options), PCAPNG_IF_FILTER);
	struct pcapng_option hdr;

	if (!option)
		return joined;
	memcpy(&hdr, option, sizeof(hdr));
	joined.old = option + sizeof(hdr) + 1;
	joined.old_bytes = hdr.length ? hdr.length - 1u : 0;
	if (!has_option(joined.more, joined.old_bytes + sizeof(JOINT)) || !joined.old_bytes ||
	    option[sizeof(hdr)] != PCAPNG_IF_FILTER_LIBPCAP)
		joined.more = NULL;
	return joined;
}

static size_t joined_bytes(const struct joined_filter *joined)
{
	return sizeof(JOINT) + joined->old_bytes + strlen(joined->more);
}

static uint8_t *put_joined(uint8_t *at, const struct joined_filter *joined)
{
	size_t bytes = joined_bytes(joined);

	at = put_option_header(at, PCAPNG_IF_FILTER, bytes);
	*at++ = PCAPNG_IF_FILTER_LIBPCAP;
	at = put(at, "(", 1);
	at = put(at, joined->old, joined->old_bytes);
	at = put(at, ") and (", 7);
	at = put(at, joined->more, strlen(joined->more));
	at = put(at, ")", 1);
	return put_padding(at, bytes);
}

/* Bytes of the interface's own options, and of its filter. */
static size_t interface_options_bytes(const struct nsr_writer_interface *iface)
{
	struct joined_filter joined = join_filters(iface);
	size_t bytes = options_of(iface->options).bytes;

	if (!joined.old)
		return bytes + text_bytes(joined.more, 1);
	if (joined.more)
		bytes += OPTION_BYTES(joined_bytes(&joined)) - OPTION_BYTES(joined.old_bytes + 1);
	return bytes;
}

static uint8_t *put_interface_options(uint8_t *at, const struct nsr_writer_interface *iface)
{
	struct nsr_pcapng_options left = options_of(iface->options);
	struct joined_filter joined = join_filters(iface);
	struct pcapng_option hdr;
	const uint8_t *option;

	while ((option = next_option(&left, &hdr))) {
		if (joined.more && option + sizeof(hdr) + 1 == joined.old)
			at = put_joined(at, &joined);
		else
			at = put(at, option, OPTION_BYTES(hdr.length));
	}
	return joined.old ? at : put_filter(at, joined.more);
}

static uint8_t *begin_block(uint8_t *out, uint32_t type, size_t bytes)
{
	struct pcapng_block_hdr hdr = { .type = type, .total_length = (uint32_t)bytes };

	return put(out, &hdr, sizeof(hdr));
}

static void end_block(uint8_t *at, size_t bytes)
{
	at = put_option_header(at, PCAPNG_OPT_ENDOFOPT, 0);
	put_u32(at, (uint32_t)bytes);
}

static const char *application_of(const struct nsr_pcapng_section *section)
{
	return unless_in(section->options, PCAPNG_SHB_USERAPPL, section->application);
}

size_t nsr_pcapng_section_bytes(const struct nsr_pcapng_section *section)
{
	return BLOCK_OVERHEAD + sizeof(struct pcapng_shb_body) + text_bytes(section->hardware, 0) +
	       text_bytes(section->os, 0) + text_bytes(application_of(section), 0) +
	       section->options.bytes + ENDOFOPT_BYTES;
}

void nsr_pcapng_put_section(uint8_t *out, const struct nsr_pcapng_section *section)
{
	const struct pcapng_shb_body body = {
		.byte_order_magic = PCAPNG_BYTE_ORDER_MAGIC,
		.version_major = PCAPNG_VERSION_MAJOR,
		.version_minor = PCAPNG_VERSION_MINOR,
		.section_length = { UINT32_MAX, UINT32_MAX },
	};
	size_t bytes = nsr_pcapng_section_bytes(section);
	uint8_t *at = begin_block(out, PCAPNG_SHB, bytes);

	at = put(at, &body, sizeof(body));
	at = put_text(at, PCAPNG_SHB_HARDWARE, section->hardware);
	at = put_text(at, PCAPNG_SHB_OS, section->os);
	at = put_text(at, PCAPNG_SHB_USERAPPL, application_of(section));
	at = put(at, section->options.at, section->options.bytes);
	end_block(at, bytes);
}

size_t nsr_pcapng_interface_bytes(const struct nsr_writer_interface *iface)
{
	struct nsr_pcapng_options options = options_of(iface->options);

	return BLOCK_OVERHEAD + sizeof(struct pcapng_idb_body) +
	       text_bytes(unless_in(options, PCAPNG_IF_NAME, iface->name), 0) +
	       text_bytes(unless_in(options, PCAPNG_IF_DESCRIPTION, iface->description), 0) +
	       OPTION_BYTES(1) + interface_options_bytes(iface) + ENDOFOPT_BYTES;
}

void nsr_pcapng_put_interface(uint8_t *out, const struct nsr_writer_interface *iface)
{
	const struct pcapng_idb_body body = {
		.linktype = (uint16_t)iface->linktype,
		.snaplen = iface->snaplen,
	};
	struct nsr_pcapng_options options = options_of(iface->options);
	const uint8_t resolution = PCAPNG_TSRESOL_NSEC;
	size_t bytes = nsr_pcapng_interface_bytes(iface);
	uint8_t *at = begin_block(out, PCAPNG_IDB, bytes);

	at = put(at, &body, sizeof(body));
	at = put_text(at, PCAPNG_IF_NAME, unless_in(options, PCAPNG_IF_NAME, iface->name));
	at = put_text(at, PCAPNG_IF_DESCRIPTION,
		      unless_in(options, PCAPNG_IF_DESCRIPTION, iface->description));
	at = put_option(at, PCAPNG_IF_TSRESOL, &resolution, sizeof(resolution));
	at = put_interface_options(at, iface);
	end_block(at, bytes);
}

static uint32_t packet_flags(uint32_t flags)
{
	uint32_t word = flags & NSR_PKT_CSUM_PARTIAL ? PCAPNG_EPB_FLAGS_CSUM_NOT_READY : 0;

	word |= (flags >> NSR_PKT_FCS_SHIFT) << PCAPNG_EPB_FLAGS_FCS_SHIFT;
	if (flags & NSR_PKT_OUT)
		word |= PCAPNG_EPB_FLAGS_OUTBOUND;
	else if (!(flags & NSR_PKT_UNDIRECTED))
		word |= PCAPNG_EPB_FLAGS_INBOUND;

	/* A packet that was sent, or that may have been, is not said to be received as unicast. */
	if (flags & NSR_PKT_BROADCAST)
		word |= PCAPNG_EPB_FLAGS_BROADCAST;
	else if (flags & NSR_PKT_MULTICAST)
		word |= PCAPNG_EPB_FLAGS_MULTICAST;
	else if (flags & NSR_PKT_OTHERHOST)
		word |= PCAPNG_EPB_FLAGS_PROMISCUOUS;
	else if (!(flags & (NSR_PKT_OUT | NSR_PKT_UNDIRECTED)))
		word |= PCAPNG_EPB_FLAGS_UNICAST;
	return word;
}

/* Nothing is known of many files' packets. */
static bool is_flagged(const struct nsr_packet *packet)
{
	return (packet->flags & ~(uint32_t)NSR_PKT_NO_STAMP) != NSR_PKT_UNDIRECTED;
}

bool nsr_pcapng_is_simple(const struct nsr_packet *packet, uint32_t snaplen)
{
	uint32_t told = snaplen && snaplen < packet->len ? snaplen : packet->len;

	return packet->flags & NSR_PKT_NO_STAMP && !is_flagged(packet) && !packet->options_bytes &&
	       packet->caplen == told;
}

size_t nsr_pcapng_simple_bytes(const struct nsr_packet *packet)
{
	return BLOCK_OVERHEAD + sizeof(struct pcapng_spb_body) + PADDED(packet->caplen);
}

void nsr_pcapng_put_simple(uint8_t *out, const struct nsr_packet *packet)
{
	size_t bytes = nsr_pcapng_simple_bytes(packet);
	uint8_t *at = begin_block(out, PCAPNG_SPB, bytes);

	at = put_u32(at, packet->len);
	at = put(at, packet->data, packet->caplen);
	at = put_padding(at, packet->caplen);
	put_u32(at, (uint32_t)bytes);
}

size_t nsr_pcapng_packet_bytes(const struct nsr_packet *packet)
{
	size_t bytes = BLOCK_OVERHEAD + sizeof(struct pcapng_epb_body) + PADDED(packet->caplen);

	if (!is_flagged(packet) && !packet->options_bytes)
		return bytes;
	if (is_flagged(packet))
		bytes += OPTION_BYTES(sizeof(uint32_t));
	return bytes + packet->options_bytes + ENDOFOPT_BYTES;
}

void nsr_pcapng_put_packet(uint8_t *out, uint32_t id, const struct nsr_packet *packet)
{
	size_t bytes = nsr_pcapng_packet_bytes(packet);
	const struct {
		struct pcapng_block_hdr hdr;
		struct pcapng_epb_body body;
	} start = {
		.hdr = { .type = PCAPNG_EPB, .total_length = (uint32_t)bytes },
		.body = { .interface_id = id,
			  .ts_high = (uint32_t)(packet->stamp_ns >> 32),
			  .ts_low = (uint32_t)packet->stamp_ns,
			  .caplen = packet->caplen,
			  .len = packet->len },
	};
	uint8_t *at = put(out, &start, sizeof(start));
	uint32_t flags;

	at = put(at, packet->data, packet->caplen);
	at = put_padding(at, packet->caplen);
	if (!is_flagged(packet) && !packet->options_bytes) {
		put_u32(at, (uint32_t)bytes);
		return;
	}
	flags = packet_flags(packet->flags);
	if (is_flagged(packet))
		at = put_option(at, PCAPNG_EPB_FLAGS, &flags, sizeof(flags));
	at = put(at, packet->data + packet->options_at, packet->options_bytes);
	end_block(at, bytes);
}

size_t nsr_pcapng_counts_bytes(const struct nsr_writer_counts *counts)
{
	size_t numbers = counts->dropped == NSR_WRITER_UNKNOWN ? 3 : 5;

	if (counts->saved)
		return BLOCK_OVERHEAD + sizeof(uint32_t) + counts->saved->bytes + ENDOFOPT_BYTES;
	return BLOCK_OVERHEAD + sizeof(uint32_t) + 2 * sizeof(uint32_t) +
	       text_bytes(counts->comment, 0) + numbers * OPTION_BYTES(sizeof(uint64_t)) +
	       ENDOFOPT_BYTES;
}

void nsr_pcapng_put_counts(uint8_t *out, uint32_t id, const struct nsr_writer_counts *counts)
{
	size_t bytes = nsr_pcapng_counts_bytes(counts);
	uint8_t *at = begin_block(out, PCAPNG_ISB, bytes);

	at = put_u32(at, id);
	if (counts->saved) {
		at = put(at, counts->saved->data, counts->saved->bytes);
		end_block(at, bytes);
		return;
	}
	at = put_stamp(at, counts->end_ns);
	at = put_text(at, PCAPNG_OPT_COMMENT, counts->comment);
	at = put_stamp_option(at, PCAPNG_ISB_STARTTIME, counts->start_ns);
	at = put_stamp_option(at, PCAPNG_ISB_ENDTIME, counts->end_ns);
	if (counts->dropped != NSR_WRITER_UNKNOWN) {
		at = put_u64_option(at, PCAPNG_ISB_IFRECV, counts->delivered + counts->dropped);
		at = put_u64_option(at, PCAPNG_ISB_IFDROP, counts->dropped);
	}
	at = put_u64_option(at, PCAPNG_ISB_USRDELIV, counts->delivered);
	end_block(at, bytes);
}

size_t nsr_pcapng_saved_bytes(const struct nsr_saved *saved)
{
	return BLOCK_OVERHEAD + saved->bytes;
}

void nsr_pcapng_put_saved(uint8_t *out, const struct nsr_saved *saved)
{
	size_t bytes = nsr_pcapng_saved_bytes(saved);
	uint8_t *at = begin_block(out, saved->type, bytes);

	at = put(at, saved->data, saved->bytes);
	put_u32(at, (uint32_t)bytes);
}

size_t nsr_pcapng_measure(const uint8_t *block, uint64_t offset, bool *packet)
{
	struct pcapng_block_hdr hdr;

	memcpy(&hdr, block, sizeof(hdr));
	*packet = hdr.type == PCAPNG_EPB || hdr.type == PCAPNG_SPB;
	return hdr.total_length;
}
