/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The target grammar. */
#include <stdio.h>

#include <nsring/engine.h>
#include <nsring/target.h>

#include "check.h"

/* An engine whose devices are PCI addresses: "x:0000:3b:00.0". It is never opened. */
static int x_open(const struct nsr_engine_args *args, void **priv, struct nsr_error *err)
{
	return -ENODEV;
}

static int x_start(void *priv, struct nsr_error *err)
{
	return 0;
}

static int x_recv(void *priv, struct nsr_packet *packets, uint32_t max, struct nsr_error *err)
{
	return -ENODATA;
}

static int x_fd(void *priv)
{
	return -1;
}

static void x_info(void *priv, struct nsr_info *info)
{
}

static int x_interface(void *priv, uint32_t id, struct nsr_interface *iface)
{
	return -ENOENT;
}

static void x_close(void *priv)
{
}

static uint32_t x_drain_ms(void *priv)
{
	return 0;
}

static struct nsr_engine_ops x_ops = {
	.abi = NSR_ENGINE_ABI,
	.size = sizeof(x_ops),
	.name = "x",
	.flags = NSR_ENGINE_FREE_DEVICE,
	.open = x_open,
	.start = x_start,
	.recv = x_recv,
	.fd = x_fd,
	.info = x_info,
	.interface = x_interface,
	.close = x_close,
	.drain_ms = x_drain_ms,
};

static int register_x(void **state)
{
	return nsr_engine_register(&x_ops, NULL);
}

static struct nsr_target parsed(const char *text)
{
	struct nsr_target target = NSR_TARGET_INIT;
	struct nsr_error err = { 0 };

	if (nsr_target_parse(text, &target, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return target;
}

static void parses(const char *text, const char *place, const char *engine, const char *device,
		   int queue)
{
	struct nsr_target target = parsed(text);
	char again[1024];

	assert_string_equal(target.place, place);
	assert_string_equal(target.engine, engine);
	assert_string_equal(target.device, device);
	assert_int_equal(target.queue, queue);
	assert_int_equal(nsr_target_format(&target, again, sizeof(again)), strlen(text));
	assert_string_equal(again, text);
}

static void refuses_with(int code, const char *text, const char *names)
{
	struct nsr_target target = { .size = sizeof(target), .device = "untouched" };
	struct nsr_error err = { 0 };

	assert_int_equal(nsr_target_parse(text, &target, &err), code);
	assert_int_equal(err.code, code);
	assert_says(&err, names);
	assert_string_equal(target.device, "untouched");
	assert_int_equal(nsr_target_parse(text, &target, NULL), code);
}

static void refuses(const char *text, const char *names)
{
	refuses_with(-EINVAL, text, names);
}

static void a_device_alone_is_enough(void **state)
{
	parses("eth1", "", "", "eth1", -1);
	parses("any", "", "", "any", -1);
}

static void engine_and_queue_are_taken_off_the_device(void **state)
{
	parses("zc:eth1@2", "", "zc", "eth1", 2);
	parses("packet:eth1", "", "packet", "eth1", -1);
	parses("eth1@0", "", "", "eth1", 0);
}

static void the_device_comes_after_the_last_slash(void **state)
{
	parses("netns:ns0/any", "netns:ns0", "", "any", -1);
	parses("netns:/proc/42/ns/net/eth0", "netns:/proc/42/ns/net", "", "eth0", -1);
	parses("pod:default/web/eth0", "pod:default/web", "", "eth0", -1);
	parses("container:web/zc:eth0@7", "container:web", "zc", "eth0", 7);
	parses("host/lo", "host", "", "lo", -1);
}

static void a_file_name_is_taken_as_it_is(void **state)
{
	parses("file:trace.pcapng", "", "file", "trace.pcapng", -1);
	parses("file:/a/b@3:c/d", "", "file", "/a/b@3:c/d", -1);
	parses("file:-", "", "file", "-", -1);
}

static void free_text_of_an_engine_is_taken_as_it_is_wherever_it_begins(void **state)
{
	parses("x:0000:3b:00.0", "", "x", "0000:3b:00.0", -1);
	parses("netns:web/x:0000:3b:00.0", "netns:web", "x", "0000:3b:00.0", -1);
	parses("netns:/proc/42/ns/net/x:a/b@1", "netns:/proc/42/ns/net", "x", "a/b@1", -1);
	parses("file:/a/b:c@1", "", "file", "/a/b:c@1", -1);
	parses("file:/a/x:c", "", "file", "/a/x:c", -1);
	parses("x:/a/file:c", "", "x", "/a/file:c", -1);
}

static void free_text_begins_with_the_whole_name_of_an_engine(void **state)
{
	refuses_with(-ENOENT, "xx:0000", "engine \"xx\" is unknown");
	parses("netns:/run/xx:x/eth0", "netns:/run/xx:x", "", "eth0", -1);
	parses("netns:/run/profile:a/eth0", "netns:/run/profile:a", "", "eth0", -1);
	parses("netns:/run/x/eth0", "netns:/run/x", "", "eth0", -1);
}

static void kinds_of_places_are_no_engines(void **state)
{
	static const char *const kinds[] = { "host", "netns", "pid", "container", "pod", "all" };
	struct nsr_engine_ops ops = x_ops;
	char text[32];
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		ops.name = kinds[i];
		assert_int_equal(nsr_engine_register(&ops, NULL), -EINVAL);
		snprintf(text, sizeof(text), "%s:eth0", kinds[i]);
		refuses(text, "kind of place");
	}
	parses("host", "", "", "host", -1);
}

static void unknown_engine_is_told_with_those_that_are_built_in(void **state)
{
	refuses_with(
		-ENOENT, "nonsuch:eth0",
		"engine \"nonsuch\" is unknown: built in are packet, ring, zc, live, file and pcap, and");
}

static void any_and_files_are_told_from_devices(void **state)
{
	assert_true(parsed("any").any);
	assert_true(parsed("netns:x/any").any);
	assert_true(parsed("netns:/proc/1/ns/net/packet:any").any);
	assert_true(parsed("any@0").any);
	assert_false(parsed("anyway").any);
	assert_false(parsed("netns:any/eth0").any);
	assert_false(parsed("x:any").any);
	assert_false(parsed("file:/tmp/any").any);
	assert_true(parsed("file:/tmp/any").offline);
	assert_true(parsed("file:-").offline);
	assert_false(parsed("x:any").offline);
	assert_false(parsed("packet:any").offline);
	assert_false(parsed("netns:file/any").offline);
}

static void all_namespaces_at_once_are_a_place(void **state)
{
	assert_true(parsed("all/ring:any").all);
	assert_false(parsed("all").all);
	assert_false(parsed("netns:all/any").all);
}

static void places_alone_are_told_from_devices(void **state)
{
	static const char *const places[] = { "host",		"all",
					      "netns:web",	"netns:/run/netns/web",
					      "pid:42",		"container:web",
					      "pod:default/web" };
	static const char *const others[] = { "",	  "eth0",  "zc:eth0", "file:/a",
					      "web/eth0", "netns", "x:1" };
	struct nsr_target target = NSR_TARGET_INIT;
	struct nsr_error err;
	char text[64];
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		assert_int_equal(nsr_target_parse_place(places[i], &target, &err), 0);
		assert_string_equal(target.place, places[i]);
		assert_string_equal(target.device, "");
		assert_int_equal(nsr_target_format(&target, text, sizeof(text)), strlen(places[i]));
		assert_string_equal(text, places[i]);
	}
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_int_equal(nsr_target_parse_place(others[i], &target, &err), -EINVAL);
		assert_says(&err, "is no place");
	}
}

static void older_programs_get_the_fields_that_they_know(void **state)
{
	struct nsr_target target;

	memset(&target, 0x5a, sizeof(target));
	target.size = offsetof(struct nsr_target, any);
	assert_int_equal(nsr_target_parse("packet:any", &target, NULL), 0);
	assert_string_equal(target.device, "any");
	assert_int_equal(*(unsigned char *)&target.any, 0x5a);
	target.size = 0;
	assert_int_equal(nsr_target_parse("any", &target, NULL), -EINVAL);
}

static void target_that_does_not_fit_is_not_written(void **state)
{
	struct nsr_target target = parsed("netns:web/eth0");
	char text[15];

	assert_int_equal(nsr_target_format(&target, text, sizeof(text)), 14);
	assert_int_equal(nsr_target_format(&target, text, sizeof(text) - 1), -ENAMETOOLONG);
}

static void no_target_at_all_is_an_error(void **state)
{
	struct nsr_target target = NSR_TARGET_INIT;
	struct nsr_capture *cap = (void *)state;
	struct nsr_error err;
	char text[8];

	assert_int_equal(nsr_target_parse(NULL, &target, &err), -EINVAL);
	assert_says(&err, "no target");
	assert_int_equal(nsr_target_parse_place(NULL, &target, &err), -EINVAL);
	assert_says(&err, "no place");
	assert_int_equal(nsr_target_format(NULL, text, sizeof(text)), -EINVAL);
	assert_int_equal(nsr_open(NULL, NULL, &cap, &err), -EINVAL);
	assert_says(&err, "no target");
	assert_null(cap);
}

static void an_at_sign_in_the_name_is_fine_before_the_last(void **state)
{
	parses("a@b@3", "", "", "a@b", 3);
}

static void what_follows_an_at_sign_and_is_no_queue_is_a_part_of_the_name(void **state)
{
	parses("a@b", "", "", "a@b", -1);
	parses("netns:x/packet:a@b", "netns:x", "packet", "a@b", -1);
	parses("eth0@", "", "", "eth0@", -1);
	parses("eth0@-1", "", "", "eth0@-1", -1);
	parses("eth0@3x", "", "", "eth0@3x", -1);
	parses("eth0@65535", "", "", "eth0", 65535);
	parses("eth0@65536", "", "", "eth0@65536", -1);
	parses("eth0@99999999999999999999", "", "", "eth0@99999999999999999999", -1);
	assert_false(parsed("any@b").any);
}

static void device_may_be_as_long_as_an_alternative_name(void **state)
{
	char text[200], name[160];

	memset(name, 'x', sizeof(name));
	name[127] = '\0';
	snprintf(text, sizeof(text), "host/packet:%s@2", name);
	parses(text, "host", "packet", name, 2);
	name[127] = 'x';
	name[128] = '\0';
	refuses(name, "longer than the 127 characters");
}

static void errors_name_the_part_that_is_wrong(void **state)
{
	refuses("", "no device");
	refuses("netns:ns0/", "no device");
	refuses("zc:", "no device");
	refuses("/eth0", "place");
	refuses(":eth0", "engine \"\"");
	refuses("Zc:eth0", "engine \"Zc\"");
	refuses("an_engine_with_a_long_name:eth0", "engine");
	refuses("@3", "no device");
	refuses("eth0 ", "space");
	refuses("..", "device \"..\"");
	refuses("zc:eth:0", "device \"eth:0\"");
	refuses("file:", "no file");
	refuses("x:", "no device");
	refuses("/file:a", "place");
}

static void parts_that_are_too_long_are_refused(void **state)
{
	char text[1024];

	memset(text, 'x', sizeof(text));
	memcpy(text, "netns:", 6);
	memcpy(text + 900, "/eth0", 6);
	refuses(text, "place");
	memcpy(text, "file:x", 6);
	text[1023] = '\0';
	refuses(text, "file name");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_alone_is_enough),
		cmocka_unit_test(engine_and_queue_are_taken_off_the_device),
		cmocka_unit_test(the_device_comes_after_the_last_slash),
		cmocka_unit_test(a_file_name_is_taken_as_it_is),
		cmocka_unit_test(free_text_of_an_engine_is_taken_as_it_is_wherever_it_begins),
		cmocka_unit_test(free_text_begins_with_the_whole_name_of_an_engine),
		cmocka_unit_test(kinds_of_places_are_no_engines),
		cmocka_unit_test(unknown_engine_is_told_with_those_that_are_built_in),
		cmocka_unit_test(any_and_files_are_told_from_devices),
		cmocka_unit_test(all_namespaces_at_once_are_a_place),
		cmocka_unit_test(places_alone_are_told_from_devices),
		cmocka_unit_test(older_programs_get_the_fields_that_they_know),
		cmocka_unit_test(target_that_does_not_fit_is_not_written),
		cmocka_unit_test(no_target_at_all_is_an_error),
		cmocka_unit_test(an_at_sign_in_the_name_is_fine_before_the_last),
		cmocka_unit_test(what_follows_an_at_sign_and_is_no_queue_is_a_part_of_the_name),
		cmocka_unit_test(device_may_be_as_long_as_an_alternative_name),
		cmocka_unit_test(errors_name_the_part_that_is_wrong),
		cmocka_unit_test(parts_that_are_too_long_are_refused),
	};

	return cmocka_run_group_tests(tests, register_x, NULL);
}
