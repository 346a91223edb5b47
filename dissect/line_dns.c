/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Summarises a DNS message: its id, the first question, the number of answers.
 */
#include "line_parts.h"

#define DNS_BYTES      12
#define DNS_RESPONSE   0x8000
#define DNS_RCODE_MASK 0x000f
#define LABEL_MAX      63
#define LABELS_MAX     128

static const struct line_name types[] = {
	{ 1, "A" },	 { 2, "NS" },	 { 5, "CNAME" }, { 6, "SOA" },	{ 12, "PTR" },
	{ 15, "MX" },	 { 16, "TXT" },	 { 28, "AAAA" }, { 33, "SRV" }, { 64, "SVCB" },
	{ 65, "HTTPS" }, { 255, "ANY" }, { 0, NULL },
};

static const struct line_name rcodes[] = {
	{ 1, "FormErr" }, { 2, "ServFail" }, { 3, "NXDomain" },
	{ 4, "NotImp" },  { 5, "Refused" },  { 0, NULL },
};

/*
 * Returns the length of the name at the start of @bytes; 0 when it doesn't end within them. The
 * name of the first question can't be compressed, so a compression pointer counts as damage.
 */
static uint32_t name_bytes(struct bytes bytes)
{
	uint32_t begin = bytes.at;
	unsigned int labels;
	const uint8_t *length;

	for (labels = 0; labels < LABELS_MAX; labels++) {
		length = bytes_take(&bytes, 1);
		if (!length || *length > LABEL_MAX)
			return 0;
		if (*length == 0)
			return bytes.at - begin;
		if (!bytes_take(&bytes, *length))
			return 0;
	}
	return 0;
}

/* Appends a name that name_bytes() found to be whole. */
static void add_name(struct text *text, const uint8_t *at)
{
	if (*at == 0)
		text_add(text, ".");
	for (; *at > 0; at += 1 + *at) {
		text_add_safe(text, at + 1, *at);
		text_add(text, ".");
	}
}

static void add_question(struct text *text, struct bytes bytes)
{
	uint32_t bytes_of_name = name_bytes(bytes);
	const uint8_t *name = bytes_take(&bytes, bytes_of_name);
	const uint8_t *type = bytes_take(&bytes, 2);
	const char *known;

	if (bytes_of_name == 0 || !type) {
		text_add(text, " [|dns]");
		return;
	}
	known = line_find_name(types, bytes_u16(type));
	if (known)
		text_add(text, " %s? ", known);
	else
		text_add(text, " type %u? ", bytes_u16(type));
	add_name(text, name);
}

void line_dns(struct text *text, struct bytes bytes, uint32_t len)
{
	const uint8_t *hdr = bytes_take(&bytes, DNS_BYTES);
	const char *failure;

	if (!hdr) {
		text_add(text, "UDP, length %u", len);
		return;
	}
	text_add(text, "DNS %u", bytes_u16(hdr));
	if (bytes_u16(hdr + 2) & DNS_RESPONSE) {
		failure = line_find_name(rcodes, bytes_u16(hdr + 2) & DNS_RCODE_MASK);
		if (failure)
			text_add(text, " %s", failure);
		text_add(text, " answer, %u records", bytes_u16(hdr + 6));
	} else {
		text_add(text, " query");
	}
	if (bytes_u16(hdr + 4) > 0)
		add_question(text, bytes);
	text_add(text, ", length %u", len);
}
