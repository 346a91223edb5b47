/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Names of rotated files, and when one gives way to the next.
 */
#include "writer_fixture.h"

#include <dirent.h>
#include <unistd.h>

#include "jobs/rotate.h"

/* What comes after the packets that are stored. */
static const struct nsr_packet next;

/* 2026-11-23 12:00:00 UTC */
#define WHEN 1795435200

static void assert_name(const char *path, uint64_t number, const char *expected)
{
	char *name;

	setenv("TZ", "UTC", 1);
	name = rotate_name(path, number, WHEN);
	assert_string_equal(name, expected);
	free(name);
}

static void number_and_time_go_before_the_extension(void **state)
{
	assert_name("/tmp/trace.pcapng", 1, "/tmp/trace_00001_20261123120000.pcapng");
}

static void dot_of_a_folder_is_no_extension(void **state)
{
	assert_name("a.b/trace", 12, "a.b/trace_00012_20261123120000");
}

static void leading_dot_is_no_extension(void **state)
{
	assert_name("a/.trace", 100000, "a/.trace_100000_20261123120000");
}

static void start(struct rotate *rotate, const struct fixture *f, struct rotate_rules rules)
{
	assert_int_equal(rotate_init(rotate, f->path, NSR_WRITER_PCAPNG, &rules), 0);
	assert_int_equal(rotate_begin(rotate, NULL, NULL), 0);
	add_interface(rotate->writer, "eth0", 1);
}

static void add_packet(struct rotate *rotate)
{
	static const uint8_t data[60];
	const struct nsr_packet packet = { .data = data, .caplen = 60, .len = 60 };

	assert_int_equal(rotate_packet(rotate, 0, &packet), 0);
}

/* Files in the fixture's folder; deleted too. */
static int count_files(const struct fixture *f)
{
	DIR *dir = opendir(f->folder);
	struct dirent *entry;
	int count = 0;

	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		assert_int_equal(unlinkat(dirfd(dir), entry->d_name, 0), 0);
		count++;
	}
	closedir(dir);
	return count;
}

static void file_is_full_after_its_packets(void **state)
{
	struct rotate rotate;

	start(&rotate, *state, (struct rotate_rules){ .packets = 2 });
	add_packet(&rotate);
	assert_false(rotate_full(&rotate, &next, 0));
	add_packet(&rotate);
	assert_true(rotate_full(&rotate, &next, 0));
	rotate_free(&rotate);
	assert_int_equal(count_files(*state), 1);
}

static void file_is_full_when_the_next_packet_would_not_fit(void **state)
{
	struct rotate rotate;

	start(&rotate, *state, (struct rotate_rules){ .bytes = 1000 });
	add_packet(&rotate);
	assert_false(rotate_full(&rotate, &next, 1000 - rotate_bytes(&rotate)));
	assert_true(rotate_full(&rotate, &next, 1001 - rotate_bytes(&rotate)));
	rotate_free(&rotate);
	assert_int_equal(count_files(*state), 1);
}

static void file_without_a_packet_is_never_full(void **state)
{
	struct rotate rotate;

	start(&rotate, *state, (struct rotate_rules){ .bytes = 1, .time_ns = 1 });
	assert_false(rotate_full(&rotate, &next, 5000));
	assert_false(rotate_old(&rotate));
	rotate_free(&rotate);
	assert_int_equal(count_files(*state), 1);
}

static bool full_before(const struct rotate *rotate, uint64_t stamp_ns)
{
	const struct nsr_packet packet = { .stamp_ns = stamp_ns };

	return rotate_full(rotate, &packet, 0);
}

static void file_is_full_when_packet_time_has_passed_since_its_first(void **state)
{
	struct nsr_packet packet = { .flags = NSR_PKT_NO_STAMP };
	struct rotate rotate;

	start(&rotate, *state, (struct rotate_rules){ .time_ns = 10, .packet_time = true });
	assert_int_equal(rotate_packet(&rotate, 0, &packet), 0);
	assert_false(full_before(&rotate, 500));
	packet = (struct nsr_packet){ .stamp_ns = 500 };
	assert_int_equal(rotate_packet(&rotate, 0, &packet), 0);
	assert_false(full_before(&rotate, 509));
	assert_true(full_before(&rotate, 510));
	assert_false(full_before(&rotate, 400));
	assert_false(full_before(&rotate, 0));
	/* Much more than 10 ns of this host's time have passed. */
	assert_false(rotate_old(&rotate));
	rotate_free(&rotate);
	assert_int_equal(count_files(*state), 1);
}

static void keep_deletes_the_oldest_of_this_run(void **state)
{
	struct rotate rotate;
	int i;

	start(&rotate, *state, (struct rotate_rules){ .packets = 1, .keep = 2 });
	for (i = 0; i < 5; i++) {
		rotate_end(&rotate);
		assert_int_equal(rotate_begin(&rotate, NULL, NULL), 0);
	}
	rotate_free(&rotate);
	assert_int_equal(rotate.files, 6);
	assert_int_equal(count_files(*state), 2);
}

static void stored_counts_the_packets_of_all_files(void **state)
{
	struct rotate rotate;

	start(&rotate, *state, (struct rotate_rules){ .packets = 1 });
	add_packet(&rotate);
	rotate_end(&rotate);
	rotate_begin(&rotate, NULL, NULL);
	add_interface(rotate.writer, "eth0", 1);
	add_packet(&rotate);
	assert_int_equal(rotate_stored(&rotate), 2);
	rotate_free(&rotate);
	assert_int_equal(count_files(*state), 2);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(number_and_time_go_before_the_extension),
		cmocka_unit_test(dot_of_a_folder_is_no_extension),
		cmocka_unit_test(leading_dot_is_no_extension),
		FACT(file_is_full_after_its_packets),
		FACT(file_is_full_when_the_next_packet_would_not_fit),
		FACT(file_without_a_packet_is_never_full),
		FACT(file_is_full_when_packet_time_has_passed_since_its_first),
		FACT(keep_deletes_the_oldest_of_this_run),
		FACT(stored_counts_the_packets_of_all_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
