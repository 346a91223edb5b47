/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Sized structs: programs and libraries of different ages. */
#include "lib/options.h"
#include "lib/sized.h"
#include "check.h"

static void without_options_every_default_is_filled_in(void **state)
{
	struct nsr_options opts;

	assert_int_equal(nsr_options_take(NULL, &opts, NULL), 0);
	assert_int_equal(opts.mode, NSR_RECV);
	assert_int_equal(opts.snaplen, 262144);
	assert_int_equal(opts.batch_packets, 256);
	assert_int_equal(opts.batch_ms, 0);
	assert_null(opts.filter);
}

static void an_older_program_leaves_newer_options_at_their_defaults(void **state)
{
	struct nsr_options from, opts;

	memset(&from, 0xff, sizeof(from));
	from.size = offsetof(struct nsr_options, ring_bytes);
	from.mode = NSR_SEND;
	from.snaplen = 77;
	assert_int_equal(nsr_options_take(&from, &opts, NULL), 0);
	assert_int_equal(opts.mode, NSR_SEND);
	assert_int_equal(opts.snaplen, 77);
	assert_int_equal(opts.ring_bytes, 0);
	assert_null(opts.filter);
	assert_false(opts.qdisc_bypass);
}

static void a_newer_programs_unknown_options_must_be_zero(void **state)
{
	struct {
		struct nsr_options known;
		uint64_t unknown;
	} from = { 0 };
	struct nsr_options opts;
	struct nsr_error err;

	from.known.size = sizeof(from);
	assert_int_equal(nsr_options_take(&from.known, &opts, &err), 0);
	from.unknown = 1;
	assert_int_equal(nsr_options_take(&from.known, &opts, &err), -E2BIG);
	assert_says(&err, "this libnsring");
}

static void options_that_were_never_initialised_are_refused(void **state)
{
	struct nsr_options from = { 0 }, opts;
	struct nsr_error err;

	assert_int_equal(nsr_options_take(&from, &opts, &err), -EINVAL);
	assert_says(&err, "nsr_options_init()");
	from.size = SIZE_MAX;
	assert_int_equal(nsr_options_take(&from, &opts, &err), -EINVAL);
}

static void refuses(const struct nsr_options *from, const char *names)
{
	struct nsr_options opts;
	struct nsr_error err;

	assert_int_equal(nsr_options_take(from, &opts, &err), -EINVAL);
	assert_says(&err, names);
}

static void each_option_out_of_range_is_named(void **state)
{
	struct nsr_options from;

#define REFUSES(field, value)                                                                      \
	do {                                                                                       \
		nsr_options_init(&from);                                                           \
		from.field = value;                                                                \
		refuses(&from, #field);                                                            \
	} while (0)
	REFUSES(mode, 4);
	REFUSES(snaplen, 262145);
	REFUSES(ring_bytes, UINT64_MAX);
	REFUSES(batch_packets, 65537);
	REFUSES(batch_ms, 10001);
	REFUSES(direction, 3);
	REFUSES(fanout, 9);
	REFUSES(fanout_group, 65537);
	REFUSES(stamp, 3);
	REFUSES(take, 3);
	REFUSES(xdp, 4);
	REFUSES(busy_poll_us, 1000001);
	REFUSES(inject, true);
#undef REFUSES
}

static void takes(const struct nsr_options *from, const char *field)
{
	struct nsr_options opts;
	struct nsr_error err;

	if (nsr_options_take(from, &opts, &err) < 0)
		fail_msg("%s at its limit: %s", field, err.text);
}

static void each_option_ends_at_its_limit(void **state)
{
	struct nsr_options from;

#define ENDS_AT(field, limit)                                                                      \
	do {                                                                                       \
		nsr_options_init(&from);                                                           \
		from.field = limit;                                                                \
		takes(&from, #field);                                                              \
		from.field = (limit) + 1;                                                          \
		refuses(&from, #field);                                                            \
	} while (0)
	ENDS_AT(mode, NSR_RECV | NSR_SEND);
	ENDS_AT(snaplen, 262144);
	ENDS_AT(ring_bytes, UINT64_C(64) << 30);
	ENDS_AT(batch_packets, 65536);
	ENDS_AT(batch_ms, 10000);
	ENDS_AT(direction, NSR_OUT);
	ENDS_AT(fanout, NSR_FANOUT_VLAN);
	ENDS_AT(fanout_group, 65536);
	ENDS_AT(stamp, NSR_STAMP_DEVICE);
	ENDS_AT(xdp, NSR_XDP_GENERIC);
	ENDS_AT(busy_poll_us, 1000000);
#undef ENDS_AT
}

static void what_goes_alone_goes_alone(void **state)
{
	struct nsr_options from;

	nsr_options_init(&from);
	from.share = 7;
	takes(&from, "share");
	from.fanout = NSR_FANOUT_FLOW;
	refuses(&from, "share and fanout");
	from.share = 0;
	takes(&from, "fanout");
	from.mode = NSR_SEND;
	from.inject = true;
	takes(&from, "inject");
}

static void a_struct_is_given_as_far_as_there_is_room(void **state)
{
	struct nsr_stats ours = { .size = sizeof(ours), .packets = 1, .bytes = 2, .lost_nic = 3 };
	struct nsr_stats theirs;

	memset(&theirs, 0xee, sizeof(theirs));
	theirs.size = offsetof(struct nsr_stats, lost_nic);
	assert_int_equal(nsr_struct_give(&theirs, &ours, sizeof(ours)), 0);
	assert_int_equal(theirs.size, offsetof(struct nsr_stats, lost_nic));
	assert_int_equal(theirs.bytes, 2);
	assert_int_equal(theirs.lost_nic, 0xeeeeeeeeeeeeeeee);
}

static void what_a_newer_caller_knows_more_becomes_zero(void **state)
{
	struct nsr_stats ours = { .size = sizeof(ours), .sent_bytes = 9 };
	struct {
		struct nsr_stats known;
		uint64_t unknown;
	} theirs = { .known.size = sizeof(theirs), .unknown = 5 };

	assert_int_equal(nsr_struct_give(&theirs, &ours, sizeof(ours)), 0);
	assert_int_equal(theirs.known.sent_bytes, 9);
	assert_int_equal(theirs.unknown, 0);
}

static void a_struct_without_a_size_is_refused(void **state)
{
	struct nsr_stats ours = NSR_STATS_INIT, theirs = { .size = 0 };

	assert_int_equal(nsr_struct_give(&theirs, &ours, sizeof(ours)), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_options_every_default_is_filled_in),
		cmocka_unit_test(an_older_program_leaves_newer_options_at_their_defaults),
		cmocka_unit_test(a_newer_programs_unknown_options_must_be_zero),
		cmocka_unit_test(options_that_were_never_initialised_are_refused),
		cmocka_unit_test(each_option_out_of_range_is_named),
		cmocka_unit_test(each_option_ends_at_its_limit),
		cmocka_unit_test(what_goes_alone_goes_alone),
		cmocka_unit_test(a_struct_is_given_as_far_as_there_is_room),
		cmocka_unit_test(what_a_newer_caller_knows_more_becomes_zero),
		cmocka_unit_test(a_struct_without_a_size_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
