/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The target grammar. */
#include "lib/target.h"
#include "check.h"

static void parses(const char *text, const char *place, const char *engine, const char *device,
		   int queue)
{
	struct nsr_target target;
	struct nsr_error err = { 0 };

	if (nsr_target_parse(text, &target, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	assert_string_equal(target.place, place);
	assert_string_equal(target.engine, engine);
	assert_string_equal(target.device, device);
	assert_int_equal(target.queue, queue);
}

static void refuses(const char *text, const char *names)
{
	struct nsr_target target;
	struct nsr_error err = { 0 };

	assert_int_equal(nsr_target_parse(text, &target, &err), -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	assert_says(&err, names);
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

static void an_at_sign_in_the_name_is_fine_before_the_last(void **state)
{
	parses("a@b@3", "", "", "a@b", 3);
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
	refuses("eth0@", "queue \"\"");
	refuses("eth0@if5", "queue \"if5\"");
	refuses("eth0@-1", "queue \"-1\"");
	refuses("eth0@99999999999999999999", "queue");
	refuses("a_device_name_too_long", "device \"a_device_name_too_long\"");
	refuses("eth0 ", "space");
	refuses("..", "device \"..\"");
	refuses("zc:eth:0", "device \"eth:0\"");
	refuses("file:", "no file");
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
		cmocka_unit_test(an_at_sign_in_the_name_is_fine_before_the_last),
		cmocka_unit_test(errors_name_the_part_that_is_wrong),
		cmocka_unit_test(parts_that_are_too_long_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
