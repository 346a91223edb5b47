/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The pcapng format, draft-ietf-opsawg-pcapng. A file is a chain of blocks:
 *
 *	type (4) | total length (4) | body, padded to 4 | total length again (4)
 *
 * A Section Header Block starts a section with a byte order and interfaces of its own. Interface
 * ids in the file count from 0 in each section; ifaces.h makes ids of the file of them. The keeper
 * (keeper.h) has what the file says beside its packets, as far as it can be copied, for those who write
 * it anew. A block's length has been checked by then, so the functions for a block see a body that lies
 * whole in the buffer, and whose length is a multiple of 4.
 */
#include <errno.h>
#include <inttypes.h>

#include "lib/file/savefile_format.h"
#include "options.h"

/* Both copies of the total length, around the body. */
#define BLOCK_OVERHEAD ((uint32_t)(sizeof(struct pcapng_block_hdr) + sizeof(uint32_t)))

/* An option whose value has a fixed length has it? */
static int check_option(struct savefile *file, const struct savefile_option *opt, uint16_t length)
{
	if (opt->length == length)
		return 0;
	return savefile_damage(file, opt->value - sizeof(uint16_t),
			       "option %u has %u bytes instead of %u", opt->code, opt->length,
			       length);
}

/* Keep @data of a block of this type. Returns its id, 0 when it can't be kept, which is counted. */
static uint32_t keep(struct savefile *file, uint32_t type, const uint8_t *data, uint32_t bytes)
{
	uint32_t id = savefile_keep(&file->keeper, type, file->section, data, bytes);

	file->left_out += !id;
	return id;
}

static uint32_t keep_options(struct savefile *file, uint32_t type, struct savefile_span options)
{
	return keep(file, type, options.at, savefile_tidy(file, type, options, NULL));
}

static int section_block(struct savefile *file, struct savefile_span body)
{
	const uint8_t *version = body.at + offsetof(struct pcapng_shb_body, version_major);
	struct pcapng_shb_body shb;
	uint16_t major;

	if (body.bytes < sizeof(shb))
		return savefile_damage(file, body.at - sizeof(uint32_t),
				       "a section header of %u bytes is too short", body.bytes);
	memcpy(&shb, body.at, sizeof(shb));
	major = savefile_host16(file, shb.version_major);
	if (major != PCAPNG_VERSION_MAJOR)
		return savefile_damage(file, version, "pcapng version %u.%u is not known", major,
				       savefile_host16(file, shb.version_minor));
	savefile_ifaces_section(&file->ifaces);
	file->section = 0;
	file->section = keep_options(file, PCAPNG_SHB, savefile_rest(body, sizeof(shb)));
	return SAVEFILE_SKIP;
}

static void set_name(struct savefile_iface *iface, const struct savefile_option *opt)
{
	size_t bytes = opt->length;

	if (bytes > sizeof(iface->name) - 1)
		bytes = sizeof(iface->name) - 1;
	memset(iface->name, 0, sizeof(iface->name));
	memcpy(iface->name, opt->value, bytes);
}

/* The option counts bits, but files with bytes in it are read everywhere. */
static uint32_t fcs_bytes(uint8_t fcslen)
{
	uint32_t bytes = fcslen <= NSR_PKT_FCS_MOST ? fcslen : fcslen / 8;

	return bytes <= NSR_PKT_FCS_MOST ? bytes : 0;
}

static int interface_option(struct savefile *file, struct savefile_iface *iface,
			    struct savefile_ts *ts, const struct savefile_option *opt)
{
	uint64_t offset_s;
	int rc = 0;

	switch (opt->code) {
	case PCAPNG_IF_NAME:
		set_name(iface, opt);
		break;
	case PCAPNG_IF_TSRESOL:
		rc = check_option(file, opt, 1);
		if (!rc)
			savefile_ts_set(ts, opt->value[0]);
		break;
	case PCAPNG_IF_FCSLEN:
		rc = check_option(file, opt, 1);
		if (!rc)
			iface->fcs_bytes = fcs_bytes(opt->value[0]);
		break;
	case PCAPNG_IF_TSOFFSET:
		rc = check_option(file, opt, sizeof(offset_s));
		if (rc)
			break;
		memcpy(&offset_s, opt->value, sizeof(offset_s));
		ts->offset_s = (int64_t)savefile_host64(file, offset_s);
		break;
	}
	return rc;
}

static int interface_block(struct savefile *file, struct savefile_span body)
{
	struct savefile_iface iface = { 0 };
	struct savefile_ts ts = { 0 };
	struct pcapng_idb_body idb;
	struct savefile_option opt;
	struct savefile_span left;
	int rc;

	if (body.bytes < sizeof(idb))
		return savefile_damage(file, body.at - sizeof(uint32_t),
				       "an interface block of %u bytes is too short", body.bytes);
	memcpy(&idb, body.at, sizeof(idb));
	iface.linktype = savefile_host16(file, idb.linktype);
	iface.snaplen = savefile_host32(file, idb.snaplen);
	savefile_ts_set(&ts, PCAPNG_TSRESOL_DEFAULT);

	left = savefile_rest(body, sizeof(idb));
	while ((rc = savefile_next_option(file, &left, &opt)) > 0) {
		rc = interface_option(file, &iface, &ts, &opt);
		if (rc)
			break;
	}
	if (rc < 0 && !file->failure.code)
		rc = savefile_damage(file, opt.value - sizeof(opt.length),
				     "option %u of %u bytes is longer than its block", opt.code,
				     opt.length);
	iface.section = file->section;
	if (!rc && body.bytes > sizeof(idb))
		iface.options = keep_options(file, PCAPNG_IDB, savefile_rest(body, sizeof(idb)));
	if (!rc)
		rc = savefile_add_iface(file, &iface, &ts,
					body.at - sizeof(struct pcapng_block_hdr));
	return rc ? rc : SAVEFILE_SKIP;
}

static uint32_t packet_flags(uint32_t word)
{
	uint32_t flags = NSR_PKT_UNDIRECTED;

	if ((word & PCAPNG_EPB_FLAGS_DIRECTION) == PCAPNG_EPB_FLAGS_OUTBOUND)
		flags = NSR_PKT_OUT;
	else if ((word & PCAPNG_EPB_FLAGS_DIRECTION) == PCAPNG_EPB_FLAGS_INBOUND)
		flags = 0;
	switch (word & PCAPNG_EPB_FLAGS_RECEPTION) {
	case PCAPNG_EPB_FLAGS_MULTICAST:
		return flags | NSR_PKT_MULTICAST;
	case PCAPNG_EPB_FLAGS_BROADCAST:
		return flags | NSR_PKT_BROADCAST;
	case PCAPNG_EPB_FLAGS_PROMISCUOUS:
		return flags | NSR_PKT_OTHERHOST;
	default:
		return flags;
	}
}

/* The flags' word tells the FCS only where it differs from what the interface has. */
static void set_flags(struct nsr_packet *packet, uint32_t word)
{
	uint32_t fcs = word >> PCAPNG_EPB_FLAGS_FCS_SHIFT & NSR_PKT_FCS_MOST;

	if (!fcs)
		fcs = packet->flags >> NSR_PKT_FCS_SHIFT;
	packet->flags = packet_flags(word) | fcs << NSR_PKT_FCS_SHIFT;
}

/*
 * @options: of an enhanced packet block or of an obsolete packet block; epb_flags is the same. The packet
 * and its block are whole: damage from one of them on costs no more than the options behind it.
 */
static void packet_options(struct savefile *file, struct savefile_span options,
			   struct nsr_packet *packet)
{
	struct savefile_span left = options;
	struct savefile_option opt;
	bool others = false;
	int rc;

	while ((rc = savefile_next_option(file, &left, &opt)) > 0) {
		others |= opt.code != PCAPNG_EPB_FLAGS;
		if (opt.code != PCAPNG_EPB_FLAGS)
			continue;
		if (opt.length != sizeof(uint32_t))
			break;
		set_flags(packet, savefile_load32(file, opt.value));
	}
	file->damaged_options += rc != 0;
	if (!others)
		return;
	options.bytes -= left.bytes;
	packet->options_at = (uint32_t)(options.at - packet->data);
	packet->options_bytes = savefile_tidy(file, PCAPNG_EPB, options, NULL);
}

/* Interface @id of the section, which the field @field of a packet names; NULL after an error. */
static const struct savefile_member *find_iface(struct savefile *file, const uint8_t *field,
						uint32_t id)
{
	uint32_t count = file->ifaces.member_count;

	if (id < count)
		return &file->ifaces.members[id];
	savefile_damage(file, field, "a packet of interface %u, but the section has %u so far", id,
			count);
	return NULL;
}

/* The captured length @caplen, which the field @field tells, fits into what follows it? */
static int check_caplen(struct savefile *file, const uint8_t *field, uint32_t caplen, uint32_t room)
{
	if (caplen > room)
		return savefile_damage(file, field,
				       "captured length %u is longer than its block (%u left)",
				       caplen, room);
	return 0;
}

/*
 * The enhanced packet block and the obsolete packet block have this in common: all but the
 * interface's number, which is @id.
 */
static int timed_packet(struct savefile *file, struct savefile_span body,
			const struct pcapng_epb_body *epb, uint32_t id, struct nsr_packet *packet)
{
	const struct savefile_member *iface = find_iface(file, body.at, id);
	uint32_t caplen = savefile_host32(file, epb->caplen);
	uint32_t len = savefile_host32(file, epb->len);
	struct savefile_span data = savefile_rest(body, sizeof(*epb));
	uint64_t units;
	int rc;

	if (!iface)
		return file->failure.code;
	rc = check_caplen(file, body.at + offsetof(struct pcapng_epb_body, caplen), caplen,
			  data.bytes);
	if (rc)
		return rc;
	units = (uint64_t)savefile_host32(file, epb->ts_high) << 32 |
		savefile_host32(file, epb->ts_low);
	packet->data = data.at;
	packet->iface = iface->id;
	packet->flags |= iface->fcs_bytes << NSR_PKT_FCS_SHIFT;
	packet->stamp_ns = savefile_ts_ns(&iface->ts, units);
	packet->caplen = caplen;
	packet->len = len;
	if (data.bytes > savefile_padded(caplen))
		packet_options(file, savefile_rest(data, savefile_padded(caplen)), packet);
	return SAVEFILE_PACKET;
}

static int enhanced_packet(struct savefile *file, struct savefile_span body,
			   struct nsr_packet *packet)
{
	struct pcapng_epb_body epb;

	if (body.bytes < sizeof(epb))
		return savefile_damage(file, body.at - sizeof(uint32_t),
				       "a packet block of %u bytes is too short", body.bytes);
	memcpy(&epb, body.at, sizeof(epb));
	return timed_packet(file, body, &epb, savefile_host32(file, epb.interface_id), packet);
}

static int obsolete_packet(struct savefile *file, struct savefile_span body,
			   struct nsr_packet *packet)
{
	struct pcapng_epb_body epb;
	struct pcapng_pb_body pb;

	_Static_assert(sizeof(pb) == sizeof(epb), "the two differ in the interface's width only");
	if (body.bytes < sizeof(pb))
		return savefile_damage(file, body.at - sizeof(uint32_t),
				       "a packet block of %u bytes is too short", body.bytes);
	memcpy(&pb, body.at, sizeof(pb));
	memcpy(&epb, body.at, sizeof(epb));
	return timed_packet(file, body, &epb, savefile_host16(file, pb.interface_id), packet);
}

/* Has no time, and no captured length either: that follows from the interface's snaplen. */
static int simple_packet(struct savefile *file, struct savefile_span body,
			 struct nsr_packet *packet)
{
	const struct savefile_member *iface;
	struct pcapng_spb_body spb;
	int rc;

	if (body.bytes < sizeof(spb))
		return savefile_damage(file, body.at - sizeof(uint32_t),
				       "a simple packet block of %u bytes is too short",
				       body.bytes);
	iface = find_iface(file, body.at - sizeof(struct pcapng_block_hdr), 0);
	if (!iface)
		return file->failure.code;
	memcpy(&spb, body.at, sizeof(spb));
	packet->iface = iface->id;
	packet->flags |= NSR_PKT_NO_STAMP | iface->fcs_bytes << NSR_PKT_FCS_SHIFT;
	packet->data = body.at + sizeof(spb);
	packet->len = savefile_host32(file, spb.len);
	packet->caplen =
		iface->snaplen && iface->snaplen < packet->len ? iface->snaplen : packet->len;
	rc = check_caplen(file, body.at, packet->caplen, savefile_rest(body, sizeof(spb)).bytes);
	return rc ? rc : SAVEFILE_PACKET;
}

/*
 * Brings records of names and their lengths into this host's order, and tidies the options behind them.
 * Returns the bytes of all, 0 when they are damaged.
 */
static uint32_t tidy_names(struct savefile *file, struct savefile_span body)
{
	struct savefile_span left = body;
	struct pcapng_option hdr;

	while (left.bytes >= sizeof(hdr)) {
		memcpy(&hdr, left.at, sizeof(hdr));
		hdr.code = savefile_host16(file, hdr.code);
		hdr.length = savefile_host16(file, hdr.length);
		memcpy(savefile_mutable(file, left.at), &hdr, sizeof(hdr));
		left = savefile_rest(left, sizeof(hdr));
		if (savefile_padded(hdr.length) > left.bytes)
			return 0;
		left = savefile_rest(left, savefile_padded(hdr.length));
		if (!hdr.code)
			return body.bytes - left.bytes +
			       savefile_tidy(file, PCAPNG_NRB, left, NULL);
	}
	return body.bytes;
}

/* The same for secrets: their type, their length, the secrets, options. */
static uint32_t tidy_secrets(struct savefile *file, struct savefile_span body)
{
	uint32_t words[2], bytes;

	if (body.bytes < sizeof(words))
		return 0;
	words[0] = savefile_load32(file, body.at);
	words[1] = savefile_load32(file, body.at + sizeof(words[0]));
	if (words[1] > body.bytes - sizeof(words))
		return 0;
	memcpy(savefile_mutable(file, body.at), words, sizeof(words));
	bytes = (uint32_t)sizeof(words) + savefile_padded(words[1]);
	return bytes + savefile_tidy(file, PCAPNG_DSB, savefile_rest(body, bytes), NULL);
}

/* The same for a custom block, whose enterprise number alone is known to have a byte order. */
static uint32_t tidy_custom(struct savefile *file, struct savefile_span body)
{
	uint32_t enterprise;

	if (body.bytes < sizeof(enterprise))
		return 0;
	enterprise = savefile_load32(file, body.at);
	memcpy(savefile_mutable(file, body.at), &enterprise, sizeof(enterprise));
	return body.bytes;
}

/* A block without a packet, and of no interface, of which all but @bytes from its front is left out. */
static int other_block(struct savefile *file, uint32_t type, struct savefile_span body,
		       uint32_t bytes)
{
	if (bytes)
		keep(file, type, body.at, bytes);
	else
		file->left_out++;
	return SAVEFILE_SKIP;
}

/*
 * Statistics: the interface, the time, options. They count from the section's beginning, so that the last
 * of an interface have those before them in them.
 */
static int statistics_block(struct savefile *file, struct savefile_span body)
{
	const uint32_t time_bytes = 2 * sizeof(uint32_t);
	const struct savefile_member *member;
	uint32_t id, words[2], bytes;
	uint64_t ns;

	if (body.bytes < sizeof(id) + time_bytes)
		return other_block(file, PCAPNG_ISB, body, 0);
	id = savefile_load32(file, body.at);
	if (id >= file->ifaces.member_count)
		return other_block(file, PCAPNG_ISB, body, 0);
	member = &file->ifaces.members[id];
	body = savefile_rest(body, sizeof(id));
	ns = savefile_ts_ns(&member->ts, (uint64_t)savefile_load32(file, body.at) << 32 |
						 savefile_load32(file, body.at + sizeof(words[0])));
	words[0] = (uint32_t)(ns >> 32);
	words[1] = (uint32_t)ns;
	memcpy(savefile_mutable(file, body.at), words, sizeof(words));
	bytes = time_bytes +
		savefile_tidy(file, PCAPNG_ISB, savefile_rest(body, time_bytes), &member->ts);
	file->left_out +=
		!savefile_ifaces_count(&file->ifaces, member->id, &file->keeper, body.at, bytes);
	return SAVEFILE_SKIP;
}

static int block(struct savefile *file, uint32_t type, struct savefile_span body,
		 struct nsr_packet *packet)
{
	switch (type) {
	case PCAPNG_EPB:
		return enhanced_packet(file, body, packet);
	case PCAPNG_SPB:
		return simple_packet(file, body, packet);
	case PCAPNG_PB:
		return obsolete_packet(file, body, packet);
	case PCAPNG_IDB:
		return interface_block(file, body);
	case PCAPNG_SHB:
		return section_block(file, body);
	case PCAPNG_ISB:
		return statistics_block(file, body);
	case PCAPNG_NRB:
		return other_block(file, type, body, tidy_names(file, body));
	case PCAPNG_DSB:
		return other_block(file, type, body, tidy_secrets(file, body));
	case PCAPNG_CB:
		return other_block(file, type, body, tidy_custom(file, body));
	default:
		return other_block(file, type, body, 0);
	}
}

/* A section's byte order must be known before its header's length can be read. */
static int set_byte_order(struct savefile *file, const uint8_t *magic_at)
{
	uint32_t magic;

	memcpy(&magic, magic_at, sizeof(magic));
	if (magic != PCAPNG_BYTE_ORDER_MAGIC && magic != bswap_32(PCAPNG_BYTE_ORDER_MAGIC))
		return savefile_damage(file, magic_at,
				       "a section's byte-order magic is 0x%08" PRIx32, magic);
	file->swapped = magic != PCAPNG_BYTE_ORDER_MAGIC;
	return 0;
}

static int check_length(struct savefile *file, const uint8_t *at, uint32_t length)
{
	if (length % PCAPNG_BLOCK_ALIGN)
		return savefile_damage(file, at, "block length %u is not a multiple of %u", length,
				       PCAPNG_BLOCK_ALIGN);
	if (length < BLOCK_OVERHEAD)
		return savefile_damage(file, at, "block length %u is less than %u", length,
				       BLOCK_OVERHEAD);
	if (length > SAVEFILE_RECORD_MAX)
		return savefile_damage(file, at, "block length %u is more than %u", length,
				       SAVEFILE_RECORD_MAX);
	return 0;
}

static int pcapng_record(struct savefile *file, const uint8_t *at, size_t avail,
			 struct nsr_packet *packet, size_t *bytes)
{
	const uint8_t *length_at = at + offsetof(struct pcapng_block_hdr, total_length);
	struct savefile_span body = { at + sizeof(struct pcapng_block_hdr), 0 };
	uint32_t type, length, again;
	int rc = 0;

	*bytes = BLOCK_OVERHEAD;
	if (avail < BLOCK_OVERHEAD)
		return SAVEFILE_MORE;
	type = savefile_load32(file, at);
	if (type == PCAPNG_SHB)
		rc = set_byte_order(file, body.at);
	if (rc)
		return rc;
	length = savefile_load32(file, length_at);
	rc = check_length(file, length_at, length);
	if (rc)
		return rc;
	*bytes = length;
	if (avail < length)
		return SAVEFILE_MORE;
	again = savefile_load32(file, at + length - sizeof(again));
	if (again != length)
		return savefile_damage(file, at + length - sizeof(again),
				       "block length %u at its end, but %u at its start", again,
				       length);
	body.bytes = length - BLOCK_OVERHEAD;
	return block(file, type, body, packet);
}

/* The file's first section header: another may follow at any time, so it is a record as well. */
static int pcapng_begin(struct savefile *file, const uint8_t *at, size_t avail, size_t *bytes)
{
	struct nsr_packet none;

	return pcapng_record(file, at, avail, &none, bytes);
}

static const char *pcapng_mode(const struct savefile *file)
{
	return "pcapng";
}

const struct savefile_format savefile_pcapng = {
	.record_name = "a block",
	.mode = pcapng_mode,
	.begin = pcapng_begin,
	.record = pcapng_record,
};
