/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * JSON objects when memory is short: each allocation of jansson's fails once, and there
 * is either the whole object or none, and nothing leaks.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "cli/describe.h"
#include "doctor/report.h"
#include "host/show.h"
#include "text/ledger.h"
#include "text/object.h"
#include "text/output.h"
#include "check.h"

static long live; /* allocations that were not freed */
static long allowed; /* allocations until the one that fails; below 0: none does */

static void *count_malloc(size_t bytes)
{
	if (allowed == 0) {
		allowed = -1;
		return NULL;
	}
	if (allowed > 0)
		allowed--;
	live++;
	return malloc(bytes);
}

static void count_free(void *memory)
{
	live -= memory != NULL;
	free(memory);
}

/* Returns how many allocations were tried. */
static long make_with_each_failure(json_t *(*make)(void))
{
	json_t *whole, *made;
	bool failed = true;
	long nth, before;

	allowed = -1;
	whole = make();
	assert_non_null(whole);
	before = live;
	for (nth = 0; failed; nth++) {
		allowed = nth;
		made = make();
		failed = allowed < 0;
		allowed = -1;
		if (made)
			assert_true(json_equal(made, whole));
		json_decref(made);
		assert_int_equal(live, before);
	}
	json_decref(whole);
	assert_int_equal(live, 0);
	return nth;
}

static json_t *make_ledger(void)
{
	const struct nsr_stats stats = { .lost_nic = 1, .lost_ring = 2 };

	return ledger_json(&stats);
}

static json_t *make_finding(void)
{
	const struct finding finding = {
		.subject = "packet",
		.reason = "a reason",
		.advice = "advice",
	};

	return report_json(&finding, "eth0");
}

static json_t *make_capture(void)
{
	const struct captures_one one = {
		.target = "netns:web/eth0",
		.info = { .engine = "packet", .mode = "TPACKET_V3", .netns_cookie = 7 },
	};

	return describe_capture_json(&one);
}

static json_t *make_namespace(void)
{
	struct host_holder holder = { .kind = HOST_HOLDER_FD, .pid = 1, .fd = 3, .path = "/run/x" };
	struct host_address address = { .family = AF_INET, .prefix = 24 };
	struct host_program program = { .id = 5, .name = "nsring_zc", .pid = 4 };
	struct host_link link = {
		.ifindex = 2,
		.name = "eth0",
		.kind = "veth",
		.peer = { .state = HOST_PEER_FOUND, .ifindex = 2, .nsid = -1 },
		.addresses = &address,
		.address_count = 1,
		.programs = &program,
		.program_count = 1,
	};
	struct host_capture captures[] = {
		{ .family = AF_PACKET, .ifindex = 2, .has_drops = true, .command = "tcpdump" },
		{ .family = AF_XDP, .ifindex = 2, .has_xdp_stats = true },
	};
	struct host_ledger ledger = { .page = { .target = "eth0" }, .pid = 4 };
	struct host_ns ns = {
		.place = "netns:web",
		.cookie = 9,
		.holders = &holder,
		.holder_count = 1,
		.links = &link,
		.link_count = 1,
		.captures = captures,
		.capture_count = 2,
		.ledgers = &ledger,
		.ledger_count = 1,
	};
	const struct host_view view = { .list = &ns, .count = 1 };
	const struct host_choice choice = { .ns = NULL };

	return host_ns_json(&view, &ns, &choice);
}

static json_t *make_summary(void)
{
	const struct host_view view = { .closed = 1 };

	return host_summary_json(&view);
}

static void ledger_is_whole_or_none_when_memory_is_short(void **state)
{
	assert_true(make_with_each_failure(make_ledger) > 4);
}

static void finding_is_whole_or_none_when_memory_is_short(void **state)
{
	assert_true(make_with_each_failure(make_finding) > 4);
}

static void capture_is_whole_or_none_when_memory_is_short(void **state)
{
	assert_true(make_with_each_failure(make_capture) > 10);
}

static void namespace_is_whole_or_none_when_memory_is_short(void **state)
{
	assert_true(make_with_each_failure(make_namespace) > 50);
	assert_true(make_with_each_failure(make_summary) > 7);
}

static void object_of_which_a_part_is_missing_is_none(void **state)
{
	json_t *object = json_object(), *list = json_array();

	object_set(&object, "field", NULL);
	assert_null(object);
	object_set(&object, "field", json_integer(1));
	assert_null(object);
	object_append(&list, json_integer(1));
	assert_int_equal(json_array_size(list), 1);
	object_append(&list, NULL);
	assert_null(list);
	assert_int_equal(live, 0);
}

static void object_that_was_meant_for_standard_output_is_missed(void **state)
{
	FILE *other = tmpfile();

	assert_int_equal(output_json(other, NULL), -ENOMEM);
	assert_int_equal(output_flush(), 0);
	assert_int_equal(output_json(stdout, NULL), -ENOMEM);
	assert_int_equal(output_flush(), -ENOMEM);
	fclose(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ledger_is_whole_or_none_when_memory_is_short),
		cmocka_unit_test(finding_is_whole_or_none_when_memory_is_short),
		cmocka_unit_test(capture_is_whole_or_none_when_memory_is_short),
		cmocka_unit_test(namespace_is_whole_or_none_when_memory_is_short),
		cmocka_unit_test(object_of_which_a_part_is_missing_is_none),
		cmocka_unit_test(object_that_was_meant_for_standard_output_is_missed),
	};

	json_set_alloc_funcs(count_malloc, count_free);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
