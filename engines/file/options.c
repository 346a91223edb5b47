/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "options.h"

#include <errno.h>

/* The fate of an option's value: its words' width, or one of these. */
enum fate {
	LEAVE_OUT = 0,
	AS_IT_IS = 1,
	WORDS_OF_4 = 4,
	WORDS_OF_8 = 8,
	ONE_WORD_OF_4, /* and bytes behind it */
	STAMP, /* two words, the upper one first */
	UNKNOWN, /* bytes, and words of who knows what width */
};

/** struct rule - what becomes of an option */
struct rule {
	uint32_t type;
	uint16_t code;
	uint8_t fate;
};

/* Type 0 is every block. Options that aren't listed are UNKNOWN. */
static const struct rule rules[] = {
	{ 0, PCAPNG_OPT_COMMENT, AS_IT_IS },
	{ 0, PCAPNG_OPT_CUSTOM_TEXT, ONE_WORD_OF_4 },
	{ 0, PCAPNG_OPT_CUSTOM_BYTES, ONE_WORD_OF_4 },
	{ 0, PCAPNG_OPT_CUSTOM_TEXT_NO_COPY, LEAVE_OUT },
	{ 0, PCAPNG_OPT_CUSTOM_BYTES_NO_COPY, LEAVE_OUT },
	{ PCAPNG_SHB, PCAPNG_SHB_HARDWARE, AS_IT_IS },
	{ PCAPNG_SHB, PCAPNG_SHB_OS, AS_IT_IS },
	{ PCAPNG_SHB, PCAPNG_SHB_USERAPPL, AS_IT_IS },
	{ PCAPNG_IDB, PCAPNG_IF_NAME, AS_IT_IS },
	{ PCAPNG_IDB, PCAPNG_IF_DESCRIPTION, AS_IT_IS },
	{ PCAPNG_IDB, PCAPNG_IF_IPV4ADDR, AS_IT_IS },
	{ PCAPNG_IDB, PCAPNG_IF_IPV6ADDR, AS_IT_IS },
	{ PCAPNG_IDB, PCAPNG_IF_MACADDR, AS_IT_IS },
	{ PCAPNG_IDB, PCAPNG_IF_EUIADDR, AS_IT_IS },
	{ PCAPNG_IDB, PCAPNG_IF_SPEED, WORDS_OF_8 },
	{ PCAPNG_IDB, PCAPNG_IF_TSRESOL, LEAVE_OUT },
	{ PCAPNG_IDB, PCAPNG_IF_TZONE, WORDS_OF_4 },
	{ PCAPNG_IDB, PCAPNG_IF_FILTER, AS_IT_IS },
	{ PCAPNG_IDB, PCAPNG_IF_OS, AS_IT_IS },
	{ PCAPNG_IDB, PCAPNG_IF_FCSLEN, LEAVE_OUT },
	{ PCAPNG_IDB, PCAPNG_IF_TSOFFSET, LEAVE_OUT },
	{ PCAPNG_IDB, PCAPNG_IF_HARDWARE, AS_IT_IS },
	{ PCAPNG_IDB, PCAPNG_IF_TXSPEED, WORDS_OF_8 },
	{ PCAPNG_IDB, PCAPNG_IF_RXSPEED, WORDS_OF_8 },
	{ PCAPNG_IDB, PCAPNG_IF_IANA_TZNAME, AS_IT_IS },
	{ PCAPNG_EPB, PCAPNG_EPB_FLAGS, LEAVE_OUT },
	{ PCAPNG_EPB, PCAPNG_EPB_DROPCOUNT, WORDS_OF_8 },
	{ PCAPNG_EPB, PCAPNG_EPB_PACKETID, WORDS_OF_8 },
	{ PCAPNG_EPB, PCAPNG_EPB_QUEUE, WORDS_OF_4 },
	{ PCAPNG_NRB, PCAPNG_NS_DNSNAME, AS_IT_IS },
	{ PCAPNG_NRB, PCAPNG_NS_DNSIP4ADDR, AS_IT_IS },
	{ PCAPNG_NRB, PCAPNG_NS_DNSIP6ADDR, AS_IT_IS },
	{ PCAPNG_ISB, PCAPNG_ISB_STARTTIME, STAMP },
	{ PCAPNG_ISB, PCAPNG_ISB_ENDTIME, STAMP },
	{ PCAPNG_ISB, PCAPNG_ISB_IFRECV, WORDS_OF_8 },
	{ PCAPNG_ISB, PCAPNG_ISB_IFDROP, WORDS_OF_8 },
	{ PCAPNG_ISB, PCAPNG_ISB_FILTERACCEPT, WORDS_OF_8 },
	{ PCAPNG_ISB, PCAPNG_ISB_OSDROP, WORDS_OF_8 },
	{ PCAPNG_ISB, PCAPNG_ISB_USRDELIV, WORDS_OF_8 },
};

static enum fate fate_of(uint32_t type, uint16_t code)
{
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].code == code && (!rules[i].type || rules[i].type == type))
			return (enum fate)rules[i].fate;
	}
	return UNKNOWN;
}

int savefile_next_option(const struct savefile *file, struct savefile_span *left,
			 struct savefile_option *opt)
{
	struct pcapng_option hdr;

	if (left->bytes < sizeof(hdr))
		return 0;
	memcpy(&hdr, left->at, sizeof(hdr));
	opt->code = savefile_host16(file, hdr.code);
	opt->length = savefile_host16(file, hdr.length);
	opt->value = left->at + sizeof(hdr);
	if (opt->code == PCAPNG_OPT_ENDOFOPT)
		return 0;
	if (savefile_padded(opt->length) > left->bytes - sizeof(hdr))
		return -EBADMSG;
	*left = savefile_rest(*left, sizeof(hdr) + savefile_padded(opt->length));
	return 1;
}

static void swap_word(uint8_t *at, uint32_t width)
{
	uint8_t byte;
	uint32_t i;

	for (i = 0; i < width / 2; i++) {
		byte = at[i];
		at[i] = at[width - 1 - i];
		at[width - 1 - i] = byte;
	}
}

static void swap_words(uint8_t *at, uint32_t bytes, uint32_t width)
{
	for (; bytes >= width; bytes -= width, at += width)
		swap_word(at, width);
}

static void convert_stamp(const struct savefile *file, uint8_t *at, const struct savefile_ts *ts)
{
	uint64_t ns = savefile_ts_ns(ts, (uint64_t)savefile_load32(file, at) << 32 |
						 savefile_load32(file, at + 4));
	const uint32_t words[] = { (uint32_t)(ns >> 32), (uint32_t)ns };

	memcpy(at, words, sizeof(words));
}

/* Brings a value into this host's order; false: nobody can. */
static bool convert(const struct savefile *file, enum fate fate, uint8_t *at, uint32_t bytes,
		    const struct savefile_ts *ts)
{
	if (fate == STAMP) {
		if (!ts || bytes != sizeof(uint64_t))
			return false;
		convert_stamp(file, at, ts);
		return true;
	}
	if (fate == ONE_WORD_OF_4 && bytes < sizeof(uint32_t))
		return false;
	if (!file->swapped)
		return fate != LEAVE_OUT;
	switch (fate) {
	case AS_IT_IS:
		return true;
	case WORDS_OF_4:
	case WORDS_OF_8:
		swap_words(at, bytes, fate);
		return true;
	case ONE_WORD_OF_4:
		swap_word(at, sizeof(uint32_t));
		return true;
	default:
		return false;
	}
}

uint32_t savefile_tidy(const struct savefile *file, uint32_t type, struct savefile_span options,
		       const struct savefile_ts *ts)
{
	uint8_t *begun = savefile_mutable(file, options.at), *out = begun;
	struct savefile_option opt;

	/* Kept options move towards the front only, over those that have been looked at. */
	while (savefile_next_option(file, &options, &opt) > 0) {
		const struct pcapng_option hdr = { opt.code, opt.length };
		uint8_t *value = savefile_mutable(file, opt.value);

		if (!convert(file, fate_of(type, opt.code), value, opt.length, ts))
			continue;
		memcpy(out, &hdr, sizeof(hdr));
		memmove(out + sizeof(hdr), value, opt.length);
		out += sizeof(hdr) + opt.length;
		for (; (out - begun) % PCAPNG_BLOCK_ALIGN; out++)
			*out = 0;
	}
	return (uint32_t)(out - begun);
}
