/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Where the headers of a packet are found. Packets are written as hexadecimal, a header a string.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <netinet/in.h>

#include "dissect/bytes.h"
#include "dissect/dissect.h"
#include "hex.h"

#define LINKTYPE_NULL	    0
#define LINKTYPE_ETHERNET   1
#define LINKTYPE_RAW	    101
#define LINKTYPE_LINUX_SLL2 276
#define PACKET_MAX	    512

#define MACS                                                                                       \
	"020000000002"                                                                             \
	"020000000001"
#define ADDRS4                                                                                     \
	"0a000001"                                                                                 \
	"0a000002"
#define ADDRS6                                                                                     \
	"fe800000000000000000000000000001"                                                         \
	"ff020000000000000000000000000001"
/* 1234 to 5678, two bytes of data */
#define UDP                                                                                        \
	"04d2162e"                                                                                 \
	"000a0000"                                                                                 \
	"4142"
#define IP4_UDP                                                                                    \
	"4500001e000100004011"                                                                     \
	"0000" ADDRS4 UDP
#define TCP_SYN                                                                                    \
	"4500002c000100004006"                                                                     \
	"0000" ADDRS4 "c35001bb"                                                                   \
	"00000064"                                                                                 \
	"00000000"                                                                                 \
	"6002ffff"                                                                                 \
	"00000000"                                                                                 \
	"020405b4"

static uint8_t packet[PACKET_MAX];

/*
 * Walk the first @caplen bytes of a packet of @len on the wire, which lie at the end of an
 * allocation, so that AddressSanitizer sees a read beyond them.
 */
static struct dissect walk_bytes(uint32_t linktype, uint32_t caplen, uint32_t len)
{
	struct dissect d;
	uint8_t *data = malloc(caplen ? caplen : 1);

	assert_non_null(data);
	memcpy(data, packet, caplen);
	memset(&d, 0xff, sizeof(d));
	dissect(&d, caplen ? data : NULL, caplen, len, linktype);
	free(data);
	return d;
}

static struct dissect walk(uint32_t linktype, const char *hex)
{
	uint32_t len = from_hex(packet, sizeof(packet), hex);

	return walk_bytes(linktype, len, len);
}

static struct dissect walk_cut(uint32_t linktype, const char *hex, uint32_t caplen)
{
	return walk_bytes(linktype, caplen, from_hex(packet, sizeof(packet), hex));
}

static void assert_ports(const struct dissect *d, uint16_t source, uint16_t destination)
{
	assert_true(d->transport.ports > 0);
	assert_int_equal(bytes_u16(packet + d->transport.ports), source);
	assert_int_equal(bytes_u16(packet + d->transport.ports + 2), destination);
}

static void a_flow_is_told_by_offsets_alone(void **state)
{
	const uint8_t src[] = { 10, 0, 0, 1 }, dst[] = { 10, 0, 0, 2 };
	struct dissect d = walk(LINKTYPE_ETHERNET, MACS "0800" IP4_UDP);

	assert_false(d.cut || d.bad);
	assert_int_equal(d.link, DISSECT_LINK_ETHERNET);
	assert_int_equal(d.network_kind, DISSECT_NETWORK_IP);
	assert_int_equal(d.network, 14);
	assert_int_equal(d.ips, 1);
	assert_int_equal(d.ip[0].version, 4);
	assert_memory_equal(packet + d.ip[0].src, src, 4);
	assert_memory_equal(packet + d.ip[0].dst, dst, 4);
	assert_true(d.transport.known);
	assert_int_equal(d.transport.protocol, IPPROTO_UDP);
	assert_ports(&d, 1234, 5678);
	assert_int_equal(d.transport.payload, 42);
	assert_int_equal(d.transport.payload_captured, 2);
	assert_int_equal(d.transport.payload_len, 2);
}

static void tags_are_counted_and_the_ethertype_is_that_behind_them(void **state)
{
	struct dissect d = walk(LINKTYPE_ETHERNET, MACS "88a8"
							"6064"
							"8100"
							"0005"
							"0800" IP4_UDP);

	assert_int_equal(d.vlans, 2);
	assert_int_equal(d.vlan, 14);
	assert_int_equal(bytes_u16(packet + d.vlan + 4), 5);
	assert_int_equal(d.link_ethertype, 0x88a8);
	assert_int_equal(d.ethertype, 0x0800);
	assert_int_equal(d.network, 22);
	assert_int_equal(d.network_len, 30);
	assert_ports(&d, 1234, 5678);
}

static void tag_that_is_cut_ends_the_walk(void **state)
{
	struct dissect d = walk_cut(LINKTYPE_ETHERNET,
				    MACS "88a8"
					 "6064"
					 "8100"
					 "0005"
					 "0800" IP4_UDP,
				    20);

	assert_true(d.cut);
	assert_int_equal(d.vlans, 1);
	assert_int_equal(d.network_kind, DISSECT_NETWORK_NONE);
	assert_int_equal(d.ips, 0);
}

static void cooked_and_loopback_headers_lead_to_ip(void **state)
{
	struct dissect d = walk(LINKTYPE_LINUX_SLL2, "0800"
						     "0000"
						     "00000002"
						     "0001"
						     "00"
						     "06"
						     "0200000000010000" IP4_UDP);

	assert_int_equal(d.network, 20);
	assert_ports(&d, 1234, 5678);
	d = walk(LINKTYPE_NULL, "02000000" IP4_UDP);
	assert_int_equal(d.network, 4);
	assert_ports(&d, 1234, 5678);
}

static void link_type_that_is_not_known_is_left_alone(void **state)
{
	struct dissect d = walk(4711, IP4_UDP);

	assert_int_equal(d.link, DISSECT_LINK_UNKNOWN);
	assert_int_equal(d.network_kind, DISSECT_NETWORK_NONE);
	assert_false(d.cut);
}

static void arp_and_802_3_are_told_from_ip(void **state)
{
	struct dissect d = walk(LINKTYPE_ETHERNET, MACS "0806"
							"0001");

	assert_int_equal(d.network_kind, DISSECT_NETWORK_ARP);
	assert_int_equal(d.network_captured, 2);
	d = walk(LINKTYPE_ETHERNET, MACS "0026"
					 "4242");
	assert_int_equal(d.network_kind, DISSECT_NETWORK_LENGTH);
	d = walk(LINKTYPE_ETHERNET, MACS "88cc"
					 "0000");
	assert_int_equal(d.network_kind, DISSECT_NETWORK_OTHER);
	assert_int_equal(d.ips, 0);
}

static void ethernet_padding_is_no_payload(void **state)
{
	struct dissect d = walk(LINKTYPE_ETHERNET, MACS "0800" IP4_UDP "0000000000000000");

	assert_int_equal(d.network_captured, 38);
	assert_int_equal(d.ip[0].captured, 10);
	assert_int_equal(d.transport.payload_captured, 2);
}

static void later_fragment_has_no_transport(void **state)
{
	struct dissect d = walk(LINKTYPE_RAW, "4500001c0009200a4011"
					      "0000" ADDRS4 "4142434445464748");

	assert_true(d.ip[0].fragment);
	assert_true(d.ip[0].more_fragments);
	assert_int_equal(d.ip[0].fragment_id, 9);
	assert_int_equal(d.ip[0].fragment_offset, 80);
	assert_int_equal(d.ip[0].protocol, IPPROTO_UDP);
	assert_int_equal(d.ip[0].payload, 20);
	assert_int_equal(d.ip[0].captured, 8);
	assert_false(d.transport.known);
	assert_int_equal(d.transport.ports, 0);
	assert_false(d.cut);
}

static void first_fragment_has_its_transport(void **state)
{
	struct dissect d = walk(LINKTYPE_RAW, "60000000"
					      "00102c40" ADDRS6 "1100000100000009"
					      "04d2162e"
					      "05dc0000");

	assert_true(d.ip[0].fragment);
	assert_int_equal(d.ip[0].fragment_offset, 0);
	assert_ports(&d, 1234, 5678);
	assert_int_equal(d.transport.payload_len, 1492);
	assert_int_equal(d.transport.payload_captured, 0);
}

/* Hop-by-hop options, 16 bytes of destination options, an authentication header of 12. */
#define EXTENSIONS                                                                                 \
	"60000000"                                                                                 \
	"002e0040" ADDRS6 "3c00000000000000"                                                       \
	"33010000000000000000000000000000"                                                         \
	"1101000000000000"                                                                         \
	"00000000" UDP

static void extension_headers_are_stepped_over(void **state)
{
	struct dissect d = walk(LINKTYPE_RAW, EXTENSIONS);

	assert_int_equal(d.ip[0].protocol, IPPROTO_UDP);
	assert_int_equal(d.ip[0].header_bytes, 40 + 8 + 16 + 12);
	assert_int_equal(d.ip[0].payload, 76);
	assert_int_equal(d.ip[0].len, 10);
	assert_ports(&d, 1234, 5678);
}

static void behind_an_extension_header_that_is_cut_no_protocol_is_known(void **state)
{
	struct dissect d = walk_cut(LINKTYPE_RAW, EXTENSIONS, 60);

	assert_true(d.cut);
	assert_int_equal(d.ip[0].status, DISSECT_CUT);
	assert_int_equal(d.ip[0].protocol, IPPROTO_DSTOPTS);
	assert_true(d.ip[0].src > 0);
	assert_int_equal(d.ip[0].captured, 0);
	assert_false(d.transport.known);
}

#define IP4_IN_IP4                                                                                 \
	"4500ffff000100004004"                                                                     \
	"0000" ADDRS4

static void tunnels_are_followed_to_a_depth(void **state)
{
	struct dissect d = walk(LINKTYPE_RAW, IP4_IN_IP4 IP4_IN_IP4 IP4_IN_IP4 IP4_UDP);

	assert_int_equal(d.ips, DISSECT_IP_MOST);
	assert_int_equal(d.ip[1].header, 20);
	assert_int_equal(d.ip[3].header, 60);
	assert_ports(&d, 1234, 5678);
	d = walk(LINKTYPE_RAW, IP4_IN_IP4 IP4_IN_IP4 IP4_IN_IP4 IP4_IN_IP4 IP4_UDP);
	assert_int_equal(d.ips, DISSECT_IP_MOST);
	assert_int_equal(d.transport.protocol, IPPROTO_IPIP);
	assert_int_equal(d.transport.header, 80);
	assert_int_equal(d.transport.ports, 0);
}

static void ipv6_in_ipv4_has_both_headers(void **state)
{
	struct dissect d = walk(LINKTYPE_RAW, "45000046000100004029"
					      "0000" ADDRS4 "60000000"
					      "000a1140" ADDRS6 UDP);

	assert_int_equal(d.ips, 2);
	assert_int_equal(d.ip[0].version, 4);
	assert_int_equal(d.ip[1].version, 6);
	assert_int_equal(d.ip[1].src, 28);
	assert_ports(&d, 1234, 5678);
}

static void header_that_is_cut_has_no_addresses(void **state)
{
	struct dissect d = walk_cut(LINKTYPE_RAW, IP4_UDP, 19);

	assert_true(d.cut);
	assert_int_equal(d.ip[0].status, DISSECT_CUT);
	assert_int_equal(d.ip[0].src, 0);
	assert_false(d.transport.known);
}

static void ports_are_found_though_the_header_is_cut_behind_them(void **state)
{
	struct dissect d = walk_cut(LINKTYPE_RAW, TCP_SYN, 24);

	assert_true(d.cut);
	assert_int_equal(d.transport.status, DISSECT_CUT);
	assert_ports(&d, 50000, 443);
	d = walk_cut(LINKTYPE_RAW, TCP_SYN, 23);
	assert_int_equal(d.transport.ports, 0);
	assert_true(d.transport.known);
}

static void options_that_are_cut_leave_the_header_and_no_payload(void **state)
{
	struct dissect d = walk_cut(LINKTYPE_RAW, TCP_SYN, 42);

	assert_int_equal(d.transport.status, DISSECT_CUT);
	assert_int_equal(d.transport.header_bytes, 24);
	assert_int_equal(d.transport.payload, 0);
	d = walk(LINKTYPE_RAW, TCP_SYN);
	assert_int_equal(d.transport.status, DISSECT_WHOLE);
	assert_int_equal(d.transport.payload, 44);
}

static void lengths_that_contradict_each_other_are_bad(void **state)
{
	/* A total length below the header's, a TCP header beyond its packet, a UDP length of 3. */
	struct dissect d = walk(LINKTYPE_RAW, "45000013000100004011"
					      "0000" ADDRS4 UDP);

	assert_true(d.bad);
	assert_int_equal(d.ip[0].status, DISSECT_BAD);
	assert_int_equal(d.ip[0].src, 0);
	assert_false(d.transport.known);
	d = walk(LINKTYPE_RAW, "45000028000100004006"
			       "0000" ADDRS4 "c35001bb"
			       "00000064"
			       "00000000"
			       "f002ffff"
			       "00000000");
	assert_int_equal(d.transport.status, DISSECT_BAD);
	assert_ports(&d, 50000, 443);
	d = walk(LINKTYPE_RAW, "4500001c000100004011"
			       "0000" ADDRS4 "04d2162e"
			       "00030000");
	assert_int_equal(d.transport.status, DISSECT_BAD);
	assert_int_equal(d.transport.payload_len, 0);
}

static void datagram_that_says_less_than_its_packet_has_no_more_payload(void **state)
{
	struct dissect d = walk(LINKTYPE_RAW, "45000020000100004011"
					      "0000" ADDRS4 "04d2162e"
					      "000a0000"
					      "41424344");

	assert_int_equal(d.transport.captured, 12);
	assert_int_equal(d.transport.payload_captured, 2);
}

static void total_length_of_zero_takes_the_link_layers(void **state)
{
	struct dissect d = walk(LINKTYPE_ETHERNET, MACS "0800"
							"45000000000100004011"
							"0000" ADDRS4 "04d2162e"
							"00000000"
							"4142");

	assert_int_equal(d.ip[0].total, 30);
	assert_int_equal(d.transport.payload_len, 2);
}

static void every_header_that_is_cut_is_told(void **state)
{
	uint32_t len = from_hex(packet, sizeof(packet), EXTENSIONS), caplen;

	/* The last two bytes are payload. */
	for (caplen = 0; caplen <= len; caplen++)
		assert_int_equal(walk_bytes(LINKTYPE_RAW, caplen, len).cut, caplen < len - 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flow_is_told_by_offsets_alone),
		cmocka_unit_test(tags_are_counted_and_the_ethertype_is_that_behind_them),
		cmocka_unit_test(tag_that_is_cut_ends_the_walk),
		cmocka_unit_test(cooked_and_loopback_headers_lead_to_ip),
		cmocka_unit_test(link_type_that_is_not_known_is_left_alone),
		cmocka_unit_test(arp_and_802_3_are_told_from_ip),
		cmocka_unit_test(ethernet_padding_is_no_payload),
		cmocka_unit_test(later_fragment_has_no_transport),
		cmocka_unit_test(first_fragment_has_its_transport),
		cmocka_unit_test(extension_headers_are_stepped_over),
		cmocka_unit_test(behind_an_extension_header_that_is_cut_no_protocol_is_known),
		cmocka_unit_test(tunnels_are_followed_to_a_depth),
		cmocka_unit_test(ipv6_in_ipv4_has_both_headers),
		cmocka_unit_test(header_that_is_cut_has_no_addresses),
		cmocka_unit_test(ports_are_found_though_the_header_is_cut_behind_them),
		cmocka_unit_test(options_that_are_cut_leave_the_header_and_no_payload),
		cmocka_unit_test(lengths_that_contradict_each_other_are_bad),
		cmocka_unit_test(datagram_that_says_less_than_its_packet_has_no_more_payload),
		cmocka_unit_test(total_length_of_zero_takes_the_link_layers),
		cmocka_unit_test(every_header_that_is_cut_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
