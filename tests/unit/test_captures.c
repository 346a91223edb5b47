/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The loop over captures, on an engine of this file: `fake:N` hands out N packets of 100 bytes, then
 * is quiet; when it is stopped 5 more come that were taken before. `fake:N-gone` fails with -ENODEV
 * after its N packets, `fake:N-end` ends, `fake:N-late` has nothing at first. Stamps are the even
 * numbers from 0 on, of `fake:N-odd` the odd ones; those of `fake:N-future` lie after 2200.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include <nsring/engine.h>

#include "cli/capture_args.h"
#include "jobs/captures.h"
#include "sys/clock.h"
#include "text/units.h"

#define BATCH	7
#define EXTRA	5
#define PKT_LEN 100

#define FUTURE_NS (UINT64_C(240) * 365 * 86400 * NSEC_PER_SEC)

struct fake {
	int event;
	uint64_t left;
	int end;
	int late; /* calls that still find nothing */
	uint64_t stamp_ns; /* of the next packet */
};

static int fake_open(const struct nsr_engine_args *args, void **priv, struct nsr_error *err)
{
	struct fake *fake = calloc(1, sizeof(*fake));
	char *tail;

	assert_non_null(fake);
	fake->left = strtoull(args->device, &tail, 10);
	fake->end = !strcmp(tail, "-gone") ? -ENODEV : !strcmp(tail, "-end") ? -ENODATA : 0;
	fake->late = strcmp(tail, "-late") ? 0 : 10;
	fake->stamp_ns = !strcmp(tail, "-odd") ? 1 : !strcmp(tail, "-future") ? FUTURE_NS : 0;
	fake->event = eventfd(1, EFD_CLOEXEC);
	assert_true(fake->event >= 0);
	*priv = fake;
	return 0;
}

static int fake_start(void *priv, struct nsr_error *err)
{
	return 0;
}

static int fake_recv(void *priv, struct nsr_packet *packets, uint32_t max, struct nsr_error *err)
{
	static const uint8_t data[1];
	struct fake *fake = priv;
	uint64_t drained;
	uint32_t n;

	if (fake->late) {
		fake->late--;
		return 0;
	}
	for (n = 0; n < max && n < BATCH && fake->left; n++, fake->left--, fake->stamp_ns += 2)
		packets[n] = (struct nsr_packet){
			.data = data, .caplen = 1, .len = PKT_LEN, .stamp_ns = fake->stamp_ns
		};
	if (n)
		return (int)n;
	if (fake->end)
		return nsr_error_set(err, fake->end, "fake: it is over");
	/* Quiet from now on: the descriptor must not poll readable for ever. */
	eventfd_write(fake->event, 1);
	return (int)(read(fake->event, &drained, sizeof(drained)) < 0);
}

static int fake_fd(void *priv)
{
	return ((struct fake *)priv)->event;
}

static int fake_stop(void *priv, struct nsr_error *err)
{
	struct fake *fake = priv;

	fake->left += EXTRA;
	fake->end = -ENODATA;
	return 0;
}

static void fake_info(void *priv, struct nsr_info *info)
{
	info->linktype = 1;
}

static int fake_interface(void *priv, uint32_t id, struct nsr_interface *iface)
{
	return -ENOENT;
}

static void fake_close(void *priv)
{
	struct fake *fake = priv;

	close(fake->event);
	free(fake);
}

static uint32_t fake_drain_ms(void *priv)
{
	return 0;
}

static const struct nsr_engine_ops fake_ops = {
	.abi = NSR_ENGINE_ABI,
	.size = sizeof(fake_ops),
	.name = "fake",
	.open = fake_open,
	.start = fake_start,
	.recv = fake_recv,
	.fd = fake_fd,
	.stop = fake_stop,
	.info = fake_info,
	.interface = fake_interface,
	.close = fake_close,
	.drain_ms = fake_drain_ms,
};

static struct captures set;
static struct capture_request args;

/* Opens up to three targets. */
static void open_targets(const char *a, const char *b, const char *c)
{
	const char *targets[] = { a, b, c };
	int i;

	args = (struct capture_request){ 0 };
	for (i = 0; i < 3 && targets[i]; i++)
		assert_null(capture_parse_target(targets[i], &args.targets));
	assert_int_equal(captures_open(&set, &args, NULL, 0), 0);
}

static int run(const struct captures_events *events)
{
	static const struct captures_events none;

	return captures_run(&set, &args, events ? events : &none);
}

static int close_targets(void **state)
{
	captures_close(&set);
	capture_args_free(&args);
	return 0;
}

static void exactly_the_wanted_number_of_packets_is_counted(void **state)
{
	open_targets("fake:1000", NULL, NULL);
	args.packets = 10;
	assert_int_equal(run(NULL), 0);
	assert_int_equal(set.packets, 10);
	assert_int_equal(set.list[0].bytes, 10 * PKT_LEN);
}

static void the_wanted_number_is_that_of_all_captures_together(void **state)
{
	open_targets("fake:4", "fake:4", "fake:4");
	args.packets = 11;
	assert_int_equal(run(NULL), 0);
	assert_int_equal(set.packets, 11);
	assert_int_equal(set.list[0].packets + set.list[1].packets + set.list[2].packets, 11);
}

static void captures_take_turns(void **state)
{
	open_targets("fake:100000", "fake:100000", NULL);
	args.packets = 100 * BATCH;
	assert_int_equal(run(NULL), 0);
	assert_in_range(set.list[0].packets, 48 * BATCH, 52 * BATCH);
}

static void a_busy_capture_does_not_starve_one_that_was_quiet(void **state)
{
	open_targets("fake:100000", "fake:10-late", NULL);
	args.packets = 1000 * BATCH;
	assert_int_equal(run(NULL), 0);
	assert_int_equal(set.list[1].packets, 10);
}

static void what_was_taken_before_the_end_is_still_counted(void **state)
{
	open_targets("fake:20", NULL, NULL);
	args.duration_ns = NSEC_PER_SEC / 20;
	assert_int_equal(run(NULL), 0);
	assert_int_equal(set.packets, 20 + EXTRA);
}

static void each_of_several_captures_is_drained(void **state)
{
	open_targets("fake:20", "fake:0", "fake:1");
	args.duration_ns = NSEC_PER_SEC / 20;
	assert_int_equal(run(NULL), 0);
	assert_int_equal(set.list[0].packets, 20 + EXTRA);
	assert_int_equal(set.list[1].packets, EXTRA);
	assert_int_equal(set.list[2].packets, 1 + EXTRA);
}

static void draining_does_not_exceed_the_wanted_number(void **state)
{
	open_targets("fake:20", NULL, NULL);
	args.duration_ns = NSEC_PER_SEC / 20;
	args.packets = 22;
	assert_int_equal(run(NULL), 0);
	assert_int_equal(set.packets, 22);
}

static void a_run_ends_when_its_captures_have_ended(void **state)
{
	open_targets("fake:20-end", "fake:30-end", NULL);
	assert_int_equal(run(NULL), 0);
	assert_int_equal(set.packets, 50);
}

static void a_gone_device_does_not_end_the_other_captures(void **state)
{
	open_targets("fake:20-gone", "fake:3000-end", NULL);
	assert_int_equal(run(NULL), -1);
	assert_int_equal(set.list[0].status, -ENODEV);
	assert_int_equal(set.list[1].packets, 3000);
}

static void an_error_names_its_target(void **state)
{
	open_targets("fake:0-gone", NULL, NULL);
	assert_int_equal(run(NULL), -1);
	assert_non_null(set.list[0].error);
	assert_int_equal(strncmp(set.list[0].error, "fake:0-gone", 11), 0);
}

static int refuse(void *arg, struct captures_one *from, const struct nsr_packet *packets,
		  uint32_t count)
{
	return -EIO;
}

static void a_command_that_can_not_go_on_ends_the_run(void **state)
{
	const struct captures_events events = { .packets = refuse };

	open_targets("fake:1000", NULL, NULL);
	assert_int_equal(run(&events), -1);
	assert_in_range(set.packets, 1, BATCH);
}

static int count_calls(void *arg)
{
	++*(int *)arg;
	return 0;
}

static void idle_comes_before_each_wait(void **state)
{
	int calls = 0;
	const struct captures_events events = { .idle = count_calls, .arg = &calls };

	open_targets("fake:1", "fake:1", NULL);
	args.duration_ns = NSEC_PER_SEC / 50;
	assert_int_equal(run(&events), 0);
	assert_true(calls > 0);
}

/** struct order - what the packets' stamps tell */
struct order {
	uint64_t last_ns;
	uint64_t packets;
	uint64_t backwards;
};

static int look_at_order(void *arg, struct captures_one *from, const struct nsr_packet *packets,
			 uint32_t count)
{
	struct order *order = arg;
	uint32_t i;

	assert_true(count > 0);
	for (i = 0; i < count; i++, order->packets++) {
		order->backwards += packets[i].stamp_ns < order->last_ns;
		order->last_ns = packets[i].stamp_ns;
	}
	return 0;
}

static void packets_of_several_captures_come_in_the_order_of_their_stamps(void **state)
{
	struct order order = { 0 };
	const struct captures_events events = { .packets = look_at_order,
						.arg = &order,
						.ordered = true };

	open_targets("fake:1000-odd", "fake:900", "fake:10-late");
	args.duration_ns = NSEC_PER_SEC / 10;
	assert_int_equal(run(&events), 0);
	assert_int_equal(order.packets, 1910 + 3 * EXTRA);
	/* Those of "late", and those that come after the end. */
	assert_in_range(order.backwards, 0, 10 + 3 * EXTRA);
}

static void order_is_kept_up_to_the_wanted_number_of_packets(void **state)
{
	struct order order = { 0 };
	const struct captures_events events = { .packets = look_at_order,
						.arg = &order,
						.ordered = true };

	open_targets("fake:1000-odd", "fake:1000", NULL);
	args.packets = 1501;
	assert_int_equal(run(&events), 0);
	assert_int_equal(order.packets, 1501);
	assert_int_equal(order.backwards, 0);
	assert_int_equal(order.last_ns, 1500);
}

static void captures_that_have_ended_hold_up_nothing(void **state)
{
	struct order order = { 0 };
	const struct captures_events events = { .packets = look_at_order,
						.arg = &order,
						.ordered = true };

	open_targets("fake:50-end", "fake:3000-gone", "fake:0-end");
	assert_int_equal(run(&events), -1);
	assert_int_equal(order.packets, 3050);
	assert_int_equal(order.backwards, 0);
}

static void packets_that_are_held_when_the_run_ends_are_handed_out(void **state)
{
	struct order order = { 0 };
	const struct captures_events events = { .packets = look_at_order,
						.arg = &order,
						.ordered = true };

	open_targets("fake:20-future", "fake:0", NULL);
	args.duration_ns = NSEC_PER_SEC / 200;
	assert_int_equal(run(&events), 0);
	assert_int_equal(order.packets, 20 + 2 * EXTRA);
}

static void a_quiet_capture_does_not_hold_up_packets_of_another_clock_for_ever(void **state)
{
	struct order order = { 0 };
	const struct captures_events events = { .packets = look_at_order,
						.arg = &order,
						.ordered = true };

	open_targets("fake:20-future", "fake:0", NULL);
	args.packets = 20;
	assert_int_equal(run(&events), 0);
	assert_int_equal(order.packets, 20);
}

static void a_target_that_can_not_be_opened_fails_all(void **state)
{
	args = (struct capture_request){ 0 };
	assert_null(capture_parse_target("fake:1", &args.targets));
	assert_null(capture_parse_target("file:/does/not/exist", &args.targets));
	assert_int_equal(captures_open(&set, &args, NULL, 0), -1);
}

static void all_of_many_captures_are_read(void **state)
{
	int i;

	args = (struct capture_request){ 0 };
	for (i = 0; i < 200; i++)
		assert_null(capture_parse_target("fake:10-end", &args.targets));
	assert_int_equal(captures_open(&set, &args, NULL, 0), 0);
	assert_int_equal(run(NULL), 0);
	for (i = 0; i < 200; i++)
		assert_int_equal(set.list[i].packets, 10);
}

static int send_signal_once(void *arg)
{
	bool *sent = arg;

	if (!*sent)
		raise(SIGTERM);
	*sent = true;
	return 0;
}

/* Last: the signal is remembered for the rest of the process. */
static void a_signal_ends_a_quiet_run_with_all_that_was_taken(void **state)
{
	bool sent = false;
	const struct captures_events events = { .idle = send_signal_once, .arg = &sent };

	open_targets("fake:20", "fake:0", NULL);
	assert_int_equal(run(&events), 0);
	assert_int_equal(set.packets, 20 + 2 * EXTRA);
}

static int group_setup(void **state)
{
	return nsr_engine_register(&fake_ops, NULL);
}

#define CLOSED(test) cmocka_unit_test_teardown(test, close_targets)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLOSED(exactly_the_wanted_number_of_packets_is_counted),
		CLOSED(the_wanted_number_is_that_of_all_captures_together),
		CLOSED(captures_take_turns),
		CLOSED(a_busy_capture_does_not_starve_one_that_was_quiet),
		CLOSED(what_was_taken_before_the_end_is_still_counted),
		CLOSED(each_of_several_captures_is_drained),
		CLOSED(draining_does_not_exceed_the_wanted_number),
		CLOSED(a_run_ends_when_its_captures_have_ended),
		CLOSED(a_gone_device_does_not_end_the_other_captures),
		CLOSED(an_error_names_its_target),
		CLOSED(a_command_that_can_not_go_on_ends_the_run),
		CLOSED(idle_comes_before_each_wait),
		CLOSED(packets_of_several_captures_come_in_the_order_of_their_stamps),
		CLOSED(order_is_kept_up_to_the_wanted_number_of_packets),
		CLOSED(captures_that_have_ended_hold_up_nothing),
		CLOSED(packets_that_are_held_when_the_run_ends_are_handed_out),
		CLOSED(a_quiet_capture_does_not_hold_up_packets_of_another_clock_for_ever),
		CLOSED(a_target_that_can_not_be_opened_fails_all),
		CLOSED(all_of_many_captures_are_read),
		CLOSED(a_signal_ends_a_quiet_run_with_all_that_was_taken),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
