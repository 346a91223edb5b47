/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The options that every capturing command has.
 *
 * A command embeds a struct capture_request in its own struct and puts CAPTURE_OPTIONS(its struct,
 * the member) into its option table.
 */
#ifndef NSRING_CAPTURE_ARGS_H
#define NSRING_CAPTURE_ARGS_H

#include "jobs/request.h"
#include "text/units.h"

#include "cli.h"

/** The usage error of a command that got no -i. */
#define CAPTURE_NO_TARGET "no target given: -i TARGET"

/* clang-format off */
#define CAPTURE_OPTIONS(type, member) \
	{ "interface", 'i', "TARGET", "what to capture: [PLACE/][ENGINE:]DEVICE, may be repeated", \
	  capture_parse_target, offsetof(type, member.targets) }, \
	{ "snaplen", 's', "BYTES", "bytes kept of each packet", \
	  capture_parse_snaplen, offsetof(type, member.snaplen) }, \
	{ "ring", 0, "SIZE", "memory for packets that wait, a target (8M; zc: 16M a queue)", \
	  units_parse_size, offsetof(type, member.ring_bytes) }, \
	{ "batch-ms", 0, "MS", "longest wait of a packet for its batch to fill (20; ring: 0.5 to 4)", \
	  capture_parse_batch_ms, offsetof(type, member.batch_ms) }, \
	{ "direction", 0, "WHICH", "in, out or both", \
	  capture_parse_direction, offsetof(type, member.direction) }, \
	{ "no-promiscuous", 'p', NULL, "only packets for this host", \
	  units_parse_flag, offsetof(type, member.no_promiscuous) }, \
	{ "immediate", 0, NULL, "hand out each packet as it arrives; costs throughput", \
	  units_parse_flag, offsetof(type, member.immediate) }, \
	{ "fanout", 0, "HOW[:GROUP]", "share the packets with a group: by flow, cpu, queue, rr, …", \
	  capture_parse_fanout, offsetof(type, member.fanout) }, \
	{ "take", 0, "[=really]", "engine zc: take the packets away from the network stack", \
	  capture_parse_take, offsetof(type, member.take) }, \
	{ "xdp", 0, "MODE", "engine zc: zerocopy, native or generic (the first that works)", \
	  capture_parse_xdp, offsetof(type, member.xdp) }, \
	{ "busy-poll", 0, "US", "engine zc: poll the device up to US µs at a time, never sleep", \
	  capture_parse_busy_poll, offsetof(type, member.busy_poll_us) }, \
	{ "share", 0, "N", "engine ring: share the memory of packets with all that say N", \
	  capture_parse_number, offsetof(type, member.share) }, \
	{ "sample", 0, "N", "engine ring: keep every Nth packet that the filter accepts", \
	  capture_parse_number, offsetof(type, member.sample) }, \
	{ "stamp", 0, "CLOCK", "time stamps by kernel, device or auto", \
	  capture_parse_stamp, offsetof(type, member.stamp) }, \
	{ "wait", 0, "[=TIME]", "wait for a device or namespace that is not there yet", \
	  capture_parse_wait, offsetof(type, member.wait_ns) }, \
	{ "duration", 0, "TIME", "end after TIME (10, 0.5, 2m)", \
	  units_parse_duration, offsetof(type, member.duration_ns) }, \
	{ "packets", 'c', "N", "end after N packets", \
	  units_parse_count, offsetof(type, member.packets) }, \
	{ "json", 0, NULL, "one JSON object a line", \
	  units_parse_flag, offsetof(type, member.json) }
/* clang-format on */

/** Parse functions of the rows above: see struct cli_option. */
const char *capture_parse_target(const char *value, void *field);
const char *capture_parse_snaplen(const char *value, void *field);
const char *capture_parse_batch_ms(const char *value, void *field);
const char *capture_parse_direction(const char *value, void *field);
const char *capture_parse_fanout(const char *value, void *field);
const char *capture_parse_take(const char *value, void *field);
const char *capture_parse_xdp(const char *value, void *field);
const char *capture_parse_busy_poll(const char *value, void *field);
const char *capture_parse_number(const char *value, void *field);
const char *capture_parse_stamp(const char *value, void *field);
const char *capture_parse_wait(const char *value, void *field);

/**
 * capture_args_free() - free what the parse functions allocated
 * @args: its targets are empty afterwards
 */
void capture_args_free(struct capture_request *args);

#endif
