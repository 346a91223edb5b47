/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Compiling filters, and their translation for sockets as far as it shows without a socket. */
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/filter/filter.h"
#include "lib/filter/set.h"
#include "check.h"

#define BSD_NULL 0
#define ETHERNET 1
#define RAW_IP	 101
#define RADIOTAP 127
#define SLL2	 276

static struct nsr_filter *compile(const char *text, uint32_t linktype)
{
	struct nsr_filter *filter;
	struct nsr_error err;

	if (nsr_filter_compile(text, linktype, &filter, &err) < 0)
		fail_msg("%s", err.text);
	return filter;
}

/* An IPv4 UDP packet, source port 5353. */
static const uint8_t ip_udp[] = {
	0x45, 0, 0,   28, 0, 0, 0,    0,    64, 17, 0, 0, 192, 0,
	2,    1, 192, 0,  2, 2, 0x14, 0xe9, 0,	53, 0, 8, 0,   0,
};

static void filter_is_compiled_for_the_link_type(void **state)
{
	struct nsr_filter *raw = compile("udp src port 5353", RAW_IP);
	struct nsr_filter *ethernet = compile("udp src port 5353", ETHERNET);

	assert_true(nsr_filter_match(raw, ip_udp, sizeof(ip_udp), sizeof(ip_udp)));
	assert_false(nsr_filter_match(ethernet, ip_udp, sizeof(ip_udp), sizeof(ip_udp)));
	nsr_filter_free(raw);
	nsr_filter_free(ethernet);
}

static void filter_on_what_only_a_socket_knows_is_refused(void **state)
{
	static const char *const texts[] = { "inbound", "not outbound", "udp and ifindex 3" };
	struct nsr_filter *filter;
	struct nsr_error err;
	size_t i;

	for (i = 0; i < 3; i++) {
		assert_int_equal(nsr_filter_compile(texts[i], ETHERNET, &filter, &err), -EINVAL);
		assert_says(&err, "direction");
	}
	nsr_filter_free(compile("inbound", SLL2));
}

static void packet_cut_before_what_the_filter_reads_does_not_match(void **state)
{
	struct nsr_filter *filter = compile("udp src port 5353", RAW_IP);

	assert_false(nsr_filter_match(filter, ip_udp, sizeof(ip_udp), 20));
	nsr_filter_free(filter);
}

static void no_filter_matches_everything(void **state)
{
	assert_true(nsr_filter_match(NULL, ip_udp, sizeof(ip_udp), 0));
}

static void loop_that_a_packet_would_keep_going_ends(void **state)
{
	/* An authentication header whose next header is again one, and whose length leads to it. */
	static const uint8_t packet[60] = { 0x45, 0, 0, 60, 0,	 0, 0, 0, 64, 51, 0, 0,
					    192,  0, 2, 1,  192, 0, 2, 2, 51, 3,  0, 0 };
	uint8_t any[60];
	struct nsr_filter *filter = compile("ip protochain 17", RAW_IP);
	uint32_t length;

	for (length = 0; length < 256; length++) {
		memcpy(any, packet, sizeof(any));
		any[21] = (uint8_t)length;
		assert_false(nsr_filter_match(filter, any, sizeof(any), sizeof(any)));
	}
	nsr_filter_free(filter);
}

static void filter_with_a_loop_follows_the_headers(void **state)
{
	/* IPv6: hop-by-hop options, destination options, UDP. */
	uint8_t packet[72] = { 0x60, [6] = 0, [40] = 60, [48] = 17 };
	struct nsr_filter *udp = compile("ip6 protochain 17", RAW_IP);
	struct nsr_filter *tcp = compile("ip6 protochain 6", RAW_IP);

	assert_true(nsr_filter_match(udp, packet, sizeof(packet), sizeof(packet)));
	assert_false(nsr_filter_match(tcp, packet, sizeof(packet), sizeof(packet)));
	assert_false(nsr_filter_match(udp, packet, sizeof(packet), 48));
	nsr_filter_free(udp);
	nsr_filter_free(tcp);
}

static void malformed_filter_is_refused_with_libpcaps_reason(void **state)
{
	struct nsr_filter *filter;
	struct nsr_error err;

	assert_int_equal(nsr_filter_compile("port", ETHERNET, &filter, &err), -EINVAL);
	assert_null(filter);
	assert_says(&err, "filter \"port\"");
	assert_says(&err, "syntax error");
}

static void program(const char *text, enum nsr_skb_view view, struct sock_fprog *prog)
{
	struct nsr_filter *filter = compile(text, view == NSR_SKB_COOKED ? SLL2 : ETHERNET);
	struct nsr_error err;

	if (nsr_filter_for_socket(filter, view, 0, 96, prog, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	nsr_filter_free(filter);
}

static void accepting_returns_the_bytes_to_keep(void **state)
{
	struct sock_fprog prog;

	assert_int_equal(nsr_filter_for_socket(NULL, NSR_SKB_ETHERNET, 0, 96, &prog, NULL), 0);
	assert_int_equal(prog.filter[0].code, BPF_RET | BPF_K);
	assert_int_equal(prog.filter[0].k, 96);
	free(prog.filter);
}

static void what_no_tagged_packet_can_match_costs_nothing_there(void **state)
{
	struct sock_fprog plain, both;

	program("udp port 53", NSR_SKB_PLAIN, &plain);
	program("udp port 53", NSR_SKB_ETHERNET, &both);
	/* tag present? (2), EtherType of the tag (1), a few jumps that are decided */
	assert_in_range(both.len - plain.len, 3, 10);
	free(plain.filter);
	free(both.filter);
}

static void jumps_of_long_filters_stay_within_reach(void **state)
{
	char text[16384] = "host 192.0.2.0";
	struct sock_fprog prog;
	uint32_t i;

	for (i = 1; i < 150; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), " or host 192.0.2.%u",
			 i);
	program(text, NSR_SKB_ETHERNET, &prog);
	assert_true(prog.len > 512);
	for (i = 0; i < prog.len; i++) {
		if (BPF_CLASS(prog.filter[i].code) != BPF_JMP)
			continue;
		if (BPF_OP(prog.filter[i].code) == BPF_JA)
			assert_true(i + 1 + prog.filter[i].k < prog.len);
		else
			assert_true(i + 1 + prog.filter[i].jt < prog.len &&
				    i + 1 + prog.filter[i].jf < prog.len);
	}
	free(prog.filter);
}

static void filter_longer_than_the_kernel_takes_is_refused(void **state)
{
	size_t room = 1 << 16, used = 0;
	char *text = calloc(1, room);
	struct nsr_filter *filter;
	struct sock_fprog prog;
	struct nsr_error err;
	int i;

	/* libpcap's optimiser makes short work of this shape. */
	for (i = 0; i < 600; i++)
		used += (size_t)snprintf(text + used, room - used,
					 "%stcp src portrange %d-%d and host 10.%d.%d.7",
					 i ? " or " : "", i, i + 2, i / 256, i % 256);
	filter = compile(text, ETHERNET);
	assert_int_equal(nsr_filter_for_socket(filter, NSR_SKB_ETHERNET, 0, 96, &prog, &err),
			 -E2BIG);
	assert_says(&err, "4096");
	nsr_filter_free(filter);
	free(text);
}

static void bytes_that_a_socket_does_not_see_are_refused(void **state)
{
	struct nsr_filter *filter = compile("link[13] = 5", SLL2);
	struct sock_fprog prog;
	struct nsr_error err;

	assert_int_equal(nsr_filter_for_socket(filter, NSR_SKB_COOKED, 0, 96, &prog, &err),
			 -EOPNOTSUPP);
	assert_says(&err, "offset 13");
	nsr_filter_free(filter);
}

/* BSD's loopback: the address family in the byte order of this host, then IPv6 with UDP in it. */
static void saved_filter_knows_the_families_of_other_systems(void **state)
{
	static const uint32_t families[] = { 10, 24, 28, 30 };
	uint8_t packet[52] = { [4] = 0x60, [10] = 17 };
	struct nsr_filter *udp;
	size_t i;

	assert_int_equal(nsr_filter_compile_saved("udp", BSD_NULL, &udp, NULL), 0);
	for (i = 1; i < 4; i++) {
		memcpy(packet, &families[i], 4);
		assert_true(nsr_filter_match(udp, packet, sizeof(packet), sizeof(packet)));
	}
	memcpy(packet, &(uint32_t){ 2 }, 4);
	assert_false(nsr_filter_match(udp, packet, sizeof(packet), sizeof(packet)));
	nsr_filter_free(udp);
}

static void saved_filter_on_what_no_file_tells_is_refused(void **state)
{
	struct nsr_filter *filter;
	struct nsr_error err;

	assert_int_equal(nsr_filter_compile_saved("inbound", RADIOTAP, &filter, &err), -EINVAL);
	assert_says(&err, "savefile");
	assert_int_equal(nsr_filter_compile_saved("vlan", BSD_NULL, &filter, &err), -EINVAL);
	assert_says(&err, "no VLAN support");
	assert_int_equal(nsr_filter_compile_saved("inbound", SLL2, &filter, &err), 0);
	nsr_filter_free(filter);
}

static uint32_t ethernet_then_raw(void *arg, uint32_t iface)
{
	return iface == 0 ? ETHERNET : RAW_IP;
}

static struct nsr_filter_set *set_of(const char *text, uint32_t linktype, bool more)
{
	struct nsr_filter_set *set;
	struct nsr_error err;

	if (nsr_filter_set_new(text, &linktype, 1, more, &set, &err) < 0)
		fail_msg("%s", err.text);
	return set;
}

static int match(struct nsr_filter_set *set, uint32_t iface)
{
	struct nsr_packet packet = { .data = ip_udp, .caplen = 28, .len = 28, .iface = iface };

	return nsr_filter_set_match(set, &packet, ethernet_then_raw, NULL);
}

static void set_judges_each_interface_by_its_link_type(void **state)
{
	struct nsr_filter_set *set = set_of("udp port 53", ETHERNET, true);

	assert_int_equal(match(set, 1), 1);
	assert_int_equal(match(set, 0), 0);
	nsr_filter_set_free(set);
}

static void set_tells_which_link_type_can_not_be_asked(void **state)
{
	struct nsr_filter_set *set = set_of("ether host 2:0:0:0:0:1", ETHERNET, true);
	struct nsr_error err;

	assert_int_equal(match(set, 1), -EOPNOTSUPP);
	assert_int_equal(match(set, 0), 0);
	assert_false(nsr_filter_set_asks(set, RAW_IP));
	assert_true(nsr_filter_set_asks(set, ETHERNET));
	assert_false(nsr_filter_set_useless(set, &err));
	nsr_filter_set_free(set);
}

static uint32_t raw(void *arg, uint32_t iface)
{
	return RAW_IP;
}

static void set_that_no_interface_can_be_asked_is_useless(void **state)
{
	struct nsr_packet packet = { .data = ip_udp, .caplen = 28, .len = 28 };
	struct nsr_filter_set *set = set_of("ether host 2:0:0:0:0:1", RAW_IP, true);
	struct nsr_error err;

	assert_false(nsr_filter_set_useless(set, &err));
	assert_int_equal(nsr_filter_set_match(set, &packet, raw, NULL), -EOPNOTSUPP);
	assert_true(nsr_filter_set_useless(set, &err));
	assert_int_equal(err.code, -EINVAL);
	assert_says(&err, "ether");
	nsr_filter_set_free(set);
}

static void set_is_refused_for_the_only_link_type_there_is(void **state)
{
	struct nsr_filter_set *set;
	struct nsr_error err;

	assert_int_equal(nsr_filter_set_new("ether host 2:0:0:0:0:1", &(uint32_t){ RAW_IP }, 1,
					    false, &set, &err),
			 -EINVAL);
	assert_null(set);
	assert_says(&err, "ether");
	nsr_filter_set_free(set_of("ether host 2:0:0:0:0:1", RAW_IP, true));
}

static void set_of_a_text_that_nothing_can_be_asked_is_refused(void **state)
{
	static const char *const asked[] = { "ether host 2:0:0:0:0:1",
					     "wlan type mgt",
					     "vpi 3",
					     "ifname pf0",
					     "sio 3",
					     "inbound",
					     "ifindex 3" };
	struct nsr_filter_set *set;
	struct nsr_error err;
	size_t i;

	assert_int_equal(nsr_filter_set_new("udp prot 53", NULL, 0, true, &set, &err), -EINVAL);
	assert_says(&err, "syntax error");
	assert_int_equal(
		nsr_filter_set_new("udp prot 53", &(uint32_t){ ETHERNET }, 1, true, &set, &err),
		-EINVAL);
	assert_says(&err, "syntax error");
	for (i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		if (nsr_filter_set_new(asked[i], NULL, 0, true, &set, &err) < 0)
			fail_msg("%s", err.text);
		nsr_filter_set_free(set);
	}
}

struct pcap;
struct bpf_program;

/* The linker has the library call this one, see meson.build. */
int __real_pcap_compile(struct pcap *pcap, struct bpf_program *program, const char *text,
			int optimize, uint32_t netmask);
int __wrap_pcap_compile(struct pcap *pcap, struct bpf_program *program, const char *text,
			int optimize, uint32_t netmask);

static uint32_t compiled;

int __wrap_pcap_compile(struct pcap *pcap, struct bpf_program *program, const char *text,
			int optimize, uint32_t netmask)
{
	compiled++;
	return __real_pcap_compile(pcap, program, text, optimize, netmask);
}

static void set_compiles_once_a_link_type(void **state)
{
	struct nsr_filter_set *set;
	uint32_t iface;

	compiled = 0;
	set = set_of("udp port 53", ETHERNET, true);
	for (iface = 0; iface < 100; iface++)
		assert_int_equal(match(set, iface), iface > 0);
	assert_int_equal(compiled, 2);
	nsr_filter_set_free(set);
}

static uint32_t count_calls(void *arg)
{
	++*(uint32_t *)arg;
	return 0xfffffff0;
}

static void netmask_is_asked_for_only_by_filters_that_need_it(void **state)
{
	struct nsr_filter *filter;
	struct nsr_error err;
	uint32_t calls = 0;

	assert_int_equal(nsr_filter_compile_on("udp", RAW_IP, count_calls, &calls, &filter, &err),
			 0);
	nsr_filter_free(filter);
	assert_int_equal(
		nsr_filter_compile_on("udp port", RAW_IP, count_calls, &calls, &filter, &err),
		-EINVAL);
	assert_int_equal(calls, 0);
	assert_int_equal(
		nsr_filter_compile_on("ip broadcast", RAW_IP, count_calls, &calls, &filter, &err),
		0);
	assert_int_equal(calls, 1);
	/* To 192.0.2.2, whose last four bits are neither all 0 nor all 1. */
	assert_false(nsr_filter_match(filter, ip_udp, sizeof(ip_udp), sizeof(ip_udp)));
	nsr_filter_free(filter);
	assert_int_equal(nsr_filter_compile("ip broadcast", RAW_IP, &filter, &err), -EINVAL);
	assert_says(&err, "netmask");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filter_is_compiled_for_the_link_type),
		cmocka_unit_test(filter_on_what_only_a_socket_knows_is_refused),
		cmocka_unit_test(packet_cut_before_what_the_filter_reads_does_not_match),
		cmocka_unit_test(no_filter_matches_everything),
		cmocka_unit_test(netmask_is_asked_for_only_by_filters_that_need_it),
		cmocka_unit_test(loop_that_a_packet_would_keep_going_ends),
		cmocka_unit_test(filter_with_a_loop_follows_the_headers),
		cmocka_unit_test(malformed_filter_is_refused_with_libpcaps_reason),
		cmocka_unit_test(accepting_returns_the_bytes_to_keep),
		cmocka_unit_test(what_no_tagged_packet_can_match_costs_nothing_there),
		cmocka_unit_test(jumps_of_long_filters_stay_within_reach),
		cmocka_unit_test(filter_longer_than_the_kernel_takes_is_refused),
		cmocka_unit_test(bytes_that_a_socket_does_not_see_are_refused),
		cmocka_unit_test(saved_filter_knows_the_families_of_other_systems),
		cmocka_unit_test(saved_filter_on_what_no_file_tells_is_refused),
		cmocka_unit_test(set_judges_each_interface_by_its_link_type),
		cmocka_unit_test(set_tells_which_link_type_can_not_be_asked),
		cmocka_unit_test(set_that_no_interface_can_be_asked_is_useless),
		cmocka_unit_test(set_is_refused_for_the_only_link_type_there_is),
		cmocka_unit_test(set_of_a_text_that_nothing_can_be_asked_is_refused),
		cmocka_unit_test(set_compiles_once_a_link_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
