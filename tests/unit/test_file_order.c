/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The `file` engine: link types that store fields in the order of the host that captured. Each
 * packet is written by a host of either byte order; both must be handed out alike.
 */
#include <errno.h>

#include "lib/file/savefile_format.h"
#include "file_bytes.h"

/* Reads a file with one packet, which @fill writes in the file's byte order, by both hosts. */
static void check_cut(uint32_t linktype, void (*fill)(struct bytes *packet), size_t cut)
{
	struct bytes packets[2] = { { .big = false }, { .big = true } };
	struct reading got[2];
	int big;

	for (big = 0; big < 2; big++) {
		struct bytes file = { .big = big };

		fill(&packets[big]);
		pcap_header(&file, PCAP_MAGIC_USEC, linktype);
		pcap_packet(&file, 1, 2, packets[big].data, (uint32_t)(packets[big].len - cut));
		read_bytes(&file, 1, &got[big]);
		assert_int_equal(got[big].rc, -ENODATA);
		assert_int_equal(got[big].count, 1);
		bytes_free(&file);
	}
	/* Bytes as this host would have written them are not touched. */
	big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
	assert_memory_equal(got[big].packets[0].data, packets[big].data, packets[big].len - cut);
	/* The last field may be cut in its middle: then nobody knows it. */
	if (!cut) {
		assert_memory_not_equal(packets[0].data, packets[1].data, packets[0].len);
		assert_memory_equal(got[0].packets[0].data, got[1].packets[0].data, packets[0].len);
	}
	for (big = 0; big < 2; big++) {
		reading_free(&got[big]);
		bytes_free(&packets[big]);
	}
}

/* Whole, and cut anywhere. */
static void check(uint32_t linktype, void (*fill)(struct bytes *packet))
{
	struct bytes packet = { 0 };
	size_t cut;

	fill(&packet);
	for (cut = 0; cut <= packet.len; cut++)
		check_cut(linktype, fill, cut);
	bytes_free(&packet);
}

static void bsd_null(struct bytes *packet)
{
	put32(packet, 30);
	put(packet, "\x60\0\0\0 and so on", 14);
}

static void enc(struct bytes *packet)
{
	put32(packet, 2);
	put(packet, "\x01\x02\x03\x04", 4); /* the SPI is in network order */
	put32(packet, 0x800);
	put(packet, "\x45", 1);
}

static void fill_usb(struct bytes *packet, uint8_t transfer_type, uint32_t descriptors)
{
	const uint8_t bytes[4] = { 'C', transfer_type, 0x81, 5 };

	put64(packet, 0x1122334455667788);
	put(packet, bytes, 4);
	put16(packet, 1);
	put(packet, "-\0", 2);
	put64(packet, 1700000000);
	put32(packet, 500);
	put32(packet, (uint32_t)-32);
	put32(packet, 8);
	put32(packet, 9);
	if (transfer_type == 0) {
		put32(packet, 3);
		put32(packet, 2);
	} else {
		put(packet, "\x80\x06\x00\x01\x00\x00\x12\x00", 8);
	}
	put32(packet, 10);
	put32(packet, 11);
	put32(packet, 12);
	put32(packet, descriptors);
	for (; descriptors; descriptors--) {
		put32(packet, 13);
		put32(packet, 14);
		put32(packet, 15);
		put(packet, "pad.", 4);
	}
	put(packet, "ABCDEFGHIJKLMNOPQR", 18);
}

static void usb_bulk(struct bytes *packet)
{
	fill_usb(packet, 3, 0);
}

static void usb_isochronous(struct bytes *packet)
{
	fill_usb(packet, 0, 2);
}

static void usb_short(struct bytes *packet)
{
	usb_bulk(packet);
	packet->len = 48;
	put(packet, "ABCDEFGH", 8);
}

static void nflog(struct bytes *packet)
{
	put(packet, "\x02\x00\x00\x05", 4); /* family, version, resource in network order */
	put16(packet, 9);
	put16(packet, 10);
	put(packet, "hook\0\0\0\0", 8);
	put16(packet, 24);
	put16(packet, 9);
	put(packet, "\x45\0\0\x14 of twenty bytes", 20);
}

static void pflog(struct bytes *packet)
{
	put(packet, "\x3d\x02\x00\x00", 4);
	put(packet, "em0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	put(packet, "rules\0\0\0\0\0\0\0\0\0\0\0", 16);
	put(packet, "\0\0\0\x07\0\0\0\x08", 8); /* rule numbers are in network order */
	put32(packet, 1000);
	put32(packet, 4711);
	put32(packet, 0);
	put32(packet, 99);
	put(packet, "\x01\0\0\0 packet", 11);
}

static void can(struct bytes *packet)
{
	put(packet, "\0\x01\x01\x18\0\0\0\0\0\0\0\0\0\0\x00\x0c", 16);
	put32(packet, 0x80000123);
	put(packet, "\x02\0\0\0\xbe\xef", 6);
}

static void can_xl(struct bytes *packet)
{
	put(packet, "\x00\x0e\0\0\0\0\0\x03\x01\x18\0\0\0\0\0\0\0\0\0\0", 20);
	put32(packet, 0x123);
	put(packet, "\x80\x03", 2);
	put16(packet, 2);
	put32(packet, 0xaabbccdd);
	put(packet, "\xbe\xef", 2);
}

static void family_of_bsd_loopback_is_that_of_this_host(void **state)
{
	check(0, bsd_null);
	check(109, enc);
}

static void header_of_usb_is_that_of_this_host(void **state)
{
	check(189, usb_short);
	check(220, usb_bulk);
	check(220, usb_isochronous);
}

static void lengths_and_types_of_nflog_are_those_of_this_host(void **state)
{
	check(239, nflog);
}

static void users_of_pflog_are_those_of_this_host(void **state)
{
	check(117, pflog);
}

static void can_ids_behind_cooked_headers_are_those_of_this_host(void **state)
{
	check(113, can);
	check(276, can_xl);
}

static void sections_are_converted_by_their_own_order(void **state)
{
	struct bytes file = { .big = true };
	struct reading got;
	uint32_t family = 2;
	int i;

	for (i = 0; i < 2; i++, file.big = !file.big) {
		struct bytes data = { .big = file.big };

		put32(&data, family);
		section(&file);
		interface(&file, 0);
		packet(&file, 0, 0, data.data, 4);
		bytes_free(&data);
	}
	read_bytes(&file, 64, &got);
	assert_int_equal(got.count, 2);
	for (i = 0; i < 2; i++)
		assert_memory_equal(got.packets[i].data, &family, 4);
	reading_free(&got);
	bytes_free(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(family_of_bsd_loopback_is_that_of_this_host),
		cmocka_unit_test(header_of_usb_is_that_of_this_host),
		cmocka_unit_test(lengths_and_types_of_nflog_are_those_of_this_host),
		cmocka_unit_test(users_of_pflog_are_those_of_this_host),
		cmocka_unit_test(can_ids_behind_cooked_headers_are_those_of_this_host),
		cmocka_unit_test(sections_are_converted_by_their_own_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
