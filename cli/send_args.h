/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The options of nsring send: their values and parse functions.
 */
#ifndef NSRING_SEND_ARGS_H
#define NSRING_SEND_ARGS_H

#include "jobs/frame.h"
#include "text/units.h"
#include "cli.h"

/** A link-level address that may not have been given. */
struct send_mac {
	bool given;
	uint8_t bytes[6];
};

/**
 * struct send_args - the values; 0, NULL and false: not given
 * @target:   where to send
 * @engine:   engine by option; the target may name one instead
 * @rate:     how fast
 * @wait_ns:  how long to wait for the target, UINT64_MAX: for ever
 * @duration_ns: end after that time
 * @json:     totals as JSON
 * @qdisc_bypass: past the queueing discipline
 * @inject:   into the stack, as if received
 * @loop:     of a replay: how often
 * @max_gap_ns: of a replay: longer silences are shortened to this
 * @count:    frames to generate; so are the rest
 */
struct send_args {
	const char *target;
	const char *engine;
	struct units_rate rate;
	uint64_t wait_ns;
	uint64_t duration_ns;
	bool json;
	bool qdisc_bypass;
	bool inject;
	uint64_t loop;
	uint64_t max_gap_ns;
	uint64_t count;
	uint32_t size;
	uint32_t flows;
	struct send_mac src_mac;
	struct send_mac dst_mac;
	struct frame_address src;
	struct frame_address dst;
	uint32_t port;
	uint32_t vlan;
};

extern const struct cli_option send_options[];

/**
 * send_target() - the target with its engine
 * @args:   the options, @target given
 * @target: set to a string that the caller frees; NULL when memory is short
 *
 * Return: NULL, or what is wrong with the options.
 */
const char *send_target(const struct send_args *args, char **target);

/**
 * send_layout() - lay out the generated frames, with defaults for options that weren't given
 * @args:   the options
 * @layout: filled in
 *
 * Return: NULL, or what is wrong with the options.
 */
const char *send_layout(const struct send_args *args, struct frame_layout *layout);

/**
 * send_generator_option() - find an option that only generated frames have
 * @args: the options
 *
 * Return: the long name of one that was given; NULL for none.
 */
const char *send_generator_option(const struct send_args *args);

#endif
