/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Flows, as a cluster tells them apart. Packets are written as hexadecimal, a header a string;
 * most begin at their IP header.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <linux/if_ether.h>
#include <linux/jiffies.h>
#include <linux/skbuff.h>

#include "flow.h"
#include "hex.h"
#include "skb.h"

#define PACKET_MAX 512
#define ANY_IP	   0

#define MACS		  "020000000002020000000001"
#define MACS_BACK	  "020000000001020000000002"
#define TAG(vlan)	  "81000" vlan
#define SERVICE_TAG(vlan) "88a8a" vlan /* with a priority, and DEI */
#define ETHERNET4	  MACS "0800"

#define A4 "0a000001"
#define B4 "0a000002"
#define A6 "20010db8000000000000000000000001"
#define B6 "20010db8000000000000000000000002"

/* Headers by what differs: flags and offset are in one. */
#define IPV4_PART(id, fragment, protocol, from, to)                                                \
	"45000054" id fragment "40" protocol "0000" from to
#define IPV4(protocol, from, to)      IPV4_PART("0001", "0000", protocol, from, to)
#define IPV6(next, from, to)	      "600000000028" next "40" from to
#define IPV6_PART(id, fragment, next) next "00" fragment id
#define FIRST			      "2000"
#define LATER			      "00b9"
#define FIRST6			      "0001"
#define LATER6			      "05a8"

#define ICMP	"01"
#define IN_IPV4 "04"
#define TCP	"06"
#define UDP	"11"
#define IN_IPV6 "29"
#define PART6	"2c"
#define GRE	"2f"
#define ESP	"32"
#define DST6	"3c"

#define PORTS	   "303900500024000000000000"
#define PORTS_BACK "005030390024000000000000"
#define OTHERS	   "303a00500024000000000000"
#define REST	   "abcdabcdabcdabcdabcdabcdabcdabcd"

/* A packet from A to B, and others of its flow and not of it. */
#define PACKET	     IPV4(TCP, A4, B4) PORTS
#define ANSWER	     IPV4(TCP, B4, A4) PORTS_BACK
#define OTHER_PACKET IPV4(TCP, A4, B4) OTHERS

/* Tunnels between two others, the sender's port of whose choosing. */
#define OUTER(protocol) IPV4(protocol, "c0000201", "c0000202")
#define VXLAN_FROM(port)                                                                           \
	OUTER(UDP)                                                                                 \
	port "12b500000000"                                                                        \
	     "0800000000002a00"
#define VXLAN			  VXLAN_FROM("c000")
#define GTPU_FROM(port, flags)	  OUTER(UDP) port "086800000000" flags "ff004000000007"
#define GTPU			  GTPU_FROM("0868", "30")
#define GRE_WITH(flags, protocol) OUTER(GRE) flags protocol

unsigned long jiffies;

static struct nsr_flow_hasher hasher;
static unsigned int reads;

static void hash_by(enum nsr_flow_key key, bool inner)
{
	memset(&hasher, 0, sizeof(hasher));
	hasher.seed.flow.key[0] = 0x0706050403020100;
	hasher.seed.flow.key[1] = 0x0f0e0d0c0b0a0908;
	hasher.seed.fragment.key[0] = 1;
	hasher.key = key;
	hasher.inner = inner;
	jiffies = 1000UL * HZ;
}

static int by_5_tuple(void **state)
{
	hash_by(NSR_FLOW_5_TUPLE, false);
	return 0;
}

static int by_2_tuple(void **state)
{
	hash_by(NSR_FLOW_2_TUPLE, false);
	return 0;
}

static int by_inner_5_tuple(void **state)
{
	hash_by(NSR_FLOW_5_TUPLE, true);
	return 0;
}

static int by_inner_2_tuple(void **state)
{
	hash_by(NSR_FLOW_2_TUPLE, true);
	return 0;
}

static u32 hash_bytes(const uint8_t *bytes, int len, int offset, int headlen, u16 protocol)
{
	struct sk_buff *skb = skb_of(bytes, len, offset, headlen, &reads);
	u32 hash;

	hash = nsr_flow_hash(&hasher, skb, offset, htons(protocol));
	free_skb(skb);
	return hash;
}

static u32 hash_of(const char *hex, u16 protocol)
{
	uint8_t bytes[PACKET_MAX];
	int len = (int)from_hex(bytes, sizeof(bytes), hex);

	return hash_bytes(bytes, len, 0, len, protocol);
}

static u32 hash_ip(const char *hex)
{
	return hash_of(hex, ANY_IP);
}

static u32 hash_frame(const char *hex)
{
	return hash_of(hex, ETH_P_TEB);
}

static void assert_one_flow(const char *packet, const char *other)
{
	assert_int_equal(hash_ip(packet), hash_ip(other));
	assert_int_not_equal(hash_ip(packet), 0);
}

static void assert_two_flows(const char *packet, const char *other)
{
	assert_int_not_equal(hash_ip(packet), hash_ip(other));
}

static void both_directions_of_a_flow_hash_the_same(void **state)
{
	static const char *const protocols[] = { TCP, UDP, "88", "84", "21" };
	char packet[PACKET_MAX], answer[PACKET_MAX], other[PACKET_MAX];
	size_t i;

	for (i = 0; i < sizeof(protocols) / sizeof(*protocols); i++) {
		snprintf(packet, sizeof(packet), IPV4("%s", A4, B4) PORTS, protocols[i]);
		snprintf(answer, sizeof(answer), IPV4("%s", B4, A4) PORTS_BACK, protocols[i]);
		snprintf(other, sizeof(other), IPV4("%s", B4, A4) PORTS, protocols[i]);
		assert_one_flow(packet, answer);
		assert_two_flows(packet, other);
		snprintf(packet, sizeof(packet), IPV6("%s", A6, B6) PORTS, protocols[i]);
		snprintf(answer, sizeof(answer), IPV6("%s", B6, A6) PORTS_BACK, protocols[i]);
		snprintf(other, sizeof(other), IPV6("%s", B6, A6) PORTS, protocols[i]);
		assert_one_flow(packet, answer);
		assert_two_flows(packet, other);
	}
	/* With itself, as on a loopback device. */
	assert_one_flow(IPV4(TCP, A4, A4) PORTS, IPV4(TCP, A4, A4) PORTS_BACK);
	assert_one_flow(IPV6(TCP, A6, A6) PORTS, IPV6(TCP, A6, A6) PORTS_BACK);
}

static void ports_addresses_and_protocol_make_the_flow(void **state)
{
	assert_two_flows(PACKET, OTHER_PACKET);
	assert_two_flows(PACKET, IPV4(UDP, A4, B4) PORTS);
	assert_two_flows(PACKET, IPV4(TCP, A4, "0a000003") PORTS);
	assert_two_flows(IPV6(TCP, A6, B6) PORTS, IPV6(TCP, A6, B6) OTHERS);
	assert_two_flows(IPV6(TCP, A6, B6) PORTS, IPV6(UDP, A6, B6) PORTS);
}

static void addresses_alone_make_the_flow_of_a_2_tuple(void **state)
{
	assert_one_flow(PACKET, IPV4(UDP, B4, A4) OTHERS);
	assert_two_flows(PACKET, IPV4(TCP, A4, "0a000003") PORTS);
	assert_one_flow(IPV6(TCP, A6, B6) PORTS, IPV6(UDP, B6, A6) OTHERS);
	assert_one_flow(PACKET, IPV4_PART("0007", LATER, UDP, B4, A4) REST);
}

static void echo_request_and_reply_are_one_flow(void **state)
{
	assert_one_flow(IPV4(ICMP, A4, B4) "0800123400010001",
			IPV4(ICMP, B4, A4) "0000567800010001");
	assert_one_flow(IPV6("3a", A6, B6) "8000123400010001",
			IPV6("3a", B6, A6) "8100567800010001");
}

static void ports_behind_ip_options_are_found(void **state)
{
	assert_one_flow(PACKET, "460000540001000040060000" A4 B4 "01010101" PORTS);
}

static void the_seed_decides_which_flows_meet(void **state)
{
	u32 hash = hash_ip(PACKET);
	u32 hash6 = hash_ip(IPV6(TCP, A6, B6) PORTS);

	hasher.seed.flow.key[0]++;
	assert_int_not_equal(hash_ip(PACKET), hash);
	assert_int_not_equal(hash_ip(IPV6(TCP, A6, B6) PORTS), hash6);
}

static void flows_spread_over_the_members(void **state)
{
	const unsigned int members = 7, flows = 7000;
	unsigned int counts[7] = { 0 }, i;
	uint8_t bytes[PACKET_MAX];
	int len;

	len = (int)from_hex(bytes, sizeof(bytes), PACKET);
	for (i = 0; i < flows; i++) {
		bytes[20] = (uint8_t)(i >> 8);
		bytes[21] = (uint8_t)i;
		counts[(u64)hash_bytes(bytes, len, 0, len, ANY_IP) * members >> 32]++;
	}
	for (i = 0; i < members; i++)
		assert_in_range(counts[i], 850, 1150);
}

static void devices_with_and_without_ethernet_hash_the_same(void **state)
{
	u32 hash = hash_frame(MACS "0800" PACKET);

	assert_int_equal(hash_of(PACKET, ETH_P_IP), hash);
	assert_int_equal(hash_of(PACKET, ANY_IP), hash);
	hash = hash_frame(MACS "86dd" IPV6(TCP, A6, B6) PORTS);
	assert_int_equal(hash_of(IPV6(TCP, A6, B6) PORTS, ETH_P_IPV6), hash);
	assert_int_equal(hash_of(IPV6(TCP, A6, B6) PORTS, ANY_IP), hash);
}

static void frames_without_ip_are_hashed_by_mac_addresses(void **state)
{
	u32 hash = hash_frame(MACS "08060001");

	assert_int_not_equal(hash, 0);
	assert_int_equal(hash_frame(MACS_BACK "88cc"), hash);
	assert_int_not_equal(hash_frame("ffffffffffff020000000001"
					"0806"),
			     hash);
	/* Nor is this IP: a length stands where the type would, and 0 is one. */
	assert_int_equal(hash_frame(MACS "0000" PACKET), hash);
	/* Nor this, whose version is wrong, or its length. */
	assert_int_equal(hash_frame(MACS "0800"
					 "65" REST REST),
			 hash);
	assert_int_equal(hash_frame(MACS "0800"
					 "44" REST REST),
			 hash);
	assert_int_equal(hash_frame(MACS "86dd"
					 "40" REST REST REST),
			 hash);
}

static void what_is_not_understood_at_all_hashes_to_0(void **state)
{
	assert_int_equal(hash_of(REST, ETH_P_ARP), 0);
	assert_int_equal(hash_of(REST, ANY_IP), 0);
	assert_int_equal(hash_of("", ANY_IP), 0);
	assert_int_equal(hash_frame("020000000002"), 0);
}

static void vlan_tags_are_looked_through(void **state)
{
	u32 hash = hash_frame(ETHERNET4 PACKET);

	assert_int_equal(hash_frame(MACS TAG("064") "0800" PACKET), hash);
	assert_int_equal(hash_frame(MACS SERVICE_TAG("007") TAG("064") "0800" PACKET), hash);
	assert_int_equal(hash_frame(MACS TAG("001") TAG("002") TAG("003") "0800" PACKET), hash);
	assert_int_equal(hash_of("0064"
				 "0800" PACKET,
				 ETH_P_8021Q),
			 hash);
	/* To an end. */
	assert_int_equal(hash_frame(MACS TAG("001") TAG("002") TAG("003") TAG("004") "0800" PACKET),
			 hash_frame(MACS "0806"));
}

/* A received packet, which stands behind its MAC addresses. */
static u16 vlan_of(const char *hex, u16 protocol, int tci)
{
	uint8_t bytes[PACKET_MAX];
	int len = (int)from_hex(bytes, sizeof(bytes), hex);
	struct sk_buff *skb = skb_of(bytes, len, -12, len, &reads);
	u16 vlan;

	if (tci >= 0) {
		skb->vlan_present = true;
		skb->vlan_tci = (u16)tci;
	}
	vlan = nsr_flow_vlan(skb, -12, htons(protocol));
	free_skb(skb);
	return vlan;
}

static void the_vlan_is_that_of_the_outermost_tag(void **state)
{
	assert_int_equal(vlan_of(ETHERNET4 PACKET, ETH_P_TEB, -1), 0);
	assert_int_equal(vlan_of(MACS TAG("064") "0800" PACKET, ETH_P_TEB, -1), 100);
	assert_int_equal(vlan_of(MACS SERVICE_TAG("007") TAG("064") "0800", ETH_P_TEB, -1), 7);
	assert_int_equal(vlan_of(MACS TAG("064") "0800" PACKET, ETH_P_TEB, 0xf009), 9);
	assert_int_equal(vlan_of(PACKET, ETH_P_IP, 0x0009), 9);
	assert_int_equal(vlan_of(PACKET, ETH_P_IP, -1), 0);
	assert_int_equal(vlan_of("0064"
				 "0800" PACKET,
				 ETH_P_8021Q, -1),
			 100);
	assert_int_equal(vlan_of(MACS "8100"
				      "00",
				 ETH_P_TEB, -1),
			 0);
	assert_int_equal(vlan_of(MACS, ETH_P_TEB, -1), 0);
}

static void extension_headers_are_skipped(void **state)
{
	u32 hash = hash_ip(IPV6(TCP, A6, B6) PORTS);

	assert_int_equal(hash_ip(IPV6("00", A6, B6) DST6 "00010400000000" TCP
							 "01010c000000000000000000000000" PORTS),
			 hash);
	assert_int_equal(hash_ip(IPV6("33", A6, B6) TCP "0400000000000000000000"
							"000000000000000000000000" PORTS),
			 hash);
	assert_int_equal(hash_ip(IPV6("2b", A6, B6) "87"
						    "00040000000000" TCP "00050000000000" PORTS),
			 hash);
	/* A fragment that is the whole packet. */
	assert_int_equal(hash_ip(IPV6(PART6, A6, B6) IPV6_PART("00000007", "0000", TCP) PORTS),
			 hash);
	assert_int_not_equal(hash_ip(IPV6(ESP, A6, B6) PORTS), hash);
}

#define EXTENSION    DST6 "00010400000000"
#define EXTENSIONS_7 EXTENSION EXTENSION EXTENSION EXTENSION EXTENSION EXTENSION EXTENSION

static void extension_headers_are_skipped_to_an_end(void **state)
{
	assert_one_flow(IPV6(DST6, A6, B6) EXTENSIONS_7 TCP "00010400000000" PORTS,
			IPV6(TCP, A6, B6) PORTS);
	assert_one_flow(IPV6(DST6, A6, B6) EXTENSIONS_7 EXTENSION TCP "00010400000000" PORTS,
			IPV6(DST6, A6, B6));
}

static void fragments_follow_their_flow(void **state)
{
	u32 hash = hash_ip(PACKET);

	assert_int_equal(hash_ip(IPV4_PART("0007", FIRST, TCP, B4, A4) PORTS_BACK), hash);
	assert_int_equal(hash_ip(IPV4_PART("0007", LATER, TCP, B4, A4) REST), hash);
	assert_int_equal(hash_ip(IPV4_PART("0007", "2172", TCP, B4, A4) REST), hash);
}

static void fragments_of_ipv6_follow_their_flow(void **state)
{
	u32 hash = hash_ip(IPV6(UDP, A6, B6) PORTS);

	assert_int_equal(hash_ip(IPV6(PART6, A6, B6) IPV6_PART("00000007", FIRST6, DST6) UDP
				 "00010400000000" PORTS),
			 hash);
	assert_int_equal(hash_ip(IPV6(PART6, A6, B6) IPV6_PART("00000007", LATER6, DST6) REST),
			 hash);
	/* The protocol in a fragment that isn't the first doesn't count. */
	assert_int_equal(hash_ip(IPV6(PART6, A6, B6) IPV6_PART("00000007", LATER6, UDP) REST),
			 hash);
	assert_int_not_equal(hash_ip(IPV6(PART6, A6, B6) IPV6_PART("00010007", LATER6, UDP) REST),
			     hash);
}

static void fragments_of_nobody_in_ipv6_are_not_looked_into(void **state)
{
	assert_int_equal(
		hash_ip(IPV6(PART6, A6, B6) IPV6_PART("00000007", LATER6, DST6) EXTENSIONS_7),
		hash_ip(IPV6(PART6, A6, B6) IPV6_PART("00000007", LATER6, DST6) REST));
	hash_ip(IPV6(PART6, A6, B6) IPV6_PART("00000007", FIRST6, UDP) PORTS);
	assert_two_flows(IPV6(PART6, A6, B6) IPV6_PART("00000007", LATER6, UDP) REST,
			 IPV6(PART6, A6, B6) IPV6_PART("00000008", LATER6, UDP) REST);
}

static void fragments_of_nobody_are_hashed_by_addresses_and_protocol(void **state)
{
	u32 unknown = hash_ip(IPV4_PART("0007", LATER, TCP, A4, B4) REST);

	assert_int_equal(unknown, hash_ip(IPV4_PART("0007", LATER, TCP, B4, A4) REST));
	hash_ip(IPV4_PART("0007", FIRST, TCP, A4, B4) PORTS);
	assert_int_not_equal(hash_ip(IPV4_PART("0007", LATER, TCP, A4, B4) REST), unknown);
	assert_int_equal(hash_ip(IPV4_PART("0008", LATER, TCP, A4, B4) REST), unknown);
	assert_int_equal(hash_ip(IPV4_PART("0007", LATER, TCP, B4, A4) REST), unknown);
	assert_int_not_equal(hash_ip(IPV4_PART("0007", LATER, UDP, A4, B4) REST), unknown);
	assert_int_equal(hash_ip(IPV4_PART("0007", LATER, UDP, A4, B4) REST),
			 hash_ip(IPV4(UDP, A4, B4)));
}

static void an_id_that_comes_again_means_the_newer_packet(void **state)
{
	hash_ip(IPV4_PART("0007", FIRST, TCP, A4, B4) PORTS);
	hash_ip(IPV4_PART("0007", FIRST, TCP, A4, B4) OTHERS);
	assert_int_equal(hash_ip(IPV4_PART("0007", LATER, TCP, A4, B4) REST),
			 hash_ip(OTHER_PACKET));
}

static void first_fragments_are_forgotten_after_5_s(void **state)
{
	const char *later = IPV4_PART("0007", LATER, TCP, A4, B4) REST;
	u32 unknown = hash_ip(later);

	/* The count of seconds turns over meanwhile. */
	jiffies = 0xfffeUL * HZ;
	hash_ip(IPV4_PART("0007", FIRST, TCP, A4, B4) PORTS);
	jiffies += 5UL * HZ;
	assert_int_equal(hash_ip(later), hash_ip(PACKET));
	jiffies += HZ;
	assert_int_equal(hash_ip(later), unknown);
}

/* The hash of a fragment with this id. */
static u32 hash_part(const char *hex, int id)
{
	uint8_t bytes[PACKET_MAX];
	int len = (int)from_hex(bytes, sizeof(bytes), hex);

	bytes[4] = (uint8_t)(id >> 8);
	bytes[5] = (uint8_t)id;
	return hash_bytes(bytes, len, 0, len, ANY_IP);
}

static void many_fragmented_packets_are_known_at_once(void **state)
{
	u32 hash = hash_ip(PACKET);
	int id, known = 0;

	for (id = 0; id < 100; id++)
		hash_part(IPV4_PART("0000", FIRST, TCP, A4, B4) PORTS, id);
	for (id = 0; id < 100; id++)
		known += hash_part(IPV4_PART("0000", LATER, TCP, A4, B4) REST, id) == hash;
	assert_in_range(known, 90, 100);
}

/* A fragment of the stranger with this number, each of whom has sent one packet. */
static u32 hash_part_of(const char *hex, int stranger)
{
	uint8_t bytes[PACKET_MAX];
	int len = (int)from_hex(bytes, sizeof(bytes), hex);

	bytes[14] = (uint8_t)(stranger >> 8);
	bytes[15] = (uint8_t)stranger;
	return hash_bytes(bytes, len, 0, len, ANY_IP);
}

/* How many of a hundred strangers' fragments follow theirs, which came before the flood. */
static int strangers_behind(void (*flood)(void))
{
	u32 hashes[100];
	int i, known = 0;

	for (i = 0; i < 100; i++)
		hashes[i] = hash_part_of(IPV4_PART("0007", FIRST, UDP, A4, B4) PORTS, i);
	flood();
	for (i = 0; i < 100; i++)
		known += hash_part_of(IPV4_PART("0007", LATER, UDP, A4, B4) REST, i) == hashes[i];
	return known;
}

static void flood_between_two_hosts(void)
{
	int id;

	for (id = 0; id < 65536; id++)
		hash_part(IPV4_PART("0000", FIRST, UDP, "c6336401", "c6336402") PORTS, id);
}

static void flood_from_made_up_hosts(void)
{
	int host;

	for (host = 0; host < 500; host++)
		hash_part_of(IPV4_PART("0000", FIRST, UDP, "c6336401", "c6336402") PORTS, host);
}

static void a_flood_of_fragments_between_two_hosts_leaves_those_of_others_alone(void **state)
{
	/* An eighth is in its reach. */
	assert_in_range(strangers_behind(flood_between_two_hosts), 80, 100);
}

static void a_flood_of_fragments_from_everywhere_takes_the_oldest_first(void **state)
{
	assert_in_range(strangers_behind(flood_from_made_up_hosts), 90, 100);
}

static void fragments_are_not_mistaken_for_those_of_others(void **state)
{
	u32 unknown = hash_part(IPV4_PART("0000", LATER, TCP, A4, B4) REST, 0);
	int id;

	for (id = 0; id < 10000; id++)
		hash_part(IPV4_PART("0000", FIRST, TCP, A4, B4) PORTS, id);
	for (id = 10000; id < 10100; id++)
		assert_int_equal(hash_part(IPV4_PART("0000", LATER, TCP, A4, B4) REST, id),
				 unknown);
}

static void the_flow_inside_vxlan_decides(void **state)
{
	assert_one_flow(VXLAN ETHERNET4 PACKET, PACKET);
	assert_one_flow(VXLAN_FROM("d000") ETHERNET4 ANSWER, PACKET);
	assert_one_flow(VXLAN MACS TAG("064") "86dd" IPV6(TCP, A6, B6) PORTS,
			IPV6(TCP, A6, B6) PORTS);
	assert_two_flows(VXLAN ETHERNET4 PACKET, VXLAN ETHERNET4 OTHER_PACKET);
	/* Not IP: by the MAC addresses inside. */
	assert_int_equal(hash_ip(VXLAN MACS "08060001"), hash_frame(MACS_BACK "08060001"));
}

static void the_flow_inside_gtpu_decides(void **state)
{
	assert_one_flow(GTPU PACKET, PACKET);
	assert_one_flow(GTPU_FROM("c000", "30") ANSWER, PACKET);
	assert_one_flow(OUTER(UDP) "0868c00000000000"
				   "30ff004000000007" PACKET,
			PACKET);
	assert_one_flow(GTPU IPV6(TCP, A6, B6) PORTS, IPV6(TCP, A6, B6) PORTS);
	/* A sequence number; a container with the QoS flow and one more extension. */
	assert_one_flow(GTPU_FROM("0868", "32") "00050000" PACKET, PACKET);
	assert_one_flow(GTPU_FROM("0868", "34") "00000085"
						"010009c0"
						"0200000000000000" PACKET,
			PACKET);
}

static void the_flow_inside_gre_decides(void **state)
{
	assert_one_flow(GRE_WITH("0000", "0800") PACKET, PACKET);
	assert_one_flow(GRE_WITH("2000", "0800") "0000002a" ANSWER, PACKET);
	assert_one_flow(GRE_WITH("b000", "0800") "12340000"
						 "0000002a"
						 "00000001" PACKET,
			PACKET);
	assert_one_flow(GRE_WITH("0000", "86dd") IPV6(TCP, A6, B6) PORTS, IPV6(TCP, A6, B6) PORTS);
	assert_one_flow(GRE_WITH("0000", "6558") ETHERNET4 PACKET, PACKET);
	assert_one_flow(GRE_WITH("2000", "6558") "00002a00" ETHERNET4 PACKET, PACKET);
}

static void the_flow_inside_ip_decides(void **state)
{
	assert_one_flow(OUTER(IN_IPV4) PACKET, PACKET);
	assert_one_flow(OUTER(IN_IPV6) IPV6(TCP, A6, B6) PORTS, IPV6(TCP, A6, B6) PORTS);
	assert_one_flow(IPV6(IN_IPV4, B6, A6) PACKET, PACKET);
	assert_one_flow(IPV6(DST6, B6, A6) IN_IPV6 "00010400000000" IPV6(TCP, A6, B6) PORTS,
			IPV6(TCP, A6, B6) PORTS);
}

static void tunnels_in_tunnels_are_entered_to_the_third(void **state)
{
	assert_one_flow(VXLAN ETHERNET4 GTPU GRE_WITH("0000", "0800") PACKET, PACKET);
	assert_one_flow(OUTER(IN_IPV4) OUTER(IN_IPV4) OUTER(IN_IPV4) OUTER(IN_IPV4) PACKET,
			OUTER(IN_IPV4) REST);
}

static void addresses_inside_decide_in_a_2_tuple(void **state)
{
	assert_one_flow(VXLAN ETHERNET4 PACKET, GTPU IPV4(UDP, B4, A4) OTHERS);
	assert_two_flows(VXLAN ETHERNET4 PACKET, GTPU IPV4(UDP, "0a000003", A4) OTHERS);
}

static void tunnels_are_flows_where_inner_is_not_asked_for(void **state)
{
	assert_one_flow(VXLAN ETHERNET4 PACKET, VXLAN ETHERNET4 OTHER_PACKET);
	assert_one_flow(GTPU PACKET, GTPU OTHER_PACKET);
	assert_one_flow(GRE_WITH("0000", "0800") PACKET, GRE_WITH("0000", "0800") OTHER_PACKET);
	assert_one_flow(OUTER(IN_IPV4) PACKET, OUTER(IN_IPV4) OTHER_PACKET);
}

static void the_tunnel_is_the_flow_if_what_is_inside_is_malformed(void **state)
{
	u32 vxlan = hash_ip(VXLAN), gtpu = hash_ip(GTPU), gre = hash_ip(OUTER(GRE));

	/* No id; no frame; IP of another version; a header too short. */
	assert_int_equal(hash_ip(OUTER(UDP) "c00012b500000000"
					    "0000000000002a00" ETHERNET4 PACKET),
			 vxlan);
	assert_int_equal(hash_ip(VXLAN "0200"), vxlan);
	assert_int_equal(hash_ip(VXLAN ETHERNET4 IPV6(TCP, A6, B6) PORTS), vxlan);
	assert_int_equal(hash_ip(VXLAN ETHERNET4 "44" REST REST), vxlan);
	assert_int_equal(hash_ip(VXLAN MACS TAG("0")), vxlan);
	/* Another version; an echo; GTP'; no IP; an extension without length; without end. */
	assert_int_equal(hash_ip(GTPU_FROM("0868", "50") PACKET), gtpu);
	assert_int_equal(hash_ip(OUTER(UDP) "0868086800000000"
					    "3001004000000007" PACKET),
			 gtpu);
	assert_int_equal(hash_ip(GTPU_FROM("0868", "20") PACKET), gtpu);
	assert_int_equal(hash_ip(GTPU REST REST), gtpu);
	assert_int_equal(hash_ip(GTPU_FROM("0868", "34") "00000085"
							 "00000900" PACKET),
			 gtpu);
	assert_int_equal(hash_ip(GTPU_FROM("0868", "34") "00000085"
							 "01000985"),
			 gtpu);
	/* PPTP; routing; something else inside. */
	assert_int_equal(hash_ip(GRE_WITH("0001", "0800") PACKET), gre);
	assert_int_equal(hash_ip(GRE_WITH("4000", "0800") PACKET), gre);
	assert_int_equal(hash_ip(GRE_WITH("0000", "8847") PACKET), gre);
	assert_int_equal(hash_ip(OUTER(GRE) "0000"), gre);
}

static void the_last_sound_tunnel_is_the_flow_if_what_is_inside_is_malformed(void **state)
{
	assert_one_flow(VXLAN ETHERNET4 GTPU REST, GTPU);
}

#define TUNNEL_PART(fragment) IPV4_PART("0007", fragment, UDP, "c0000201", "c0000202")

static void fragments_of_a_tunnel_follow_the_flow_inside(void **state)
{
	u32 hash = hash_ip(PACKET);

	assert_int_equal(hash_ip(TUNNEL_PART(FIRST) "c00012b500000000"
						    "0800000000002a00" ETHERNET4 PACKET),
			 hash);
	assert_int_equal(hash_ip(TUNNEL_PART(LATER) REST), hash);
	/* They don't begin with what is inside. */
	assert_two_flows(IPV4_PART("0008", LATER, IN_IPV4, "c0000201", "c0000202") PACKET, PACKET);
}

static void fragments_inside_a_tunnel_follow_their_flow(void **state)
{
	u32 hash = hash_ip(PACKET);

	assert_int_equal(hash_ip(VXLAN ETHERNET4 IPV4_PART("0009", FIRST, TCP, A4, B4) PORTS),
			 hash);
	assert_int_equal(hash_ip(GTPU IPV4_PART("0009", LATER, TCP, A4, B4) REST), hash);
	assert_int_equal(hash_ip(IPV4_PART("0009", LATER, TCP, A4, B4) REST), hash);
}

static void fragments_of_fragments_follow_their_flow(void **state)
{
	u32 hash = hash_ip(PACKET);

	hash_ip(GTPU IPV4_PART("0009", FIRST, TCP, A4, B4) PORTS);
	assert_int_equal(hash_ip(TUNNEL_PART(FIRST) "c00012b500000000"
						    "0800000000002a00" ETHERNET4 IPV4_PART(
							    "0009", LATER, TCP, A4, B4) REST),
			 hash);
	assert_int_equal(hash_ip(TUNNEL_PART(LATER) REST), hash);
}

/* One of each kind, whole; those that begin at an Ethernet header. */
static const char *const frames[] = {
	MACS SERVICE_TAG("007") TAG("064") "0800" PACKET,
	MACS "86dd" IPV6("00", A6, B6) DST6
	"00010400000000" PART6 "00010400000000" IPV6_PART("00000007", FIRST6, UDP) PORTS,
	ETHERNET4 VXLAN MACS TAG("064") "0800" PACKET,
	ETHERNET4 GTPU_FROM("0868", "34") "00000085"
					  "010009c0"
					  "0200000000000000" PACKET,
	ETHERNET4 GRE_WITH("b000", "6558") "12340000"
					   "0000002a"
					   "00000001" ETHERNET4 PACKET,
	MACS "86dd" IPV6(IN_IPV4, B6, A6) OUTER(IN_IPV6) IPV6(TCP, A6, B6) PORTS,
	ETHERNET4 TUNNEL_PART(FIRST) "c00012b500000000"
				     "0800000000002a00" ETHERNET4 PACKET,
};

static void truncated_packets_are_safe(void **state)
{
	uint8_t bytes[PACKET_MAX];
	int len;
	size_t i;

	for (i = 0; i < sizeof(frames) / sizeof(*frames); i++) {
		for (len = (int)from_hex(bytes, sizeof(bytes), frames[i]); len >= 0; len--)
			hash_bytes(bytes, len, 0, len, ETH_P_TEB);
	}
}

static void it_does_not_matter_where_a_packet_lies(void **state)
{
	uint8_t bytes[PACKET_MAX];
	int len, headlen, offset;
	size_t i;
	u32 hash;

	for (i = 0; i < sizeof(frames) / sizeof(*frames); i++) {
		len = (int)from_hex(bytes, sizeof(bytes), frames[i]);
		hash = hash_frame(frames[i]);
		for (headlen = 0; headlen <= len; headlen++)
			assert_int_equal(hash_bytes(bytes, len, 0, headlen, ETH_P_TEB), hash);
		for (offset = -18; offset <= 18; offset++)
			assert_int_equal(hash_bytes(bytes, len, offset, 40, ETH_P_TEB), hash);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(both_directions_of_a_flow_hash_the_same, by_5_tuple),
		cmocka_unit_test_setup(ports_addresses_and_protocol_make_the_flow, by_5_tuple),
		cmocka_unit_test_setup(addresses_alone_make_the_flow_of_a_2_tuple, by_2_tuple),
		cmocka_unit_test_setup(echo_request_and_reply_are_one_flow, by_5_tuple),
		cmocka_unit_test_setup(ports_behind_ip_options_are_found, by_5_tuple),
		cmocka_unit_test_setup(the_seed_decides_which_flows_meet, by_5_tuple),
		cmocka_unit_test_setup(flows_spread_over_the_members, by_5_tuple),
		cmocka_unit_test_setup(devices_with_and_without_ethernet_hash_the_same, by_5_tuple),
		cmocka_unit_test_setup(frames_without_ip_are_hashed_by_mac_addresses, by_5_tuple),
		cmocka_unit_test_setup(what_is_not_understood_at_all_hashes_to_0, by_5_tuple),
		cmocka_unit_test_setup(vlan_tags_are_looked_through, by_5_tuple),
		cmocka_unit_test(the_vlan_is_that_of_the_outermost_tag),
		cmocka_unit_test_setup(extension_headers_are_skipped, by_5_tuple),
		cmocka_unit_test_setup(extension_headers_are_skipped_to_an_end, by_5_tuple),
		cmocka_unit_test_setup(fragments_follow_their_flow, by_5_tuple),
		cmocka_unit_test_setup(fragments_of_ipv6_follow_their_flow, by_5_tuple),
		cmocka_unit_test_setup(fragments_of_nobody_are_hashed_by_addresses_and_protocol,
				       by_5_tuple),
		cmocka_unit_test_setup(an_id_that_comes_again_means_the_newer_packet, by_5_tuple),
		cmocka_unit_test_setup(first_fragments_are_forgotten_after_5_s, by_5_tuple),
		cmocka_unit_test_setup(many_fragmented_packets_are_known_at_once, by_5_tuple),
		cmocka_unit_test_setup(
			a_flood_of_fragments_between_two_hosts_leaves_those_of_others_alone,
			by_5_tuple),
		cmocka_unit_test_setup(a_flood_of_fragments_from_everywhere_takes_the_oldest_first,
				       by_5_tuple),
		cmocka_unit_test_setup(fragments_are_not_mistaken_for_those_of_others, by_5_tuple),
		cmocka_unit_test_setup(fragments_of_nobody_in_ipv6_are_not_looked_into, by_5_tuple),
		cmocka_unit_test_setup(the_flow_inside_vxlan_decides, by_inner_5_tuple),
		cmocka_unit_test_setup(the_flow_inside_gtpu_decides, by_inner_5_tuple),
		cmocka_unit_test_setup(the_flow_inside_gre_decides, by_inner_5_tuple),
		cmocka_unit_test_setup(the_flow_inside_ip_decides, by_inner_5_tuple),
		cmocka_unit_test_setup(tunnels_in_tunnels_are_entered_to_the_third,
				       by_inner_5_tuple),
		cmocka_unit_test_setup(addresses_inside_decide_in_a_2_tuple, by_inner_2_tuple),
		cmocka_unit_test_setup(tunnels_are_flows_where_inner_is_not_asked_for, by_5_tuple),
		cmocka_unit_test_setup(the_tunnel_is_the_flow_if_what_is_inside_is_malformed,
				       by_inner_5_tuple),
		cmocka_unit_test_setup(
			the_last_sound_tunnel_is_the_flow_if_what_is_inside_is_malformed,
			by_inner_5_tuple),
		cmocka_unit_test_setup(fragments_of_a_tunnel_follow_the_flow_inside,
				       by_inner_5_tuple),
		cmocka_unit_test_setup(fragments_inside_a_tunnel_follow_their_flow,
				       by_inner_5_tuple),
		cmocka_unit_test_setup(fragments_of_fragments_follow_their_flow, by_inner_5_tuple),
		cmocka_unit_test_setup(truncated_packets_are_safe, by_inner_5_tuple),
		cmocka_unit_test_setup(it_does_not_matter_where_a_packet_lies, by_inner_5_tuple),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
