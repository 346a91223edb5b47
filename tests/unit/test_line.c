/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Packets as lines. Packets are written as hexadecimal, a header a string.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dissect/line.h"
#include "hex.h"

#define LINKTYPE_NULL	    0
#define LINKTYPE_ETHERNET   1
#define LINKTYPE_RAW	    101
#define LINKTYPE_LINUX_SLL  113
#define LINKTYPE_LINUX_SLL2 276
#define PACKET_MAX	    512

#define MACS                                                                                       \
	"020000000002"                                                                             \
	"020000000001"
#define IPV4 "0800"
#define IPV6 "86dd"
#define ADDRS4                                                                                     \
	"0a000001"                                                                                 \
	"0a000002"
#define ADDRS6                                                                                     \
	"fe800000000000000000000000000001"                                                         \
	"ff020000000000000000000000000001"

/*
 * The summary of the first @caplen bytes of a packet (0: all), which lie at the end of an
 * allocation, so that AddressSanitizer sees a read beyond them.
 */
static const char *cut_summary(uint32_t linktype, const char *hex, uint32_t caplen, bool link)
{
	static char out[LINE_BYTES];
	uint8_t whole[PACKET_MAX];
	struct nsr_packet packet = { .len = from_hex(whole, sizeof(whole), hex) };
	uint8_t *data;
	size_t length;

	packet.caplen = caplen ? caplen : packet.len;
	data = malloc(packet.caplen);
	memcpy(data, whole, packet.caplen);
	packet.data = data;
	length = line_summary(out, &packet, linktype, link);
	assert_int_equal(length, strlen(out));
	free(data);
	return out;
}

static const char *summary(uint32_t linktype, const char *hex)
{
	return cut_summary(linktype, hex, 0, false);
}

#define TCP_SYN                                                                                    \
	MACS IPV4 "4500002c000100004006"                                                           \
		  "0000" ADDRS4 "c35001bb"                                                         \
		  "00000064"                                                                       \
		  "00000000"                                                                       \
		  "6002ffff"                                                                       \
		  "00000000"                                                                       \
		  "020405b4"

static void tcp_shows_ports_flags_sequence_and_window(void **state)
{
	assert_string_equal(summary(LINKTYPE_ETHERNET, TCP_SYN),
			    "IP 10.0.0.1.50000 > 10.0.0.2.443: Flags [S], seq 100, win 65535, "
			    "length 0");
}

static void tcp_with_data_shows_the_range_and_the_acknowledgement(void **state)
{
	assert_string_equal(summary(LINKTYPE_ETHERNET, MACS IPV4 "4500002b000100004006"
								 "0000" ADDRS4 "01bbc350"
								 "000000c8"
								 "00000065"
								 "50180200"
								 "00000000"
								 "414243"),
			    "IP 10.0.0.1.443 > 10.0.0.2.50000: Flags [P.], seq 200:203, ack 101, "
			    "win 512, length 3");
}

static void ethernet_padding_is_no_tcp_data(void **state)
{
	assert_string_equal(summary(LINKTYPE_ETHERNET, MACS IPV4 "45000028000100004006"
								 "0000" ADDRS4 "01bbc350"
								 "000000c8"
								 "00000065"
								 "50100200"
								 "00000000"
								 "000000000000"),
			    "IP 10.0.0.1.443 > 10.0.0.2.50000: Flags [.], seq 200, ack 101, "
			    "win 512, length 0");
}

static void ip_length_of_zero_takes_the_link_layers(void **state)
{
	assert_string_equal(summary(LINKTYPE_ETHERNET, MACS IPV4 "45000000000100004006"
								 "0000" ADDRS4 "01bbc350"
								 "000000c8"
								 "00000065"
								 "50100200"
								 "00000000"
								 "4142"),
			    "IP 10.0.0.1.443 > 10.0.0.2.50000: Flags [.], seq 200:202, ack 101, "
			    "win 512, length 2");
}

static void udp_shows_its_length(void **state)
{
	assert_string_equal(summary(LINKTYPE_RAW, "4500001e000100004011"
						  "0000" ADDRS4 "04d2162e"
						  "000a0000"
						  "4142"),
			    "IP 10.0.0.1.1234 > 10.0.0.2.5678: UDP, length 2");
}

static void dns_query_shows_type_and_name(void **state)
{
	assert_string_equal(
		summary(LINKTYPE_RAW, "45000039000100004011"
				      "0000" ADDRS4 "c3500035"
				      "00250000"
				      "00070100"
				      "00010000"
				      "00000000"
				      "076578616d706c6503636f6d00"
				      "001c"
				      "0001"),
		"IP 10.0.0.1.50000 > 10.0.0.2.53: DNS 7 query AAAA? example.com., length 29");
}

static void dns_answer_shows_failure(void **state)
{
	assert_string_equal(summary(LINKTYPE_RAW, "45000039000100004011"
						  "0000" ADDRS4 "0035c350"
						  "00250000"
						  "00078183"
						  "00010000"
						  "00000000"
						  "076578616d706c6503636f6d00"
						  "0001"
						  "0001"),
			    "IP 10.0.0.1.53 > 10.0.0.2.50000: DNS 7 NXDomain answer, 0 records A? "
			    "example.com., length 29");
}

static void dns_name_with_control_characters_is_made_harmless(void **state)
{
	assert_string_equal(summary(LINKTYPE_RAW, "45000030000100004011"
						  "0000" ADDRS4 "c3500035"
						  "001c0000"
						  "00070100"
						  "00010000"
						  "00000000"
						  "041b5b324a00"
						  "0001"
						  "0001"),
			    "IP 10.0.0.1.50000 > 10.0.0.2.53: DNS 7 query A? ?[2J., length 20");
}

static void icmp_echo_shows_id_and_sequence(void **state)
{
	assert_string_equal(summary(LINKTYPE_RAW, "4500001c000100004001"
						  "0000" ADDRS4 "08000000"
						  "00050003"),
			    "IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 5, seq 3, length 8");
}

static void icmp_unreachable_shows_what(void **state)
{
	assert_string_equal(summary(LINKTYPE_RAW, "4500001c000100004001"
						  "0000" ADDRS4 "03030000"
						  "00000000"),
			    "IP 10.0.0.1 > 10.0.0.2: ICMP unreachable (port), length 8");
}

static void icmp6_solicitation_shows_its_target(void **state)
{
	assert_string_equal(summary(LINKTYPE_ETHERNET,
				    MACS IPV6 "60000000"
					      "00183aff" ADDRS6 "87000000"
					      "00000000"
					      "fe800000000000000000000000000002"),
			    "IP6 fe80::1 > ff02::1: ICMP6, neighbor solicitation, who has "
			    "fe80::2, length 24");
}

static void ipv6_extension_headers_are_stepped_over(void **state)
{
	assert_string_equal(summary(LINKTYPE_RAW, "60000000"
						  "001a0040" ADDRS6 "3c00000000000000"
						  "1100000000000000"
						  "04d2162e"
						  "000a0000"
						  "4142"),
			    "IP6 fe80::1.1234 > ff02::1.5678: UDP, length 2");
}

static void ipv4_fragment_shows_where_it_belongs(void **state)
{
	assert_string_equal(summary(LINKTYPE_RAW, "4500001c0009200a4011"
						  "0000" ADDRS4 "4142434445464748"),
			    "IP 10.0.0.1 > 10.0.0.2: protocol 17, length 8 (fragment, id 9, "
			    "offset 80+)");
}

static void first_fragment_shows_the_transport_too(void **state)
{
	assert_string_equal(summary(LINKTYPE_RAW, "60000000"
						  "00102c40" ADDRS6 "1100000100000009"
						  "04d2162e"
						  "05dc0000"),
			    "IP6 fe80::1.1234 > ff02::1.5678: UDP, length 1492 (fragment, id 9, "
			    "offset 0+)");
}

static void ip_in_ip_shows_both(void **state)
{
	assert_string_equal(summary(LINKTYPE_RAW, "45000032000100004004"
						  "0000" ADDRS4 "4500001e000100004011"
						  "0000"
						  "c0a80001c0a80002"
						  "04d2162e"
						  "000a0000"
						  "4142"),
			    "IP 10.0.0.1 > 10.0.0.2: IP 192.168.0.1.1234 > 192.168.0.2.5678: "
			    "UDP, length 2");
}

static void vlan_tags_show_their_ids(void **state)
{
	assert_string_equal(summary(LINKTYPE_ETHERNET, MACS "88a8"
							    "6064"
							    "8100"
							    "0005" IPV4 "4500001c000100004001"
							    "0000" ADDRS4 "00000000"
							    "00050003"),
			    "vlan 100, vlan 5, IP 10.0.0.1 > 10.0.0.2: ICMP echo reply, id 5, "
			    "seq 3, length 8");
}

static void arp_request_shows_who_asks(void **state)
{
	assert_string_equal(summary(LINKTYPE_ETHERNET, MACS "0806"
							    "0001080006040001"
							    "020000000001"
							    "0a000001"
							    "000000000000"
							    "0a000002"),
			    "ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28");
}

static void arp_reply_shows_the_address(void **state)
{
	assert_string_equal(summary(LINKTYPE_ETHERNET, MACS "0806"
							    "0001080006040002"
							    "020000000001"
							    "0a000001"
							    "020000000002"
							    "0a000002"),
			    "ARP, Reply 10.0.0.1 is-at 02:00:00:00:00:01, length 28");
}

static void unknown_ethertype_is_shown_as_a_number(void **state)
{
	assert_string_equal(summary(LINKTYPE_ETHERNET, MACS "1234"
							    "0000"),
			    "ethertype 0x1234, length 2");
}

static void link_option_shows_addresses(void **state)
{
	assert_string_equal(cut_summary(LINKTYPE_ETHERNET,
					MACS "88cc"
					     "0000",
					0, true),
			    "02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype LLDP (0x88cc), "
			    "length 16: ethertype LLDP (0x88cc), length 2");
}

static void cooked_v1_and_v2_reach_the_ip_packet(void **state)
{
	assert_string_equal(summary(LINKTYPE_LINUX_SLL, "0000"
							"0001"
							"0006"
							"0200000000010000"
							"0800"
							"4500001c000100004001"
							"0000" ADDRS4 "08000000"
							"00050003"),
			    "IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 5, seq 3, length 8");
	assert_string_equal(summary(LINKTYPE_LINUX_SLL2, "0800"
							 "0000"
							 "00000002"
							 "0001"
							 "00"
							 "06"
							 "0200000000010000"
							 "4500001c000100004001"
							 "0000" ADDRS4 "08000000"
							 "00050003"),
			    "IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 5, seq 3, length 8");
}

static void unknown_link_type_is_shown_as_a_number(void **state)
{
	assert_string_equal(summary(4711, "00"), "link type 4711, length 1");
}

static void cut_packet_tells_which_header_is_missing(void **state)
{
	assert_string_equal(cut_summary(LINKTYPE_ETHERNET, TCP_SYN, 10, false), "[|ether]");
	assert_string_equal(cut_summary(LINKTYPE_ETHERNET, TCP_SYN, 20, false), "IP [|ip]");
	assert_string_equal(cut_summary(LINKTYPE_ETHERNET, TCP_SYN, 40, false),
			    "IP 10.0.0.1 > 10.0.0.2: [|tcp]");
}

static void every_cut_of_a_packet_is_read_within_its_bytes(void **state)
{
	uint32_t caplen;

	for (caplen = 1; caplen <= 58; caplen++)
		cut_summary(LINKTYPE_ETHERNET, TCP_SYN, caplen, true);
}

static void line_shows_time_interface_and_direction(void **state)
{
	const struct line_from from = { .name = "eth0", .linktype = LINKTYPE_RAW };
	const struct nsr_packet packet = { .stamp_ns = 1700000000000000042ull,
					   .flags = NSR_PKT_OUT };
	char out[LINE_BYTES];

	setenv("TZ", "UTC", 1);
	line_format(out, &packet, &from, false);
	assert_string_equal(out, "22:13:20.000000042 eth0 Out [|ip]\n");
}

static void line_of_undirected_packet_shows_no_direction(void **state)
{
	const struct line_from from = { .name = "", .linktype = LINKTYPE_RAW };
	const struct nsr_packet packet = { .stamp_ns = 1700000000000000042ull,
					   .flags = NSR_PKT_UNDIRECTED };
	char out[LINE_BYTES];

	setenv("TZ", "UTC", 1);
	line_format(out, &packet, &from, false);
	assert_string_equal(out, "22:13:20.000000042 [|ip]\n");
}

static void line_of_packet_without_a_time_shows_none(void **state)
{
	const struct line_from from = { .name = "", .linktype = LINKTYPE_RAW };
	const struct nsr_packet packet = { .flags = NSR_PKT_UNDIRECTED | NSR_PKT_NO_STAMP };
	char out[LINE_BYTES];

	line_format(out, &packet, &from, false);
	assert_string_equal(out, "--:--:--.--------- [|ip]\n");
}

static void interface_name_with_control_characters_is_made_harmless(void **state)
{
	const struct line_from from = { .name = "e\033[2J\n", .linktype = LINKTYPE_RAW };
	const struct nsr_packet packet = { .flags = NSR_PKT_OUT };
	char out[LINE_BYTES];

	line_format(out, &packet, &from, false);
	assert_non_null(strstr(out, " e?[2J? Out "));
}

static void hex_lines_have_sixteen_bytes_and_their_characters(void **state)
{
	char *out;
	size_t bytes;
	FILE *memory = open_memstream(&out, &bytes);

	line_hex(memory, (const uint8_t *)"0123456789abcdef\x1b!", 18);
	fclose(memory);
	assert_string_equal(out,
			    "\t0x0000:  3031 3233 3435 3637 3839 6162 6364 6566  0123456789abcdef\n"
			    "\t0x0010:  1b21                                     .!\n");
	free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_shows_ports_flags_sequence_and_window),
		cmocka_unit_test(tcp_with_data_shows_the_range_and_the_acknowledgement),
		cmocka_unit_test(ethernet_padding_is_no_tcp_data),
		cmocka_unit_test(ip_length_of_zero_takes_the_link_layers),
		cmocka_unit_test(udp_shows_its_length),
		cmocka_unit_test(dns_query_shows_type_and_name),
		cmocka_unit_test(dns_answer_shows_failure),
		cmocka_unit_test(dns_name_with_control_characters_is_made_harmless),
		cmocka_unit_test(icmp_echo_shows_id_and_sequence),
		cmocka_unit_test(icmp_unreachable_shows_what),
		cmocka_unit_test(icmp6_solicitation_shows_its_target),
		cmocka_unit_test(ipv6_extension_headers_are_stepped_over),
		cmocka_unit_test(ipv4_fragment_shows_where_it_belongs),
		cmocka_unit_test(first_fragment_shows_the_transport_too),
		cmocka_unit_test(ip_in_ip_shows_both),
		cmocka_unit_test(vlan_tags_show_their_ids),
		cmocka_unit_test(arp_request_shows_who_asks),
		cmocka_unit_test(arp_reply_shows_the_address),
		cmocka_unit_test(unknown_ethertype_is_shown_as_a_number),
		cmocka_unit_test(link_option_shows_addresses),
		cmocka_unit_test(cooked_v1_and_v2_reach_the_ip_packet),
		cmocka_unit_test(unknown_link_type_is_shown_as_a_number),
		cmocka_unit_test(cut_packet_tells_which_header_is_missing),
		cmocka_unit_test(every_cut_of_a_packet_is_read_within_its_bytes),
		cmocka_unit_test(line_shows_time_interface_and_direction),
		cmocka_unit_test(line_of_undirected_packet_shows_no_direction),
		cmocka_unit_test(line_of_packet_without_a_time_shows_none),
		cmocka_unit_test(interface_name_with_control_characters_is_made_harmless),
		cmocka_unit_test(hex_lines_have_sixteen_bytes_and_their_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
