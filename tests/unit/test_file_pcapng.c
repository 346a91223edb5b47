/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The `file` engine: what it makes of undamaged pcapng files. */
#include <errno.h>

#include "engines/file/file.h"
#include "lib/file/savefile_format.h"
#include "file_bytes.h"

static void sections_of_both_byte_orders_are_read(void **state)
{
	struct bytes file = { 0 };
	struct reading got;

	section(&file);
	interface(&file, ETHERNET);
	packet(&file, 0, 1700000000123456, "little", 6);
	file.big = true;
	section(&file);
	interface(&file, ETHERNET);
	packet(&file, 0, 1700000000123457, "big", 3);
	read_bytes(&file, 64, &got);
	assert_int_equal(got.rc, -ENODATA);
	assert_int_equal(got.count, 2);
	assert_packet(&got.packets[0], 1700000000123456000, "little");
	assert_packet(&got.packets[1], 1700000000123457000, "big");
	assert_string_equal(got.info.mode, "pcapng, little-endian");
	reading_free(&got);
	bytes_free(&file);
}

static void interface_that_is_in_two_sections_has_one_id(void **state)
{
	static const uint32_t expected[] = { 1, 1, 0, 1, 2, 0 };
	struct bytes file = { 0 };
	struct reading got;
	size_t i;

	section(&file);
	interface(&file, ETHERNET);
	interface(&file, RAW_IP);
	packet(&file, 1, 0, "a", 1);
	section(&file);
	interface(&file, RAW_IP);
	packet(&file, 0, 0, "b", 1);
	interface(&file, ETHERNET);
	packet(&file, 1, 0, "c", 1);
	packet(&file, 0, 0, "d", 1);
	section(&file);
	interface_with(&file, ETHERNET, PCAPNG_IF_NAME, "eth1", 4);
	packet(&file, 0, 0, "e", 1);
	interface(&file, ETHERNET);
	packet(&file, 1, 0, "f", 1);
	read_bytes(&file, 1, &got);
	assert_int_equal(got.count, 6);
	for (i = 0; i < 6; i++)
		assert_int_equal(got.packets[i].iface, expected[i]);
	reading_free(&got);
	bytes_free(&file);
}

static void interfaces_alike_in_one_section_have_an_id_each(void **state)
{
	struct bytes file = { 0 };
	struct reading got;
	uint32_t i, turn;

	for (turn = 0; turn < 3; turn++) {
		section(&file);
		for (i = 0; i < 3; i++)
			interface(&file, ETHERNET);
		for (i = 0; i < 3; i++)
			packet(&file, i, 0, "a", 1);
	}
	read_bytes(&file, 1, &got);
	assert_int_equal(got.count, 9);
	for (i = 0; i < 9; i++)
		assert_int_equal(got.packets[i].iface, i % 3);
	reading_free(&got);
	bytes_free(&file);
}

static void stamps_are_those_of_the_section(void **state)
{
	static const uint8_t resolutions[] = { 0, 3, 9 };
	struct bytes file = { 0 };
	struct reading got;
	uint32_t i;

	for (i = 0; i < 3; i++) {
		section(&file);
		interface_with(&file, ETHERNET, PCAPNG_IF_TSRESOL, &resolutions[i], 1);
		packet(&file, 0, 5, "a", 1);
	}
	read_bytes(&file, 1, &got);
	assert_int_equal(got.count, 3);
	assert_int_equal(got.packets[0].stamp_ns, 5000000000);
	assert_int_equal(got.packets[1].stamp_ns, 5000000);
	assert_int_equal(got.packets[2].stamp_ns, 5);
	for (i = 0; i < 3; i++)
		assert_int_equal(got.packets[i].iface, 0);
	reading_free(&got);
	bytes_free(&file);
}

static void any_number_of_sections_is_read(void **state)
{
	struct bytes file = { 0 };
	struct reading got;
	uint32_t i;

	for (i = 0; i < SAVEFILE_IFACES_MAX + 10; i++) {
		section(&file);
		interface(&file, ETHERNET);
	}
	packet(&file, 0, 0, "a", 1);
	read_bytes(&file, 64, &got);
	assert_int_equal(got.rc, -ENODATA);
	assert_int_equal(got.count, 1);
	assert_int_equal(got.packets[0].iface, 0);
	reading_free(&got);
	bytes_free(&file);
}

static void interfaces_have_their_names_and_link_types(void **state)
{
	struct nsr_interface iface = NSR_INTERFACE_INIT;
	struct nsr_packet packets[2];
	struct bytes file = { 0 };
	struct nsr_error err;
	char name[100];
	void *priv;

	memset(name, 'n', sizeof(name));
	section(&file);
	interface_with(&file, ETHERNET, PCAPNG_IF_NAME, "eth1", 4);
	interface_with(&file, RAW_IP, PCAPNG_IF_NAME, name, sizeof(name));
	packet(&file, 1, 0, "a", 1);
	assert_int_equal(open_bytes(&file, &priv, &err), 0);
	assert_int_equal(nsr_engine_file.recv(priv, packets, 2, &err), 1);
	assert_int_equal(nsr_engine_file.interface(priv, 0, &iface), 0);
	assert_string_equal(iface.name, "eth1");
	assert_int_equal(iface.linktype, ETHERNET);
	assert_int_equal(nsr_engine_file.interface(priv, 1, &iface), 0);
	assert_int_equal(strlen(iface.name), sizeof(iface.name) - 1);
	assert_int_equal(iface.linktype, RAW_IP);
	assert_int_equal(iface.snaplen, 65535);
	assert_int_equal(iface.ifindex, 0);
	assert_int_equal(nsr_engine_file.interface(priv, 2, &iface), -ENOENT);
	nsr_engine_file.close(priv);
	bytes_free(&file);
}

static void link_type_is_that_of_the_first_interface(void **state)
{
	struct bytes file = { 0 };
	struct nsr_info info;
	struct nsr_error err;
	void *priv;

	section(&file);
	interface(&file, RAW_IP);
	interface(&file, ETHERNET);
	assert_int_equal(open_bytes(&file, &priv, &err), 0);
	nsr_engine_file.info(priv, &info);
	assert_int_equal(info.linktype, RAW_IP);
	nsr_engine_file.close(priv);
	bytes_free(&file);
}

static uint64_t stamp_of(uint8_t tsresol, uint64_t units)
{
	struct bytes file = { 0 };
	struct reading got;
	uint64_t stamp_ns;

	section(&file);
	interface_with(&file, ETHERNET, PCAPNG_IF_TSRESOL, &tsresol, 1);
	packet(&file, 0, units, "a", 1);
	read_bytes(&file, 1, &got);
	assert_int_equal(got.count, 1);
	stamp_ns = got.packets[0].stamp_ns;
	reading_free(&got);
	bytes_free(&file);
	return stamp_ns;
}

static void resolutions_that_are_powers_of_ten_become_ns(void **state)
{
	assert_int_equal(stamp_of(0, 1700000000), 1700000000000000000);
	assert_int_equal(stamp_of(3, 1700000000123), 1700000000123000000);
	assert_int_equal(stamp_of(6, 1700000000123456), 1700000000123456000);
	assert_int_equal(stamp_of(9, 1700000000123456789), 1700000000123456789);
	assert_int_equal(stamp_of(10, 17000000001234567899u), 1700000000123456789);
	assert_int_equal(stamp_of(12, 5999), 5);
	assert_int_equal(stamp_of(28, UINT64_MAX), 1);
	assert_int_equal(stamp_of(29, UINT64_MAX), 0);
	assert_int_equal(stamp_of(127, UINT64_MAX), 0);
}

static void resolutions_that_are_powers_of_two_become_ns(void **state)
{
	assert_int_equal(stamp_of(0x80, 1700000000), 1700000000000000000);
	assert_int_equal(stamp_of(0x8a, 1700000000ull * 1024 + 512), 1700000000500000000);
	assert_int_equal(stamp_of(0xa0, (1700000000ull << 32) + (3u << 30)), 1700000000750000000);
	assert_int_equal(stamp_of(0xbf, UINT64_MAX), 1999999999);
	assert_int_equal(stamp_of(0xff, UINT64_MAX), 0);
}

static void stamps_beyond_64_bits_are_the_greatest(void **state)
{
	assert_int_equal(stamp_of(0, UINT64_MAX), UINT64_MAX);
	assert_int_equal(stamp_of(6, UINT64_MAX), UINT64_MAX);
	assert_int_equal(stamp_of(0x80, UINT64_MAX), UINT64_MAX);
}

static uint64_t stamp_with_offset(int64_t offset_s, bool big)
{
	struct bytes offset = { .big = big }, file = { .big = big };
	struct reading got;
	uint64_t stamp_ns;

	put64(&offset, (uint64_t)offset_s);
	section(&file);
	interface_with(&file, ETHERNET, PCAPNG_IF_TSOFFSET, offset.data, 8);
	packet(&file, 0, 5000001, "a", 1);
	read_bytes(&file, 1, &got);
	assert_int_equal(got.count, 1);
	stamp_ns = got.packets[0].stamp_ns;
	reading_free(&got);
	bytes_free(&offset);
	bytes_free(&file);
	return stamp_ns;
}

static void offset_of_the_interface_is_added_to_its_stamps(void **state)
{
	assert_int_equal(stamp_with_offset(1700000000, false), 1700000005000001000);
	assert_int_equal(stamp_with_offset(1700000000, true), 1700000005000001000);
	assert_int_equal(stamp_with_offset(-4, false), 1000001000);
	assert_int_equal(stamp_with_offset(-6, false), 0);
	assert_int_equal(stamp_with_offset(INT64_MIN, false), 0);
	assert_int_equal(stamp_with_offset(INT64_MAX, false), UINT64_MAX);
}

static uint32_t flags_of(uint32_t word)
{
	struct bytes value = { 0 }, file = { 0 };
	struct reading got;
	uint32_t flags;
	size_t begun;

	put32(&value, word);
	section(&file);
	interface(&file, ETHERNET);
	begun = packet_begin(&file, 0, 0, "abc", 3);
	option(&file, PCAPNG_EPB_PACKETID, "12345678", 8);
	option(&file, PCAPNG_EPB_FLAGS, value.data, 4);
	block_end(&file, begun);
	read_bytes(&file, 1, &got);
	assert_int_equal(got.rc, -ENODATA);
	assert_int_equal(got.count, 1);
	flags = got.packets[0].flags;
	reading_free(&got);
	bytes_free(&value);
	bytes_free(&file);
	return flags;
}

static void direction_and_reception_become_flags(void **state)
{
	assert_int_equal(flags_of(0), NSR_PKT_UNDIRECTED);
	assert_int_equal(flags_of(PCAPNG_EPB_FLAGS_INBOUND | PCAPNG_EPB_FLAGS_UNICAST), 0);
	assert_int_equal(flags_of(PCAPNG_EPB_FLAGS_OUTBOUND), NSR_PKT_OUT);
	assert_int_equal(flags_of(PCAPNG_EPB_FLAGS_INBOUND | PCAPNG_EPB_FLAGS_MULTICAST),
			 NSR_PKT_MULTICAST);
	assert_int_equal(flags_of(PCAPNG_EPB_FLAGS_OUTBOUND | PCAPNG_EPB_FLAGS_BROADCAST),
			 NSR_PKT_OUT | NSR_PKT_BROADCAST);
	assert_int_equal(flags_of(PCAPNG_EPB_FLAGS_PROMISCUOUS),
			 NSR_PKT_UNDIRECTED | NSR_PKT_OTHERHOST);
	assert_int_equal(flags_of(4u << PCAPNG_EPB_FLAGS_FCS_SHIFT),
			 NSR_PKT_UNDIRECTED | 4u << NSR_PKT_FCS_SHIFT);
	assert_int_equal(flags_of(0xfffffe00), NSR_PKT_UNDIRECTED);
}

static void obsolete_packet_block_is_read(void **state)
{
	struct bytes file = { .big = true };
	struct reading got;
	size_t begun;

	section(&file);
	interface(&file, ETHERNET);
	interface(&file, ETHERNET);
	begun = block_begin(&file, PCAPNG_PB);
	put16(&file, 1);
	put16(&file, 0xffff);
	put64(&file, 1700000000123456);
	put32(&file, 5);
	put32(&file, 60);
	put(&file, "obsol", 5);
	block_end(&file, begun);
	read_bytes(&file, 1, &got);
	assert_int_equal(got.count, 1);
	assert_int_equal(got.packets[0].iface, 1);
	assert_int_equal(got.packets[0].stamp_ns, 1700000000123456000);
	assert_int_equal(got.packets[0].caplen, 5);
	assert_int_equal(got.packets[0].len, 60);
	assert_memory_equal(got.packets[0].data, "obsol", 5);
	reading_free(&got);
	bytes_free(&file);
}

static void read_simple_packet(uint32_t snaplen, uint32_t len, uint32_t caplen)
{
	struct bytes file = { 0 };
	struct reading got;
	size_t begun;

	section(&file);
	interface(&file, ETHERNET);
	set32(&file, file.len - 8, snaplen);
	begun = block_begin(&file, PCAPNG_SPB);
	put32(&file, len);
	put(&file, "simple packet", caplen);
	block_end(&file, begun);
	read_bytes(&file, 1, &got);
	assert_int_equal(got.rc, -ENODATA);
	assert_int_equal(got.count, 1);
	assert_int_equal(got.packets[0].caplen, caplen);
	assert_int_equal(got.packets[0].len, len);
	assert_memory_equal(got.packets[0].data, "simple packet", caplen);
	assert_int_equal(got.packets[0].flags, NSR_PKT_UNDIRECTED | NSR_PKT_NO_STAMP);
	reading_free(&got);
	bytes_free(&file);
}

static void simple_packet_has_the_captured_length_of_the_snaplen(void **state)
{
	read_simple_packet(6, 13, 6);
	read_simple_packet(100, 13, 13);
	read_simple_packet(0, 13, 13);
}

static void blocks_without_packets_are_skipped(void **state)
{
	static const uint32_t types[] = { PCAPNG_NRB, PCAPNG_ISB,	 PCAPNG_DSB,
					  PCAPNG_CB,  PCAPNG_CB_NO_COPY, 0x0badbeef };
	struct bytes file = { 0 };
	struct reading got;
	size_t i;

	section(&file);
	interface(&file, ETHERNET);
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		size_t begun = block_begin(&file, types[i]);

		put(&file, "whatever", i);
		block_end(&file, begun);
		packet(&file, 0, i, "a", 1);
	}
	read_bytes(&file, 64, &got);
	assert_int_equal(got.rc, -ENODATA);
	assert_int_equal(got.count, i);
	reading_free(&got);
	bytes_free(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_of_both_byte_orders_are_read),
		cmocka_unit_test(interface_that_is_in_two_sections_has_one_id),
		cmocka_unit_test(interfaces_alike_in_one_section_have_an_id_each),
		cmocka_unit_test(stamps_are_those_of_the_section),
		cmocka_unit_test(any_number_of_sections_is_read),
		cmocka_unit_test(interfaces_have_their_names_and_link_types),
		cmocka_unit_test(link_type_is_that_of_the_first_interface),
		cmocka_unit_test(resolutions_that_are_powers_of_ten_become_ns),
		cmocka_unit_test(resolutions_that_are_powers_of_two_become_ns),
		cmocka_unit_test(stamps_beyond_64_bits_are_the_greatest),
		cmocka_unit_test(offset_of_the_interface_is_added_to_its_stamps),
		cmocka_unit_test(direction_and_reception_become_flags),
		cmocka_unit_test(obsolete_packet_block_is_read),
		cmocka_unit_test(simple_packet_has_the_captured_length_of_the_snaplen),
		cmocka_unit_test(blocks_without_packets_are_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
