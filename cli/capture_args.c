/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The options that every capturing command has: their parse functions.
 */
#include "capture_args.h"

#include <stdlib.h>
#include <string.h>

/* Turns a numeric macro of nsring.h into a string literal, for messages. */
#define WORD(number)	WORD_OF(number)
#define WORD_OF(number) #number

struct choice {
	const char *name;
	uint32_t value;
};

/* Looks up the choice spelt by the first @length characters of @value; false for none. */
static bool choose(const struct choice *choices, const char *value, size_t length, uint32_t *chosen)
{
	for (; choices->name; choices++) {
		if (strlen(choices->name) == length && !strncmp(choices->name, value, length)) {
			*chosen = choices->value;
			return true;
		}
	}
	return false;
}

const char *capture_parse_target(const char *value, void *field)
{
	struct capture_targets *targets = field;
	const char **list;

	if (targets->count == CAPTURE_TARGETS_MAX)
		return "at most 4096 targets";
	list = realloc(targets->list, (targets->count + 1) * sizeof(*list));
	if (!list)
		return "more memory than there is";
	list[targets->count++] = value;
	targets->list = list;
	return NULL;
}

const char *capture_parse_snaplen(const char *value, void *field)
{
	uint64_t number;

	/* tcpdump users write -s 0 for whole packets */
	if (!units_parse_range(value, 0, NSR_SNAPLEN_MAX, &number))
		return "0 (whole packets) to " WORD(NSR_SNAPLEN_MAX);
	*(uint32_t *)field = number ? (uint32_t)number : NSR_SNAPLEN_MAX;
	return NULL;
}

const char *capture_parse_batch_ms(const char *value, void *field)
{
	uint64_t number;

	if (!units_parse_range(value, 1, NSR_BATCH_MS_MAX, &number))
		return "1 to " WORD(NSR_BATCH_MS_MAX);
	*(uint32_t *)field = (uint32_t)number;
	return NULL;
}

const char *capture_parse_direction(const char *value, void *field)
{
	static const struct choice choices[] = {
		{ "in", NSR_IN }, { "out", NSR_OUT }, { "both", NSR_BOTH }, { NULL, 0 }
	};

	if (!choose(choices, value, strlen(value), field))
		return "in, out or both";
	return NULL;
}

const char *capture_parse_fanout(const char *value, void *field)
{
	static const struct choice choices[] = { { "flow", NSR_FANOUT_FLOW },
						 { "cpu", NSR_FANOUT_CPU },
						 { "queue", NSR_FANOUT_QUEUE },
						 { "rr", NSR_FANOUT_ROUND_ROBIN },
						 { "2-tuple", NSR_FANOUT_2_TUPLE },
						 { "inner-flow", NSR_FANOUT_INNER_FLOW },
						 { "inner-2-tuple", NSR_FANOUT_INNER_2_TUPLE },
						 { "vlan", NSR_FANOUT_VLAN },
						 { NULL, 0 } };
	static const char expected[] =
		"flow, cpu, queue, rr, 2-tuple, inner-flow, inner-2-tuple or vlan, and :GROUP (1 "
		"to " WORD(NSR_FANOUT_GROUP_MAX) ") to join a group";
	struct capture_fanout *fanout = field;
	size_t length = strcspn(value, ":");
	uint64_t group = 0;

	if (!choose(choices, value, length, &fanout->how))
		return expected;
	if (value[length] &&
	    !units_parse_range(value + length + 1, 1, NSR_FANOUT_GROUP_MAX, &group))
		return expected;
	fanout->group = (uint32_t)group;
	return NULL;
}

const char *capture_parse_take(const char *value, void *field)
{
	if (value && strcmp(value, "really"))
		return "really, or nothing behind --take";
	*(uint32_t *)field = value ? NSR_TAKE_REALLY : NSR_TAKE;
	return NULL;
}

const char *capture_parse_xdp(const char *value, void *field)
{
	static const struct choice choices[] = { { "zerocopy", NSR_XDP_ZEROCOPY },
						 { "native", NSR_XDP_NATIVE },
						 { "generic", NSR_XDP_GENERIC },
						 { NULL, 0 } };

	return choose(choices, value, strlen(value), field) ? NULL : "zerocopy, native or generic";
}

const char *capture_parse_busy_poll(const char *value, void *field)
{
	uint64_t number;

	if (!units_parse_range(value, 1, NSR_BUSY_POLL_US_MAX, &number))
		return "1 to " WORD(NSR_BUSY_POLL_US_MAX) " microseconds";
	*(uint32_t *)field = (uint32_t)number;
	return NULL;
}

const char *capture_parse_number(const char *value, void *field)
{
	uint64_t number;

	if (!units_parse_range(value, 1, UINT32_MAX, &number))
		return "1 to 4294967295";
	*(uint32_t *)field = (uint32_t)number;
	return NULL;
}

const char *capture_parse_stamp(const char *value, void *field)
{
	static const struct choice choices[] = { { "auto", NSR_STAMP_AUTO },
						 { "kernel", NSR_STAMP_KERNEL },
						 { "device", NSR_STAMP_DEVICE },
						 { NULL, 0 } };

	return choose(choices, value, strlen(value), field) ? NULL : "auto, kernel or device";
}

const char *capture_parse_wait(const char *value, void *field)
{
	if (value)
		return units_parse_duration(value, field);
	*(uint64_t *)field = UINT64_MAX;
	return NULL;
}

void capture_args_free(struct capture_request *args)
{
	free(args->targets.list);
	args->targets.list = NULL;
	args->targets.count = 0;
}
