/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The engine plug-in ABI and what the core does for every engine, by way of an engine that is
 * loaded from outside (engine_synthetic.c). Linked with the shared library: public names only.
 */
#include <dlfcn.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <nsring/engine.h>

#include "check.h"

static struct nsr_capture *open_target(const char *target, const struct nsr_options *opts)
{
	struct nsr_capture *cap;
	struct nsr_error err;

	if (nsr_open(target, opts, &cap, &err) < 0)
		fail_msg("%s", err.text);
	return cap;
}

static void refuses(const char *target, const struct nsr_options *opts, int code, const char *says)
{
	struct nsr_capture *cap = (void *)1;
	struct nsr_error err;

	assert_int_equal(nsr_open(target, opts, &cap, &err), code);
	assert_int_equal(err.code, code);
	assert_null(cap);
	assert_says(&err, says);
}

static int recv_all(struct nsr_capture *cap, uint32_t *count)
{
	struct nsr_batch batch;
	int n;

	*count = 0;
	while ((n = nsr_recv(cap, &batch, 0)) > 0)
		*count += batch.count;
	return n;
}

static void plugin_is_loaded_when_a_target_names_it(void **state)
{
	struct nsr_info info = NSR_INFO_INIT;
	struct nsr_capture *cap = open_target("synthetic:25", NULL);
	uint32_t count;

	assert_int_equal(nsr_info_get(cap, &info), 0);
	assert_string_equal(info.engine, "synthetic");
	assert_string_equal(info.mode, "made up");
	assert_string_equal(info.device, "25");
	assert_int_not_equal(info.netns_cookie, 0);
	assert_int_equal(recv_all(cap, &count), 0);
	assert_int_equal(count, 25);
	nsr_close(cap);
}

static void packets_come_in_order_and_are_counted(void **state)
{
	struct nsr_capture *cap = open_target("synthetic:25", NULL);
	struct nsr_stats stats = NSR_STATS_INIT;
	struct nsr_batch batch;
	uint32_t i, next = 0, value;

	while (nsr_recv(cap, &batch, 0) > 0) {
		for (i = 0; i < batch.count; i++, next++) {
			memcpy(&value, batch.packets[i].data, 4);
			assert_int_equal(value, next);
		}
	}
	assert_int_equal(nsr_stats_get(cap, &stats), 0);
	assert_int_equal(stats.packets, 25);
	assert_int_equal(stats.bytes, 100);
	assert_int_equal(stats.lost_ring, 3);
	nsr_close(cap);
}

static void batch_is_no_larger_than_asked_for(void **state)
{
	struct nsr_options opts;
	struct nsr_capture *cap;
	struct nsr_batch batch;

	nsr_options_init(&opts);
	opts.batch_packets = 4;
	cap = open_target("synthetic:25", &opts);
	assert_int_equal(nsr_recv(cap, &batch, 0), 4);
	nsr_close(cap);
}

static void engine_without_a_filter_is_filtered_by_the_core(void **state)
{
	struct nsr_options opts;
	struct nsr_capture *cap;
	struct nsr_batch batch;
	uint32_t count;

	nsr_options_init(&opts);
	opts.filter = "link[0] < 5 or link[0] = 22";
	cap = open_target("synthetic:25", &opts);
	assert_int_equal(nsr_recv(cap, &batch, 0), 5);
	assert_int_equal(recv_all(cap, &count), 0);
	assert_int_equal(count, 1);
	nsr_close(cap);
}

static void new_filter_judges_from_the_next_batch_on(void **state)
{
	struct nsr_capture *cap = open_target("synthetic:40", NULL);
	struct nsr_batch batch;
	uint32_t count;

	assert_int_equal(nsr_recv(cap, &batch, 0), 10);
	assert_int_equal(nsr_set_filter(cap, "link[0] >= 35", NULL), 0);
	assert_int_equal(recv_all(cap, &count), 0);
	assert_int_equal(count, 5);
	nsr_close(cap);
}

static void filter_sees_what_the_snaplen_cuts_off(void **state)
{
	struct nsr_info info = NSR_INFO_INIT;
	struct nsr_options opts;
	struct nsr_capture *cap;
	struct nsr_batch batch;

	nsr_options_init(&opts);
	opts.filter = "link[3] = 0 and link[0] = 7";
	opts.snaplen = 2;
	cap = open_target("synthetic:25", &opts);
	assert_int_equal(nsr_info_get(cap, &info), 0);
	assert_int_equal(info.snaplen, 2);
	assert_int_equal(nsr_recv(cap, &batch, 0), 1);
	assert_int_equal(batch.packets[0].caplen, 2);
	assert_int_equal(batch.packets[0].len, 4);
	nsr_close(cap);
}

static void malformed_filter_leaves_the_old_one_in_place(void **state)
{
	struct nsr_options opts;
	struct nsr_capture *cap;
	struct nsr_error err;
	uint32_t count;

	nsr_options_init(&opts);
	opts.filter = "link[0] = 1";
	cap = open_target("synthetic:25", &opts);
	assert_int_equal(nsr_set_filter(cap, "no such filter", &err), -EINVAL);
	assert_says(&err, "no such filter");
	recv_all(cap, &count);
	assert_int_equal(count, 1);
	nsr_close(cap);
}

static void quiet_capture_waits_as_long_as_told(void **state)
{
	struct nsr_capture *cap = open_target("synthetic:0", NULL);
	struct nsr_batch batch;

	assert_int_equal(nsr_recv(cap, &batch, 0), 0);
	assert_int_equal(nsr_recv(cap, &batch, 30), 0);
	assert_int_equal(batch.count, 0);
	nsr_close(cap);
}

static void *wake_it(void *cap)
{
	usleep(20000);
	nsr_wake(cap);
	return NULL;
}

static void wake_ends_a_wait_without_limit(void **state)
{
	struct nsr_capture *cap = open_target("synthetic:0", NULL);
	struct nsr_batch batch;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, wake_it, cap), 0);
	assert_int_equal(nsr_recv(cap, &batch, -1), 0);
	pthread_join(thread, NULL);
	nsr_close(cap);
}

static void wake_before_a_wait_ends_it_too(void **state)
{
	struct nsr_capture *cap = open_target("synthetic:0", NULL);
	struct nsr_batch batch;

	nsr_wake(cap);
	assert_int_equal(nsr_recv(cap, &batch, -1), 0);
	nsr_close(cap);
}

static void stop_hands_out_what_was_taken_then_ends(void **state)
{
	struct nsr_capture *cap = open_target("synthetic:1000", NULL);
	struct nsr_batch batch;
	uint32_t count = 0;
	int n;

	assert_int_equal(nsr_recv(cap, &batch, 0), 10);
	assert_int_equal(nsr_stop(cap), 0);
	assert_int_equal(nsr_stop(cap), 0);
	while ((n = nsr_recv(cap, &batch, -1)) > 0)
		count += batch.count;
	assert_int_equal(n, -ENODATA);
	assert_int_equal(count, 10);
	assert_int_equal(nsr_recv(cap, &batch, -1), -ENODATA);
	nsr_close(cap);
}

static void end_of_a_capture_makes_its_descriptor_readable(void **state)
{
	struct nsr_capture *cap = open_target("synthetic:0", NULL);
	struct pollfd poller = { .fd = nsr_fd(cap), .events = POLLIN };
	struct nsr_batch batch;
	int n, turns = 0;

	assert_int_equal(nsr_recv(cap, &batch, 0), 0);
	assert_int_equal(poll(&poller, 1, 0), 0);
	assert_int_equal(nsr_stop(cap), 0);
	do {
		assert_int_equal(poll(&poller, 1, 5000), 1);
		n = nsr_recv(cap, &batch, 0);
	} while (n == 0 && ++turns < 100);
	assert_int_equal(n, -ENODATA);
	nsr_close(cap);
}

static void capture_opened_to_receive_does_not_send(void **state)
{
	struct nsr_frame frame = { "abcd", 4 };
	struct nsr_capture *cap = open_target("synthetic:0", NULL);

	assert_int_equal(nsr_last_error(cap)->code, 0);
	assert_int_equal(nsr_send(cap, &frame, 1), -EBADF);
	assert_int_equal(nsr_last_error(cap)->code, -EBADF);
	assert_says(nsr_last_error(cap), "not opened for sending");
	nsr_close(cap);
}

static void frames_sent_are_counted(void **state)
{
	struct nsr_frame frames[] = { { "abcd", 4 }, { "efghij", 6 } };
	struct nsr_stats stats = NSR_STATS_INIT;
	struct nsr_options opts;
	struct nsr_capture *cap;

	nsr_options_init(&opts);
	opts.mode = NSR_SEND;
	cap = open_target("synthetic:0", &opts);
	assert_int_equal(nsr_send(cap, frames, 2), 2);
	nsr_stats_get(cap, &stats);
	assert_int_equal(stats.sent, 2);
	assert_int_equal(stats.sent_bytes, 10);
	nsr_close(cap);
}

static void interface_ids_that_do_not_exist_are_told(void **state)
{
	struct nsr_interface iface = NSR_INTERFACE_INIT;
	struct nsr_capture *cap = open_target("synthetic:0", NULL);

	assert_int_equal(nsr_interface_get(cap, 0, &iface), 0);
	assert_string_equal(iface.name, "synthetic0");
	assert_int_equal(nsr_interface_get(cap, 1, &iface), -ENOENT);
	nsr_close(cap);
}

static void unknown_engine_is_named(void **state)
{
	refuses("nonsuch:eth0", NULL, -ENOENT, "engine \"nonsuch\"");
}

static void queue_is_refused_by_an_engine_without_queues(void **state)
{
	refuses("synthetic:5@1", NULL, -EINVAL, "takes no queue");
}

static void what_to_do_is_apart_from_what_failed(void **state)
{
	struct nsr_capture *cap;
	struct nsr_error err;

	assert_int_equal(nsr_open("synthetic:5@1", NULL, &cap, &err), -EINVAL);
	assert_string_equal(err.text, "synthetic:5@1: engine synthetic takes no queue");
	assert_string_equal(err.advice, "leave \"@1\" out of the target");
	nsr_error_set(&err, -EIO, "another");
	assert_string_equal(err.advice, "");
}

static void engines_own_refusal_reaches_the_caller_with_the_target(void **state)
{
	refuses("synthetic:gone", NULL, -ENODEV,
		"synthetic:gone: synthetic: \"gone\" is no number");
}

static void file_that_is_no_engine_is_refused(void **state)
{
	char path[PATH_MAX + 32];
	FILE *file;

	snprintf(path, sizeof(path), "%s/broken.so", getenv("NSRING_ENGINE_DIR"));
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("no shared object", file);
	fclose(file);
	refuses("broken:eth0", NULL, -EINVAL, "engine \"broken\" does not load");
	unlink(path);
}

/* The loaded plug-in's ops, to be spoilt one field at a time. */
static struct nsr_engine_ops spoilt(void)
{
	char path[PATH_MAX + 32];
	struct nsr_engine_ops ops;
	void *plugin;

	snprintf(path, sizeof(path), "%s/synthetic.so", getenv("NSRING_ENGINE_DIR"));
	plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	assert_non_null(plugin);
	ops = *(const struct nsr_engine_ops *)dlsym(plugin, "nsr_engine");
	ops.name = "spoilt";
	return ops;
}

static void engine_of_another_abi_is_refused(void **state)
{
	struct nsr_engine_ops ops = spoilt();
	struct nsr_error err;

	char says[32];

	ops.abi++;
	assert_int_equal(nsr_engine_register(&ops, &err), -EPROTO);
	snprintf(says, sizeof(says), "ABI %u, this", NSR_ENGINE_ABI + 1);
	assert_says(&err, says);
	ops.abi--;
	ops.size = offsetof(struct nsr_engine_ops, close);
	assert_int_equal(nsr_engine_register(&ops, &err), -EPROTO);
}

static void engine_without_a_function_is_refused(void **state)
{
	struct nsr_engine_ops ops = spoilt();
	struct nsr_error err;

	ops.recv = NULL;
	assert_int_equal(nsr_engine_register(&ops, &err), -EINVAL);
	assert_says(&err, "lacks a function");
}

static void engines_name_is_checked_and_unique(void **state)
{
	struct nsr_engine_ops ops = spoilt();
	struct nsr_error err;

	ops.name = "Not/a name";
	assert_int_equal(nsr_engine_register(&ops, &err), -EINVAL);
	ops.name = "packet";
	assert_int_equal(nsr_engine_register(&ops, &err), -EEXIST);
}

static void newer_engine_with_larger_ops_is_taken(void **state)
{
	struct {
		struct nsr_engine_ops known;
		void *unknown;
	} ops = { .known = spoilt(), .unknown = &ops };
	struct nsr_capture *cap;

	ops.known.name = "newer";
	ops.known.size = sizeof(ops);
	assert_int_equal(nsr_engine_register(&ops.known, NULL), 0);
	cap = open_target("newer:3", NULL);
	nsr_close(cap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plugin_is_loaded_when_a_target_names_it),
		cmocka_unit_test(packets_come_in_order_and_are_counted),
		cmocka_unit_test(batch_is_no_larger_than_asked_for),
		cmocka_unit_test(engine_without_a_filter_is_filtered_by_the_core),
		cmocka_unit_test(new_filter_judges_from_the_next_batch_on),
		cmocka_unit_test(filter_sees_what_the_snaplen_cuts_off),
		cmocka_unit_test(malformed_filter_leaves_the_old_one_in_place),
		cmocka_unit_test(quiet_capture_waits_as_long_as_told),
		cmocka_unit_test(wake_ends_a_wait_without_limit),
		cmocka_unit_test(wake_before_a_wait_ends_it_too),
		cmocka_unit_test(stop_hands_out_what_was_taken_then_ends),
		cmocka_unit_test(end_of_a_capture_makes_its_descriptor_readable),
		cmocka_unit_test(capture_opened_to_receive_does_not_send),
		cmocka_unit_test(frames_sent_are_counted),
		cmocka_unit_test(interface_ids_that_do_not_exist_are_told),
		cmocka_unit_test(unknown_engine_is_named),
		cmocka_unit_test(queue_is_refused_by_an_engine_without_queues),
		cmocka_unit_test(what_to_do_is_apart_from_what_failed),
		cmocka_unit_test(engines_own_refusal_reaches_the_caller_with_the_target),
		cmocka_unit_test(file_that_is_no_engine_is_refused),
		cmocka_unit_test(engine_of_another_abi_is_refused),
		cmocka_unit_test(engine_without_a_function_is_refused),
		cmocka_unit_test(engines_name_is_checked_and_unique),
		cmocka_unit_test(newer_engine_with_larger_ops_is_taken),
	};
	char self[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return 1;
	self[n] = '\0';
	slash = strrchr(self, '/');
	*slash = '\0';
	setenv("NSRING_ENGINE_DIR", self, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
