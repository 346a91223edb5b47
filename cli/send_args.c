/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The options of nsring send.
 */
#include "send_args.h"

#include <arpa/inet.h>
#include <nsring/target.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/generate.h"
#include "capture_args.h"

#define DEFAULT_DST_PORT 9 /* the discard service */
#define DEFAULT_SRC_PORT 10000
#define VLAN_MOST	 4094
#define TARGET_TEXT	 1024 /* fits whatever struct nsr_target can hold */

static const char *parse_target(const char *value, void *field)
{
	if (*(const char **)field)
		return "one target only";
	return units_parse_string(value, field);
}

static const char *parse_u32(const char *value, uint64_t lowest, uint64_t most,
			     const char *expected, void *field)
{
	uint64_t number;

	if (!units_parse_range(value, lowest, most, &number))
		return expected;
	*(uint32_t *)field = (uint32_t)number;
	return NULL;
}

static const char *parse_size(const char *value, void *field)
{
	return parse_u32(value, FRAME_SIZE_LEAST, FRAME_SIZE_MOST, "60 to 65535 bytes", field);
}

static const char *parse_port(const char *value, void *field)
{
	return parse_u32(value, 1, 65535, "1 to 65535", field);
}

static const char *parse_vlan(const char *value, void *field)
{
	return parse_u32(value, 1, VLAN_MOST, "1 to 4094", field);
}

static const char *parse_flows(const char *value, void *field)
{
	uint64_t flows;

	if (units_parse_count(value, &flows) || flows > GENERATE_FLOWS_MOST)
		return "1 to 1M";
	*(uint32_t *)field = (uint32_t)flows;
	return NULL;
}

static const char *parse_mac(const char *value, void *field)
{
	struct send_mac mac = { .given = true };
	int length = 0;

	/*
	 * %n proves that nothing follows; the alphabet is checked first, as %2hhx takes signs and
	 * blanks
	 */
	if (strspn(value, "0123456789abcdefABCDEF:") != strlen(value) ||
	    sscanf(value, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac.bytes[0], &mac.bytes[1],
		   &mac.bytes[2], &mac.bytes[3], &mac.bytes[4], &mac.bytes[5], &length) != 6 ||
	    value[length])
		return "an address such as 02:00:00:00:00:01";
	*(struct send_mac *)field = mac;
	return NULL;
}

static const char *parse_address(const char *value, void *field)
{
	struct frame_address address = { .family = AF_INET };

	if (inet_pton(AF_INET, value, address.bytes) != 1) {
		address.family = AF_INET6;
		if (inet_pton(AF_INET6, value, address.bytes) != 1)
			return "an IPv4 or IPv6 address";
	}
	*(struct frame_address *)field = address;
	return NULL;
}

#define FIELD(name) offsetof(struct send_args, name)

const struct cli_option send_options[] = {
	{ "interface", 'i', "TARGET", "where to send: [PLACE/][ENGINE:]DEVICE", parse_target,
	  FIELD(target) },
	{ "engine", 0, "ENGINE", "how: packet, ring, or live for millions of frames a second",
	  units_parse_string, FIELD(engine) },
	{ "rate", 'r', "RATE", "how fast: 10kpps, 1.5Gbit, max", units_parse_rate, FIELD(rate) },
	{ "wait", 0, "[=TIME]", "wait for a device or namespace that is not there yet",
	  capture_parse_wait, FIELD(wait_ns) },
	{ "duration", 0, "TIME", "end after TIME (10, 0.5, 2m)", units_parse_duration,
	  FIELD(duration_ns) },
	{ "qdisc-bypass", 0, NULL, "send past the queueing discipline", units_parse_flag,
	  FIELD(qdisc_bypass) },
	{ "inject", 0, NULL, "engine ring: have the stack receive the frames from the interface",
	  units_parse_flag, FIELD(inject) },
	{ "json", 0, NULL, "totals as one JSON object", units_parse_flag, FIELD(json) },
	{ "loop", 0, "N", "replay the file N times", units_parse_count, FIELD(loop) },
	{ "max-gap", 0, "TIME", "shorten longer silences of the file to TIME (60)",
	  units_parse_duration, FIELD(max_gap_ns) },
	{ "count", 'c', "N", "generate N frames", units_parse_count, FIELD(count) },
	{ "size", 0, "BYTES", "of a generated frame, without the FCS (60)", parse_size,
	  FIELD(size) },
	{ "flows", 0, "N", "flows to generate (1)", parse_flows, FIELD(flows) },
	{ "src-mac", 0, "MAC", "source MAC (02:00:00:00:00:01)", parse_mac, FIELD(src_mac) },
	{ "dst-mac", 0, "MAC", "destination MAC (02:00:00:00:00:02)", parse_mac, FIELD(dst_mac) },
	{ "src", 0, "ADDRESS", "source address (198.51.100.1, 2001:db8::1)", parse_address,
	  FIELD(src) },
	{ "dst", 0, "ADDRESS", "destination address (198.51.100.254, 2001:db8::ffff)",
	  parse_address, FIELD(dst) },
	{ "port", 0, "N", "destination port (9)", parse_port, FIELD(port) },
	{ "vlan", 0, "ID", "put a VLAN tag on the frames", parse_vlan, FIELD(vlan) },
	{ 0 },
};

const char *send_target(const struct send_args *args, char **target)
{
	struct nsr_target parsed = NSR_TARGET_INIT;
	char text[TARGET_TEXT];

	*target = NULL;
	/* A target that can't be parsed stays as it is: nsr_open() will say why. */
	if (!args->engine || nsr_target_parse(args->target, &parsed, NULL) < 0) {
		*target = strdup(args->target);
		return NULL;
	}
	if (*parsed.engine && strcmp(parsed.engine, args->engine))
		return "--engine is not the engine that the target names";
	if (!*args->engine || strlen(args->engine) >= sizeof(parsed.engine))
		return "--engine needs the name of an engine";
	strcpy(parsed.engine, args->engine);
	if (nsr_target_format(&parsed, text, sizeof(text)) > 0)
		*target = strdup(text);
	return NULL;
}

const char *send_generator_option(const struct send_args *args)
{
	const struct {
		const char *name;
		bool given;
	} options[] = {
		{ "count", args->count },
		{ "size", args->size },
		{ "flows", args->flows },
		{ "src-mac", args->src_mac.given },
		{ "dst-mac", args->dst_mac.given },
		{ "src", args->src.family },
		{ "dst", args->dst.family },
		{ "port", args->port },
		{ "vlan", args->vlan },
	};
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (options[i].given)
			return options[i].name;
	}
	return NULL;
}

static void set_mac(uint8_t *to, const struct send_mac *mac, uint8_t last)
{
	const uint8_t unset[6] = { 0x02, 0, 0, 0, 0, last };

	memcpy(to, mac->given ? mac->bytes : unset, 6);
}

/* @given, or the default address of @family when none was given. */
static struct frame_address address_or(const struct frame_address *given, int family,
				       const char *v4, const char *v6)
{
	struct frame_address address = { .family = family };

	if (given->family)
		return *given;
	inet_pton(family, family == AF_INET6 ? v6 : v4, address.bytes);
	return address;
}

const char *send_layout(const struct send_args *args, struct frame_layout *layout)
{
	int family = args->src.family ? args->src.family : args->dst.family;

	family = family ? family : AF_INET;
	if (args->dst.family && args->dst.family != family)
		return "--src and --dst are of different families";
	*layout = (struct frame_layout){ .vlan = args->vlan, .src_port = DEFAULT_SRC_PORT };
	layout->dst_port = (uint16_t)(args->port ? args->port : DEFAULT_DST_PORT);
	layout->src = address_or(&args->src, family, "198.51.100.1", "2001:db8::1");
	layout->dst = address_or(&args->dst, family, "198.51.100.254", "2001:db8::ffff");
	set_mac(layout->src_mac, &args->src_mac, 1);
	set_mac(layout->dst_mac, &args->dst_mac, 2);
	layout->size = args->size ? args->size : FRAME_SIZE_LEAST;
	if (layout->size < frame_overhead(layout)) {
		if (args->size)
			return "--size is too small for the headers";
		layout->size = frame_overhead(layout);
	}
	return NULL;
}
