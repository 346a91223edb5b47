/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * When the engine zc takes packets away from the stack, and when it refuses to.
 *
 *	sends ─ v0 ──────── v1 ─ zc; 10.9.0.2 and fe80::2 on it, or on a device on top of it
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "topology.h"

#define PORT 1000

static int clean(void **state)
{
	unsetenv("SSH_CONNECTION");
	return 0;
}

static void refused(const char *target, const struct nsr_options *opts, int code, const char *part,
		    const char *advice)
{
	struct nsr_capture *cap;
	struct nsr_error err;

	assert_int_equal(nsr_open(target, opts, &cap, &err), code);
	assert_says(&err, part);
	if (!strstr(err.advice, advice))
		fail_msg("'%s' is not in: %s", advice, err.advice);
	assert_false(has_program("v1"));
}

static void refused_for_ssh(const char *target)
{
	refused(target, &taking, -EBUSY, "ssh connection", "--take=really");
}

static void opens(const char *target)
{
	nsr_close(open_target(target, &taking));
}

static void connected_to(const char *server)
{
	char text[128];

	snprintf(text, sizeof(text), "10.9.0.1 50000 %s 22", server);
	setenv("SSH_CONNECTION", text, 1);
}

static void require_address(void)
{
	topology_require();
	ip("address replace 10.9.0.2/24 dev v1");
	connected_to("10.9.0.2");
}

static void without_options_packets_pass(void **state)
{
	struct nsr_info info = NSR_INFO_INIT;
	struct nsr_capture *zc, *stack;

	topology_require();
	zc = open_target("zc:v1", NULL);
	stack = open_target("v1", NULL);
	assert_int_equal(nsr_info_get(zc, &info), 0);
	assert_false(info.diverts);
	send_on("v0", PORT, 30);
	assert_int_equal(collect(zc, NULL, NULL), 30);
	assert_int_equal(collect(stack, NULL, NULL), 30);
	nsr_close(stack);
	nsr_close(zc);
}

static void what_needs_taking_says_so_and_takes_nothing(void **state)
{
	struct nsr_options opts;

	topology_require();
	nsr_options_init(&opts);
	opts.fanout = NSR_FANOUT_FLOW;
	refused("zc:v1", &opts, -EOPNOTSUPP, "fanout group of zc takes packets", "--take");
	nsr_options_init(&opts);
	opts.xdp = NSR_XDP_ZEROCOPY;
	refused("zc:v1", &opts, -EOPNOTSUPP, "zero-copy takes packets", "--take");
	nsr_options_init(&opts);
	opts.busy_poll_us = 20;
	refused("zc:v1", &opts, -EOPNOTSUPP, "busy polling takes packets", "option take");
}

static void engines_that_only_copy_refuse_to_take(void **state)
{
	topology_require();
	refused("packet:v1", &taking, -EOPNOTSUPP, "engine packet takes no packets", "zc:v1");
}

static void sending_alone_takes_nothing_and_needs_no_leave(void **state)
{
	struct nsr_options opts;

	require_address();
	nsr_options_init(&opts);
	opts.mode = NSR_SEND;
	opts.take = NSR_TAKE;
	nsr_close(open_target("zc:v1", &opts));
}

static void device_of_the_callers_ssh_connection_is_not_taken(void **state)
{
	require_address();
	refused_for_ssh("zc:v1");
}

static void device_of_the_callers_ssh_connection_is_tapped(void **state)
{
	require_address();
	nsr_close(open_target("zc:v1", NULL));
}

static void device_of_the_callers_ssh_connection_is_taken_if_really_asked_for(void **state)
{
	const struct nsr_options opts = { .size = sizeof(opts), .take = NSR_TAKE_REALLY };

	require_address();
	nsr_close(open_target("zc:v1", &opts));
}

static void other_devices_are_taken(void **state)
{
	require_address();
	opens("zc:v0");
	connected_to("10.9.0.77");
	opens("zc:v1");
}

static void server_may_be_written_as_a_mapped_address(void **state)
{
	require_address();
	connected_to("::ffff:10.9.0.2");
	refused_for_ssh("zc:v1");
}

static void zone_of_a_link_local_server_counts(void **state)
{
	topology_require();
	ip("link set v1 addrgenmode none");
	if (access("/proc/sys/net/ipv6", F_OK) < 0) {
		print_message("this kernel has no IPv6\n");
		skip();
	}
	if (system("sysctl -qw net.ipv6.conf.v1.disable_ipv6=0") != 0)
		fail_msg("IPv6 of v1 can't be switched on");
	ip("address replace fe80::2/64 dev v1 nodad");
	connected_to("fe80::2%v1");
	refused_for_ssh("zc:v1");
	connected_to("fe80::2");
	refused_for_ssh("zc:v1");
	connected_to("fe80::2%v0");
	opens("zc:v1");
	ip("address delete fe80::2/64 dev v1");
}

/* Skips on a kernel that can't make such a device: @how is what follows "ip link add". */
static void require_device(const char *how)
{
	char command[160];

	topology_require();
	snprintf(command, sizeof(command), "ip link add probe0 %s 2>/dev/null", how);
	if (system(command) != 0) {
		print_message("this kernel makes no such device: %s\n", how);
		skip();
	}
	ip("link delete probe0");
}

#define BRIDGE	"type bridge"
#define MACVLAN "link v1 type macvlan mode bridge"

static void port_of_the_bridge_with_the_servers_address_is_not_taken(void **state)
{
	require_device(BRIDGE);
	ip("link add b0 " BRIDGE);
	ip("address add 10.9.1.2/24 dev b0");
	ip("link set v1 master b0");
	connected_to("10.9.1.2");
	refused_for_ssh("zc:v1");
	refused_for_ssh("zc:b0");
	opens("zc:v0");
	ip("link delete b0");
	opens("zc:v1");
}

static void device_below_a_macvlan_with_the_servers_address_is_not_taken(void **state)
{
	require_device(MACVLAN);
	ip("link add mv0 " MACVLAN);
	ip("address add 10.9.2.2/24 dev mv0");
	connected_to("10.9.2.2");
	refused_for_ssh("zc:v1");
	refused_for_ssh("zc:mv0");
	opens("zc:v0");
	ip("link delete mv0");
	opens("zc:v1");
}

static void device_below_what_lies_on_a_bridge_is_not_taken(void **state)
{
	require_device(BRIDGE);
	require_device(MACVLAN);
	ip("link add b0 " BRIDGE);
	ip("link set v1 master b0");
	ip("link add mv0 link b0 type macvlan mode bridge");
	ip("address add 10.9.3.2/24 dev mv0");
	connected_to("10.9.3.2");
	refused_for_ssh("zc:v1");
	ip("link delete mv0");
	ip("link delete b0");
}

static void malformed_variable_is_ignored(void **state)
{
	static const char *const texts[] = {
		"",
		"10.9.0.2",
		"10.9.0.1 50000 10.9.0.2.9 22",
		"10.9.0.1 x 10.9.0.2 22",
		"10.9.0.1 50000 %v1 22",
		"10.9.0.1 50000 10.9.0.2aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 22",
	};
	uint32_t i;

	require_address();
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		setenv("SSH_CONNECTION", texts[i], 1);
		opens("zc:v1");
	}
}

int main(void)
{
#define TEST(fact) cmocka_unit_test_setup_teardown(fact, clean, clean)
	const struct CMUnitTest tests[] = {
		TEST(without_options_packets_pass),
		TEST(what_needs_taking_says_so_and_takes_nothing),
		TEST(engines_that_only_copy_refuse_to_take),
		TEST(sending_alone_takes_nothing_and_needs_no_leave),
		TEST(device_of_the_callers_ssh_connection_is_not_taken),
		TEST(device_of_the_callers_ssh_connection_is_tapped),
		TEST(device_of_the_callers_ssh_connection_is_taken_if_really_asked_for),
		TEST(other_devices_are_taken),
		TEST(server_may_be_written_as_a_mapped_address),
		TEST(zone_of_a_link_local_server_counts),
		TEST(port_of_the_bridge_with_the_servers_address_is_not_taken),
		TEST(device_below_a_macvlan_with_the_servers_address_is_not_taken),
		TEST(device_below_what_lies_on_a_bridge_is_not_taken),
		TEST(malformed_variable_is_ignored),
	};

	return cmocka_run_group_tests(tests, topology_enter, NULL);
}
