/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Cooked packets: what stands behind the header, by what the kernel tells and hands out. */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <string.h>

#include "engines/packet/packet.h"
#include "check.h"
#include "hex.h"

#define FRONT	   24
#define SLL2_BYTES 20
#define ROOM	   4096
#define NO_TAG	   (-1)

/* IPv4 with 20 bytes of header and a sound checksum. */
#define IPV4                                                                                       \
	"4500001c12340000401134e4c0000201c0000202"                                                 \
	"0400003500080000"
#define IPV6                                                                                       \
	"600000000008114020010db8000000000000000000000001"                                         \
	"20010db80000000000000000000000020400003500080000"

struct cooked {
	uint8_t room[FRONT + ROOM];
	struct nsr_packet packet;
};

/*
 * Cooks what the kernel hands out.
 * @tci:      of the tag that it took off, or NO_TAG
 * @protocol: as it tells it
 * @hex:      the packet's bytes, of which it hands out the first @caplen
 * @len:      bytes on the wire, 0: as many as @hex has
 */
static void cook_cut(struct cooked *cooked, int tci, uint16_t protocol, const char *hex,
		     uint32_t caplen, uint32_t len)
{
	uint32_t bytes;

	struct sockaddr_ll from = {
		.sll_protocol = htons(protocol),
		.sll_ifindex = 7,
		.sll_hatype = 1,
	};

	memset(cooked, 0, sizeof(*cooked));
	cooked->packet.data = cooked->room + FRONT;
	bytes = from_hex(cooked->room + FRONT, ROOM, hex);
	cooked->packet.caplen = bytes < caplen ? bytes : caplen;
	cooked->packet.len = len ? len : bytes;
	if (tci != NO_TAG) {
		cooked->packet.flags = NSR_PKT_VLAN;
		cooked->packet.vlan_tci = (uint16_t)tci;
		cooked->packet.vlan_tpid = ETH_P_8021AD;
	}
	packet_cook(&cooked->packet, &from);
}

static void cook(struct cooked *cooked, int tci, uint16_t protocol, const char *hex, uint32_t len)
{
	cook_cut(cooked, tci, protocol, hex, UINT32_MAX, len);
}

/* The packet begins with this protocol, and these bytes follow its header. */
static void check(const struct cooked *cooked, uint16_t protocol, const char *hex)
{
	uint8_t want[ROOM];
	uint32_t bytes = from_hex(want, sizeof(want), hex);
	uint16_t told;

	memcpy(&told, cooked->packet.data, sizeof(told));
	assert_int_equal(ntohs(told), protocol);
	assert_true(cooked->packet.caplen >= SLL2_BYTES + bytes);
	assert_memory_equal(cooked->packet.data + SLL2_BYTES, want, bytes);
}

static void untagged_packet_follows_its_header(void **state)
{
	struct cooked cooked;

	cook(&cooked, NO_TAG, ETH_P_IP, IPV4, 0);
	check(&cooked, ETH_P_IP, IPV4);
	assert_int_equal(cooked.packet.len, SLL2_BYTES + 28);
	assert_int_equal(cooked.packet.caplen, SLL2_BYTES + 28);
}

static void tag_is_followed_by_the_protocol(void **state)
{
	struct cooked cooked;

	cook(&cooked, 100, ETH_P_IP, IPV4, 0);
	check(&cooked, ETH_P_8021AD, "00640800" IPV4);
	cook(&cooked, 100, ETH_P_IPV6, IPV6, 0);
	check(&cooked, ETH_P_8021AD, "006486dd" IPV6);
	cook(&cooked, 100, ETH_P_ARP, "0001080006040001", 0);
	check(&cooked, ETH_P_8021AD, "006408060001080006040001");
	assert_int_equal(cooked.packet.len, SLL2_BYTES + 4 + 8);
}

static void tags_that_were_left_in_are_behind_the_first(void **state)
{
	struct cooked cooked;

	cook(&cooked, 100, ETH_P_IP, "00070800" IPV4, 0);
	check(&cooked, ETH_P_8021AD, "0064810000070800" IPV4);
	cook(&cooked, 100, ETH_P_IP, "0007810000030800" IPV4, 0);
	check(&cooked, ETH_P_8021AD,
	      "00648100000781000003"
	      "0800" IPV4);
	cook(&cooked, 100, 0x88b5, "000788b5ffff", 0);
	check(&cooked, ETH_P_8021AD, "00648100000788b5ffff");
}

static void tags_that_look_like_an_address_family_are_tags(void **state)
{
	struct cooked cooked;

	/* Priority 2 or 3: the first nibble is that of IPv4 or IPv6. */
	cook(&cooked, 100, ETH_P_IP, "45000800" IPV4, 0);
	check(&cooked, ETH_P_8021AD, "0064810045000800" IPV4);
	cook(&cooked, 100, ETH_P_IPV6, "600086dd" IPV6, 0);
	check(&cooked, ETH_P_8021AD, "00648100600086dd" IPV6);
}

static void tag_before_linux_6_11_is_what_the_kernel_says(void **state)
{
	struct cooked cooked;

	cook(&cooked, 100, ETH_P_8021Q, "00070800" IPV4, 0);
	check(&cooked, ETH_P_8021AD, "0064810000070800" IPV4);
	cook(&cooked, 100, ETH_P_8021AD, "00070800" IPV4, 0);
	check(&cooked, ETH_P_8021AD, "006488a800070800" IPV4);
}

static void more_tags_than_the_kernel_follows_are_tags(void **state)
{
	struct cooked cooked;

	cook(&cooked, 100, 0, "00078100000781000007", 0);
	check(&cooked, ETH_P_8021AD, "0064810000078100000781000007");
}

static void length_of_ipv4_that_reads_as_its_type_makes_no_tag(void **state)
{
	struct cooked cooked;

	cook(&cooked, 100, ETH_P_IP,
	     "45000800123400004011"
	     "dcb5"
	     "c0000201c0000202",
	     2048);
	check(&cooked, ETH_P_8021AD, "0064080045000800");
}

static void flow_label_of_ipv6_that_reads_as_its_type_makes_no_tag(void **state)
{
	struct cooked cooked;

	cook(&cooked, 100, ETH_P_IPV6,
	     "600086dd0008114020010db8000000000000000000000001"
	     "20010db80000000000000000000000020400003500080000",
	     0);
	check(&cooked, ETH_P_8021AD, "006486dd600086dd0008");
}

static void llc_in_a_vlan_has_a_length_where_others_have_a_type(void **state)
{
	struct cooked cooked;

	cook(&cooked, 100, ETH_P_802_2, "424203000000", 38);
	check(&cooked, ETH_P_8021AD, "00640026424203000000");
	cook(&cooked, 100, ETH_P_802_3, "ffff00220011", 34);
	check(&cooked, ETH_P_8021AD, "00640022ffff00220011");
}

static void llc_without_a_tag_has_linux_number_for_it(void **state)
{
	struct cooked cooked;

	cook(&cooked, NO_TAG, ETH_P_802_2, "424203000000", 38);
	check(&cooked, ETH_P_802_2, "424203000000");
}

static void packet_that_was_cut_within_a_tag_is_not_read_beyond(void **state)
{
	struct cooked cooked;

	cook_cut(&cooked, 100, ETH_P_IP, "0007810000070800" IPV4, 7, 0);
	check(&cooked, ETH_P_8021AD, "0064080000078100000708");
	cook_cut(&cooked, 100, ETH_P_IP, "00070800" IPV4, 3, 0);
	check(&cooked, ETH_P_8021AD, "00640800000708");
	cook_cut(&cooked, 100, ETH_P_IP, "00070800" IPV4, 0, 0);
	check(&cooked, ETH_P_8021AD, "00640800");
	assert_int_equal(cooked.packet.caplen, SLL2_BYTES + 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(untagged_packet_follows_its_header),
		cmocka_unit_test(tag_is_followed_by_the_protocol),
		cmocka_unit_test(tags_that_were_left_in_are_behind_the_first),
		cmocka_unit_test(tags_that_look_like_an_address_family_are_tags),
		cmocka_unit_test(tag_before_linux_6_11_is_what_the_kernel_says),
		cmocka_unit_test(more_tags_than_the_kernel_follows_are_tags),
		cmocka_unit_test(length_of_ipv4_that_reads_as_its_type_makes_no_tag),
		cmocka_unit_test(flow_label_of_ipv6_that_reads_as_its_type_makes_no_tag),
		cmocka_unit_test(llc_in_a_vlan_has_a_length_where_others_have_a_type),
		cmocka_unit_test(llc_without_a_tag_has_linux_number_for_it),
		cmocka_unit_test(packet_that_was_cut_within_a_tag_is_not_read_beyond),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
